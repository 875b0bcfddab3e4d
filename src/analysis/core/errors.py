"""Errors that a data supplier or an analyst reads: one French sentence, no traceback."""

from __future__ import annotations


class DataError(Exception):
    """A file, a setting or a dataset that cannot be used; its text is one French sentence."""
