"""All the schemas, by layer: what the data dictionary, the validation and the publication go through."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.schemas import (
    buyer,
    consolidation,
    decp,
    exports,
    facilitators,
    fingerprints,
    inventory,
    links,
    quality,
    segments,
)
from analysis.schemas.build import HEADLINES

CLEAN = (decp, exports, inventory, fingerprints)
DELIVERABLES = {
    "segments": segments,
    "facilitators": facilitators,
    "consolidation": consolidation,
    "buyer": buyer,
    "quality": quality,
}


def clean() -> dict[str, pa.DataFrameSchema]:
    """The schemas of the clean tables, by name."""
    return {name: schema for module in CLEAN for name, schema in module.SCHEMAS.items()}


def published(deliverable: str) -> dict[str, pa.DataFrameSchema]:
    """The schemas of the protected tables of one deliverable, by name."""
    return {**DELIVERABLES[deliverable].SCHEMAS, "headlines": HEADLINES}


def internal() -> dict[str, pa.DataFrameSchema]:
    """The schemas of the results that are not published, by name."""
    return {
        table.name: table
        for table in (consolidation.STRUCTURES, consolidation.PERSONS_QUEUE, links.LINKS, links.OPERATIONS)
    }
