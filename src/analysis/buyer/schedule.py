"""The steps of the process (see `process`) dated for a purchase: as a table, and as a calendar.

Dates follow from the planned notification and the duration by whole months; nothing moves them off a week-end. The
same purchase gives the same bytes of calendar: no clock, UIDs from the purchase and the step.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import fields

import pandas as pd

from analysis.buyer.process import END, PUBLICATION, ROLES, Offset, Step, launch, process
from analysis.buyer.purchase import Purchase
from analysis.core.months import later
from analysis.core.numbers import french_date
from analysis.core.paths import steps_name
from analysis.core.personal import public
from analysis.segments.watch.feed import opened, stamped, whole_days

DATED = ["code", "libelle", "attendu", "livrable", "debut", "fin", "source"]
DOMAIN = "achat.clauses-sociales"  # of the UIDs: no address, only what sets them apart from others'
PRODUCT = "-//Observatoire de la commande publique//Étapes d'un achat avec clause sociale//FR"


def end_of(purchase: Purchase) -> dt.date:
    """The day the contract ends: notification plus duration, as everywhere in the project."""
    return _later(purchase.date_notification, purchase.duree_mois)


def dated(purchase: Purchase) -> pd.DataFrame:
    """The steps of a purchase in order: columns `DATED`, debut and fin as days (both included).

    What is counted from the notification does not go past the end of a short contract, and no step ends before it
    begins.
    """
    rows = []
    for step in process().etapes:
        begin, end = _start(step, purchase), _day(step.fin, purchase)
        rows.append(step.model_dump() | {"debut": begin, "fin": max(begin, end)})
    table = pd.DataFrame(rows, columns=DATED)
    return table.astype({"debut": "datetime64[s]", "fin": "datetime64[s]"})


def publication(purchase: Purchase) -> dt.date:
    """The day the consultation is expected to be launched, which the law looks at (see `law`)."""
    return _start(launch(), purchase)


def calendar(purchase: Purchase, day: dt.date) -> bytes:
    """The steps as an iCalendar file (RFC 5545), an event of whole days each; `day`: when it was made.

    An event keeps its UID when the purchase is put off, so that a calendar that knows it moves it.
    """
    bought = public(purchase.objet)
    book = opened(
        PRODUCT,
        f"Étapes de l'achat : {bought}",
        f"D'après une notification prévue le {french_date(purchase.date_notification)} ; dates indicatives",
    )
    steps = {step.code: step for step in process().etapes}
    for row in dated(purchase).to_dict("records"):
        key = "|".join([purchase.achat_id, purchase.objet, purchase.lieu, row["code"]])
        event = whole_days(key, DOMAIN, row["debut"].date(), row["fin"].date(), stamped(day))
        event.add("summary", f"{row['libelle']} : {bought}")
        event.add("description", _description(steps[row["code"]]))
        event.add("transp", "TRANSPARENT")  # a step of three months keeps nobody busy
        book.add_component(event)
    return book.to_ical()


def calendars(achats: pd.DataFrame, day: dt.date) -> dict[str, bytes]:
    """The calendar of each purchase of the table `achats`, by the name of its file; `day`: when they were made."""
    asked = [field.name for field in fields(Purchase)]
    days = {name: achats[name].dt.date for name in ("date_consultation", "date_notification")}
    rows = achats.rename(columns={"codeCPV": "cpv"}).assign(**days)
    found = (Purchase(**{str(name): row[name] for name in asked}) for row in rows.to_dict("records"))
    return {steps_name(purchase.achat_id): calendar(purchase, day) for purchase in found}


def _description(step: Step) -> str:
    names = {actor.code: actor.libelle for actor in process().acteurs}
    who = [f"{names[code]} : {ROLES[role]}" for code, role in step.roles.items()]
    return "\n".join([f"Attendu : {step.attendu}", f"Livrable : {step.livrable}", *who, f"Source : {step.source}"])


def _start(step: Step, purchase: Purchase) -> dt.date:
    """The day a step begins.

    That of the consultation is the one announced, if any: counted back from the notification that it let expect, a day
    that February lacks would become another.
    """
    announced = purchase.date_consultation if step.code == PUBLICATION else None
    return announced or _day(step.debut, purchase)


def _day(offset: Offset, purchase: Purchase) -> dt.date:
    end = end_of(purchase)
    if offset.repere == END:
        return _later(end, offset.mois, offset.jours)
    return min(_later(purchase.date_notification, offset.mois, offset.jours), end)


def _later(day: dt.date, months: int, days: int = 0) -> dt.date:
    """`months` on the calendar, then `days` on."""
    return (later(pd.Series([pd.Timestamp(day)]), months)[0] + pd.Timedelta(days=days)).date()
