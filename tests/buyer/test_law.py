from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pandas as pd
import pytest

from analysis.buyer import law
from analysis.buyer.law import CRITERIA, IN_FORCE, Facts
from analysis.buyer.views import rules
from analysis.core import reference
from buyer.planned import planned

EVE, DAY = dt.date(2026, 8, 21), dt.date(2026, 8, 22)
MECHANISMS = ["EXEC", "CRIT", "EXEC_CRIT", "RES_HAND", "RES_IAE", "RES_PENIT", "RES_ESS", "INSERT"]


def case(code: str, day: dt.date, **changes: object) -> str:
    return str(law.asked(planned(**changes), day).set_index("code")["cas"][code])


@pytest.mark.parametrize(
    ("day", "kind", "cpv", "limit"),
    [
        (dt.date(2025, 12, 31), "COMMUNE", "90910000", 221_000),
        (dt.date(2026, 1, 1), "COMMUNE", "90910000", 216_000),
        (dt.date(2025, 12, 31), "ETAT", "90910000", 143_000),
        (dt.date(2026, 1, 1), "ETAT", "90910000", 140_000),
        (dt.date(2023, 12, 31), "HOPITAL", "45000000", 5_382_000),
        (dt.date(2024, 1, 1), "ETAT", "45000000", 5_538_000),
        (dt.date(2027, 12, 31), "HOPITAL", None, 216_000),
        (dt.date(2040, 1, 1), "COMMUNE", "90910000", None),
        (dt.date(2026, 1, 1), "PRIVE", "90910000", None),
    ],
)
def test_the_threshold_follows_the_day_the_buyer_and_the_kind(
    day: dt.date, kind: str, cpv: str | None, limit: float | None
) -> None:
    assert law.threshold(planned(acheteur_type=kind, cpv=cpv), day) == limit


def test_a_lycee_has_the_threshold_of_the_other_buyers() -> None:
    state, school = (planned(acheteur_type="ETAT", acheteur_siren=siren) for siren in (None, "195900000"))
    assert [law.threshold(one, DAY) for one in (state, school)] == [140_000, 216_000]
    said = law.asked(state, DAY).set_index("code")["phrase"]["SEUIL_ETAT"]
    assert "un lycée, un collège" in said and "216\u202f000\u00a0€" in said
    assert "SEUIL_ETAT" not in set(law.asked(school, DAY)["code"]) | set(law.asked(planned(), DAY)["code"])


def test_works_are_told_by_the_code_before_the_segment() -> None:
    assert law.works(planned(cpv=None), "TP_RESEAUX") and not law.works(planned(cpv=None), "PROPRETE")
    assert not law.works(planned(), "TP_RESEAUX") and not law.works(planned(cpv=None))


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [(216_000, 216_000, "oui"), (215_999.99, 215_999.99, "non"), (215_999, 216_000, "selon"), (300_000, 1e6, "oui")],
)
def test_the_amount_that_the_buyer_estimates_reaches_the_threshold_or_not(low: float, high: float, told: str) -> None:
    one = planned(montant_min=low, montant_max=high)
    assert law.reached(one, 216_000.0) == told and law.reached(one, None) is None
    said = law.asked(one, DAY).set_index("code")
    assert said["cas"]["SEUIL"] == told
    obliged = {"oui": "en_vigueur", "non": "sous_seuil", "selon": "en_vigueur_selon"}[told]
    assert said["cas"]["OBLIGATION"] == obliged
    assert not said["phrase"].str.contains("probabilité|%.*seuil", regex=True).drop("PNAD").any()


def test_the_obligation_begins_with_consultations_of_the_22nd_of_august() -> None:
    before = EVE - dt.timedelta(days=1)
    assert case("OBLIGATION", before, date_notification="2026-08-21") == "avant"
    assert case("OBLIGATION", before, date_notification="2026-12-01") == "entre"
    assert case("OBLIGATION", EVE, date_notification="2026-12-01") == "incertaine", "sources disagree on that day"
    assert case("OBLIGATION", EVE, montant_min=1e5, montant_max=1e5, date_notification="2026-12-01") == "entre"
    assert case("OBLIGATION", DAY, date_notification="2026-12-01") == "en_vigueur"
    assert case("OBLIGATION", dt.date(2040, 1, 1)) == "sans_seuil"
    assert case("OBLIGATION", DAY, acheteur_type="PRIVE") == "prive"


