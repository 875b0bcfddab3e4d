from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pandas as pd
import pytest

from analysis.buyer import evidence, programme, schedule
from analysis.buyer.arguments import arguments, holds
from analysis.buyer.contracts import known_contracts, nearest
from analysis.buyer.schedule import publication
from analysis.buyer.tables import sheets
from analysis.buyer.views.evidence import _followed, _seen
from analysis.buyer.views.hours import varying
from analysis.core import reference
from analysis.core.params import load_params
from analysis.schemas.build import conform
from analysis.schemas.buyer import SCHEMAS
from analysis.segments.telling.model import Trust
from analysis.segments.telling.reader import Reader
from buyer.planned import GOOD, planned
from buyer.region import CLEAN, LENS, LILLE, NOBODY, contract, knowledge
from toy import toy_project

SETTINGS = load_params().buyer


@pytest.fixture(autouse=True)
def toy(tmp_path: Path):
    with toy_project(tmp_path / "toy"):
        yield


def segment(*purchases) -> pd.Series:
    return pd.Series(CLEAN, index=pd.Index([one.achat_id for one in purchases], name="achat_id"))


def told(*purchases) -> pd.DataFrame:
    return pd.DataFrame(
        {"segment": CLEAN, "segment_p": 0.97, "segment_source": "accord", "segment_cpv": CLEAN,
         "segment_second": "LINGE_SERVICES", "second_p": 0.02},
        index=segment(*purchases).index,
    )  # fmt: skip


def test_the_nearest_contracts_are_those_of_a_like_object_amount_and_place() -> None:
    one = planned()
    known = knowledge(
        contract("01", "Nettoyage des locaux scolaires", epci_siren=LENS),
        contract("02", "Nettoyage des locaux scolaires", montant=3_000_000.0),
        contract("03", "Nettoyage des locaux scolaires"),
        contract("04", "Vitrerie des halles"),
        contract("05", "Nettoyage des locaux scolaires", segment="DECHETS"),
    )
    rows = nearest([one], segment(one), known["buyer/marches"], SETTINGS)
    assert rows["uid"].tolist()[0] == "03" and rows["uid"].tolist()[-1] == "04" and "05" not in set(rows["uid"])
    assert rows["proximite"].is_monotonic_decreasing and rows["proximite"].iloc[0] == pytest.approx(1.0)
    assert rows["rang"].tolist() == [1, 2, 3, 4]


def test_lots_of_one_need_are_shown_once_and_ties_follow_the_uid() -> None:
    one = planned()
    lots = [
        contract(f"1{n}", f"Nettoyage des locaux scolaires - Lot n° {n} : vitres", acheteur_siren="9") for n in (2, 1)
    ]
    rows = nearest([one], segment(one), knowledge(*lots)["buyer/marches"], SETTINGS)
    assert len(rows) == 1
    twins = [contract(uid, "Nettoyage des locaux scolaires") for uid in ("22", "21")]
    rows = nearest([one], segment(one), knowledge(*twins)["buyer/marches"], SETTINGS)
    assert rows["uid"].tolist() == ["21", "22"]


