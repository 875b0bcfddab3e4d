"""A release freezes what was published; the next one says what it revises and why."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.core import reference
from analysis.core.dataset import load_dataset
from analysis.core.errors import DataError
from analysis.core.files import as_csv, read_table, write_table, write_text
from analysis.core.paths import clean_dir, protected_dir, releases_dir, reports_dir
from analysis.disclosure.links import given
from analysis.disclosure.primary import rules
from analysis.disclosure.releases import contents, published_before, release_folders
from analysis.release import moved_by_few, release, revisions
from analysis.release_note import causes, note
from analysis.repro import outdated
from analysis.scaffold import new_dataset

JANUARY, JULY = dt.date(2026, 1, 26), dt.date(2026, 7, 1)


@pytest.fixture
def site(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A dataset that received one file, and whose site is finished, of one protected table."""
    folder = new_dataset("essai", "32", 2025)
    monkeypatch.setattr("analysis.release.outdated", lambda _: [])
    write_table(pd.DataFrame({"id": ["M1"]}), clean_dir("essai", "decp") / "marches.parquet")
    (project / "requirements.lock").write_text("pandas==3\n")
    rows = pd.DataFrame(
        {
            "edition": 2025,
            "territoire": ["32", "59", "80"],
            "indicateur": "heures_realisees",
            "modalite": "ensemble",
            "valeur": [1000.0, 600.0, None],
            "secret": ["", "", "moins de 5 personnes"],
        }
    )
    publish(rows)
    return folder


def publish(rows: pd.DataFrame) -> None:
    """A finished site of these rows."""
    write_table(rows, table())
    write_table(rows, reports_dir("essai") / "tables" / "consolidation_indicateurs.csv")
    write_text("<p>accueil</p>", reports_dir("essai") / "index.html")


def table() -> Path:
    return protected_dir("essai") / "consolidation" / "indicateurs.parquet"


def test_a_release_keeps_tables_and_what_they_were_made_from(site: Path) -> None:
    folder = release("essai", "bilan", JANUARY)
    pd.testing.assert_frame_equal(read_table(folder / "consolidation" / "indicateurs.parquet"), read_table(table()))
    manifest = json.loads((folder / "manifeste.json").read_text("utf-8"))
    assert manifest["date"] == "2026-01-26"
    assert set(manifest["pages"]) == {"index.html", "tables/consolidation_indicateurs.csv"}
    assert "structures.csv" in manifest["sources"] and "secret.txt" not in manifest["sources"]
    before = published_before(load_dataset("essai"))["bilan"]
    assert before.dropna()["cellule"].to_list() == ["heures/2025/32/ensemble", "heures/2025/59/ensemble"]


def test_the_next_release_says_what_changed_and_why(site: Path) -> None:
    release("essai", "bilan", JANUARY)
    rows = read_table(table())
    changed = rows.assign(valeur=[1050.0, None, 50.0], secret=["", "moins de 5 personnes", ""])
    added = changed.iloc[:1].assign(territoire="62", valeur=1.0)
    publish(pd.concat([changed, added], ignore_index=True))
    (site / "exports" / "S01.csv").write_text("a,b\n")
    folder = release("essai", "revision", JULY, "Une structure a complété son export.")
    found = pd.read_csv(folder / "revisions.csv").set_index("cle")
    assert found["etat"].to_dict() == {
        "2025/32/heures_realisees/ensemble": "révisé",
        "2025/59/heures_realisees/ensemble": "caché",
        "2025/62/heures_realisees/ensemble": "ajouté",
        "2025/80/heures_realisees/ensemble": "découvert",
    }
    assert found.loc["2025/32/heures_realisees/ensemble", ["avant", "apres"]].tolist() == [1000.0, 1050.0]
    said = (folder / "revisions.md").read_text("utf-8")
    assert (
        "Une structure a complété son export.\n" in said and "Fichiers reçus qui ont changé : exports/S01.csv." in said
    )
    manifest = json.loads((folder / "manifeste.json").read_text("utf-8"))
    assert manifest["precedente"]["nom"] == "bilan"
    assert manifest["causes"] == [
        "Fichiers reçus qui ont changé : exports/S01.csv.", "Une structure a complété son export."
    ]  # fmt: skip
    assert [path.name for path in release_folders("essai")] == ["bilan", "revision"]


