"""The demo's files: the same bytes twice, what they hold, and where the truth says they are wrong."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import fastjsonschema
import pandas as pd
import pytest
import yaml
from demo_files import all_sends, received, sheet, simplified

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.params import load_settings
from analysis.schemas.canonical import EXPORTS, INVENTORY, NEEDS
from analysis.sources.mapping import load_mapping
from analysis.sources.publications import load_publications
from analysis.sources.typer import valid_siret

RUN = """
from pathlib import Path
from analysis.demo import generate
from analysis.core.params import DemoParams

if __name__ == "__main__":
    generate(Path({folder!r}), DemoParams(seed=20160126, contracts_per_year={size}))
"""
DETAIL = [name for name, table in EXPORTS.items() if not table.optional]  # what the demo sends
HARMLESS_IN_2016 = {"commune_ancienne", "commune_inconnue", "sortie_inconnue"}


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def truth(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / "verite" / f"{name}.csv", dtype=str, keep_default_na=False)


def records(folder: Path, year: int) -> list[dict]:
    found = next((folder / "decp").glob(f"*_{year}.json"))
    content = json.loads(found.read_text(encoding="utf-8"))["marches"]
    whole = content["marche"] if isinstance(content, dict) else content
    return [record for record in whole if "acheteur" in record]


def test_another_process_writes_the_same_bytes(written: Path, tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(RUN.format(folder=str(tmp_path / "demo"), size=1500), encoding="utf-8")
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    subprocess.run([sys.executable, str(script)], check=True, env=environment, capture_output=True)
    assert digests(tmp_path / "demo") == digests(written)


def test_dataset_and_mappings_are_readable(written: Path) -> None:
    dataset = load_settings(written / "dataset.yaml", Dataset)
    assert dataset.synthetique
    assert [edition.annee for edition in dataset.editions] == list(range(2015, 2026))
    assert dataset.edition(2015).departements == ["59", "62"]
    listed = pd.read_csv(written / "structures.csv", dtype=str)
    assert len(listed) == 45
    for name in listed["mapping"].unique():
        assert set(load_mapping(written / "mappings" / f"{name}.yaml").tables) == set(DETAIL)


def test_the_readme_says_that_all_is_synthetic(written: Path) -> None:
    assert "synthétique" in (written / "LISEZMOI.md").read_text(encoding="utf-8").splitlines()[0]


def test_only_the_old_region_answers_in_2015(written: Path) -> None:
    home = (
        sheet(written / "inventaire" / "inventaire.xlsx", "structures")
        .set_index("structure_id")["commune_insee"]
        .str.slice(0, 2)
    )
    sent = {path.parent.name for path in (written / "exports").glob("*/*2015*")}
    assert {home[s] for s in sent} == {"59", "62"}
    assert {home[p.parent.name] for p in (written / "exports").glob("*/*2016*")} == {"02", "59", "60", "62", "80"}


@pytest.mark.parametrize("year", [2015, 2016, 2025])
def test_tables_of_a_send_have_keys_and_links(written: Path, year: int) -> None:
    tables = all_sends(written, year)
    for name in DETAIL:
        key = ["structure_id", *(c for c in EXPORTS[name].key if c in tables[name])]
        assert not tables[name].duplicated(key).any(), name
    links = [("engagements", "op_id", "operations"), ("territoires", "op_id", "operations")]
    links += [
        ("contrats", "eng_id", "engagements"),
        ("contrats", "ben_ref", "beneficiaires"),
        ("heures", "ctr_id", "contrats"),
    ]
    for name, column, target in links:
        known = set(zip(tables[target]["structure_id"], tables[target][column], strict=True))
        assert set(zip(tables[name]["structure_id"], tables[name][column], strict=True)) <= known, (name, column)


def test_outcomes_are_of_contracts_sent_that_year_or_before(written: Path) -> None:
    sent: set[tuple[str, str]] = set()
    for year in (2015, 2016, 2017):
        tables = all_sends(written, year)
        sent |= set(zip(tables["contrats"]["structure_id"], tables["contrats"]["ctr_id"], strict=True))
        outcomes = tables["sorties"]
        assert set(zip(outcomes["structure_id"], outcomes["ctr_id"], strict=True)) <= sent
        assert (outcomes["date_enquete"].dropna().dt.year <= year + 1).all()
        assert set(outcomes["horizon_m"].astype(float)) <= {3.0, 6.0, 12.0}


def test_one_key_of_person_is_one_person(written: Path) -> None:
    people = truth(written, "personnes").set_index(["structure_id", "ben_ref"])["personne_id"]
    seen: dict[str, str] = {}
    for year in (2016, 2017, 2024):
        rows = all_sends(written, year)["beneficiaires"]
        for row in rows.dropna(subset="date_naissance").itertuples():
            key = f"{simplified(row.nom)}|{simplified(row.prenom)}|{row.date_naissance.date()}"
            assert seen.setdefault(key, people[row.structure_id, row.ben_ref]) == people[row.structure_id, row.ben_ref]
    assert len(set(seen.values())) == len(seen)


def test_decisions_are_about_true_pairs_once_and_leave_ten(written: Path) -> None:
    decided = pd.read_csv(written / "decisions" / "doublons_operations.csv", dtype=str)
    pair = ["structure_a", "op_id_a", "structure_b", "op_id_b"]
    true = set(truth(written, "operations_doublons")[pair].itertuples(index=False, name=None))
    said = decided[decided["decision"] == "doublon"]
    assert not decided.duplicated(pair).any()
    assert set(said[pair].itertuples(index=False, name=None)) < true
    assert len(true) - len(said) == 10
    assert not (set(decided.loc[decided["decision"] == "distinct", pair].itertuples(index=False, name=None)) & true)
    kept = set(zip(said["structure_a"], said["op_id_a"], strict=True))
    dropped = set(zip(said["structure_b"], said["op_id_b"], strict=True))
    assert not kept & dropped
    assert len(dropped) == len(said)


def test_both_entries_of_an_operation_say_the_same(written: Path) -> None:
    tables = all_sends(written, 2016)
    engagements, contracts = tables["engagements"], tables["contrats"]
    hours = tables["heures"].assign(h=tables["heures"]["heures"].astype(float))
    whole = hours.groupby(["structure_id", "ctr_id"])["h"].sum()
    rows = contracts.merge(engagements, on=["structure_id", "eng_id"])
    rows["h"] = [whole[key] for key in zip(rows["structure_id"], rows["ctr_id"], strict=True)]
    by_op = {
        k: (set(v["entreprise_siret"]), round(v["h"].sum(), 2)) for k, v in rows.groupby(["structure_id", "op_id"])
    }
    label = tables["operations"].set_index(["structure_id", "op_id"])["libelle"]
    compared = 0
    for pair in truth(written, "operations_doublons").itertuples():
        a, b = (pair.structure_a, pair.op_id_a), (pair.structure_b, pair.op_id_b)
        assert (a in label.index) == (b in label.index)
        if a in by_op:
            assert by_op[a] == by_op[b]
            assert label[a] != label[b]
            compared += 1
    assert compared > 10


def test_errors_are_where_the_truth_says(written: Path) -> None:
    errors = truth(written, "erreurs")
    exports = errors[
        errors["fichier"].str.startswith("exports/") & (errors["ligne"] != "") & (errors["valeur_ecrite"] != "")
    ]
    exports = exports[exports["fichier"].str.endswith(".csv") & (exports["genre"] != "heures_depuis_origine")]
    assert len(exports) > 300
    layout = dict(
        pd.read_csv(written / "structures.csv", dtype=str)[["structure_id", "mapping"]].itertuples(index=False)
    )
    layouts = {name: load_mapping(written / "mappings" / f"{name}.yaml") for name in set(layout.values())}
    for name, rows in exports.groupby("fichier"):
        mapping = layouts[layout[str(name).split("/")[1]]]
        text = received(written / str(name)).read_bytes().decode(mapping.encodage)
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=mapping.separateur))
        for row in rows.itertuples():
            assert row.valeur_ecrite in lines[int(row.ligne) - 1], row


def test_nothing_that_counts_is_spoilt_in_2016(written: Path) -> None:
    errors = truth(written, "erreurs")
    assert set(errors.loc[errors["fichier"].str.contains("_2016."), "genre"]) <= HARMLESS_IN_2016
    assert "heures_milliers" in set(errors["genre"])


def test_sirets_of_2016_have_their_key(written: Path) -> None:
    tables = all_sends(written, 2016)
    for name, column in (
        ("operations", "maitre_ouvrage_siret"),
        ("engagements", "entreprise_siret"),
        ("contrats", "employeur_siret"),
    ):
        assert valid_siret(tables[name][column]).all()


def test_layouts_differ(written: Path) -> None:
    layouts = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted((written / "mappings").glob("*.yaml"))
    ]
    headings = [m["tables"]["operations"]["colonnes"]["libelle"] for m in layouts]
    assert len(set(headings)) == len(layouts) >= 4
    listed = pd.read_csv(written / "structures.csv", dtype=str)["mapping"]
    books = [m["nom"] for m in layouts if "feuille" in m["tables"]["operations"]]
    assert 0.25 < listed.isin(books).mean() < 0.4


def test_inventory_and_needs_have_the_canonical_headings(written: Path) -> None:
    inventory = written / "inventaire" / "inventaire.xlsx"
    for name, table in INVENTORY.items():
        rows = sheet(inventory, name)
        assert list(rows.columns) == [c.name for c in table.columns]
        assert not rows.duplicated(list(table.key)).any()
    zones = sheet(inventory, "zones")
    assert zones["epci_siren"].nunique() == 80
    assert zones["part_temps"].astype(float).groupby(zones["structure_id"]).sum().round(9).eq(1).all()
    staff = sheet(inventory, "facilitateurs")
    present = staff[(staff["role"] != "AUTRE") & ((staff["date_fin"] == "") | (staff["date_fin"] > "2025-12-31"))]
    assert 60 <= len(present) <= 80
    needs = sheet(written / "besoins" / "besoins.xlsx", "besoins")
    assert list(needs.columns) == [c.name for c in NEEDS["besoins"].columns]
    assert 150 <= len(needs) <= 250


# --- open data ---------------------------------------------------------------------------------


def test_every_year_has_its_contracts_and_their_truth(written: Path) -> None:
    status = truth(written, "marches_statut").set_index("uid")["statut_vrai"]
    assert status.index.is_unique
    for year in range(2018, 2026):
        uids = {record["acheteur"]["id"] + record["id"] for record in records(written, year)}
        assert len(uids) == 1500
        assert uids <= set(status.index)
    assert 0.12 < status.isin(["clause", "critere_et_clause"]).mean() < 0.22


def test_renewals_and_links_hold(written: Path) -> None:
    notified = {
        record["acheteur"]["id"] + record["id"]: (record["acheteur"]["id"][:9], year)
        for year in range(2018, 2026)
        for record in records(written, year)
    }
    renewals = truth(written, "renouvellements")
    assert len(renewals) > 500
    for old, new in renewals.itertuples(index=False):
        assert notified[old][0] == notified[new][0]
        assert notified[old][1] <= notified[new][1]
    links = truth(written, "operations_marches")
    ops = pd.concat([all_sends(written, year)["operations"] for year in (2019, 2022)])
    buyer = ops.drop_duplicates(["structure_id", "op_id"]).set_index(["structure_id", "op_id"])["maitre_ouvrage_siret"]
    seen = [row for row in links.itertuples() if (row.structure_id, row.op_id) in buyer.index]
    assert len(seen) > 100
    assert all(buyer[row.structure_id, row.op_id][:9] == row.uid[:9] for row in seen)


def test_about_three_cpv_in_four_are_of_the_right_segment(written: Path) -> None:
    true = truth(written, "marches_statut").set_index("uid")["segment_vrai"]
    rows = reference.table("nomenclatures/segments_cpv")
    prefixes = dict(zip(rows["prefixe_cpv"], rows["segment"], strict=True))
    right = [
        _segment(str(r["codeCPV"]), prefixes) == true[r["acheteur"]["id"] + r["id"]]
        for year in range(2018, 2026)
        for r in records(written, year)
    ]
    assert 0.73 < sum(right) / len(right) < 0.79


def _segment(code: str, prefixes: dict[str, str]) -> str:
    return next((prefixes[code[:n]] for n in range(8, 1, -1) if code[:n] in prefixes), "AUTRE")


@pytest.mark.real
def test_clean_records_of_2024_fit_the_official_schema(written: Path, shared: Path) -> None:
    path = shared / "decp" / "schema_decp_v2.0.4.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    validate = fastjsonschema.compile({k: v for k, v in schema.items() if k != "$id"})
    errors = truth(written, "erreurs")
    spoilt = set(errors.loc[errors["fichier"].str.endswith("_2024.json"), "cle"])
    clean = [r for r in records(written, 2024) if r["acheteur"]["id"] + r["id"] not in spoilt]
    assert len(clean) > 800
    validate({"marches": {"marche": clean}})


def test_dirt_kinds_of_the_open_data_are_all_there(written: Path) -> None:
    rates = reference.table("demo/salete_decp")
    found = truth(written, "erreurs")
    frequent = set(rates.loc[rates["taux"] > 0.004, "genre"])
    assert frequent <= set(found.loc[found["fichier"].str.startswith("decp/"), "genre"])


def test_what_was_published_follows_from_the_truth_and_its_last_word_of_2016_are_the_slides(written: Path) -> None:
    dataset = load_settings(written / "dataset.yaml", Dataset)
    rows = load_publications(written / "publications.csv", dataset)
    assert sorted(rows["edition"].unique()) == list(range(2015, 2025))
    assert (rows.groupby("edition")["date_publication"].nunique() == 2).all()
    assert rows["date_publication"].max() <= pd.Timestamp(dataset.date_observation)
    hours = rows[rows["indicateur"].eq("heures_realisees") & rows["modalite"].eq("ensemble")]
    hours = hours[hours["territoire"].isin(["31", "32"])].pivot(
        index="edition", columns="date_publication", values="valeur"
    )
    first, last = hours.bfill(axis=1).iloc[:, 0], hours.ffill(axis=1).iloc[:, -1]
    wanted = reference.table("demo/publications").set_index("annee")["revision"]
    assert ((last / first - 1 - wanted).abs() < 0.01).all()
    assert (first[wanted == 0] == last[wanted == 0]).all() and (first < last)[wanted > 0].all()
    final = rows[rows["edition"].eq(2016) & rows["territoire"].eq("32")]
    final = final[final["date_publication"] == pd.Timestamp("2017-12-15")]
    slides = reference.table("published").query("serie == 'orcp_2016'")
    key = ["indicateur", "modalite"]
    assert final.set_index(key)["valeur"].to_dict() == slides.set_index(key)["valeur"].to_dict()
