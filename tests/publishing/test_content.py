from __future__ import annotations

import base64
import io
import json
import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib import pyplot as plt
from PIL import Image

from analysis.publishing import style
from analysis.publishing.content import PERCENT, Card, Column, DataTable, Figure, Prose, Strip, Warning

FRAME = pd.DataFrame(
    {
        "epci": ["A & <b>B</b>", "C", "D"],
        "heures": [1302553.5, 12.0, None],
        "part": [0.36365, 0.1, None],
        "heures__secret": ["", "moins de 5 personnes", ""],
    }
)
COLUMNS = {
    "epci": Column("EPCI"),
    "heures": Column("Heures", 0, "h"),
    "part": Column("Part", 1, "%", factor=100),
}


def a_table(frame: pd.DataFrame = FRAME, **more: str) -> DataTable:
    return DataTable(frame, columns=COLUMNS, caption="Heures par EPCI", scope="région", **more)


def html(content) -> BeautifulSoup:
    return BeautifulSoup(content._repr_html_(), "html.parser")


def test_a_table_is_accessible_and_french() -> None:
    soup = html(a_table(csv="consolidation_heures"))
    assert soup.caption.get_text() == "Heures par EPCI"
    assert [th["scope"] for th in soup.select("thead th")] == ["col"] * 3
    assert [th.get_text() for th in soup.select("tbody th[scope=row]")] == ["A & <b>B</b>", "C", "D"]
    first = [td.get_text() for td in soup.select("tbody tr")[0].select("td")]
    assert first == ["1\u202f302\u202f554", "36,4"]
    assert all("n" in td["class"] for td in soup.select("tbody td"))
    assert soup.a["href"] == "../tables/consolidation_heures.csv"


def test_a_hidden_number_shows_its_reason_and_not_its_value() -> None:
    table = a_table()
    cell = html(table).select("tbody tr")[1].td
    assert cell.get_text(strip=True) == "s"
    assert cell.abbr["title"] == "secret statistique\xa0: moins de 5 personnes"
    assert "s : secret statistique (moins de 5 personnes)." in table.text()
    assert "12" not in table.text()
    # The column's own companion says nothing about its neighbour.
    assert html(table).select("tbody tr")[1].select("td")[1].get_text() == "10,0"


def test_a_number_that_is_missing_is_printed_between_its_bounds() -> None:
    known = FRAME.assign(part__min=[None, None, 0.25], part__max=[None, None, 0.5], heures__secret="")
    table = a_table(known)
    assert [cell.text for cell in table.rows[2]] == ["D", "n.d.", "entre 25,0 et 50,0"]
    cell = html(table).select("tbody tr")[2].select("td")[1]
    assert "n" not in cell.get("class", []), "checked by the guard as text"
    assert "entre, au moins, au plus : la valeur exacte n'est pas connue" in table.text()
    assert "entre" not in a_table().text()


def test_a_rounded_number_says_so_without_decimals_that_it_has_not() -> None:
    frame = pd.DataFrame({"lieu": ["A", "B"], "etp": [26.0, 3.5], "etp_arrondi": [1.0, None]})
    columns = {"lieu": Column("Lieu"), "etp": Column("ETP", 2)}
    table = DataTable(frame, columns=columns, caption="Temps", scope="région")
    assert [td.get_text() for td in html(table).select("td")] == ["≈\xa026", "3,50"]
    assert html(table).td["data-v"] == "26.0"
    assert "≈ : arrondi" in table.text()
    cards = Strip([Card("Temps", 26.0, "ETP", digits=1, rounded=1.0), Card("Temps", 26.0, digits=1)])
    assert repr(cards).splitlines() == ["Temps : ≈\xa026 ETP (arrondi : secret statistique)", "Temps : 26,0"]


def test_the_row_companion_hides_every_number_of_the_row_but_not_its_name() -> None:
    frame = FRAME.drop(columns="heures__secret").assign(secret=["", None, "dominance"])
    rows = [[cell.text for cell in row] for row in a_table(frame).rows]
    assert rows[1] == ["C", "12", "10,0"]
    assert rows[2] == ["D", "s", "s"]


