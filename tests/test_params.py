from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.core.files import read_yaml
from analysis.core.params import load_params
from checkout import CHECKOUT


def refused(text: str, tmp_path: Path) -> str:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load_params(path)
    return str(caught.value)


def text() -> str:
    return (CHECKOUT / "params.yaml").read_text()


def test_the_committed_parameters_are_valid() -> None:
    assert "demo" in load_params().datasets


def test_a_misspelt_key_is_named_with_its_line_and_the_keys_there_are(tmp_path: Path) -> None:
    spoilt = text().replace("memory_mb:", "memory_mo:")
    line = 1 + spoilt[: spoilt.index("memory_mo")].count("\n")
    sentence = refused(spoilt, tmp_path)
    assert sentence.startswith(f"params.yaml, ligne {line}, clé « decp.memory_mo » : clé inconnue")
    assert "memory_mb" in sentence


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("max_months: 360", "max_months: beaucoup", "« decp.max_months » : valeur « beaucoup »"),
        ("datasets:\n  - demo", "datasets: demo", "« datasets » : valeur « demo » ; attendu : une liste"),
        ("quality: {2025: region}", "quality: {2025: rien}", "« publishing.pages.quality.2025 » : valeur « rien »"),
        ("[90000, 500000]", "[90000, 5e5x]", "amount_classes (n° 2) » : valeur « 5e5x » ; attendu : un nombre"),
        ("decp:\n", "decp: [\n", "YAML illisible"),
        ("accept: null", "accept: 95", "« consolidation.duplicate_accept » : valeur « 95 » ; attendu : au plus 1"),
        ("decp:\n", "demo: {}\ndecp:\n", "clé « demo » : écrite deux fois"),
        ("decp:\n", "decp:\x07\n", "YAML illisible"),
        ("decp:\n", "jour: 2025-02-30\ndecp:\n", "une date qui n'existe pas"),
        (
            'first_date: "2010-01-01"    # notification',
            'first_date: "01/01/2010"    # notification',
            "clé « decp.first_date » : valeur « 01/01/2010 » ; attendu : une date AAAA-MM-JJ.",
        ),
        (
            'first_date: "2010-01-01"    # dates before',
            'first_date: "2010-02-30"    # dates before',
            "clé « exports.first_date » : valeur « 2010-02-30 » ; attendu : une date AAAA-MM-JJ.",
        ),
        (
            "min_age: 14",
            "min_age: 200",
            "clé « exports » : attendu : « min_age » au plus égal à « max_age » (99), au lie",
        ),
        (
            "warn_month_hours: 220",
            "warn_month_hours: 301",
            "« warn_month_hours » au plus égal à « max_month_hours » (30",
        ),
        ("max_amount: 1000000000 ", "max_amount: 10000 ", "« warn_amount » au plus égal à « max_amount » (10000"),
        ("longest: 4 ", "longest: 3 ", "« shortest » au plus égal à « longest » (3), au lieu de 4"),
        (
            "[28000, 63000]",
            "[63000, 28000]",
            "« facilitators.hours_per_etp » : attendu : deux nombres de plus de 0, le plus petit d'abord.",
        ),
        ("prior: 0.01", "prior: 0", "« consolidation.duplicate_prior » : valeur « 0 » ; attendu : plus de 0"),
    ],
)
def test_a_wrong_value_is_one_sentence(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in text()
    sentence = refused(text().replace(old, new, 1), tmp_path)
    assert expected in sentence and "\n" not in sentence


def test_a_page_of_no_deliverable_is_named_with_those_there_are(tmp_path: Path) -> None:
    spoilt = text().replace("quality: {2025: region}", "qualite: {2025: region}")
    line = 1 + spoilt[: spoilt.index("qualite")].count("\n")
    known = ", ".join(reference.table("publication/livrables")["livrable"])
    assert refused(spoilt, tmp_path) == (
        f"params.yaml, ligne {line}, clé « publishing.pages.qualite » : clé inconnue ; attendu : {known}."
    )


def test_a_missing_block_is_named(tmp_path: Path) -> None:
    kept = text().split("\nexports:")[0]
    said = "« exports » : clé absente ; attendu : un bloc de lignes « clé: valeur »."
    assert said in refused(kept, tmp_path)


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        ("  seed: 20160126 ", "demo.seed", "un nombre entier"),
        ('  first_date: "2010-01-01"    # notification', "decp.first_date", "une date AAAA-MM-JJ"),
        ("    min_p: 0.5 ", "segments.classifier.min_p", "un nombre (point décimal)"),
        ("  days: [] ", "facilitators.days", "une liste (une ligne « - valeur » par élément)"),
        ("engine: duckdb", "engine", "'duckdb' ou 'spark'"),
    ],
)
def test_a_missing_key_is_named_with_what_it_would_hold(line: str, key: str, expected: str, tmp_path: Path) -> None:
    assert text().count(line) == 1
    spoilt = "\n".join(kept for kept in text().split("\n") if not kept.startswith(line))
    assert refused(spoilt, tmp_path).endswith(f", clé « {key} » : clé absente ; attendu : {expected}.")


@pytest.mark.parametrize("spoilt", ["exports: [1, 2\n", "  a: 1\n b: 2\n", 'a: "x\n', "a: b: c\n", "\ta: 1\n"])
def test_what_is_no_yaml_is_told_with_the_line_that_the_plain_reader_gives(tmp_path: Path, spoilt: str) -> None:
    whole = text() + spoilt
    with pytest.raises(yaml.MarkedYAMLError) as plain:
        yaml.safe_load(whole)
    assert plain.value.problem_mark is not None
    assert refused(whole, tmp_path).startswith(
        f"params.yaml, ligne {plain.value.problem_mark.line + 1} : YAML illisible"
    )


def test_the_quick_reader_reads_what_the_plain_one_does() -> None:
    for name in ("params.yaml", "dvc.yaml", "data/raw/reference/demo/objets.yaml"):
        assert read_yaml(CHECKOUT / name) == yaml.safe_load((CHECKOUT / name).read_text(encoding="utf-8"))