def test_hours_are_shown_of_closed_operations_alone_at_two_digits_with_what_the_secret_asks() -> None:
    names = ["uid", "acheteur_id", "acheteur_nom", "annee", "objet", "montant", "departement", "epci_siren",
             "statut_social"]  # fmt: skip
    rows = [
        ("A", "1" * 14, "Ville", 2025.0, "Nettoyage", 1.0, "59", LILLE, "aucune"),
        ("B", "1" * 14, "Ville", 2018.0, "Nettoyage", 1.0, "59", LILLE, "non_renseigne"),
        ("C", "1" * 14, "Ville", 2018.0, "Nettoyage", 1.0, "59", LILLE, "clause"),
        ("D", "1" * 14, "Ville", 2025.0, "Nettoyage", 1.0, "59", LILLE, "non_renseigne"),
    ]
    classes = pd.DataFrame({"uid": list("ABCD"), "segment": CLEAN, "segment_source": "accord", "segment_cpv": CLEAN})
    links = pd.DataFrame({"operation": ["op", "op", "open"], "uid": ["B", "A", "D"]})
    done = pd.DataFrame(
        {"operation": ["op"], "segment": "DECHETS", "heures": 3476.87, "prevues": 4400.0, "_personnes": 5}
    )
    found = known_contracts(pd.DataFrame(rows, columns=names), classes, links, done, [2024, 2025]).set_index("uid")
    assert list(found.index) == ["A", "B"], "old ones that nobody followed, and those that say nothing, are left out"
    running = [("E", "1" * 14, "Ville", 2025.0, "Nettoyage", 1.0, "59", LILLE, "aucune")]
    both = pd.concat([classes, classes[:1].assign(uid="E")])
    open_one = pd.concat([links, pd.DataFrame({"operation": ["open"], "uid": ["E"]})])
    more = known_contracts(pd.DataFrame(rows + running, columns=names), both, open_one, done, [2024, 2025])
    said = dict(zip(more["uid"], _followed(more), strict=True))
    assert said == {"A": "oui", "B": "oui", "E": "en cours"}, "an operation that is open follows its contract too"
    assert found["heures"].tolist() == [3500.0, 3500.0] and found["operation"].tolist() == ["A", "A"]
    # 3,500 of 4,400: a tenth is told, and no more.
    assert found["realisation"].tolist() == [0.8, 0.8]
    assert found["_controle"].tolist() == ["heures", "heures"] and found["_personnes"].tolist() == [5, 5]
    assert "op" not in found.astype("str").to_numpy().ravel(), "who follows a contract stays inside"


def test_shares_go_from_the_place_to_the_country_of_the_latest_year_that_says() -> None:
    one = planned()
    rows = evidence.shares([one], segment(one), knowledge())
    assert rows["niveau"].tolist() == ["epci", "departement", "region", "pays"]
    assert rows["part"].tolist() == [0.1, 0.2, 0.3, pytest.approx(0.187)]
    assert rows["part_bas"].isna().tolist() == [False, False, False, True] and rows["segment"].iloc[3] == "ensemble"
    known = knowledge()
    enough = known["segments/segments_ailleurs"].assign(renseignes=[30, 900])
    told = evidence.Knowledge(known.tables | {"segments/segments_ailleurs": enough}, known.dataset, known.params)
    rest = evidence.shares([one], segment(one), told).iloc[3]
    assert rest[["niveau", "territoire", "nom", "segment"]].tolist() == ["pays", "FR", "Autres régions", "PROPRETE"]
    assert rest[["part", "part_bas", "part_haut"]].tolist() == [9 / 29, 0.17, 0.49] and "Wilson" in rest["methode"]
    place = planned(lieu="59", epci_siren=None)
    assert evidence.shares([place], segment(place), knowledge())["niveau"].tolist() == ["departement", "region", "pays"]


def test_a_smoothed_share_is_told_with_its_counts_and_is_none_where_nobody_says() -> None:
    one = planned()
    owners = pd.DataFrame({"achat_id": ["A1"], "programme": "saisie", "acheteur_nom": None})
    found = sheets(programme.Planned([one], owners), knowledge(), told(one))
    phrase = found["arguments"]["phrase"]
    assert phrase.str.contains(r"social : 2 sur 20\. Part lissée, .* : 10,0.%").sum() == 1
    silent = knowledge()
    silent.tables["segments/segments_epci"][["renseignes", "avec_clause"]] = 0
    found = sheets(programme.Planned([one], owners), silent, told(one))
    place = found["parts"].iloc[0]
    assert place[["part", "part_bas", "part_haut"]].isna().all() and place["methode"] == "aucun marché ne le dit"
    assert not found["arguments"]["phrase"].str.contains("intercommunalité").any()


@pytest.mark.parametrize(
    ("level", "seen", "said"),
    [
        ("epci", 0, "0 marché semblable sur 11 porte une clause ; part lissée"),
        ("epci", 2, "2 marchés semblables sur 11 portent une clause ; part lissée"),
        ("region", 2, "2 marchés semblables sur 11 portent une clause, soit 5,7"),
    ],
)
def test_a_share_is_told_by_its_counts(level: str, seen: int, said: str) -> None:
    row = pd.Series({"niveau": level, "avec_clause": seen, "renseignes": 11, "part": 0.0573})
    assert _seen(row).startswith(said)