def test_the_table_says_what_it_rests_on_and_that_it_is_no_advice() -> None:
    told = law.asked(planned(), DAY).set_index("code")
    assert list(told.index) == ["SEUIL", "OBLIGATION", "SPASER", "PNAD", "AVERTISSEMENT"]
    assert "pas un conseil juridique" in told["phrase"]["AVERTISSEMENT"]
    assert "216\u202f000\u00a0€" in told["phrase"]["SEUIL"] and "l'atteint ou le dépasse" in told["phrase"]["SEUIL"]
    assert "22 août 2026" in told["phrase"]["OBLIGATION"]
    assert told["source"].ne("").all() and not told["phrase"].str.contains("{", regex=False).any()


def test_information_is_of_its_time() -> None:
    day = dt.date(2025, 12, 1)  # of the consultation: the plan counts notifications
    assert case("PNAD", day, date_notification="2025-12-31") == "en_cours"
    assert case("PNAD", day, date_notification="2026-01-01") == "echu"
    early = law.asked(planned(), dt.date(2021, 12, 31))["code"].tolist()
    assert "SPASER" not in early and "PNAD" not in early and "OBLIGATION" in early


def test_a_private_buyer_is_told_that_the_law_asks_nothing() -> None:
    told = law.asked(planned(acheteur_type="PRIVE"), DAY)
    assert told[["code", "cas"]].to_numpy().tolist() == [
        ["SEUIL", "prive"], ["OBLIGATION", "prive"], ["AVERTISSEMENT", "information"],
    ]  # fmt: skip


def test_exceptions_are_questions_that_admit_what_is_to_be_checked() -> None:
    told = law.exceptions()
    assert told["question"].str.contains(r"\?").all() and told["source"].str.contains("à vérifier").all()


def facts(day: dt.date = DAY, **changes: object) -> Facts:
    known = {"segment": "PROPRETE", "seuil": 216_000.0, "heures": 2000.0, "structures": 14, "iae": 12} | {
        name: changes.pop(name) for name in ("segment", "seuil", "heures", "structures", "iae") if name in changes
    }
    return Facts(day, planned(**changes), **known)  # type: ignore[arg-type]


def verdict(given: Facts) -> dict[str, str]:
    table = law.verdicts(law.options(given))
    return dict(zip(table["mecanisme"], table["verdict"], strict=True))


def phrases(given: Facts, mechanism: str) -> list[str]:
    table = law.options(given)
    return table.loc[table["mecanisme"] == mechanism, "phrase"].tolist()


def test_every_mechanism_is_judged_with_its_reasons() -> None:
    told = law.options(facts())
    assert told["mecanisme"].unique().tolist() == MECHANISMS
    assert told["phrase"].ne("").all() and told["source"].ne("").all()
    assert not told["phrase"].str.contains("{", regex=False).any()
    assert verdict(facts()) == {
        "EXEC": "DEMANDEE", "CRIT": "RESERVES", "EXEC_CRIT": "DEMANDEE", "RES_HAND": "RESERVES", "RES_IAE": "RESERVES",
        "RES_PENIT": "FERMEE", "RES_ESS": "FERMEE", "INSERT": "A_VERIFIER",
    }  # fmt: skip


def test_a_private_buyer_is_outside_the_code() -> None:
    assert set(verdict(facts(acheteur_type="PRIVE")).values()) == {"FERMEE"}


@pytest.mark.parametrize(("day", "told"), [(dt.date(2022, 10, 19), "FERMEE"), (dt.date(2022, 10, 20), "A_VERIFIER")])
def test_prison_work_is_open_since_its_ordinance(day: dt.date, told: str) -> None:
    assert verdict(facts(day, segment="LINGE_SERVICES", cpv="98310000"))["RES_PENIT"] == told


