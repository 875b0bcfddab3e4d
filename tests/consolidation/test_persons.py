"""Persons under two keys count once as soon as somebody decides it, and whoever decides is never given a name."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.consolidation import tables
from analysis.consolidation.facts import numbered
from analysis.consolidation.persons import (
    COLUMNS,
    FILE,
    NEAR,
    accepted,
    counts,
    decided,
    kept_person,
    load_decisions,
    once,
    person_numbers,
    review,
    to_fill,
    under_one_key,
    without_effect,
)
from analysis.consolidation.sensitivity import persons_sensitivity
from analysis.consolidation.views import persons_review
from analysis.consolidation.views import persons_sensitivity as shown_sensitivity
from analysis.core.errors import DataError
from analysis.core.files import read_table
from analysis.core.params import load_params
from analysis.core.paths import clean_dir, protected_dir, results_dir
from analysis.disclosure.protect import build as protect
from analysis.disclosure.shown import reasons
from analysis.schemas.build import conform
from analysis.schemas.consolidation import PERSONS_QUEUE
from analysis.sources import exports, inventory
from consolidation.world import contracts, dataset, facts
from sending import TABLES, changed, send, send_totals, totals, write_dataset, write_two_editions

A, B, C, D = (letter * 32 for letter in "abcd")
HEAD = ",".join(COLUMNS) + "\n"
WHOLE = "ensemble"


def taken(*pairs: tuple[str, str, str]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=["ben_id_a", "ben_id_b", "decision"]).assign(ligne=range(2, 2 + len(pairs)))


def likely(*pairs: tuple[str, str, float], years: tuple[str, str] = ("2025", "2025")) -> pd.DataFrame:
    rows = pd.DataFrame(pairs, columns=["ben_id_a", "ben_id_b", "probabilite"])
    sides = {f"{name}_{side}": value for side, year in zip("ab", years, strict=True)
             for name, value in (("annees", year), ("structures", "S1"))}  # fmt: skip
    return rows.assign(motif="nom à une ou deux lettres près", **sides).astype({"ben_id_a": "str", "ben_id_b": "str"})


# --- the file of decisions -----------------------------------------------------------------------------------


def refused(path: Path, line: str) -> str:
    path.write_text(HEAD + f"{A},{B},doublon,même personne,analyste,2026-01-20\n{line}\n")
    with pytest.raises(DataError) as caught:
        load_decisions(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{A},{C},peut-être,,x,2026-01-20", "colonne « decision » : « peut-être » ; attendu : doublon ou distinct"),
        (f"{A},{C},,,x,2026-01-20", "colonne « decision » : vide"),
        (f"{A},,doublon,,x,2026-01-20", "colonne « ben_id_b » : vide ; attendu : un pseudonyme"),
        (f"{A},{A},doublon,,x,2026-01-20", "colonne « ben_id_b » : «"),
        (f"{A},{C},doublon,,x,", "colonne « date » : vide ; attendu : le jour de la décision"),
        (f"{A},{C},doublon,,x,hier", "colonne « date » : « hier »"),
    ],
)
def test_a_wrong_line_is_one_sentence_that_says_where(tmp_path: Path, line: str, said: str) -> None:
    sentence = refused(tmp_path / FILE, line)
    assert sentence.startswith(f"{FILE}, ligne 3, ") and said in sentence and "\n" not in sentence


def test_a_name_in_the_place_of_a_pseudonym_is_refused_and_never_said(tmp_path: Path) -> None:
    sentence = refused(tmp_path / FILE, f"Lefebvre Marie,{B},doublon,,x,2026-01-20")
    assert "Lefebvre" not in sentence and "« valeur masquée »" in sentence and "jamais un nom" in sentence


def test_decisions_are_read_as_a_french_spreadsheet_saves_them(tmp_path: Path) -> None:
    path = tmp_path / FILE
    lines = [HEAD, f"{A}, {B} ,doublon,réunies,Zoé,20/01/2026\n"]
    path.write_text("".join(lines).replace(",", ";"), encoding="cp1252")
    assert load_decisions(path).values.tolist() == [[2, A, B, "doublon"]]


def test_no_file_or_headings_alone_is_no_decision(tmp_path: Path) -> None:
    assert load_decisions(tmp_path / FILE).empty
    (tmp_path / FILE).write_text(HEAD)
    assert load_decisions(tmp_path / FILE).empty
    assert kept_person(load_decisions(tmp_path / FILE)) == {}


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("ben_id_a,ben_id_b,decision\n")
    with pytest.raises(DataError, match="colonne « motif » absente"):
        load_decisions(tmp_path / FILE)


# --- what decisions do ---------------------------------------------------------------------------------------


def test_the_first_key_of_a_group_stands_for_it_in_whatever_order_it_was_decided() -> None:
    pairs = [(C, B, "doublon"), (B, A, "doublon"), (A, D, "distinct")]
    assert kept_person(taken(*pairs)) == kept_person(taken(*reversed(pairs))) == dict.fromkeys((A, B, C), A)


def test_pairs_are_merged_without_review_from_the_threshold_on_and_never_across_a_distinct(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(HEAD + f"{A},{C},distinct,,x,2026-01-20\n")
    pairs = likely((A, B, 0.95), (B, C, 0.97), (C, D, 0.4))
    settings = load_params().consolidation
    assert settings.person_accept is None
    assert kept_person(decided(pairs, path, settings).all) == {}
    found = decided(pairs, path, settings.model_copy(update={"person_accept": 0.9}))
    assert kept_person(found.all) == {B: B, C: B}, "the likeliest first, which leaves the other pair apart"
    assert found.waiting["ben_id_b"].tolist() == [D], "what follows from a decision waits no more"
    assert accepted(found, 0.3) == {B: B, C: B, D: B}
    assert accepted(found, 0.5) == {B: B, C: B}


def test_a_decision_leaves_no_pair_that_it_settles_to_be_decided(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(HEAD + f"{B},{A},doublon,,x,2026-01-20\n{B},{C},distinct,,x,2026-01-20\n")
    pairs = likely((A, B, 0.9), (A, C, 0.8), (A, D, 0.7))
    assert decided(pairs, path, load_params().consolidation).waiting["ben_id_b"].tolist() == [D]


def test_decisions_that_change_nothing_are_told_by_their_line_without_a_key() -> None:
    decisions = taken((A, B, "doublon"), (A, B, "distinct"), (A, D, "doublon"), (C, D, "distinct"), (B, C, "distinct"))
    found = without_effect(decisions, pd.Series([A, B]))
    assert found["ligne"].tolist() == [3, 4, 5, 6]
    assert found["constat"].tolist() == [
        "d'autres lignes réunissent ces personnes",
        "l'un des deux pseudonymes n'est dans aucun export",
        "aucun des deux pseudonymes n'est dans un export",
        "l'un des deux pseudonymes n'est dans aucun export",
    ]
    assert not any(key in found.to_csv() for key in (A, B, C, D))


def world() -> dict[str, pd.DataFrame]:
    """Three keys; A and B are of the same edition, C of the next."""
    people = pd.DataFrame(
        {"annee": [2024, 2024, 2025], "ben_id": [A, B, C], "structure_id": ["S1", "S2", "S2"],
         "sexe": [None, "F", "F"], "annee_naissance": pd.array([1990, 1991, 1990], "Int64")}
    )  # fmt: skip
    held = pd.DataFrame(
        {"annee": [2024, 2024, 2025], "ben_id": [A, B, C], "ctr_id": ["S1:1", "S2:1", "S2:9"],
         "structure_id": ["S1", "S2", "S2"]}
    )  # fmt: skip
    return {"beneficiaires": people, "contrats": held, NEAR: likely((A, B, 0.9), (B, C, 0.8))}


def test_each_edition_has_one_row_for_a_person_which_what_is_known_fills() -> None:
    out = under_one_key(world(), {A: A, B: A, C: A})
    assert NEAR not in out
    assert out["beneficiaires"][["annee", "ben_id", "sexe", "annee_naissance"]].values.tolist() == [
        [2024, A, "F", 1990],
        [2025, A, "F", 1990],
    ]
    assert out["contrats"]["ben_id"].tolist() == [A, A, A]


def test_without_any_decision_the_tables_are_those_received() -> None:
    clean = world()
    out = under_one_key(clean, {})
    assert out["beneficiaires"] is clean["beneficiaires"] and out["contrats"] is clean["contrats"]


def test_what_another_analysis_reads_is_what_the_consolidation_counts(tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.write_text(HEAD + f"{A},{B},doublon,,x,2026-01-20\n")
    assert once(world(), path, load_params().consolidation)["contrats"]["ben_id"].tolist() == [A, A, C]


def test_persons_have_the_numbers_that_the_facts_give_them() -> None:
    clean = {name: rows for name, rows in world().items() if name != NEAR}
    numbers = person_numbers(clean)
    assert numbers.to_dict() == {A: 0, B: 1, C: 2}
    for name, rows in numbered(clean | {"engagements": pd.DataFrame({"eng_id": ["E"]})}).items():
        if "ben_id" in rows:
            assert rows["ben_id"].tolist() == clean[name]["ben_id"].map(numbers).tolist()


def test_the_queue_says_where_to_ask_by_the_structures_own_numbers() -> None:
    queue = review(
        likely((A, B, 0.9), (B, C, 0.8), (A, C, 0.01), years=("2024", "2023|2025")), world()["contrats"], 0.05
    )
    assert conform(PERSONS_QUEUE, queue)["edition"].tolist() == [2025, 2025]
    assert queue[["contrats_a", "contrats_b"]].values.tolist() == [["S1:1", "S2:1"], ["S2:1", "S2:9"]]
    blank = to_fill(queue)
    assert list(blank)[: len(COLUMNS)] == COLUMNS and blank["decision"].eq("").all()
    assert review(likely(), world()["contrats"], 0.05).empty


def test_what_is_decided_and_what_is_left_is_counted_by_edition() -> None:
    queue = pd.DataFrame({"edition": [2025, 2025]})
    told = counts(world()["beneficiaires"], {A: A, B: A, C: A}, queue, dataset(2024, 2025))
    assert told.values.tolist() == [[2024, 1, 0], [2025, 0, 2]]


def test_sensitivity_says_how_many_beneficiaries_each_threshold_would_leave(tmp_path: Path) -> None:
    rows = contracts({"ben_id": 0}, {"ben_id": 1}, {"ben_id": 2}, {"ben_id": 3, "mecanisme": "RESERVE"}, {"ben_id": 0})
    measured = pd.DataFrame(
        {"edition": [2025], "territoire": ["32"], "indicateur": ["beneficiaires"], "modalite": [WHOLE], "valeur": [3.0],
         "_sensible": [False], "_epci": [False], "_personnes": [3], "_employeurs": [1], "_entreprises": [1],
         "_part_max_personne": [0.5], "_part_max_employeur": [1.0], "_part_max_entreprise": [1.0]}
    )  # fmt: skip
    found = decided(likely((A, B, 0.95), (B, C, 0.6), (C, D, 0.55)), tmp_path / FILE, load_params().consolidation)
    numbers = pd.Series({A: 0, B: 1, C: 2, D: 3})
    table = persons_sensitivity(
        facts(rows), measured, found, numbers, thresholds=[0.99, 0.5, 0.9], dataset=dataset(2025)
    )
    said = table[["seuil", "beneficiaires", "beneficiaires_en_moins"]].values.tolist()
    assert said == [[0.5, 1, 2], [0.9, 2, 1], [0.99, 3, 0]], "who is out of scope counts in none"
    assert table["_personnes"].tolist() == [1, 1, 3], "those that a threshold takes away are few, and between two"


# --- from files to the page ----------------------------------------------------------------------------------


def consolidated(name: str = "essai") -> dict[str, pd.DataFrame]:
    exports.build(name)
    inventory.build(name)
    tables.build(name)
    return {path.stem: read_table(path) for path in (results_dir(name) / "consolidation").glob("*.parquet")}


def value(made: dict[str, pd.DataFrame], indicator: str, edition: int = 2025) -> float:
    rows = made["indicateurs"].set_index(["edition", "territoire", "indicateur", "modalite"])["valeur"]
    return float(rows[edition, "32", indicator, WHOLE])


def other(**values: str) -> dict[str, list[dict[str, str]]]:
    return changed("beneficiaires", **{"nom": "Durnad-Élie", **values})


def decide(folder: Path, decision: str) -> None:
    """Fill in the first line of the queue, and keep it as the analyst would."""
    queue = pd.read_csv(results_dir("essai") / "consolidation" / "personnes_a_revoir.csv", dtype=str)
    filled = queue.head(1).assign(decision=decision, motif="vérifié", auteur="analyste", date="2026-01-20")
    filled.to_csv(folder / "decisions" / FILE, index=False)


def test_a_person_decided_to_be_one_counts_once_everywhere(project: Path) -> None:
    folder = write_dataset()
    send()
    send(other() | changed("operations", libelle="Gymnase"), structure="S2")
    made = consolidated()
    assert value(made, "beneficiaires") == 2 and value(made, "contrats_travail") == 2
    assert made["personnes_reunies"].values.tolist() == [[2025, 0, 1]]
    assert made["personnes_sensibilite"]["beneficiaires"].tolist() == [1, 1, 2]
    decide(folder, "doublon")
    made = consolidated()
    assert value(made, "beneficiaires") == 1 and value(made, "contrats_travail") == 2
    assert value(made, "heures_realisees") == 301.5, "two contracts of one person are two contracts"
    assert made["personnes_reunies"].values.tolist() == [[2025, 1, 0]]
    assert made["suivi"].set_index(["unite", "nombre"])["personnes"].to_dict()["structures", 2] == 1
    added = made["sommes"].set_index("indicateur").loc["beneficiaires"]
    assert added[["somme_structures", "distinct"]].tolist() == [2, 1]
    assert made["personnes_sans_effet"].empty and made["personnes_a_revoir"].empty
    decide_text = (folder / "decisions" / FILE).read_text().replace(",doublon,", ",distinct,")
    (folder / "decisions" / FILE).write_text(decide_text)
    made = consolidated()
    assert value(made, "beneficiaires") == 2 and made["personnes_a_revoir"].empty
    assert made["personnes_sensibilite"]["beneficiaires"].eq(2).all()


def test_a_contract_that_two_structures_entered_is_one_once_its_person_is(project: Path) -> None:
    folder = write_dataset()
    send()
    send(other(), structure="S2")
    path = folder / "decisions" / "doublons_operations.csv"
    path.write_text(path.read_text() + "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20\n")
    assert value(consolidated(), "heures_realisees") == 301.5
    decide(folder, "doublon")
    made = consolidated()
    assert value(made, "heures_realisees") == 150.75 and value(made, "contrats_travail") == 1


def test_a_decision_serves_the_next_year_and_says_when_its_pair_is_gone(project: Path) -> None:
    folder = write_two_editions()
    send(year="2024", tables={
        "operations": [{**TABLES["operations"][0], "date_debut": "01/01/2024"}],
        "contrats": [{**TABLES["contrats"][0], "date_debut": "01/02/2024", "date_fin": "31/03/2024"}],
        "heures": [{"ctr_id": "C1", "mois": "2024-02", "heures": "10"}],
    })  # fmt: skip
    send(other(), year="2025")
    made = consolidated()
    assert made["suivi"].set_index(["unite", "nombre"])["personnes"].to_dict()["annees", 1] == 2
    assert made["personnes_a_revoir"][["annees_a", "annees_b"]].values.tolist() in (
        [["2024", "2025"]],
        [["2025", "2024"]],
    )
    decide(folder, "doublon")
    made = consolidated()
    assert made["suivi"].set_index(["unite", "nombre"])["personnes"].to_dict()["annees", 2] == 1
    assert value(made, "beneficiaires", 2024) == value(made, "beneficiaires") == 1
    path = folder / "exports" / "S1" / "2025" / "beneficiaires.csv"
    path.write_text(path.read_text().replace("Durnad", "Durand"))
    made = consolidated()
    assert made["personnes_sans_effet"][["ligne", "decision"]].values.tolist() == [[2, "doublon"]]
    assert made["suivi"].set_index(["unite", "nombre"])["personnes"].to_dict()["annees", 2] == 1


def test_a_pair_as_likely_as_the_settings_accept_needs_nobody(project: Path) -> None:
    write_dataset()
    path = project / "params.yaml"
    path.write_text(path.read_text().replace("person_accept: null", "person_accept: 0.5"))
    send()
    send(other() | changed("operations", libelle="Gymnase"), structure="S2")
    made = consolidated()
    assert value(made, "beneficiaires") == 1 and made["personnes_a_revoir"].empty


def test_an_edition_with_totals_shows_no_sensitivity(project: Path) -> None:
    write_dataset()
    send()
    send_totals(totals(("heures_realisees", WHOLE, 1000), ("beneficiaires", WHOLE, 3)), structure="S2")
    assert consolidated()["personnes_sensibilite"].empty


def test_no_key_and_no_name_is_published(project: Path) -> None:
    write_dataset()
    send()
    send(other(prenom="Zoé Anne") | changed("operations", libelle="Gymnase"), structure="S2")
    made = consolidated()
    assert len(made["personnes_a_revoir"]) == 1
    protect("essai", ["consolidation"])
    keys = set(read_table(clean_dir("essai", "exports") / "beneficiaires.parquet")["ben_id"])
    published = " ".join(read_table(path).to_csv() for path in protected_dir("essai").rglob("*.parquet")).casefold()
    for said in (*keys, "durand", "durnad", "zoé", "2001-03-05"):
        assert said not in published
    kept = " ".join(rows.to_csv() for rows in made.values()).casefold()
    kept += (results_dir("essai") / "consolidation" / "personnes_a_revoir.csv").read_text().casefold()
    for said in ("durand", "durnad", "zoé", "2001-03-05"):
        assert said not in kept
    rows = read_table(protected_dir("essai") / "consolidation" / "personnes_sensibilite.parquet")
    assert rows["beneficiaires"].isna().all() and set(rows["secret"]) == {reasons()["heures"]}


def page(*rows: tuple, reunies: int = 0, a_revoir: int = 0, regional: bool = True) -> SimpleNamespace:
    found = {
        "personnes_reunies": pd.DataFrame({"edition": [2025], "reunies": [reunies], "a_revoir": [a_revoir]}),
        "personnes_sensibilite": pd.DataFrame(
            rows, columns=["seuil", "beneficiaires", "beneficiaires_en_moins", "secret"]
        ).assign(edition=2025),
    }
    edition = SimpleNamespace(territoire="32", territory_name="Hauts-de-France", base_legale="L2112-2")
    return SimpleNamespace(
        year=2025, edition=edition, regional=regional, dataset=SimpleNamespace(region="32"),
        read=found.__getitem__, csv=lambda name: name,
    )  # fmt: skip


def test_the_page_says_how_many_are_one_and_how_many_wait() -> None:
    assert persons_review(page()).text() == (
        "Aucune personne n'a été réunie à une autre ; aucune paire de personnes dont c'est la dernière édition ne "
        "reste à examiner."
    )
    one = persons_review(page(reunies=1, a_revoir=1)).text()
    assert one.startswith("1 saisie d'une personne") and "a été réunie " in one and "1 paire de personnes" in one
    two = persons_review(page(reunies=2, a_revoir=3)).text()
    assert two.startswith("2 saisies d'une personne") and "ont été réunies " in two and "restent à examiner" in two


def test_the_page_says_what_the_lowest_threshold_would_take_away() -> None:
    text = shown_sensitivity(page((0.5, 8, 2, ""), (0.9, 9, 1, ""))).text()
    assert "d'au moins 50 %" in text.replace("\u202f", " ").replace("\u00a0", " ")
    assert "compterait 2 bénéficiaires de moins" in text
    assert "Aucune paire" in shown_sensitivity(page((0.5, 10, 0, ""))).text()
    assert "secret statistique" in shown_sensitivity(page((0.5, float("nan"), float("nan"), "moins de 5"))).text()
    assert "n'est pas montré" in shown_sensitivity(page()).text()
    assert persons_review(page(regional=False)).href == shown_sensitivity(page(regional=False)).href == "2025-32.html"