def test_insertion_companies_are_counted_within_the_radius_only() -> None:
    one = planned()
    near, far = (evidence.within_reach([one], segment(one), km) for km in (5, 60))
    kinds = list(reference.table("potentiel/capacites")["genre"])
    assert near["genre"].tolist() == kinds and far["genre"].tolist() == kinds
    assert 0 < near["structures"].sum() < far["structures"].sum()
    assert (far["servent"] <= far["structures"]).all() and (far["dont_secteur"] <= far["servent"]).all()
    reach = far.assign(dont_secteur=[2 if kind in ("EI", "GEIQ") else 0 for kind in far["genre"]])
    found = evidence.supply(reach, 0.3).loc[one.achat_id]
    assert found["dont_secteur"] == 4 and found["dont_iae"] == 2, "a group of employers is none of L5132-4"
    part = reference.constants("potentiel")["part_iae"]
    assert found["heures_offre"] == pytest.approx(far["capacite"].sum() * 0.3 / part)
    nobody = evidence.supply(evidence.within_reach([one], segment(one), -1.0), 0.3).loc[one.achat_id]
    assert nobody[["structures", "heures_offre"]].tolist() == [0, 0]


def test_a_zone_blanche_gives_the_nearest_structure_and_says_how_far() -> None:
    here, nowhere = planned(), planned(achat_id="A2", lieu=NOBODY, epci_siren=NOBODY, departement="62")
    rows = evidence.contacts([here, nowhere], knowledge(), 3).set_index(["achat_id", "rang"])
    assert rows.loc[("A1", 1), ["nom", "contact"]].tolist() == ["Une", "une@exemple.invalid"]
    assert pd.isna(rows.loc[("A1", 1), "minutes"]) and rows.loc[("A2", 1), "minutes"] == 40.0
    place = planned(lieu="59", epci_siren=None)
    assert evidence.contacts([place], knowledge(), 3)["nom"].tolist() == ["Une"]


def test_the_first_factor_is_one_of_the_rule() -> None:
    found = evidence.drivers(segment(planned()), knowledge())
    # 0.15, and 0.5 of the contracts' own, of the 0.7 that are not whether a clause can be asked.
    assert found.loc["A1"].tolist() == ["reprise", pytest.approx(0.15 / 0.7), pytest.approx(0.5 / 0.7)]
    assert varying(found.loc["A1"]).replace("\xa0", " ") == (
        "Aucun facteur du calcul ne domine : le premier est la reprise du personnel en place (21 % de la variance) ; "
        "71 % sont propres à chaque marché."
    )
    assert varying(pd.Series(found.loc["A1"].to_dict() | {"facteur_part": 0.6})).startswith(
        "Le facteur du calcul qui compte le plus est"
    )


def test_all_the_tables_of_a_sheet_fit_their_schemas_and_are_the_same_twice() -> None:
    one, other = planned(), planned(achat_id="A2", lots=3, montant_max=900_000.0)
    owners = pd.DataFrame({"achat_id": ["A1", "A2"], "programme": "saisie", "acheteur_nom": None})
    asked = programme.Planned([one, other], owners)
    first, again = (sheets(asked, knowledge(), told(one, other)) for _ in range(2))
    for name, table in first.items():
        assert len(conform(SCHEMAS[name], table)) == len(table), name
        pd.testing.assert_frame_equal(table, again[name])
    row = first["achats"].set_index("achat_id").loc["A1"]
    assert row["heures_p10"] < row["heures_p50"] < row["heures_p90"]
    assert row["heures_p50"] == pytest.approx(300_000 * 0.004)
    assert row["engagement"] <= 300_000 * (0.002 + 0.00004 * 15) and row["engagement"] % 35 == 0
    assert row["manuel"] == pytest.approx(300_000 * 0.5 * 0.05 / 30)
    # A sheet does not depend on those made with it.
    alone = sheets(programme.Planned([one], owners[:1]), knowledge(), told(one))
    assert alone["achats"].iloc[0].drop("acheteur_nom").equals(first["achats"].iloc[0].drop("acheteur_nom"))