def test_joint_reservation_is_told_since_its_law() -> None:
    joint = "Depuis la loi ASAP"
    before, after = (phrases(facts(dt.date(2020, 12, day)), "RES_IAE") for day in (8, 9))
    assert not any(text.startswith(joint) for text in before) and any(text.startswith(joint) for text in after)


@pytest.mark.parametrize(
    ("day", "amounts", "clause", "criterion"),
    [
        (EVE, (216_000, 216_000), "OUVERTE", "OUVERTE"),
        (DAY, (216_000, 216_000), "DEMANDEE", "RESERVES"),
        (DAY, (215_999, 215_999), "OUVERTE", "OUVERTE"),
        (DAY, (200_000, 216_000), "OUVERTE", "A_VERIFIER"),
    ],
)
def test_what_the_law_asks_is_told_among_the_ways(
    day: dt.date, amounts: tuple[float, float], clause: str, criterion: str
) -> None:
    given = facts(day, montant_min=amounts[0], montant_max=amounts[1])
    told = verdict(given)
    assert verdict(facts(day, seuil=None))["CRIT"] == ("A_VERIFIER" if day == DAY else "OUVERTE")
    assert (told["EXEC"], told["EXEC_CRIT"], told["CRIT"]) == (clause, clause, criterion)
    obliged = clause == "DEMANDEE"
    assert any("une autre condition sociale" in text for text in phrases(given, "EXEC")) == obliged
    assert any(text.startswith("Un critère seul ne suffit pas") for text in phrases(given, "CRIT")) == obliged


def test_what_the_law_asks_keeps_its_reserves_and_no_way_that_is_closed_is_asked_for() -> None:
    few = law.options(facts(heures=149.0))
    assert verdict(facts(heures=149.0))["EXEC"] == "DEMANDEE"
    assert few.loc[few["mecanisme"].eq("EXEC") & few["favorable"].eq(False), "critere"].tolist() == ["heures_min"]
    private = law.options(facts(acheteur_type="PRIVE", seuil=None))
    assert set(private["effet"]) == {"bloquant"}, "of a way that is closed, only what closes it is told"


