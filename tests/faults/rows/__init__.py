"""The rows, by what breaks."""

from . import process  # noqa: F401
