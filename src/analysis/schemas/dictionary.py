"""The data dictionary, written from the schemas: a page for people, TableSchema files for programs."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2
import pandera.pandas as pa

from analysis.core import reference
from analysis.core.files import write_text
from analysis.schemas.registry import DELIVERABLES, clean, internal, published

TYPES = {
    "string[pyarrow]": "string",
    "float64": "number",
    "int64": "integer",
    "Int64": "integer",
    "datetime64[ns]": "date",
    "boolean": "boolean",
}
# How pandas writes what CSV has no type for.
WRITTEN: dict[str, dict] = {
    "boolean": {"trueValues": ["True"], "falseValues": ["False"]},
    "date": {"format": "%Y-%m-%d"},
}
LIMITS = {
    "greater_than_or_equal_to": ("minimum", "min_value"),
    "less_than_or_equal_to": ("maximum", "max_value"),
}
PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
TITLES = {
    "clean": "Tables nettoyées (restent dans l'observatoire)",
    "results": "Résultats qui ne sont pas publiés",
    "segments": "Tables publiées : segments",
    "facilitators": "Tables publiées : facilitateurs",
    "consolidation": "Tables publiées : consolidation",
    "buyer": "Tables publiées : fiches acheteur",
    "quality": "Tables publiées : qualité",
}

PAGE = """# Dictionnaire des données

Écrit depuis les schémas par `make dictionary` ; ne pas modifier à la main. Les mêmes descriptions, au format
TableSchema, sont dans [`dictionary/`](dictionary/).
{% for group, schemas in groups.items() %}
## {{ titles[group] }}
{% for name, schema in schemas.items() %}
### `{{ name }}`

{{ schema.description }}. Clé : {% for k in schema.metadata.key %}`{{ k }}`{{ ", " if not loop.last }}{% endfor %}.

| Colonne | Type | Unité ou liste | Vide possible | Description |
|---|---|---|---|---|
{% for column in schema.columns.values() -%}
| `{{ column.name }}` | {{ types[column.dtype|string] }} | {{ column.metadata.unit or "" }}
{%- if column.metadata.codelist %}liste `{{ column.metadata.codelist }}`{% endif %} |
{%- if column.nullable %} oui{% endif %} | {{ column.description }} |
{% endfor -%}
{% endfor -%}
{% endfor %}"""


def groups() -> dict[str, dict[str, pa.DataFrameSchema]]:
    """All the schemas: the clean tables, the results kept inside, then the published tables of each deliverable."""
    return {"clean": clean(), "results": internal(), **{name: published(name) for name in DELIVERABLES}}


def table_schema(schema: pa.DataFrameSchema) -> dict:
    """The TableSchema (Data Package v2) of one table as CSV: fields with French descriptions, codes, limits, key.

    A codelist gives `enum` and, for texts, `categories` (code and label); `unit` and `codelist` are properties of ours.
    """
    return {
        "$schema": PROFILE,
        "description": schema.description,
        "fields": [_field(column) for column in schema.columns.values()],
        "primaryKey": schema.metadata["key"],
        "missingValues": [""],
    }


def _field(column: pa.Column) -> dict:
    kind = TYPES[str(column.dtype)]
    field = {"name": column.name, "type": kind, "description": column.description, **WRITTEN.get(kind, {})}
    constraints: dict = {} if column.nullable else {"required": True}
    for check in column.checks:
        if check.name in LIMITS:
            limit, statistic = LIMITS[check.name]
            constraints[limit] = check.statistics[statistic]
    if unit := column.metadata["unit"]:
        field["unit"] = unit
    if codelist := column.metadata["codelist"]:
        labels = reference.labels(codelist)
        constraints["enum"] = [float(code) for code in labels] if kind == "number" else list(labels)
        field["codelist"] = codelist
        if kind == "string":  # the standard gives labels to no other type that is here
            field["categories"] = [{"value": code, "label": label} for code, label in labels.items()]
    return field | ({"constraints": constraints} if constraints else {})


def documents() -> dict[str, str]:
    """The files of the dictionary, by path relative to docs/."""
    page = jinja2.Template(PAGE, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    out = {"data-dictionary.md": page.render(groups=groups(), titles=TITLES, types=TYPES) + "\n"}
    for group, schemas in groups().items():
        for name, schema in schemas.items():
            text = json.dumps(table_schema(schema), ensure_ascii=False, indent=2)
            out[f"dictionary/{group}/{name}.json"] = text + "\n"
    return out


def write(folder: Path) -> None:
    """Write the dictionary under `folder` (docs/)."""
    for path, text in documents().items():
        write_text(text, folder / path)