def test_a_small_purchase_has_no_commitment_and_no_argument_for_one() -> None:
    small = planned(montant_min=20_000.0, montant_max=20_000.0)
    owners = pd.DataFrame({"achat_id": ["A1"], "programme": "saisie", "acheteur_nom": None})
    found = sheets(programme.Planned([small], owners), knowledge(), told(small))
    assert found["achats"]["heures_p50"].lt(150).all()
    assert found["achats"]["engagement"].tolist() == [0.0] and found["programmes"]["engagement"].tolist() == [0.0]
    assert not found["arguments"]["phrase"].str.contains("engagement proposé").any()


def test_a_purchase_has_the_hours_of_its_whole_amount_however_many_its_lots() -> None:
    laws = knowledge()["segments/dimensionnement"].assign(exposant=0.8)
    one, cut = (programme.totals([buy], segment(buy), laws, SETTINGS) for buy in (planned(), planned(lots=5)))
    assert one == cut


def test_hours_beyond_the_supply_or_the_public_are_said_so() -> None:
    huge, small = planned(montant_min=9e8, montant_max=9e8), planned(achat_id="A2")
    owners = pd.DataFrame({"achat_id": ["A1", "A2"], "programme": "saisie", "acheteur_nom": None})
    found = sheets(programme.Planned([huge, small], owners), knowledge(), told(huge, small))["achats"]
    assert found["portee"].tolist() == ["OFFRE", "SUFFIT"]
    whole = found["heures_offre"].iloc[1] / 0.004  # euros of which a year bears the median hours
    year, month = (
        planned(achat_id=f"A{months}", montant_min=whole / 2, montant_max=whole / 2, duree_mois=months)
        for months in (12, 1)
    )
    names = pd.DataFrame({"achat_id": ["A12", "A1"], "programme": "saisie", "acheteur_nom": None})
    short = sheets(programme.Planned([year, month], names), knowledge(), told(year, month))["achats"]
    assert short["portee"].iloc[1] == "OFFRE" and short["etp"].iloc[1] == pytest.approx(
        12 * short["etp"].iloc[0], rel=1e-4
    )
    assert short["portee"].iloc[0] != "OFFRE", "a month has a twelfth of the capacity of a year"
    nobody = knowledge()
    nobody.tables["facilitators/zones"] = pd.DataFrame({"epci_siren": [LILLE], "departement": "59", "deld": [1.0]})
    assert sheets(programme.Planned([small], owners[1:]), nobody, told(small))["achats"]["portee"].tolist() == [
        "PUBLIC"
    ]


def test_an_argument_without_its_number_is_left_out() -> None:
    one = planned()
    owners = pd.DataFrame({"achat_id": ["A1"], "programme": "saisie", "acheteur_nom": None})
    found = sheets(programme.Planned([one], owners), knowledge(), told(one))
    assert set(found["arguments"]["ligne"]) == set(reference.table("acheteur/lignes")["code"])
    assert "30,0" in found["arguments"]["phrase"].iloc[0], "the share is that of the region"
    assert not found["arguments"]["phrase"].str.contains(r"\{|n\.d\.").any()
    assert holds("part>0", {"part": 0.1}) and not holds("part>0", {"part": None}) and not holds("p>1", {"p": 1})
    unknown = found["achats"].assign(deld=float("nan"))
    less = arguments(unknown, found["parts"], found["semblables"], found["constats"], load_params())
    assert len(less) == len(found["arguments"]) - 1