@pytest.mark.parametrize(
    ("mechanism", "changes", "told"),
    [
        ("EXEC", {"heures": 149.0}, "RESERVES"),
        ("EXEC", {"heures": 150.0}, "OUVERTE"),
        ("EXEC", {"duree_mois": 2}, "RESERVES"),
        ("EXEC", {"duree_mois": 3}, "OUVERTE"),
        ("EXEC", {"structures": 1}, "RESERVES"),
        ("EXEC", {"segment": "ENERGIE", "cpv": None}, "RESERVES"),
        ("EXEC", {"segment": "SANTE_SOCIAL", "cpv": "33140000"}, "RESERVES"),
        ("EXEC", {"segment": "POSTE_TELECOM"}, "RESERVES"),
        ("EXEC", {"heures": None}, "A_VERIFIER"),
        ("EXEC", {"heures": None, "structures": 0}, "RESERVES"),
        ("EXEC", {"seuil": None}, "OUVERTE"),
        ("EXEC_CRIT", {"heures": 599.0}, "RESERVES"),
        ("RES_IAE", {"iae": 10, "lots": 2}, "RESERVES"),
        ("RES_IAE", {"iae": 11, "lots": 2}, "OUVERTE"),
        ("RES_IAE", {"iae": 11, "lots": 1}, "RESERVES"),
        ("RES_IAE", {"iae": None, "lots": 2}, "A_VERIFIER"),
        ("RES_HAND", {"segment": "TP_RESEAUX", "lots": 2}, "RESERVES"),
        ("RES_HAND", {"lots": 1}, "RESERVES"),
        ("RES_HAND", {"lots": 2}, "A_VERIFIER"),
        ("RES_ESS", {"segment": "SANTE_SOCIAL", "cpv": "85310000", "duree_mois": 36}, "OUVERTE"),
        ("RES_ESS", {"segment": "SANTE_SOCIAL", "cpv": None, "duree_mois": 36}, "A_VERIFIER"),
        ("RES_ESS", {"segment": "PROPRETE", "cpv": None, "duree_mois": 36}, "RESERVES"),
        ("RES_ESS", {"segment": "SANTE_SOCIAL", "cpv": "90512000", "duree_mois": 36}, "FERMEE"),
        ("RES_ESS", {"segment": "FORMATION", "cpv": "80000000", "duree_mois": 36}, "A_VERIFIER"),
        ("RES_ESS", {"segment": "FORMATION", "cpv": "80511000", "duree_mois": 36}, "OUVERTE"),
        ("RES_ESS", {"segment": "FORMATION", "cpv": "80531200", "duree_mois": 36}, "FERMEE"),
        ("RES_PENIT", {"segment": "DECHETS", "cpv": "90512000"}, "FERMEE"),
        ("RES_PENIT", {"segment": "DECHETS", "cpv": "90514000"}, "RESERVES"),
        ("RES_PENIT", {"segment": "ESPACES_VERTS", "cpv": None}, "FERMEE"),
        ("RES_PENIT", {"segment": "TP_RESEAUX", "cpv": None}, "FERMEE"),
        ("RES_PENIT", {"segment": "MAINTENANCE", "cpv": "50232100"}, "FERMEE"),
        ("RES_PENIT", {"segment": "MAINTENANCE", "cpv": "50413200"}, "FERMEE"),
        ("RES_PENIT", {"segment": "MAINTENANCE", "cpv": None}, "FERMEE"),
        ("RES_PENIT", {"segment": "FORMATION", "cpv": "80511000"}, "FERMEE"),
        ("RES_PENIT", {"segment": "SANTE_SOCIAL", "cpv": "85312110"}, "FERMEE"),
        ("INSERT", {"acheteur_type": "REGION"}, "OUVERTE"),
        ("INSERT", {"acheteur_type": "DEPARTEMENT"}, "OUVERTE"),
        ("INSERT", {"acheteur_type": "COMMUNE"}, "A_VERIFIER"),
        ("RES_PENIT", {"segment": "SANTE_SOCIAL", "cpv": "33600000"}, "RESERVES"),
        ("RES_PENIT", {"segment": "FOURNITURES", "cpv": "39130000"}, "A_VERIFIER"),
        ("RES_ESS", {"segment": "SANTE_SOCIAL", "cpv": "33140000"}, "FERMEE"),
        ("INSERT", {"cpv": "33140000"}, "FERMEE"),
        ("INSERT", {"segment": "FOURNITURES", "cpv": None}, "FERMEE"),
        ("RES_ESS", {"segment": "SANTE_SOCIAL", "cpv": "85310000", "duree_mois": 37}, "RESERVES"),
        ("RES_ESS", {"segment": None, "cpv": None, "duree_mois": 12}, "A_VERIFIER"),
        ("INSERT", {"duree_mois": 5}, "RESERVES"),
    ],
)
def test_verdicts_at_the_borders(mechanism: str, changes: dict, told: str) -> None:
    assert verdict(facts(EVE, **changes))[mechanism] == told


def test_reasons_are_those_of_what_is_bought_not_of_its_segment() -> None:
    supply = facts(segment="SANTE_SOCIAL", cpv="33600000")
    said = " ".join(law.options(supply)["phrase"])
    for wrong in ("se font sur place", "relève d'ordinaire", "support à un parcours", "peut être exécuté"):
        assert wrong not in said, wrong
    assert law.nature(supply.purchase, supply.segment) == "FOURNITURES"
    without = " ".join(law.options(facts(segment="SANTE_SOCIAL", cpv=None))["phrase"])
    assert "relève d'ordinaire" in without and "Aucun code CPV" in without


