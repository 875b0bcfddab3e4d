from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from analysis.buyer.guide.document import DOCUMENT, INDEX, document, entries, index
from analysis.buyer.guide.tables import EXAMPLES, examples, guide_tables, guided, pitfalls, sizes, supply
from analysis.buyer.guide.views import trade_names
from analysis.buyer.sizing import RANGE, hours, law
from analysis.checking.links import check_links
from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.files import write_table, write_text
from analysis.core.params import load_params
from analysis.core.paths import protected_dir
from analysis.publishing.content import Column, DataTable
from analysis.publishing.page import subjects
from analysis.publishing.render import add_anchors
from analysis.publishing.templating import fill
from analysis.segments.potential.supply import supply as regional_supply
from toy import toy_project

SEGMENTS = list(reference.labels("segments"))
LAWS = pd.DataFrame(
    [
        {
            "segment": name,
            "probabilite": n / 100,
            "coefficient": 0.001 * (k + 1) * n,
            "exposant": 0.8,
            "plafond": 1e9,
            "ecart_exposant": 0.0,
            "ecart_montant": 1.0,
            "ecart_de": 1.0,
            "ecart_a": 1.0,
            "ecart_propre": 1.0,
        }
        for k, name in enumerate(SEGMENTS)
        for n in range(1, 100)
    ]
)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    with toy_project(tmp_path / "project"):
        return load_dataset("jouet")


def contracts(count: int = 12) -> pd.DataFrame:
    """Cleaning contracts of 50,000 to 600,000 euros, each of its own buyer; half of them carry a clause."""
    number = np.arange(1, count + 1)
    return pd.DataFrame(
        {
            "uid": [f"U{n:02}" for n in number],
            "segment": "PROPRETE",
            "segment_p": 0.9,
            "annee": 2025,
            "montant": 50_000.0 * number,
            "dureeMois": 30.0,
            "statut_social": np.where(number % 2 == 0, "clause", "aucune"),
            "objet": [f"Nettoyage des locaux, site {n}" for n in number],
            "acheteur_nom": [f"Commune {n}" for n in number],
            "departement": "59",
        }
    )


@pytest.mark.parametrize("known", [["PROPRETE"], []])
def test_segments_of_which_nothing_is_known_have_no_page(tmp_path: Path, known: list[str]) -> None:
    with toy_project(tmp_path / "project"):
        made, edition = load_dataset("jouet"), load_dataset("jouet").editions[-1]
        assert list(subjects("guide", made, edition)) == SEGMENTS
        told = pd.DataFrame({"segment": pd.Series(known, dtype="str")})
        write_table(told, protected_dir("jouet") / "buyer" / "guide_tailles.parquet")
        assert list(subjects("guide", made, edition)) == known


def test_contracts_of_unknown_segments_are_no_segment_of_the_guide(dataset: Dataset) -> None:
    unknown = contracts().assign(segment="AUTRE", acheteur_siren="1", acheteur_id="1")
    assert "AUTRE" not in guided() and len(guided()) == len(SEGMENTS) - 1
    tables = [sizes(unknown, LAWS, 0.25), supply(dataset), examples(unknown), pitfalls()]
    assert not any("AUTRE" in set(table.get("segment", [])) for table in tables)


def test_usual_sizes_are_quartiles_with_the_hours_of_the_law() -> None:
    table = sizes(contracts(), LAWS, 0.25)
    assert list(table["segment"].unique()) == guided() and len(table) == 3 * len(guided())
    own = table[table["segment"] == "PROPRETE"].set_index("taille")
    assert own["montant"].tolist() == [190_000, 330_000, 460_000]  # 187 500, 325 000, 462 500
    assert (own["marches"] == 12).all() and (own["duree_mois"] == 30).all()
    found = law(LAWS, "PROPRETE")
    low, middle, high = hours(found, RANGE, 330_000)
    row = own.loc["median"]
    assert row[["heures_p10", "heures_p50", "heures_p90"]].tolist() == pytest.approx([low, middle, high], rel=1e-5)
    assert row["heures_an"] == pytest.approx(middle * 12 / 30, rel=1e-5)
    assert row["etp"] == pytest.approx(row["heures_an"] / 1607, rel=1e-5)
    assert 0 < row["engagement"] <= hours(found, 0.25, 330_000) and row["engagement"] % 7 == 0
    halves = contracts().assign(dureeMois=np.where(np.arange(12) < 6, 30.0, 31.0))
    assert set(sizes(halves, LAWS, 0.25)["duree_mois"]) == {31.0}, "30.5 months, half up"
    others = table[table["segment"] != "PROPRETE"]
    assert (others["marches"] == 0).all() and set(others["montant"]) == set(own["montant"])


def test_amounts_that_are_not_believed_give_no_size_and_no_example(dataset: Dataset) -> None:
    rows = contracts(40).assign(acheteur_id="2" * 14, codeCPV=None, epci_siren=None)
    wrong = rows.iloc[-2:].assign(uid=["U98", "U99"], montant=[9e8, 39_999.0], acheteur_nom=["Mille", "Rien"],
                                  objet=["Mille fois trop", "Presque rien"], statut_social="clause")  # fmt: skip
    told, given = ["uid", "segment", "segment_p"], pd.concat([rows, wrong], ignore_index=True)
    tables = (
        guide_tables(one.drop(columns=told[1:]), one[told], LAWS, dataset, load_params()) for one in (rows, given)
    )
    expected, found = tables
    pd.testing.assert_frame_equal(found["guide_tailles"], expected["guide_tailles"])
    pd.testing.assert_frame_equal(found["guide_exemples"], expected["guide_exemples"])