@pytest.mark.parametrize(
    ("learnt", "said"),
    [
        ("segment", "repose ici sur les heures vues dans la région"),
        ("autres", "vues dans les autres segments"),
        ("regle", "faute d'opérations"),
        ("dessous", "au-dessous de ce qui a été observé dans ce segment (à partir de 300\u202f001 euros)"),
    ],
)
def test_a_sheet_rests_on_hours_seen_only_where_the_segment_has_some(learnt: str, said: str) -> None:
    one, known = planned(), knowledge()
    laws = known["segments/dimensionnement"]
    if learnt == "dessous":
        laws["montant_appris"] = one.montant_max + 1
    else:
        laws["appris"], laws["montant_appris"] = learnt, one.montant_max if learnt == "segment" else float("nan")
    owners = pd.DataFrame({"achat_id": ["A1"], "programme": "saisie", "acheteur_nom": None})
    found = sheets(programme.Planned([one], owners), known, told(one))["arguments"]
    phrase = found.loc[found["phrase"].str.contains("règle du manuel"), "phrase"]
    assert len(phrase) == 1 and said in phrase.iloc[0] and " : 250. " in phrase.iloc[0]


def test_announced_purchases_are_those_of_the_programmes_and_what_is_refused_is_told() -> None:
    projects = pd.DataFrame(
        {"projet_id": ["P2", "P1", "P3"], "acheteur_siren": ["200093201", "200093201", "213500000"],
         "acheteur_nom": "MEL", "objet": "Nettoyage des locaux", "codeCPV": None, "montant": [None, 300_000.0, 1e5],
         "date_prevue": pd.to_datetime(["2026-09-01"] * 3), "departement": "59", "epci_siren": LILLE,
         "mois": [12.0, 12.0, 12.0]}
    )  # fmt: skip
    found = programme.announced(projects, pd.Series({"200093201": "INTERCOMMUNALITE"}), ["200093201"])
    assert [one.achat_id for one in found.purchases] == ["P1"] and set(found.owners["achat_id"]) == {"P1", "P2"}
    assert found.purchases[0].acheteur_siren == "200093201"
    assert publication(found.purchases[0]).isoformat() == "2026-09-01", "the notice is when it was announced"
    refused = found.remarks[found.remarks["gravite"] == "erreur"]
    assert refused["achat_id"].tolist() == ["P2"] and "achat P2, colonne « montant_min »" in refused["message"].iloc[0]


def test_an_announced_consultation_keeps_its_day_in_the_sheet_and_in_its_calendar() -> None:
    projects = pd.DataFrame(
        {"projet_id": ["P1"], "acheteur_siren": "200093201", "acheteur_nom": "MEL", "objet": "Nettoyage des locaux",
         "codeCPV": None, "montant": 300_000.0, "date_prevue": pd.to_datetime(["2026-10-31"]), "departement": "59",
         "epci_siren": LILLE, "mois": 12.0}
    )  # fmt: skip
    found = programme.announced(projects, pd.Series({"200093201": "INTERCOMMUNALITE"}), ["200093201"])
    tables = sheets(found, knowledge(), told(*found.purchases))
    rows = conform(SCHEMAS["achats"], tables["achats"])
    assert rows["date_consultation"].tolist() == [pd.Timestamp("2026-10-31")]
    assert rows["date_notification"].tolist() == [pd.Timestamp("2027-02-28")]
    (book,) = schedule.calendars(rows, dt.date(2026, 1, 1)).values()
    assert b"DTSTART;VALUE=DATE:20261031" in book


def test_a_total_is_between_the_sums_of_its_ends() -> None:
    many = [planned(achat_id=f"A{n}") for n in range(20)]
    laws = knowledge()["segments/dimensionnement"]
    whole = programme.totals(many, segment(*many), laws, SETTINGS)
    assert 20 * 720 < whole["heures_p10"] < whole["heures_p50"] < whole["heures_p90"] < 20 * 1680
    assert whole["heures_p50"] == pytest.approx(20 * 1200, rel=0.02)
    assert programme.totals(many[::-1], segment(*many), laws, SETTINGS) == whole
    assert set(programme.totals([], segment(), laws, SETTINGS).values()) == {0.0}


@pytest.mark.parametrize("most", [300_000.0, 900_000.0])
def test_a_programme_of_one_purchase_has_the_hours_of_its_sheet(most: float) -> None:
    one = planned(montant_max=most, lots=2)
    owners = pd.DataFrame({"achat_id": ["A1"], "programme": "saisie", "acheteur_nom": None})
    found = sheets(programme.Planned([one], owners), knowledge(), told(one))
    names = ["heures_p10", "heures_p50", "heures_p90"]
    assert found["programmes"].iloc[0][names].tolist() == found["achats"].iloc[0][names].tolist()


