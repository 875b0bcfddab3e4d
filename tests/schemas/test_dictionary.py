from __future__ import annotations

import pandas as pd
import pytest
from frictionless import Schema

from analysis.schemas.dictionary import documents, groups, table_schema
from analysis.schemas.registry import DELIVERABLES, clean, published
from checkout import CHECKOUT


@pytest.mark.parametrize("path", documents())
def test_the_committed_dictionary_follows_the_schemas(path: str) -> None:
    assert (CHECKOUT / "docs" / path).read_text(encoding="utf-8") == documents()[path], "run `make dictionary`"


def test_no_file_of_the_dictionary_outlives_its_schema() -> None:
    kept = {str(path.relative_to(CHECKOUT / "docs")) for path in (CHECKOUT / "docs" / "dictionary").rglob("*.json")}
    assert kept == {path for path in documents() if path.endswith(".json")}


@pytest.mark.parametrize(("group", "name"), [(g, n) for g, schemas in groups().items() for n in schemas])
def test_every_table_and_column_is_described(group: str, name: str) -> None:
    schema = groups()[group][name]
    assert schema.description and schema.metadata["key"]
    assert set(schema.metadata["key"]) <= set(schema.columns)
    for column in schema.columns.values():
        assert column.description, f"{name}.{column.name}"
    assert [field["name"] for field in table_schema(schema)["fields"]] == list(schema.columns)


@pytest.mark.parametrize(("group", "name"), [(g, n) for g, schemas in groups().items() for n in schemas])
def test_the_table_schema_is_valid_and_its_codes_have_the_type_of_their_field(group: str, name: str) -> None:
    described = table_schema(groups()[group][name])
    assert Schema.validate_descriptor(described).flatten(["note"]) == []
    for field in Schema.from_descriptor(described).fields:
        for code in field.constraints.get("enum", []):
            assert field.read_cell(str(code))[0] == code, f"{name}.{field.name}"


@pytest.mark.parametrize("name", DELIVERABLES)
def test_the_demo_s_tables_follow_their_schemas(demo, name: str) -> None:
    for table, schema in published(name).items():
        folder = demo / "data" / "processed" / "demo" / "protected" / name
        schema.validate(pd.read_parquet(folder / f"{table}.parquet"))


def test_the_demo_s_clean_tables_follow_their_schemas(demo) -> None:
    for name, schema in clean().items():
        (path,) = (demo / "data" / "processed" / "demo" / "clean").glob(f"*/{name}.parquet")
        frame = pd.read_parquet(path)
        assert list(frame.columns) == list(schema.columns)
