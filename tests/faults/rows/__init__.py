"""The rows, by what breaks."""

from . import process, mqtt, kafka, disk, network, time, upgrade  # noqa: F401, I001  in the order of the table