def test_forty_nine_of_fifty_rows_have_a_sheet_and_the_other_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "achats.csv"
    rows = [GOOD | {"achat_id": f"A{n}"} for n in range(50)]
    rows[17] |= {"lieu": "75056"}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(GOOD))
        writer.writeheader()
        writer.writerows(rows)
    found = programme.from_file(path)
    tables = sheets(found, knowledge(), told(*found.purchases))
    assert len(tables["achats"]) == 49 and "A17" not in set(tables["achats"]["achat_id"])
    assert tables["remarques"]["achat_id"].tolist() == ["A17"]
    assert tables["remarques"]["message"].iloc[0].startswith("achats.csv, ligne 19, colonne « lieu » : « 75056 »")
    whole = tables["programmes"].iloc[0]
    assert (whole["annonces"], whole["achats"], whole["refuses"]) == (50, 49, 1)


def test_a_line_that_comes_twice_is_announced_twice_and_refused_once(tmp_path: Path) -> None:
    path = tmp_path / "achats.csv"
    line = ";".join(GOOD.values())
    path.write_text("\n".join([";".join(GOOD), line, line]), encoding="utf-8")
    found = programme.from_file(path)
    whole = sheets(found, knowledge(), told(*found.purchases))["programmes"].iloc[0]
    assert (whole["annonces"], whole["achats"], whole["refuses"]) == (2, 1, 1)


def test_lines_that_bear_one_identifier_are_each_told(tmp_path: Path) -> None:
    path = tmp_path / "achats.csv"
    lines = [";".join((GOOD | {"objet": objet}).values()) for objet in ("Nettoyage", "Vitrerie", "Nettoyage")]
    path.write_text("\n".join([";".join(GOOD), *lines]), encoding="utf-8")
    found = programme.from_file(path)
    tables = sheets(found, knowledge(), told(*found.purchases))
    assert len(conform(SCHEMAS["remarques"], tables["remarques"])) == 5, "a word each, and two identifiers taken"
    whole = tables["programmes"].iloc[0]
    assert (whole["annonces"], whole["achats"], whole["refuses"]) == (3, 1, 2)


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"lieu": "75056"}, "lieu"), ({"montant_min": "0"}, "montant_min"), ({"date_notification": "2010-01-01"}, "date")],
)
def test_a_purchase_that_is_typed_wrong_is_a_sentence(changes: dict[str, str], word: str) -> None:
    found = programme.typed(**(GOOD | changes))
    assert found.purchases == [] and word in found.remarks["message"].iloc[0]


@pytest.mark.parametrize("changes", [{"cpv": "02000000"}, {"objet": "Nettoyage"}])
def test_an_unknown_code_or_one_word_is_told_and_has_a_sheet(changes: dict[str, str]) -> None:
    found = programme.typed(**(GOOD | changes))
    tables = sheets(found, knowledge(), told(*found.purchases))
    assert len(tables["achats"]) == 1 and tables["remarques"]["gravite"].tolist() == ["avertissement"]


def test_the_segment_of_a_typed_purchase_is_told_by_what_contracts_taught() -> None:
    words = {"DECHETS": "Collecte des ordures ménagères", CLEAN: "Nettoyage des locaux scolaires"}
    many = [(f"{text} {n}", code) for n, (code, text) in enumerate(list(words.items()) * 30)]
    settings = load_params().segments.classifier
    reader = Reader.taught(pd.DataFrame(many, columns=["objet", "segment_cpv"]), Trust(1.0, 4.0), settings)
    asked = [planned(cpv=None), planned(achat_id="A2", objet="Collecte des ordures", cpv=None)]
    found = evidence.segments(asked, reader, settings)
    assert found["segment"].to_dict() == {"A1": CLEAN, "A2": "DECHETS"}
    assert (found["segment_p"] > found["second_p"]).all()
    assert found.index.tolist() == ["A1", "A2"], "a row for each purchase and no other"
