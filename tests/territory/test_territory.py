"""The sheet of a territory: what is hidden is seen to be, and what is not told says why."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.checking.guard import problems_of
from analysis.core.reference import WHOLE
from analysis.publishing.page import rows_where
from analysis.site import directory
from analysis.territory import views

EPCI, STRADDLING = "200018083", "247600588"


def page(tables: dict[str, pd.DataFrame], territory: str = EPCI, is_department: bool = False) -> SimpleNamespace:
    return SimpleNamespace(
        territory=territory,
        territory_name="Ici",
        is_department=is_department,
        across="",
        year=2025,
        latest=2025,
        dataset=SimpleNamespace(
            synthetique=True, territory_name="Hauts-de-France", date_observation=dt.date(2025, 12, 31)
        ),
        read=lambda name, **where: rows_where(tables[name], where),
        csv=lambda name: name.replace("/", "_"),
    )


def test_a_hidden_year_and_an_absent_one_break_the_line_and_have_their_rows() -> None:
    told = pd.DataFrame({"edition": [2021, 2022, 2024, 2025], "valeur": [10.0, np.nan, 30.0, 40.0]}).assign(
        territoire=EPCI,
        modalite=WHOLE,
        indicateur="heures_realisees",
        secret=["", "moins de 3 entreprises", "", ""],
        valeur_arrondi=[np.nan, np.nan, np.nan, 10.0],
    )
    region = told.iloc[[0, 2]].assign(edition=[2022, 2023], territoire="32")
    told = pd.concat([told, region])
    laws = pd.DataFrame({"edition": range(2021, 2026), "base_legale": "L2112-2", "territoire": "32"})
    figure = views.hours(page({views.INDICATORS: told, views.EDITIONS: laws}))
    [line, *_] = figure.fig.axes[0].lines
    assert list(line.get_xdata()) == [2021, 2022, 2023, 2024, 2025]
    assert list(np.isnan(line.get_ydata().astype(float))) == [False, True, True, False, False]
    assert [[cell.text for cell in row] for row in figure.table.rows][:3] == [
        ["2021", "L2112-2", "10"],
        ["2022", "L2112-2", "s"],
        ["2023", "L2112-2", "n.d."],
    ]
    assert figure.alt == "≈\xa040 heures en 2025, 30 en 2024 et 10 en 2021."
    assert figure.table.note.endswith(" Une année sans point : secret statistique ou aucune heure déclarée (n.d.).")
    silent = page({views.INDICATORS: told[told["edition"] != 2023], views.EDITIONS: laws})
    note = views.hours(silent).table.note
    assert note.endswith(" Une année sans point : secret statistique ou pas de chiffre (n.d.).")


@pytest.mark.parametrize(
    ("here", "region", "tile", "said"),
    [
        ([], True, "aucune (rien n'est déclaré ici, dans le champ de l'édition)", "Aucune heure n'est déclarée ici, "),
        ([], False, "n.d.", "Aucune heure n'est connue"),
        ([("moins de 3 entreprises", np.nan)], True, "s (secret statistique", "relèvent du secret statistique."),
        ([("", np.nan)], True, "n.d.", "ne se calculent pas"),
        ([("", 12.0)], True, "au moins 12", "ne se calculent pas"),
    ],
)
def test_none_declared_is_neither_secret_nor_unknown(
    here: list[tuple[str, float]], region: bool, tile: str, said: str
) -> None:
    columns = ["secret", "valeur_min"]
    own = pd.DataFrame(here, columns=columns).assign(territoire=EPCI)
    whole = pd.DataFrame([("", np.nan)] if region else [], columns=columns).assign(territoire="32")
    cells = pd.concat([own, whole]).assign(
        edition=2025, indicateur=views.HOURS, modalite=WHOLE, valeur=np.nan, valeur_max=np.nan, valeur_arrondi=np.nan
    )
    laws = pd.DataFrame({"edition": [2025], "base_legale": "L2112-2", "territoire": "32", "structures_connues": 3})
    places = pd.DataFrame({"edition": [], "epci_siren": [], "renseignes": []})
    zones = pd.DataFrame({"epci_siren": []})
    there = page({views.INDICATORS: cells, views.EDITIONS: laws, views.PLACES: places, views.ZONES: zones})
    there.department, there.edition = "62", SimpleNamespace(territoire="32")
    assert views.headline(there).text().startswith(f"Heures d'insertion : {tile}")
    assert said in views.hours(there).text()
    laws["structures_connues"] = 0
    cards = views.headline(there).cards[: len(views.CARDS)]
    assert {(card.shown, card.note) for card in cards} == {("n.d.", views.NO_RATE)}, "told nowhere without its rate"


def test_a_change_of_law_breaks_the_curve_and_years_before_it_are_not_compared() -> None:
    told = pd.DataFrame({"edition": [2023, 2024, 2025], "valeur": [10.0, 20.0, 30.0]}).assign(
        territoire=EPCI, modalite=WHOLE, indicateur="heures_realisees", secret="", valeur_arrondi=np.nan
    )
    laws = pd.DataFrame({"edition": [2023, 2024, 2025], "base_legale": ["art. 38", "L2112-2", "L2112-2"]})
    figure = views.hours(page({views.INDICATORS: told, views.EDITIONS: laws}))
    assert figure.alt == "30 heures en 2025 et 20 en 2024."
    assert [text.get_text() for text in figure.fig.axes[0].texts if "L2112" in text.get_text()] == ["L2112-2"]


def test_the_likeliest_needs_say_how_often_such_chances_came_true() -> None:
    need = {"epci_siren": EPCI, "objet": "Voirie", "acheteur_nom": "Ville", "origine": "renouvellement"}
    chances = {"besoin_id": ["1", "2"], "p_horizon": [0.84, 0.75]}
    needs = (
        pd.DataFrame(chances)
        .assign(**need)
        .assign(fenetre_debut=pd.Timestamp("2026-05-01"), fenetre_fin=pd.Timestamp("2026-09-01"))
    )
    tried = pd.DataFrame({"classe": [7, 8], "besoins": [4404, 450], "predit": [0.74, 0.82], "observe": [0.7, 0.729]})
    table = views.next_needs(page({views.TABLE: needs, "segments/veille_calibration": tried}))
    assert [cell.text for cell in table.rows[0]][2] == "mai à septembre\xa02026"
    both = "Renouvellements : d'après les années passées, sur 100 marchés auxquels le modèle donnait ces probabilités, "
    assert table.note == both + "de 70 à 73 ont eu un successeur."
    announced = needs.assign(origine=["renouvellement", "projet"], p_horizon=[0.84, 0.8])
    told = views.next_needs(page({views.TABLE: announced, "segments/veille_calibration": tried}))
    assert told.note.startswith(f"{both}73 ont eu un successeur. Achats annoncés par l'acheteur : que l'annonce")
    assert "supposée de 80\u00a0%, une hypothèse" in told.note and told.rows[1][4].text == "annonce de l'acheteur"
    alone = views.next_needs(page({views.TABLE: announced[1:], "segments/veille_calibration": tried}))
    assert "éprouvé sur les années passées" not in alone.note
    assert views.next_needs(page({views.TABLE: needs, "segments/veille_calibration": tried[:0]})).note is None


def test_the_calendar_is_a_link_from_the_folder_of_the_sheets() -> None:
    name = f"veille_{EPCI}.ics"
    needs = pd.DataFrame({"besoin_id": ["1", "2"], "epci_siren": EPCI, "departement": "62", "p_horizon": [0.6, 0.4]})
    some, none = (views.calendar(page({views.TABLE: rows})) for rows in (needs, needs[1:]))
    for told in (some, none):
        assert f'<a href="../veille/{name}">{name}</a>' in told._repr_html_()
    assert "Les marchés les plus probables sont dans un calendrier" in some.text()
    assert "recevra les marchés dont la probabilité atteint 50\u00a0% : aucun pour l'instant." in none.text()
    department = page({views.TABLE: needs}, "62", is_department=True)
    assert "veille_62.ics" in views.calendar(department).text()


DIRECTORY = pd.DataFrame(
    {
        "epci_siren": [EPCI, EPCI],
        "rang": [1, 2],
        "structure_id": ["S1", "S2"],
        "nom": ["PLIE", "Maison"],
        "commune": ["Arras", None],
        "contact": [None, "clauses@exemple.invalid"],
        "minutes": [np.nan, np.nan],
    }
)


def test_who_does_not_want_a_contact_published_is_said() -> None:
    text = views.contacts(page({"facilitators/annuaire": DIRECTORY})).text()
    assert "PLIE" in text and "non communiqué" in text and "clauses@exemple.invalid" in text


def test_a_department_says_how_to_reach_its_structures() -> None:
    staff = pd.DataFrame(
        {"jour": pd.Timestamp("2025-12-31"), "departement": "62", "structure_id": ["S1", "S2"],
         "nom": ["PLIE", "Maison"], "nature_porteuse": ["PLIE", "MDE"],
         "personnes": [2, 1], "etp": [1.0, 0.0], "secret": ""}
    )  # fmt: skip
    tables = {"facilitators/annuaire": DIRECTORY, "facilitators/structures": staff}
    told = views.contacts(page(tables, "62", is_department=True))
    assert "non communiqué" in told.text() and "clauses@exemple.invalid" in told.text()
    assert [row[-1].text for row in told.rows] == ["1,0", "n.d."], "nobody's time is known: it is not 0"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "aucune structure n'y intervient"),
        (1, "1 structure déclare y intervenir"),
        (2, "2 structures déclarent y intervenir"),
    ],
)
def test_the_structures_that_declare_a_place_agree_with_their_number(number: int, words: str) -> None:
    assert views._declared(number, vacant=0) == words


def test_a_vacant_post_is_not_said_to_be_no_structure_and_a_chance_is_told() -> None:
    assert views._declared(0, vacant=1) == "poste vacant : 1 structure déclare y intervenir, sans personne en poste"
    assert views._declared(1, vacant=1) == "1 structure déclare y intervenir"
    assert views._nobody("Une MDE").startswith("Poste vacant : ce territoire est déclaré par Une MDE")
    assert views._nobody(None).startswith("Zone blanche")
    assert (views._chance(0.516), views._chance(float("nan"))) == (" (52\xa0%)", "")
    assert views._chance(1.0) == " (plus de 99\xa0%)", "never certain: it rests on assumed hours"


@pytest.mark.parametrize(("siren", "partly"), [(EPCI, False), (STRADDLING, True)])
def test_inhabitants_of_a_part_are_called_so(siren: str, partly: bool) -> None:
    zone = pd.DataFrame({"epci_siren": [siren], "nom": "Ici", "population": 13674, "qpv": 0, "secret": ""}).assign(
        besoin_p10=1.0, besoin_p50=2.0, besoin_p90=3.0
    )
    figure = views.where(page({views.ZONES: zone}, siren))
    assert ("partie régionale" in figure.alt) is partly
    assert ("partie régionale seulement" in figure.table.scope) is partly
    assert "Population municipale" in figure.text() and "qui se prêtent à une clause" in figure.text()


def test_a_place_over_two_departments_says_in_which_it_counts() -> None:
    zone = pd.DataFrame({"epci_siren": [EPCI], "nom": "Ici", "population": 13674, "qpv": 0, "secret": ""}).assign(
        besoin_p10=1.0, besoin_p50=2.0, besoin_p90=3.0
    )
    there = page({views.ZONES: zone})
    assert views.where(there).table.note.endswith("huit fois sur dix.")
    there.across = "Comptée une fois."
    assert views.where(there).table.note.endswith("huit fois sur dix. Comptée une fois.")


@pytest.mark.parametrize(("territory", "is_department", "figure"), [(EPCI, False, "17,5"), ("62", True, "12,5")])
def test_each_headline_figure_offers_the_table_that_it_follows_from(
    tmp_path: Path, territory: str, is_department: bool, figure: str
) -> None:
    here = {"edition": 2025, "territoire": territory, "epci_siren": territory}
    contracts = pd.DataFrame({"segment": ["A", "B"], "renseignes": [1000, 3000], "avec_clause": [100, 400], **here})
    tables = {
        views.INDICATORS: pd.DataFrame(
            {
                "indicateur": [code for code, *_ in views.CARDS],
                "valeur": [51234.0, 1321.0, 1045.0],
                "valeur_arrondi": [500.0, np.nan, np.nan],
                "valeur_min": np.nan,
                "valeur_max": np.nan,
                **here,
            }
        ).assign(modalite=WHOLE, secret=""),
        views.EDITIONS: pd.DataFrame({"edition": [2025], "structures_connues": [3]}),
        views.SEGMENTS_HERE: contracts,
        views.PLACES: contracts.head(1).assign(part_lissee=0.175, part_lissee_bas=0.112, part_lissee_haut=0.243),
        views.ZONES: pd.DataFrame(
            {"classe": ["stricte"], "structures": 1, "vacantes": 0, "p_sous_servie": np.nan, **here}
        ).assign(besoin_p10=1001.4, besoin_p50=2002.4, besoin_p90=3003.4),
    }
    for name, rows in tables.items():
        path = tmp_path / "tables" / f"{name.replace('/', '_')}.csv"
        path.parent.mkdir(exist_ok=True)
        rows.to_csv(path, index=False)
    strip = views.headline(page(tables, territory, is_department))
    sheet = tmp_path / "territory" / f"2025-{territory}.html"
    sheet.parent.mkdir()
    sheet.write_text(strip._repr_html_(), encoding="utf-8")
    assert figure in strip.text()
    assert all(card.csv for card in strip.cards)
    assert problems_of(sheet) == []


def test_hours_are_beside_those_of_the_department_and_the_region_by_inhabitant() -> None:
    rates = pd.DataFrame({"territoire": [EPCI, "62", "32"], "valeur": [240.6, 310.0, 350.0]}).assign(
        edition=2025, indicateur=views.RATE
    )

    def said(table: pd.DataFrame, territory: str) -> str:
        here = page({views.INDICATORS: table}, territory, is_department=territory == "62")
        here.department, here.edition = "62", SimpleNamespace(territoire="32")
        return views._per_inhabitant(here).replace("\xa0", " ").replace("\u202f", " ")

    assert said(rates, EPCI) == "241 pour mille habitants ; département 62 : 310 ; région : 350"
    assert said(rates, "62") == "310 pour mille habitants ; région : 350"
    hidden = rates.assign(valeur=rates["valeur"].mask(rates["territoire"] == EPCI))
    assert said(hidden, EPCI) == ""


def test_women_and_insertion_employers_are_no_audience_and_come_after() -> None:
    shares = {"IAE": 0.6, "F": 0.3, "RSA": 0.2, "QPV": 0.25}
    rows = pd.DataFrame({"modalite": list(shares), "valeur": list(shares.values())}).assign(
        edition=2025, territoire="62", indicateur="part_heures", secret=""
    )
    here = page({views.INDICATORS: rows}, "62", is_department=True)
    here.department = "62"
    table = views.audiences(here)
    assert [row[0].text[:10] for row in table.rows] == ["Résidents ", "Allocatair", "Femmes", "Chez un em"]
    assert "économique (IAE), part des heures" in table.caption and table.columns["libelle"].label != "Public"


def test_a_department_whose_structures_nobody_may_call_has_its_sheet() -> None:
    staff = pd.DataFrame(
        {"jour": pd.Timestamp("2025-12-31"), "departement": "60", "structure_id": ["S9"], "nom": ["PLIE"],
         "nature_porteuse": ["PLIE"], "personnes": [2], "etp": [1.0], "secret": ""}
    )  # fmt: skip
    tables = {"facilitators/annuaire": DIRECTORY.astype({"contact": "str"}), "facilitators/structures": staff}
    assert "non communiqué" in views.contacts(page(tables, "60", is_department=True)).text()


def test_the_directory_names_the_vacancy_of_a_place_and_its_nearest_structure() -> None:
    rows = DIRECTORY[:1].assign(nature_porteuse="PLIE", minutes=12.4, vacante="Une MDE")
    found = directory.places(rows)[0]
    assert (found.covered, found.vacant, found.contacts[0].minutes) == (False, "Une MDE", 12)
    assert directory.places(rows.assign(vacante=None))[0].vacant == ""
