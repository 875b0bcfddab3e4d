"""Clean tables of the inventory and of the needs survey."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.schemas.build import column, table
from analysis.schemas.canonical import INVENTORY, NEEDS, Table
from analysis.schemas.exports import _KINDS, _TRACE, _UNITS


def _schema(source: Table) -> pa.DataFrameSchema:
    columns = {
        c.name: column(
            _KINDS[c.kind],
            c.description,
            nullable=not (c.required and c.name in source.key),
            unit="ETP" if c.name == "etp" else _UNITS.get(c.kind),
            codelist=None if c.several else c.codelist,
        )
        for c in source.columns
        if not c.personal
    }
    return table(source.name, source.description, list(source.key), {**columns, **_TRACE})


SCHEMAS = {name: _schema(source) for name, source in {**INVENTORY, **NEEDS}.items()}