def test_what_is_not_known_is_said_not_guessed() -> None:
    told = law.options(facts(structures=None))
    unknown = told[told["favorable"].isna() & ~told["critere"].isin(["a_verifier", "acheteur_competent"])]
    assert set(unknown["critere"]) == {"structures_min"} and unknown["phrase"].str.contains("facilitateur").all()
    assert any("14 structures" in text for text in phrases(facts(), "EXEC"))
    assert any("connues à portée : 12" in text for text in phrases(facts(), "RES_IAE"))


def test_what_only_the_buyer_can_say_is_asked() -> None:
    told = law.options(facts(segment="LINGE_SERVICES", cpv=None))
    asked = told[told["critere"] == "a_verifier"]
    assert set(asked["mecanisme"]) == {"RES_HAND", "RES_PENIT", "RES_ESS"}
    assert asked["favorable"].isna().all() and asked["phrase"].str.contains(r"\?").all()


def test_every_row_of_the_law_is_known_dated_and_sourced() -> None:
    rows = reference.table("droit/options").astype("str").fillna("")
    segments, kinds = reference.labels("segments"), reference.labels("acheteurs")
    natures = reference.table("nomenclatures/cpv_divisions")["nature"].unique()
    assert set(natures) == set(reference.table("nomenclatures/segments")["groupe"])
    assert set(";".join(rows["mecanisme"]).split(";")) == set(MECHANISMS) <= set(reference.labels("mecanismes"))
    assert not rows.drop(columns="mecanisme").duplicated().any(), "a reason that several share is written once"
    assert set(rows["critere"]) <= {*CRITERIA, IN_FORCE}
    assert set(reference.table("droit/criteres")["critere"]) == {*CRITERIA, IN_FORCE}
    assert set(rows["effet"]) == {"bloquant", "demande", "indicatif", "information"}
    assert rows["phrase_si_oui"].ne("").all() and rows["source"].ne("").all()
    assert (rows["phrase_si_non"].ne("") | rows["critere"].isin(["toujours", "a_verifier"])).all()
    cases = {case for when in rows["quand"] for case in when.split(";") if when}
    assert {case.removesuffix("+SANS_CPV") for case in cases} <= set(natures)
    for row in rows.to_dict("records"):
        codes = {"segment_parmi": segments, "segment_hors": segments, "acheteur_hors": kinds,
                 "acheteur_competent": kinds, "nature_parmi": natures}.get(row["critere"])  # fmt: skip
        values = str(row["valeur"]).split(";")
        if codes is not None:
            assert set(values) <= set(codes), row
        elif row["critere"].endswith(("_min", "_max")):
            assert float(values[0]) > 0, row
    for name in ("droit/options", "droit/constats"):
        days = reference.table(name)[["du", "au"]].stack().dropna()
        assert pd.to_datetime(days, format="%Y-%m-%d").notna().all()
    for name in ("constats", "criteres", "verdicts", "exceptions", "parametres", "seuils"):
        assert reference.table(f"droit/{name}")["source"].notna().all(), name


def test_a_mechanism_exists_or_not_by_one_row_each() -> None:
    rows = reference.table("droit/options")
    begun = rows[rows["critere"] == IN_FORCE]
    assert sorted(begun["mecanisme"]) == sorted(MECHANISMS)
    assert begun["du"].notna().all() and begun["effet"].eq("bloquant").all()


def test_the_page_says_what_the_law_asks_and_what_may_answer_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = law.options(facts())
    rows = rows.merge(law.verdicts(rows), on="mecanisme").assign(
        ordre=range(len(rows)), achat_id="A1", lieu_nom="Lille"
    )
    monkeypatch.setattr(rules, "scope", lambda page: "")
    page = SimpleNamespace(key="A1", csv=str, read=lambda table, **where: rows)
    told = rules.ways(page)  # type: ignore[arg-type]
    assert told.takeaway.startswith("Demandées par la loi, sauf exception : ")
    assert "une autre condition sociale ou d'emploi peut y répondre aussi" in told.note
    criterion = told.frame.set_index("mecanisme").loc["CRIT", "retient"]
    assert criterion.startswith("Un critère seul ne suffit pas")
