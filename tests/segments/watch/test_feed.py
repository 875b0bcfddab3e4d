from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from icalendar import Calendar
from test_calendar import need

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.numbers import french
from analysis.core.params import load_params
from analysis.core.personal import MASKED, public
from analysis.segments.watch import feed

DAY = dt.date(2025, 12, 31)
DATASET = Dataset(
    nom="essai", titre="Essai", synthetique=True, region="32", region_nom="Hauts-de-France", date_observation=DAY,
    editions=[{"annee": 2025, "date_observation": DAY, "territoire": "32", "territoire_nom": "Hauts-de-France",
               "departements": ["02", "59", "60", "62", "80"], "mecanismes": ["EXEC"], "base_legale": "essai",
               "diviseurs_etp": [1607],
               "qpv_millesime": 2024, "cog_millesime": 2026}],
)  # fmt: skip
SETTINGS = load_params().segments.watch
NO_HOURS = {"heures_p10": np.nan, "heures_p50": np.nan, "heures_p90": np.nan}


def needs(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame([{"p_horizon": row["probabilite"], **NO_HOURS, **row} for row in rows])


def test_an_event_says_what_a_facilitator_needs_and_reads_back() -> None:
    hours = {"heures_p10": 120.0, "heures_p50": 300.0, "heures_p90": 900.0}
    text = feed.feed(needs(need("a", [0.5, 0.25], **hours), need("b", [0.2])), "Nord", DAY, SETTINGS)
    events = Calendar.from_ical(text).walk("VEVENT")
    assert len(events) == 1  # the second is too unlikely
    event = events[0]
    assert event.decoded("dtstart") == dt.date(2026, 3, 1) and event.decoded("dtend") == dt.date(2026, 7, 2)
    assert event.decoded("dtstamp") == dt.datetime(2025, 12, 31, tzinfo=dt.UTC)
    said = str(event["description"])
    for part in (
        "Nettoyage des locaux",
        "Lille",
        "1er mars 2026 au 1er juillet 2026",
        french(75, 0, "%"),
        "300 (de 120 à 900",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("apart", "said"), [(False, "fin le 1er mai 2026"), (True, "fin vers le 1er mai 2026 (lots de durées diverses)")]
)
def test_the_end_of_lots_that_do_not_end_together_is_told_as_about(apart: bool, said: str) -> None:
    text = feed.feed(needs(need("a", [0.9], fins_diverses=apart)), "Nord", DAY, SETTINGS)
    assert str(Calendar.from_ical(text).walk("VEVENT")[0]["description"]).endswith(said)


@pytest.mark.parametrize(
    ("start", "middle", "call"),
    [
        ("2026-10-01", "2026-12-01", "À appeler avant le 1er avril 2026, pour que la clause soit écrite avant l'avis"),
        ("2026-05-01", "2026-07-10", "À appeler dès maintenant, pour que la clause soit écrite avant l'avis"),
        ("2026-01-10", "2026-04-01", "L'avis est peut-être déjà publié : à vérifier sans attendre"),
    ],
)
def test_an_event_says_when_to_call_or_that_the_notice_may_be_out(start: str, middle: str, call: str) -> None:
    begin = pd.Timestamp(start)
    row = need("a", [0.9], fenetre_debut=begin, date_mediane=pd.Timestamp(middle),
               fenetre_fin=pd.Timestamp(middle) + pd.Timedelta(days=60),
               date_alerte=begin - pd.DateOffset(months=6))  # fmt: skip
    event = Calendar.from_ical(feed.feed(needs(row), "Nord", DAY, SETTINGS)).walk("VEVENT")[0]
    lines = str(event["description"]).splitlines()
    assert call in lines and sum("À appeler" in line or "avis" in line for line in lines) == 1


def test_an_announced_purchase_says_that_its_probability_is_assumed() -> None:
    files = [feed.feed(needs(need("a", [0.8], origine=origin)), "Nord", DAY, SETTINGS)
             for origin in ("projet", "renouvellement")]  # fmt: skip
    said = [str(Calendar.from_ical(text).walk("VEVENT")[0]["description"]) for text in files]
    assert ["supposée" in text for text in said] == [True, False]


def test_the_same_tables_give_the_same_bytes_in_any_order() -> None:
    rows = [need("a", [0.7]), need("b", [0.9]), need("c", [0.8])]
    assert feed.feed(needs(*rows), "Nord", DAY, SETTINGS) == feed.feed(needs(*reversed(rows)), "Nord", DAY, SETTINGS)
    uids = [
        str(event["uid"]) for event in Calendar.from_ical(feed.feed(needs(*rows), "Nord", DAY, SETTINGS)).walk("VEVENT")
    ]
    assert len(set(uids)) == 3 and all("215903501" not in uid for uid in uids)


def test_nothing_personal_goes_out() -> None:
    assert (
        public("Nettoyage, contact jean.dupont@exemple.fr ou 03 20 11 22 33")
        == f"Nettoyage, contact {MASKED} ou {MASKED}"
    )


def test_a_territory_has_its_own_needs() -> None:
    rows = needs(need("a", [0.9]), need("b", [0.9], departement="02", epci_siren=None))
    assert feed.inside(rows, "32", "32")["besoin_id"].tolist() == ["a", "b"]
    assert feed.inside(rows, "02", "32")["besoin_id"].tolist() == ["b"]
    assert feed.inside(rows, "200093201", "32")["besoin_id"].tolist() == ["a"]


def test_every_territory_has_a_file_even_an_empty_one() -> None:
    files = feed.feeds(needs(need("a", [0.9])), DATASET, SETTINGS)
    assert {"veille_32.ics", "veille_59.ics", "veille_200093201.ics"} <= set(files)
    counts = {name: len(Calendar.from_ical(text).walk("VEVENT")) for name, text in files.items()}
    assert sum(counts.values()) == 3 and counts["veille_02.ics"] == 0


def test_a_chance_that_the_past_belies_is_told_with_what_was_seen() -> None:
    tested = pd.DataFrame({"classe": [6, 8], "predit": [0.65, 0.82], "observe": [0.66, 0.73]})
    rows = needs(
        need("a", [0.85]), need("b", [0.65]), need("c", [0.85], origine="projet"), need("d", [0.75], origine="les_deux")
    )
    events = Calendar.from_ical(feed.feed(rows, "Nord", DAY, SETTINGS, tested)).walk("VEVENT")
    said = [str(event["summary"]) for event in events]
    assert [text.replace("\xa0", " ").split(" : Nettoyage")[0] for text in said] == [
        "85 % (vu à l'épreuve : 73 %)", "65 %", "85 %", "75 %",
    ]  # fmt: skip


def test_a_dataset_of_one_department_has_the_calendars_of_its_own_territories() -> None:
    latest = DATASET.editions[-1].model_copy(update={"departements": ["80"]})
    files = feed.feeds(needs(need("a", [0.9])), DATASET.model_copy(update={"editions": [latest]}), SETTINGS)
    places = {f"veille_{siren}.ics" for siren in reference.epci_of(["80"])}
    assert set(files) == {"veille_32.ics", "veille_80.ics"} | places
