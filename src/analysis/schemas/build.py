"""How schemas are written: strict columns with a French description, a unit and a codelist if any."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from analysis.core import reference

TEXT, NUMBER, WHOLE, DAY, FLAG = "str", "float64", "Int64", "datetime64[s]", "boolean"


def column(
    dtype: str,
    description: str,
    *,
    nullable: bool = False,
    unit: str | None = None,
    codelist: str | None = None,
    ge: float | None = None,
    le: float | None = None,
) -> pa.Column:
    """A column of a schema; `codelist` names a table of `nomenclatures/` its values come from."""
    checks = []
    if codelist:
        codes = list(reference.labels(codelist))
        checks.append(pa.Check.isin([float(code) for code in codes] if dtype == NUMBER else codes))
    if ge is not None:
        checks.append(pa.Check.ge(ge))
    if le is not None:
        checks.append(pa.Check.le(le))
    metadata = {"unit": unit, "codelist": codelist}
    return pa.Column(dtype, checks, nullable=nullable, description=description, metadata=metadata)


def table(name: str, description: str, key: list[str], columns: dict[str, pa.Column]) -> pa.DataFrameSchema:
    """The schema of one table: its rows' meaning, its key, its columns in order, no other."""
    return pa.DataFrameSchema(
        columns,
        name=name,
        description=description,
        unique=key or None,
        strict=True,
        ordered=True,
        metadata={"key": key},
    )


def published_table(
    name: str,
    description: str,
    key: list[str],
    columns: dict[str, pa.Column],
    *,
    controle: str = "ouvert",
    values: list[str] | None = None,
) -> pa.DataFrameSchema:
    """The schema of a result table once protected.

    `controle` is its policy of disclosure: `ouvert`, a kind of cell of `secret/regles.csv`, or `indicateur`
    when each row says its own kind in `_controle`; `values` are the columns emptied when a cell is hidden.
    """
    schema = table(name, description, key, columns)
    schema.metadata = {"key": key, "controle": controle, "values": values or []}
    return schema


def hours(description: str, *, nullable: bool = False) -> pa.Column:
    """A number of hours, none of them negative."""
    return column(NUMBER, description, unit="heure", ge=0, nullable=nullable)


SECRET = column(
    TEXT,
    "Motif du secret statistique, le même pour tout nombre de ce genre ; vide quand la valeur est publiée",
    nullable=True,
)
ROUNDED = column(
    NUMBER,
    "À combien la valeur est arrondie, là où la valeur exacte en ferait retrouver une autre ; vide ailleurs",
    nullable=True,
)
HEADLINES = published_table(
    "headlines",
    "Les chiffres clés du livrable, dans l'ordre où ils sont montrés",
    ["ordre"],
    {
        "ordre": column("int64", "Ordre d'affichage"),
        "libelle": column(TEXT, "Ce que dit le chiffre"),
        "valeur": column(NUMBER, "Valeur non arrondie", nullable=True),
        "valeur_min": column(NUMBER, "Au moins, quand la valeur exacte n'est pas connue", nullable=True),
        "valeur_max": column(NUMBER, "Au plus, quand la valeur exacte n'est pas connue", nullable=True),
        "decimales": column("int64", "Décimales à imprimer"),
        "unite": column(TEXT, "Unité", nullable=True),
        "edition": column("int64", "Année des données"),
        "perimetre": column(TEXT, "Champ du chiffre"),
        "secret": SECRET,
        "valeur_arrondi": ROUNDED,
    },
    controle="indicateur",
    values=["valeur", "valeur_min", "valeur_max"],
)


def conform(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the schema's columns and types, sorted by its key: the form it is written in."""
    key = (schema.metadata or {})["key"]
    out = frame.reindex(columns=list(schema.columns)).astype(
        {name: str(col.dtype) for name, col in schema.columns.items()}
    )
    return schema.validate(out.sort_values(key or list(out.columns), kind="stable", ignore_index=True))
