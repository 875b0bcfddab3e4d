"""All the schemas, by layer: what the data dictionary, the validation and the publication go through."""

from __future__ import annotations

from importlib import import_module

import pandera.pandas as pa

from analysis.schemas.build import HEADLINES

CLEAN = ("decp", "exports", "inventory", "fingerprints")
DELIVERABLES = ("segments", "facilitators", "consolidation", "buyer", "quality")


def clean() -> dict[str, pa.DataFrameSchema]:
    """The schemas of the clean tables, by name."""
    return {name: schema for module in CLEAN for name, schema in _schemas(module).items()}


def published(deliverable: str) -> dict[str, pa.DataFrameSchema]:
    """The schemas of the protected tables of one deliverable, by name."""
    return {**_schemas(deliverable), "headlines": HEADLINES}


def internal() -> dict[str, pa.DataFrameSchema]:
    """The schemas of the results that are not published, by name."""
    tables = (
        import_module("analysis.schemas.consolidation").STRUCTURES,
        import_module("analysis.schemas.links").LINKS,
        import_module("analysis.schemas.links").OPERATIONS,
    )
    return {table.name: table for table in tables}


def _schemas(module: str) -> dict[str, pa.DataFrameSchema]:
    return import_module(f"analysis.schemas.{module}").SCHEMAS
