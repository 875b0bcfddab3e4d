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
TITLES = {
    "clean": "Tables nettoyées (restent dans l'observatoire)",
    "results": "Résultats qui ne sont pas publiés",
    "segments": "Tables publiées : segments",
    "facilitators": "Tables publiées : facilitateurs",
    "consolidation": "Tables publiées : consolidation",
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
    """The TableSchema (frictionless) of one table: fields with French descriptions, enums, primary key."""
    fields = []
    for column in schema.columns.values():
        constraints: dict = {} if column.nullable else {"required": True}
        if codelist := column.metadata["codelist"]:
            constraints["enum"] = list(reference.labels(codelist))
        field = {"name": column.name, "type": TYPES[str(column.dtype)], "description": column.description}
        if unit := column.metadata["unit"]:
            field["unit"] = unit
        fields.append(field | ({"constraints": constraints} if constraints else {}))
    return {"description": schema.description, "fields": fields, "primaryKey": schema.metadata["key"]}


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
