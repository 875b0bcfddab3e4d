from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from analysis.checking.guard import check_home, check_pages, problems_of
from analysis.core.errors import DataError
from analysis.publishing import style
from analysis.publishing.content import PERCENT, Card, Column, DataTable, Figure, Prose, Strip

TABLE = pd.DataFrame({"public": ["RSA", "QPV"], "heures": [299727.0, 273806.5], "part": [0.230107, 0.210208]})


def page(tmp_path: Path, shown: pd.DataFrame, sentence: str = "") -> Path:
    """A page that shows `shown` and offers TABLE for download."""
    (tmp_path / "tables").mkdir()
    TABLE.to_csv(tmp_path / "tables" / "essai_heures.csv", index=False)
    columns = {"public": Column("Public"), "heures": Column("Heures", 0), "part": Column("Part", **PERCENT)}
    content = DataTable(shown, columns=columns, caption="Heures", scope="Région", csv="essai_heures")
    path = tmp_path / "essai" / "2016-32.html"
    path.parent.mkdir()
    path.write_text(f"<main>{content._repr_html_()}{Prose(sentence)._repr_html_()}</main>", encoding="utf-8")
    return path


def test_figures_that_follow_from_the_table_pass(tmp_path: Path) -> None:
    path = page(tmp_path, TABLE, "Les 299\u202f727 heures font 23,0\u00a0%, soit 0,23 ; en 2016, art. 38.")
    assert problems_of(path) == []
    check_pages(tmp_path, [path])


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (
            lambda html: html.replace(">299\u202f727<", ">299\u202f728<"),
            "« 299\u202f728 » (Heures) n'est pas l'arrondi",
        ),
        (lambda html: html.replace(">23,0<", ">23,1<"), "« 23,1 » (Heures) n'est pas l'arrondi"),
        (lambda html: html.replace("273\u202f807", "273\u202f806"), "« 273\u202f806 » (Heures) n'est pas l'arrondi"),
        (lambda html: html.replace('data-v="299727.0"', 'data-v="299727.2"'), "n'est pas dans la table publiée"),
        (
            lambda html: re.sub(r' data-v="273806.5">[^<]*', ">4", html),
            "« 4 » (Heures) n'est pas dans la table publiée",
        ),
        (lambda html: html.replace("</main>", '<i data-v="299727.0">x</i></main>'), "dans aucune table"),
        (lambda html: html.replace("</main>", "<p>Soit 98\u202f765 personnes.</p></main>"), "« 98\u202f765 »"),
        (lambda html: html.replace("</main>", "<p>Soit 98 765 personnes.</p></main>"), "« 98 765 »"),
        (lambda html: html.replace("</main>", "<ul><li>77,7 % des heures</li></ul></main>"), "« 77,7 »"),
    ],
)
def test_a_tampered_cell_is_found(tmp_path: Path, spoil, expected: str) -> None:
    path = page(tmp_path, TABLE)
    before = path.read_text(encoding="utf-8")
    path.write_text(spoil(before), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != before
    (problem,) = problems_of(path)
    assert expected in problem
    with pytest.raises(DataError, match="ne se recalculent pas"):
        check_pages(tmp_path, [path])


def test_a_rounded_cell_is_its_whole_value_and_no_other(tmp_path: Path) -> None:
    path = page(tmp_path, TABLE.assign(heures_arrondi=[float("nan"), 0.5]))
    html = path.read_text(encoding="utf-8")
    assert "≈\xa0273\u202f807" in html and problems_of(path) == []
    path.write_text(html.replace("≈\xa0273\u202f807", "≈\xa0273\u202f800"), encoding="utf-8")
    assert "n'est pas l'arrondi de 273806.5" in problems_of(path)[0]


def test_a_number_that_is_not_published_is_found(tmp_path: Path) -> None:
    shown = TABLE.assign(heures=TABLE["heures"] * 2)
    assert len(problems_of(page(tmp_path, shown))) == 2


@pytest.mark.parametrize("sentence", ["Une hausse de 12,4\u00a0%.", "Soit 573\u202f534 heures."])
def test_a_sentence_whose_figure_follows_from_nothing_is_found(tmp_path: Path, sentence: str) -> None:
    (problem,) = problems_of(page(tmp_path, TABLE, sentence))
    assert "dans une phrase" in problem


def test_truncation_is_not_rounding(tmp_path: Path) -> None:
    (problem,) = problems_of(page(tmp_path, TABLE, "Il y a 273\u202f806 heures."))
    assert "273\u202f806" in problem


def test_the_sentence_of_a_figure_follows_from_its_own_table_not_from_another(tmp_path: Path) -> None:
    path = page(tmp_path, TABLE)
    drawn = TABLE[TABLE["public"] == "RSA"]
    columns = {"public": Column("Public"), "part": Column("Part", **PERCENT)}
    table = DataTable(drawn, columns=columns, caption="RSA", scope="Région", csv="essai_heures")
    for said, wrong in (("23,0", 0), ("21,0", 1)):
        figure = Figure(style.figure()[0], title="RSA", alt=f"Le RSA fait {said}\u00a0% des heures.", table=table)
        path.write_text(f"<main>{figure._repr_html_()}</main>", encoding="utf-8")
        assert len(problems_of(path)) == wrong


def test_a_sentence_follows_from_the_edition_of_its_page(tmp_path: Path) -> None:
    path = page(tmp_path, TABLE, "Il y a 273\u202f807 heures.")
    by_year = TABLE.assign(edition=[2016, 2015])
    by_year.to_csv(tmp_path / "tables" / "essai_heures.csv", index=False)
    (problem,) = problems_of(path)
    assert "273\u202f807" in problem and "de cette édition" in problem


@pytest.mark.parametrize(
    ("offered", "total", "figure", "wrong"),
    [
        ("autre_parts", (), "17,5", 0),
        ("essai_heures", (), "17,5", 1),
        ("essai_heures", (), "21,0", 0),
        ("autre_parts", (), "21,0", 1),
        ("autre_parts", ("avec", "connus"), "12,5", 0),
        ("autre_parts", (), "12,5", 1),
        ("autre_parts", ("connus",), "4\u202f000", 0),
        ("autre_parts", ("avec",), "4\u202f000", 1),
    ],
)
def test_a_headline_figure_follows_from_the_table_that_its_card_offers(
    tmp_path: Path, offered: str, total: tuple[str, ...], figure: str, wrong: int
) -> None:
    path = page(tmp_path, TABLE)
    parts = pd.DataFrame({"edition": [2016, 2016, 2015], "territoire": "32", "avec": [100, 400, 1]})
    parts.assign(connus=[1000, 3000, 9], part=[0.175, None, 0.99]).to_csv(
        tmp_path / "tables" / "autre_parts.csv", index=False
    )
    strip = Strip([Card("Part", figure, csv=offered, total=total)])
    path.write_text(f"<main>{strip._repr_html_()}</main>", encoding="utf-8")
    assert len(problems_of(path)) == wrong


def test_a_headline_figure_without_any_row_is_no_error(tmp_path: Path) -> None:
    path = page(tmp_path, TABLE)
    (tmp_path / "tables" / "autre_parts.csv").write_text("edition,territoire,avec,connus\n")
    strip = Strip([Card("Part", None, csv="autre_parts", total=("avec", "connus"))])
    path.write_text(f"<main>{strip._repr_html_()}</main>", encoding="utf-8")
    assert problems_of(path) == []


def test_the_remark_of_a_headline_figure_is_checked_too(tmp_path: Path) -> None:
    path = page(tmp_path, TABLE)
    for bound, wrong in (("21,0", 0), ("21,1", 1)):
        strip = Strip([Card("Part", "23,0", note=f"de {bound} à 23,0\u00a0%", csv="essai_heures")])
        path.write_text(f"<main>{strip._repr_html_()}</main>", encoding="utf-8")
        assert len(problems_of(path)) == wrong


@pytest.mark.parametrize(("total", "wrong"), [(("avec", "connus"), 0), ((), 1)])
def test_a_sentence_may_repeat_what_a_card_of_its_page_sums(tmp_path: Path, total: tuple[str, ...], wrong: int) -> None:
    path = page(tmp_path, TABLE)
    parts = pd.DataFrame({"edition": 2016, "territoire": "32", "avec": [100, 400], "connus": [1000, 3000]})
    parts.to_csv(tmp_path / "tables" / "autre_parts.csv", index=False)
    strip = Strip([Card("Part", "12,5" if total else None, csv="autre_parts", total=total)])
    sentence = Prose("12,5\u00a0% d'entre eux ont une clause.")
    path.write_text(f"<main>{strip._repr_html_()}{sentence._repr_html_()}</main>", encoding="utf-8")
    assert len(problems_of(path)) == wrong


def test_a_small_whole_number_of_a_headline_is_checked_too(tmp_path: Path) -> None:
    path = page(tmp_path, TABLE)
    pd.DataFrame({"edition": [2016], "valeur": [888.0]}).to_csv(tmp_path / "tables" / "autre_parts.csv", index=False)
    for figure, wrong in (("888", 0), ("889", 1)):
        strip = Strip([Card("Opérations", figure, csv="autre_parts", note="sur 45 en 2016")])
        path.write_text(f"<main>{strip._repr_html_()}</main>", encoding="utf-8")
        assert len(problems_of(path)) == wrong


def test_the_rows_of_a_day_are_summed_over_all_and_by_department(tmp_path: Path) -> None:
    path = page(tmp_path, TABLE)
    days = pd.DataFrame({"jour": ["2016-12-31"] * 3, "departement": ["02", "02", "59"], "sans": [True, True, True]})
    days.to_csv(tmp_path / "tables" / "autre_jours.csv", index=False)
    for figure, wrong in (("3", 0), ("2", 0), ("4", 1)):
        strip = Strip([Card("Sans", figure, csv="autre_jours", total=("sans",))])
        path.write_text(f"<main>{strip._repr_html_()}</main>", encoding="utf-8")
        assert len(problems_of(path)) == wrong


@pytest.mark.parametrize(
    ("card", "lead", "found"),
    [
        ("888", "888 opérations, 1\u202f302 heures.", None),
        ("889", "1\u202f302 heures.", "« 889 »"),
        ("888", "1\u202f303 heures.", "« 1\u202f303 »"),
        ("888", "1 emploi (1\u202f607 heures chacun).", None),
        ("888", "1 emploi (1\u202f600 heures chacun).", "« 1\u202f600 »"),
    ],
)
def test_the_home_page_is_held_against_the_published_headlines(
    tmp_path: Path, card: str, lead: str, found: str | None
) -> None:
    (tmp_path / "tables").mkdir()
    for name, values in {"quality_headlines": [888.0], "consolidation_indicateurs": [1302.4]}.items():
        rows = pd.DataFrame({"indicateur": "etp_1607", "valeur": values})
        rows.to_csv(tmp_path / "tables" / f"{name}.csv", index=False)
    strip = Strip([Card("Opérations", card)])
    (tmp_path / "index.html").write_text(f'<p class="lead">{lead}</p>{strip._repr_html_()}', encoding="utf-8")
    if found is None:
        check_home(tmp_path)
    else:
        with pytest.raises(DataError, match=found):
            check_home(tmp_path)


@pytest.mark.parametrize(("told", "value", "wrong"), [
    ("plus de 99\u00a0%", 0.9997, 0), ("plus de 99\u00a0%", 0.97, 1), ("plus de 99\u00a0%", 120.0, 1),
    ("moins de 1\u00a0%", 0.004, 0), ("moins de 1\u00a0%", 0.02, 1), ("99\u00a0%", 0.9997, 1),
])  # fmt: skip
def test_a_share_told_as_beyond_a_bound_is_one_that_is(tmp_path: Path, told: str, value: float, wrong: int) -> None:
    path = page(tmp_path, TABLE)
    pd.DataFrame({"edition": [2016], "p": [value]}).to_csv(tmp_path / "tables" / "autre_parts.csv", index=False)
    strip = Strip([Card("Dépasse le seuil", told, csv="autre_parts")])
    path.write_text(f"<main>{strip._repr_html_()}</main>", encoding="utf-8")
    assert len(problems_of(path)) == wrong