def test_the_text_of_a_table_carries_what_the_page_shows() -> None:
    text = a_table(note="à lire").text()
    for cell in html(a_table()).select("tbody td, tbody th, thead th"):
        assert re.sub(r"\s+\(", " (", cell.get_text().strip()) in text
    assert text.splitlines()[0] == "Heures par EPCI"
    assert "Champ : région" in text
    assert "Note : à lire" in text
    assert "n.d. : non disponible." in text


def test_rounding_is_half_up_from_the_unrounded_value() -> None:
    assert Column("x", 1, factor=100).show(0.12345) == "12,3"
    assert Column("x", 0, factor=100).show(0.285) == "29"  # 0.285 * 100 is 28.499999999999996 in floats
    assert Column("x", 2).show(2.675) == "2,68"
    assert Column("annee").show(2016.0) == "2016"
    assert Column("x", 0).show(pd.NA) == Column("x", 0).show(float("nan")) == Column("x").show(None) == "n.d."
    assert Column("jour").show(pd.Timestamp("2019-02-01")) == "1er février 2019"


def test_a_table_refuses_columns_that_its_frame_has_not() -> None:
    with pytest.raises(KeyError, match="heures"):
        a_table(FRAME.drop(columns="heures"))


def a_figure(**more) -> Figure:
    return Figure(style.bar_chart(pd.Series({"A": 2.0, "B": 3.0})), title="Titre", alt="B dépasse A.", **more)


def test_a_figure_states_its_message_and_closes_itself() -> None:
    figure = a_figure(table=a_table(), source="essai")
    assert not plt.get_fignums()
    soup = html(figure)
    assert soup.img["alt"] == "B dépasse A."
    assert soup.figcaption.get_text() == "Titre"
    assert soup.details.table is not None
    assert a_table().text() in repr(figure)
    with pytest.raises(ValueError, match="sentence"):
        Figure(style.bar_chart(pd.Series({"A": 2.0})), title="Titre", alt=" ")
    plt.close("all")


def test_a_figure_has_the_same_bytes_each_time_and_no_metadata() -> None:
    first, second = a_figure().image, a_figure().image
    assert first == second
    image = Image.open(io.BytesIO(base64.b64decode(first.split(",")[1])))
    assert not {"Software", "Creation Time"} & set(image.info)


def test_what_is_not_known_takes_no_unit() -> None:
    unknown = Strip([Card("Part", float("nan"), "%"), Card("Heures", None, "h")])
    assert [dd.get_text() for dd in html(unknown).select(".value, .unit")] == ["n.d.", "n.d."]
    assert repr(unknown).splitlines()[:2] == ["Part : n.d.", "Heures : n.d."]


def test_cards_prose_and_warnings() -> None:
    strip = Strip([Card("Heures", 1302553, "h"), Card("ETP", 810.549, digits=1), Card("Femmes", 3, secret="effectif")])
    assert [dd.get_text() for dd in html(strip).select(".value")] == ["1\u202f302\u202f553", "810,5", "s"]
    assert repr(strip).splitlines()[2] == "Femmes : s (secret statistique : effectif)"
    assert html(Prose("Une **hausse** de <script>")).strong.get_text() == "hausse"
    assert "<script>" not in Prose("Une **hausse** de <script>")._repr_html_()
    assert repr(Warning("À lire.")) == "Attention : À lire."
    assert json.dumps(repr(strip))


def test_shares_that_overlap_are_never_stacked() -> None:
    whole = pd.DataFrame({"Ensemble": [0.6, 0.4]}, index=["durable", "autre"])
    assert style.stacked_chart(whole, **PERCENT).axes
    audiences = pd.DataFrame({"2016": [0.475, 0.364, 0.23, 0.21]}, index=["DELD", "JEUNE", "RSA", "QPV"])
    with pytest.raises(ValueError, match=r"1\.279"):
        style.stacked_chart(audiences, **PERCENT)


def test_a_flow_writes_what_enters_each_step_and_what_ends_where() -> None:
    frame = pd.DataFrame({"Emploi": [3, 1], "Inconnue": [4, 2]}, index=["premier", "deuxième"])
    written = {text.get_text() for text in style.flow_chart(frame).axes[0].texts}
    assert written == {"premier\n10", "deuxième\n3", "Emploi\n4", "Inconnue\n6"}
