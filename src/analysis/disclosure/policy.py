"""What the schema of each protected table says of disclosure control."""

from __future__ import annotations

from typing import Any

from analysis.schemas.registry import published


def policy(table: str) -> dict[str, Any]:
    """key, controle and values of a table (`livrable.table`): its key; `OPEN`, a kind of cell, or `indicateur` where
    each row says its own; the columns emptied where a row is hidden (see `schemas.build.published_table`)."""
    deliverable, name = table.split(".")
    return published(deliverable)[name].metadata or {}
