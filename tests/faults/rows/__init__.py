"""The rows, by what breaks."""

from . import process, mqtt, kafka  # noqa: F401, I001  in the order of the table