def test_examples_carry_a_clause_are_of_different_buyers_and_go_from_small_to_large() -> None:
    rows = contracts(40)
    rows.loc[rows["uid"].isin(["U02", "U04"]), "acheteur_nom"] = "Commune double"
    found = examples(rows)
    assert len(found) == EXAMPLES and found["rang"].tolist() == [1, 2, 3, 4, 5]
    assert set(found["statut_social"]) == {"clause"} and found["acheteur_nom"].is_unique
    assert found["montant"].is_monotonic_increasing and found["montant"].iloc[-1] > 1_600_000
    surest = rows.assign(segment_p=np.where(rows["uid"] == "U20", 0.99, 0.9))
    assert "U20" in set(examples(surest)["uid"])
    assert examples(rows.assign(statut_social="aucune")).empty


def test_supply_adds_up_to_that_of_the_region(dataset: Dataset) -> None:
    table = supply(dataset)
    offered = regional_supply(dataset, pd.Series(dtype="float64"), 30.0)
    regional = offered.query("territoire == @dataset.region").set_index("segment")
    added = table.groupby("segment")[["entreprises", "dont_secteur"]].sum()
    for name in guided():
        assert added.loc[name].tolist() == regional.loc[name, ["fournisseurs", "dont_secteur"]].tolist(), name


def test_pitfalls_keep_the_order_of_their_file() -> None:
    table, written = pitfalls(), reference.table("acheteur/pieges")
    assert table["piege"].tolist() == written["piege"].tolist()
    assert (table.groupby("segment")["rang"].apply(list).map(lambda ranks: ranks == [*range(1, len(ranks) + 1)])).all()


def site(folder: Path, dataset: Dataset, segments: list[str]) -> Path:
    """A site whose guide has a page for each of `segments`, all with the same anchors, links and a form."""
    for name in segments:
        frame = pd.DataFrame({"nom": [f"Rang {n}" for n in range(9)], "heures": np.arange(9.0)})
        table = DataTable(frame, {"nom": Column("Nom"), "heures": Column("Heures", 0)}, caption="Heures", scope="essai")
        table.csv = "buyer_guide_tailles"
        body = BeautifulSoup(
            f'<div class="page-header"><h1>{reference.labels("segments")[name]}</h1><p class="scope">Essai</p></div>'
            f'<h2>Heures</h2><form class="calculator" id="calculette"><input id="calculette-montant"></form>'
            f'{table._repr_html_()}<h3>Détail</h3><p><a href="#heures">Plus haut</a></p>'
            "<details><summary>Données</summary><p>Tapé</p></details>",
            "html.parser",
        )
        add_anchors(body)
        text = fill("skeleton.html.j2", title=name, contents=[], version="0")
        write_text(text.replace('tabindex="-1">', f'tabindex="-1">{body}'), folder / "guide" / f"2025-{name}.html")
    write_text("<h1>Accueil</h1>", folder / "index.html")
    write_text('<h1 id="guide-tailles">Méthode</h1>', folder / "methode.html")
    write_text("segment\n", folder / "tables" / "buyer_guide_tailles.csv")
    write_text(index(dataset, folder), folder / INDEX)
    write_text(document(dataset, folder), folder / DOCUMENT)
    return folder


def test_the_document_has_every_segment_in_order_once_and_its_links_hold(tmp_path: Path, dataset: Dataset) -> None:
    folder = site(tmp_path, dataset, SEGMENTS)
    check_links(folder)
    soup = BeautifulSoup((folder / DOCUMENT).read_text(encoding="utf-8"), "html.parser")
    targets = [str(link["href"]) for link in soup.select("nav.contents a")]
    assert targets == [f"#{name}" for name in SEGMENTS]
    assert [heading["id"] for heading in soup.select("main h2")] == SEGMENTS
    ids = [str(tag["id"]) for tag in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    assert len(soup.select("h1")) == 1 and not soup.select("form, input, details, script")
    assert [tag.name for tag in soup.select("section.part:first-of-type :is(h2, h3, h4)")] == ["h2", "h3", "h4"]
    assert len(soup.select("main table")) == len(SEGMENTS)
    names = [str(region["aria-label"]) for region in soup.select("[role=region]")]
    assert len(names) == len(set(names)) == len(SEGMENTS)


def test_the_index_leads_to_each_page_by_segment_and_by_trade(tmp_path: Path, dataset: Dataset) -> None:
    some = ["PROPRETE", "ESPACES_VERTS", "INFORMATIQUE"]
    folder = site(tmp_path, dataset, some)
    check_links(folder)
    assert [page.code for page in entries(folder)] == [name for name in SEGMENTS if name in some]
    soup = BeautifulSoup((folder / INDEX).read_text(encoding="utf-8"), "html.parser")
    listed = {str(link["href"]) for link in soup.select("ul.pages a")}
    assert listed == {f"guide/2025-{name}.html" for name in some}
    rows = reference.table("nomenclatures/segments_metiers")
    rows = rows[rows["segment"].isin(some)]
    codes = re.findall(r"\(([A-Z]\d{4})\)", soup.get_text())
    assert sorted(codes) == sorted(rows["rome"].unique())
    assert len(soup.select("dl.trades a")) == len(rows)


def test_trades_that_the_demo_s_exports_hold_have_their_label() -> None:
    met = set(reference.table("demo/metiers")["code"])
    assert met <= set(trade_names()) and trade_names()["F1705"] == "Pose de canalisations"
    recruited = set(reference.table("nomenclatures/segments_metiers")["rome"])
    assert not recruited & set(reference.labels("metiers")), "each trade is named once"
