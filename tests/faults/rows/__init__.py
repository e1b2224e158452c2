"""The rows, by what breaks."""

from . import process, mqtt, kafka, network, time, upgrade  # noqa: F401, I001  in the order of the table
