from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from icalendar import Calendar

from analysis.buyer import schedule
from buyer.planned import planned

DAY = dt.date(2026, 11, 27)


def days(code: str, **changes: Any) -> tuple[str, str]:
    row = schedule.dated(planned(**changes)).set_index("code").loc[code]
    return str(row["debut"].date()), str(row["fin"].date())


def test_dates_are_counted_back_from_the_notification_and_on_from_it() -> None:
    when = {"date_notification": "2027-01-15", "duree_mois": 48}
    assert days("BESOIN", **when) == ("2026-01-15", "2026-04-15")
    assert days("PUBLICATION", **when) == ("2026-09-15", "2026-10-22")
    assert days("ATTRIBUTION", **when) == ("2026-10-22", "2027-01-15")
    assert days("PLACEMENT", **when) == ("2027-01-30", "2027-04-15")
    assert days("SUIVI", **when) == ("2027-02-15", "2031-01-15")
    assert days("BILAN", **when) == ("2030-12-15", "2031-03-15")
    assert schedule.publication(planned(**when)) == dt.date(2026, 9, 15)


def test_candidates_have_the_days_that_an_open_procedure_leaves_them() -> None:
    for day in ("2026-06-08", "2026-05-31", "2027-01-15"):
        begin, end = days("PUBLICATION", date_notification=day)
        assert (dt.date.fromisoformat(end) - dt.date.fromisoformat(begin)).days >= 35


def test_a_month_that_lacks_the_day_gives_its_last() -> None:
    assert schedule.publication(planned(date_notification="2027-06-30")) == dt.date(2027, 2, 28)
    assert schedule.end_of(planned(date_notification="2028-02-29", duree_mois=12)) == dt.date(2029, 2, 28)


def test_consultations_launched_around_the_obligation() -> None:
    assert schedule.publication(planned(date_notification="2026-12-21")) == dt.date(2026, 8, 21)
    assert schedule.publication(planned(date_notification="2026-12-22")) == dt.date(2026, 8, 22)


@pytest.mark.parametrize("months", [1, 2, 3, 6, 12, 360])
def test_no_step_ends_before_it_begins_nor_placement_after_the_contract(months: int) -> None:
    table = schedule.dated(planned(duree_mois=months)).set_index("code")
    assert (table["debut"] <= table["fin"]).all()
    end = schedule.end_of(planned(duree_mois=months))
    assert table.loc[["DEMARRAGE", "PLACEMENT", "SUIVI"], "fin"].max().date() <= end
    assert table["debut"].max().date() <= end


def test_steps_begin_in_order_for_contracts_of_a_year() -> None:
    table = schedule.dated(planned(duree_mois=12))
    assert table["debut"].is_monotonic_increasing and table["code"].is_unique
    assert list(table.columns) == schedule.DATED


def test_the_calendar_has_an_event_per_step_and_the_same_bytes_again() -> None:
    text = schedule.calendar(planned(), DAY)
    assert text == schedule.calendar(planned(), DAY)
    events = Calendar.from_ical(text).walk("VEVENT")
    assert len(events) == 12 and len({str(event["uid"]) for event in events}) == 12
    first = events[0]
    assert str(first["summary"]) == "Définition du besoin : Nettoyage des locaux scolaires"
    assert first.decoded("dtstart") == dt.date(2026, 1, 15) and first.decoded("dtend") == dt.date(2026, 4, 16)
    assert first.decoded("dtstamp") == dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
    assert "Acheteur : en répond et la fait" in str(first["description"])


def test_a_purchase_put_off_keeps_its_events_and_another_has_its_own() -> None:
    def uids(**changes: Any) -> list[str]:
        return [
            str(event["uid"]) for event in Calendar.from_ical(schedule.calendar(planned(**changes), DAY)).walk("VEVENT")
        ]

    assert uids() == uids(date_notification="2027-06-01")
    versions = [
        (planned(), DAY),
        (planned(date_notification="2027-06-01"), DAY),
        (planned(date_notification="2027-02-01"), DAY + dt.timedelta(days=1)),
    ]
    made = [Calendar.from_ical(schedule.calendar(*version)).walk("VEVENT")[0]["sequence"] for version in versions]
    assert 0 < made[0] < made[1] < made[2] < 2**31, "a calendar that knows the event takes it for a revision"
    assert not set(uids()) & set(uids(achat_id="A2"))


def test_nothing_personal_goes_into_a_calendar() -> None:
    text = schedule.calendar(planned(objet="Nettoyage, contact jean.dupont@exemple.fr"), DAY).decode()
    assert "jean.dupont" not in text.replace("\r\n ", "")