def test_causes_name_settings_reference_and_program() -> None:
    old = {"sources": {}, "parametres": {"a": {"b": 1}}, "programme": "1", "verrou": "x", "reference": {}, "note": ""}
    new = {**old, "parametres": {"a": {"b": 2}}, "programme": "2", "reference": {"secret/regles.csv": "x"}}
    assert causes(old, new) == [
        "Tables de référence qui ont changé : secret/regles.csv.",
        "Paramètres qui ont changé : a.b.",
        "Le programme a changé.",
    ]
    assert causes(old, old) == []


FOUND: dict[str, dict[str, Any]] = {
    "clean": {
        "deps": ["data/raw/essai/exports"],
        "params": ["exports"],
        "outs": ["data/processed/essai/clean/exports"],
    },
    "consolidation": {
        "deps": ["data/processed/essai/clean/exports", "data/raw/reference/territoire", "src/analysis/core"],
        "outs": ["data/processed/essai/results/consolidation"],
    },
    "segments": {
        "deps": ["data/raw/essai/decp"],
        "params": ["segments.model"],
        "outs": [{"data/processed/essai/results/segments": {"cache": False}}],
    },
}


def test_each_deliverable_is_told_with_what_changed_of_what_it_is_made_from() -> None:
    same = {"reference": {}, "programme": "1", "verrou": "x", "note": ""}
    settings = [{"exports": {"warn": n}, "segments": {"model": n, "other": n}} for n in (1, 2)]
    received = [{"exports/S01.csv": digest, "decp/a.json": "1"} for digest in ("1", "2")]
    old, new = (
        same | {"nom": name, "sources": files, "parametres": values}
        for name, files, values in zip(("bilan", "revision"), received, settings, strict=True)
    )
    rows = [("consolidation.indicateurs", "2025/59", column, "révisé") for column in ("valeur", "ecart")]
    rows += [("consolidation.indicateurs", "2025/62", column, "caché") for column in ("valeur", "ecart")]
    rows += [("consolidation.indicateurs", "2025/80", "", "ajouté"), ("segments.carte", "", "", "retiré")]
    revised = pd.DataFrame(rows, columns=["table", "cle", "colonne", "etat"])
    said = note(revised, old, new, FOUND, "essai").splitlines()
    titles = reference.table("publication/livrables").set_index("livrable")["titre"]
    assert [line for line in said if line] == [
        "# « revision » : ce qui change depuis « bilan »",
        f"## {titles['consolidation']}",
        "Fichiers reçus qui ont changé : exports/S01.csv.",
        "Paramètres qui ont changé : exports.warn.",
        "- `consolidation.indicateurs` : 2 valeurs révisées, 1 ligne ajoutée, 1 ligne cachée",
        f"## {titles['segments']}",
        "Paramètres qui ont changé : segments.model.",
        "- `segments.carte` : table retirée",
    ]
    again = {**old, "nom": "revision"}
    assert "par le secret statistique" in note(revised, old, again, FOUND, "essai")
    assert "par le secret" not in note(revised, old, {**again, "note": "Une erreur de calcul."}, FOUND, "essai")


def test_a_release_is_never_overwritten_or_backdated(site: Path) -> None:
    release("essai", "bilan", JULY)
    with pytest.raises(DataError, match="existe déjà"):
        release("essai", "bilan", JULY)
    for day in (JANUARY, JULY):  # of two releases of a day none would be the last
        with pytest.raises(DataError, match="une date qui suit celle de « bilan », 2026-07-01"):
            release("essai", "autre", day)
    assert [path.name for path in releases_dir("essai").iterdir()] == ["bilan"]


def test_numbers_that_are_missing_in_a_type_of_their_own_are_compared(site: Path) -> None:
    rows = read_table(table())
    publish(rows.assign(valeur=rows["valeur"].astype("Float64")))
    release("essai", "bilan", JANUARY)
    publish(rows.assign(valeur=pd.array([1000.0, None, None], dtype="Float64")))
    folder = release("essai", "revision", JULY)
    assert pd.read_csv(folder / "revisions.csv")["cle"].to_list() == ["2025/59/heures_realisees/ensemble"]


