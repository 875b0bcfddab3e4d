"""The page of a dataset that holds totals only: the figures published for 2016, sent as one structure's."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

from analysis.checking.guard import problems_of
from analysis.consolidation import tables
from analysis.core.dataset import load_dataset
from analysis.core.files import read_table, write_table, write_text
from analysis.core.paths import protected_dir, reports_dir, results_dir
from analysis.disclosure.protect import build as protect
from analysis.printed import published
from analysis.publishing.content import Content
from analysis.scaffold import new_dataset
from analysis.site.home import headlines
from analysis.sources import exports, inventory
from checkout import CHECKOUT
from sending import mapping, send, send_totals, totals, write_dataset

DEMO = CHECKOUT / "data" / "processed" / "demo" / "protected" / "consolidation" / "reconciliation.parquet"


def slides() -> list[dict[str, str]]:
    """What the slides of 2016 print, as a structure would send it."""
    rows = published()
    rows = rows[rows["serie"] == "orcp_2016"]
    sent = zip(rows["indicateur"], rows["modalite"], rows["valeur"], strict=True)
    return totals(*sent, shown="PUBLIC")


def staffed(folder: Path, *structures: str) -> None:
    """An inventory where each of `structures` has a facilitator in post, in Lille."""
    common = {"structure_id": list(structures)}
    sheets = {
        "structures": {
            **common, "nom": "Essai", "siret": "21590350100017", "type_acteur": "FACILITATEUR",
            "nature_porteuse": "PLIE", "commune_insee": "59350",
        },
        "facilitateurs": {**common, "fac_ref": "f", "role": "FACILITATEUR", "etp": 1, "date_debut": "2015-01-01"},
        "zones": {**common, "epci_siren": "200093201", "part_temps": 1},
    }  # fmt: skip
    with pd.ExcelWriter(folder / "inventaire" / "inventaire.xlsx", engine="xlsxwriter") as book:
        for name, columns in sheets.items():
            pd.DataFrame(columns).to_excel(book, sheet_name=name, index=False)


def consolidated(name: str) -> None:
    exports.build(name)
    inventory.build(name)
    tables.build(name)
    protect(name, ["consolidation"])


def page(name: str, year: int, place: str) -> tuple[list[str], list[str]]:
    """Every cell of the notebook as text, and what the guard says of the whole as a page."""
    notebook = nbformat.read(CHECKOUT / "notebooks" / "consolidation.ipynb", as_version=4)
    known: dict = {"dataset": name, "edition": year, "territory": place}
    shown = []
    for cell in notebook.cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            *before, last = ast.parse(cell.source).body
            exec(compile(ast.Module(before, []), "cell", "exec"), known)
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), known))
    assert all(isinstance(content, Content) for content in shown)
    folder = reports_dir(name)
    for path in (protected_dir(name) / "consolidation").glob("*.parquet"):
        write_table(read_table(path), folder / "tables" / f"consolidation_{path.stem}.csv")
    path = folder / "consolidation" / f"{year}-{place}.html"
    write_text("\n".join(content._repr_html_() for content in shown), path)
    texts = [content.text().replace("\u202f", " ").replace("\u00a0", " ") for content in shown]
    return texts, problems_of(path)


def of_the_slides(rows: pd.DataFrame) -> pd.Series:
    """The verdict on each printed figure of the slides."""
    return rows[rows["serie"].str.contains("orcp_2016")].set_index("numero")["verdict"]


@pytest.fixture
def slides_sent(project: Path) -> Path:
    folder = new_dataset("essai", "32", 2016)
    (folder / "structures.csv").write_text("structure_id,nom,siret,mapping\nS1,Région,,essai\n")
    (folder / "mappings" / "essai.yaml").write_text(yaml.safe_dump(mapping()))
    staffed(folder, "S1")
    send_totals(slides(), year="2016")
    consolidated("essai")
    return folder


def test_the_published_figures_sent_as_totals_reach_the_verdicts_of_the_rows(slides_sent: Path) -> None:
    rows = read_table(results_dir("essai") / "consolidation" / "reconciliation.parquet")
    verdicts = of_the_slides(rows)
    assert verdicts.index.tolist() == list(range(1, 23))
    assert verdicts[6] == verdicts[21] and len({verdicts[6], verdicts[15], verdicts[5]}) == 3
    if not DEMO.is_file():
        pytest.skip("the demo has not been built: the verdicts of its rows are not known")
    # The share of women can only be sent as printed: it is equal to itself, where the rows give what rounds to it.
    assert verdicts[22] == "égal"
    rows_say = of_the_slides(read_table(DEMO))
    assert rows_say[22] == "arrondi"
    assert verdicts.drop(22).to_dict() == rows_say.drop(22).to_dict()


def test_every_section_of_a_page_of_totals_has_something_to_say(slides_sent: Path) -> None:
    texts, problems = page("essai", 2016, "32")
    assert problems == []
    whole = "\n".join(texts)
    assert "Heures d'insertion réalisées dans l'année : 1 302 553" in whole
    assert "En 2016, 3 453 personnes ont réalisé 1 302 553 heures d'insertion, soit 377 heures par personne" in whole
    assert "1 structure sans export détaillé (100,0 % des heures) : des totaux" in whole
    assert not re.search(r"\bnan\b", whole)
    assert "au moins 23,0" in whole, "of the hours whose status is known: how many they are is not said"
    cards = {card.label: card.shown for card in headlines(load_dataset("essai"))["consolidation"]}
    assert cards["Opérations suivies"] == "888"


def test_a_page_of_a_department_of_which_no_total_speaks(slides_sent: Path) -> None:
    texts, problems = page("essai", 2016, "59")
    assert problems == []
    assert any("Aucun export de facilitateur" in text for text in texts)


def test_bounds_are_printed_in_words_and_follow_from_the_tables(project: Path) -> None:
    folder = write_dataset()
    staffed(folder, "S1", "S2")
    both = totals(
        ("heures_realisees", "ensemble", 5000), ("beneficiaires", "ensemble", 1200), ("operations", "ensemble", 7),
        ("heures_realisees", "RSA", 900), ("beneficiaires", "RSA", 40), shown="PUBLIC",
    )  # fmt: skip
    send_totals(both)
    send_totals(both, structure="S2")
    consolidated("essai")
    texts, problems = page("essai", 2025, "32")
    assert problems == []
    whole = "\n".join(texts)
    assert "entre 1 200 et 2 400 personnes ont réalisé 10 000 heures" in whole
    assert "soit entre 4 et 8 heures par personne" in whole
    assert "Opérations suivies : entre 7 et 14" in whole
    # Of how many hours or persons the status is known, nobody says: those shares have no upper bound.
    assert not re.search(r"au moins \d", whole.replace("au moins 18,0", "").replace("au moins 1,7", ""))
    assert "entre, au moins, au plus : la valeur exacte n'est pas connue" in whole
    cards = {card.label: card.shown for card in headlines(load_dataset("essai"))["consolidation"]}
    assert cards["Opérations suivies"] == "entre 7 et 14"


def test_a_page_of_rows_and_totals_says_what_is_not_crossed(project: Path) -> None:
    folder = write_dataset()
    staffed(folder, "S1", "S2")
    send()
    send_totals(totals(("heures_realisees", "ensemble", 5000)), structure="S2")
    consolidated("essai")
    for place in ("32", "59"):
        texts, problems = page("essai", 2025, place)
        assert problems == []
    assert "secret statistique" in texts[2]