def test_a_table_that_appears_or_goes_is_said() -> None:
    rows = pd.DataFrame({"x": [1]})
    found = revisions({"segments.a": rows}, {"segments.c": rows})
    assert found[["table", "etat"]].to_numpy().tolist() == [["segments.a", "retiré"], ["segments.c", "ajouté"]]


POST = {"structure_id": "S1", "jour": pd.Timestamp(2025, 12, 31), "etp": 2.0}


def counted(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> tuple[pd.DataFrame, str]:
    """The revisions of a table of structures, and how the note counts them."""
    table = "facilitators.structures"
    found = revisions({table: pd.DataFrame(old)}, {table: pd.DataFrame(new)})
    base = {
        "nom": "bilan",
        "sources": {},
        "parametres": {},
        "programme": "1",
        "verrou": "x",
        "reference": {},
        "note": "",
    }
    said = note(found, base, base | {"nom": "revision"}, {}, "essai")
    return found, said.rstrip().rsplit("\n", 1)[-1]


def test_a_column_that_appears_or_goes_is_said() -> None:
    found, said = counted([POST | {"ancienne": 1}], [POST | {"etp": 2.5, "nouvelle": 1, "autre": 1}])
    assert found[["cle", "colonne", "etat", "avant", "apres"]].to_numpy().tolist() == [
        ["", "ancienne", "retiré", None, None],
        ["", "autre", "ajouté", None, None],
        ["", "nouvelle", "ajouté", None, None],
        ["2025-12-31/S1", "etp", "révisé", 2, 2.5],
    ]
    assert said.endswith(": 1 valeur révisée, 2 colonnes ajoutées, 1 colonne retirée")
    assert "\nfacilitators.structures,2025-12-31/S1,etp,révisé,2,2.5\n" in as_csv(found).decode()


@pytest.mark.parametrize("old", [[{"jour": POST["jour"], "etp": 2.0}], [POST | {"poste": 1}, POST | {"poste": 2}]])
def test_a_table_whose_key_changed_is_said_to_be_composed_anew(old: list[dict[str, Any]]) -> None:
    found, said = counted(old, [POST])
    assert found[["cle", "colonne", "etat"]].to_numpy().tolist() == [["", "", "recomposé"]]
    assert said.endswith(": table recomposée : ses lignes ne se comparent pas une à une")


def test_what_is_told_no_more_is_not_told_by_the_list_of_revisions() -> None:
    row = {"structure_id": "S1", "jour": pd.Timestamp(2025, 12, 31), "etp": 1.0}
    old = pd.DataFrame([row | {"secret": ""}])
    new = pd.DataFrame([row | {"etp": None, "secret": "trop peu"}])
    (found,) = revisions({"facilitators.structures": old}, {"facilitators.structures": new}).to_dict("records")
    assert found["etat"] == "caché" and found["avant"] is None and found["apres"] is None
    assert found["cle"] == "2025-12-31/S1"


@pytest.mark.parametrize("name", ["2026/bilan", "../bilan", ".bilan", "", "bilan 2026"])
def test_a_release_that_would_not_be_attacked_again_is_refused(site: Path, name: str) -> None:
    with pytest.raises(DataError, match="nom de diffusion"):
        release("essai", name, JANUARY)
    assert not releases_dir("essai").exists()


def test_nothing_is_frozen_of_a_dataset_that_received_nothing(site: Path) -> None:
    nothing = pd.DataFrame({"id": pd.Series(dtype="str")})  # as of a blank questionnaire
    write_table(nothing, clean_dir("essai", "decp") / "marches.parquet")
    with pytest.raises(DataError, match=r"^diffusion de « essai » : rien à geler, ce jeu n'a reçu aucune ligne ; att"):
        release("essai", "bilan", JANUARY)
    assert not releases_dir("essai").exists()
    write_table(pd.DataFrame({"id": ["P1"]}), clean_dir("essai", "projects") / "projets.parquet")
    assert release("essai", "bilan", JANUARY).is_dir()


def test_a_release_that_was_interrupted_is_none(site: Path) -> None:
    write_text("{}", releases_dir("essai") / ".bilan.part" / "manifeste.json")
    assert release_folders("essai") == []


def test_a_site_that_is_not_what_the_pipeline_would_make_is_not_released(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_text("<p>autre</p>", reports_dir("essai") / "ajout.html")
    monkeypatch.setattr("analysis.release.outdated", lambda _: ["protect@essai"])
    with pytest.raises(DataError, match=r"le programme : protect@essai, ajout\.html ; attendu : un site à jour"):
        release("essai", "bilan", JANUARY)
    assert not releases_dir("essai").exists()


PIPELINE = """\
stages:
  protect:
    matrix: {dataset: [essai]}
    cmd: cp données.txt tables.txt
    deps: [données.txt]
    params: [seuil]
    outs: [tables.txt]
  site:
    matrix: {dataset: [essai]}
    cmd: mkdir site && cp tables.txt site/index.html
    deps: [tables.txt]
    outs: [site: {cache: false}]
"""


def test_what_dvc_would_make_again_is_outdated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYSIS_ROOT", str(tmp_path))
    files = {".dvc/config": "[core]\n no_scm = true\n analytics = false\n", "dvc.yaml": PIPELINE,
             "params.yaml": "seuil: 5\n", "données.txt": "12\n"}  # fmt: skip
    for name, text in files.items():
        write_text(text, tmp_path / name)
    assert outdated("essai") == ["protect@essai", "site@essai"]
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=tmp_path, check=True)
    shutil.rmtree(tmp_path / ".dvc" / "cache")  # as where somebody made room
    assert outdated("essai") == []
    for name, stage in (("params.yaml", "protect"), ("tables.txt", "site"), ("site/index.html", "site")):
        path = tmp_path / name
        kept = path.read_text()
        write_text(kept.replace("5", "6").replace("12", "13"), path)
        assert outdated("essai") == [f"{stage}@essai"]
        write_text(kept, path)
    with pytest.raises(DataError, match=r"ne dit pas si le site de « autre » est à jour \(.*autre"):
        outdated("autre")


def test_two_releases_are_not_made_at_once_and_what_a_killed_one_left_is_taken_away(site: Path) -> None:
    part = releases_dir("essai") / ".perdue.part"
    write_text("{}", part / "manifeste.json")
    place = os.open(site, os.O_RDONLY)
    fcntl.flock(place, fcntl.LOCK_EX)
    with pytest.raises(DataError, match="une autre est en train d'être gelée"):
        release("essai", "bilan", JANUARY)
    assert part.is_dir(), "it may be the other's"
    os.close(place)
    release("essai", "bilan", JANUARY)
    assert [path.name for path in releases_dir("essai").iterdir()] == ["bilan"]


def test_a_release_that_is_not_as_it_was_frozen_is_refused_by_name(site: Path) -> None:
    first = release("essai", "bilan", JANUARY)
    second = release("essai", "revision", JULY)
    for path in (first / "cases.parquet", second / "revisions.csv", second / "consolidation" / "indicateurs.parquet"):
        kept = path.read_bytes()
        for other in (kept + b" ", None):
            path.unlink()
            if other is not None:
                path.write_bytes(other)
            with pytest.raises(DataError, match=rf"^data/releases/essai/.* est gelée : .*{path.name} ; attendu"):
                published_before(load_dataset("essai"))
        path.write_bytes(kept)
    manifest = first / "manifeste.json"
    kept = manifest.read_text("utf-8")
    manifest.unlink()
    with pytest.raises(DataError, match=r"bilan/manifeste\.json : fichier absent"):
        published_before(load_dataset("essai"))
    write_text(kept.replace("2026-01-26", "2026-01-25"), manifest)
    with pytest.raises(DataError, match=r"revision/manifeste\.json : la diffusion d'avant n'est pas celle qu'il nomme"):
        published_before(load_dataset("essai"))
    shutil.rmtree(first)
    with pytest.raises(DataError, match=r"revision/manifeste\.json : la diffusion d'avant n'est pas celle qu'il nomme"):
        published_before(load_dataset("essai"))


def test_what_a_release_told_is_known_though_its_columns_are_renamed_since(site: Path) -> None:
    folder = release("essai", "bilan", JANUARY)
    old = folder / "consolidation" / "indicateurs.parquet"
    write_table(read_table(old).rename(columns={"valeur": "nombre"}), old)
    manifest = json.loads((folder / "manifeste.json").read_text("utf-8"))
    write_text(json.dumps({**manifest, "fichiers": contents(folder)}), folder / "manifeste.json")
    before = published_before(load_dataset("essai"))["bilan"]
    assert given(before)["heures/2025/59/ensemble"] == 600.0


def test_a_difference_of_few_persons_between_releases_is_said(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = read_table(table()).assign(indicateur="beneficiaires", secret="")
    publish(rows.assign(valeur=[100.0, 60.0, 40.0]))
    release("essai", "bilan", JANUARY)
    publish(rows.assign(valeur=[106.0, 65.0, 41.0]))
    folder = release("essai", "revision", JULY)
    manifest = json.loads((folder / "manifeste.json").read_text("utf-8"))
    assert manifest["ecarts_de_peu"] == ["personnes/2025/80/ensemble"]
    said = "par peu de personnes ou d'entreprises, ou par on ne sait combien : personnes/2025/80/ensemble ;"
    warned = capsys.readouterr().err
    assert said in warned
    assert warned.endswith(" Tous sont dans data/releases/essai/revision/manifeste.json, sous ecarts_de_peu.\n")


def numbers(**values: float | None) -> pd.DataFrame:
    """What a release tells of cells, `/` written `__`."""
    names = [name.replace("__", "/") for name in values]
    rows = pd.DataFrame({"cellule": names, "valeur": pd.Series(list(values.values()), dtype="float64")})
    return rows.assign(table="x", ligne=0, base="", demi=0.0)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        # Hours of an intercommunalité whose nine persons are not told, or became eight.
        ({"heures__2025__1__x": 1258.77}, {"heures__2025__1__x": 1129.63}, {"heures/2025/1/x"}),
        (
            {"heures__2025__1__x": 1258.77, "personnes__2025__1__x": None},
            {"heures__2025__1__x": 1129.63, "personnes__2025__1__x": 12},
            {"heures/2025/1/x"},
        ),
        # One person's correction, five persons more.
        (
            {"heures__2025__1__x": 9000, "personnes__2025__1__x": 40},
            {"heures__2025__1__x": 9129, "personnes__2025__1__x": 40},
            {"heures/2025/1/x"},
        ),
        (
            {"heures__2025__1__x": 9000, "personnes__2025__1__x": 40},
            {"heures__2025__1__x": 9829, "personnes__2025__1__x": 45},
            set(),
        ),
        (
            {"repondants__2024__3__x": 40, "reussites:DURABLE__2024__3__x": 20},
            {"repondants__2024__3__x": 50, "reussites:DURABLE__2024__3__x": 21},
            {"repondants/2024/3/x", "reussites:DURABLE/2024/3/x"},
        ),
        ({"etp_facilitateurs__2025__x": 2.0}, {"etp_facilitateurs__2025__x": 2.5}, {"etp_facilitateurs/2025/x"}),
        ({"entreprises__2025__1__x": 7}, {"entreprises__2025__1__x": 8}, {"entreprises/2025/1/x"}),
        ({"habitants__2025__1__x": 700, "heures__x": 3}, {"habitants__2025__1__x": 701, "heures__x": 3}, set()),
    ],
)  # fmt: skip
def test_a_number_that_one_person_or_company_may_have_moved_is_said(
    before: dict[str, float | None], after: dict[str, float | None], said: set[str]
) -> None:
    assert set(moved_by_few(numbers(**before), numbers(**after))) == said


def test_every_gap_that_is_looked_at_is_of_a_measure_and_a_rule() -> None:
    table, measures = reference.table("secret/ecarts"), set(reference.table("secret/mesures")["mesure"])
    assert {*table["mesure"], *table["compte"].dropna()} <= measures
    assert set(table["regle"].dropna()) <= set(rules().index)


def test_a_day_of_another_form_is_refused_as_other_values_are() -> None:
    result = CliRunner().invoke(main, ["release", "demo", "bilan", "--date", "01/02/2026"])
    said = "Erreur : --date : « 01/02/2026 » ; attendu : une date AAAA-MM-JJ, par exemple 2026-01-26."
    assert result.exit_code == 2 and result.output.strip() == said
