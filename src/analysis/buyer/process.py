"""Who does what and when, from the need to the closing figures: `acheteur/processus.yaml`, dated for a purchase.

Dates follow from the planned notification and the duration by whole months; nothing moves them off a week-end. The
same purchase gives the same bytes of calendar: no clock, UIDs from the purchase and the step.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from functools import cache
from itertools import pairwise
from typing import Literal

import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from analysis.buyer.purchase import Purchase
from analysis.core.numbers import french_date
from analysis.core.params import Block, load_settings
from analysis.core.paths import reference_dir, steps_name
from analysis.core.quality_log import public
from analysis.segments.watch.feed import opened, stamped, whole_days

PUBLICATION = "PUBLICATION"  # the step that the law's day is the first day of
END = "fin"
Role = Literal["A", "R", "AR", "C", "I"]
ROLES = {"A": "répond de l'étape", "R": "la fait", "AR": "en répond et la fait", "C": "à consulter",
         "I": "à informer"}  # fmt: skip
DATED = ["code", "libelle", "attendu", "livrable", "debut", "fin", "source"]
DOMAIN = "achat.clauses-sociales"  # of the UIDs: no address, only what sets them apart from others'
PRODUCT = "-//Observatoire de la commande publique//Étapes d'un achat avec clause sociale//FR"


class Offset(Block):
    """How long after the notification, or the end of the contract; before it if negative."""

    repere: Literal["notification", "fin"]
    mois: int
    jours: int

    @property
    def order(self) -> tuple[bool, int, int]:
        """Offsets compare by this: the contract ends after it is notified, and no offset in days reaches a month."""
        return self.repere == END, self.mois, self.jours

    @field_validator("jours")
    @classmethod
    def _within_a_month(cls, days: int) -> int:
        if not 0 <= days < 28:
            raise ValueError("de 0 à 27 jours, le reste en mois")
        return days


class Actor(Block):
    code: str = Field(min_length=1)
    libelle: str = Field(min_length=1)


class Step(Block):
    """A step: what is expected, what comes out of it, from when to when, and the role of each actor."""

    code: str = Field(min_length=1)
    libelle: str = Field(min_length=1)
    attendu: str = Field(min_length=1)
    livrable: str = Field(min_length=1)
    debut: Offset
    fin: Offset
    roles: dict[str, Role]
    source: str = Field(min_length=1)

    @field_validator("fin")
    @classmethod
    def _ordered(cls, end: Offset, info: ValidationInfo) -> Offset:
        begin = info.data.get("debut")
        if begin is not None and end.order < begin.order:
            raise ValueError("une fin qui ne précède pas le début")
        return end

    @field_validator("roles")
    @classmethod
    def _answered_and_done(cls, roles: dict[str, Role]) -> dict[str, Role]:
        given = "".join(roles.values())
        if given.count("A") != 1 or "R" not in given:
            raise ValueError("un seul acteur A, et au moins un acteur R (AR compte pour les deux)")
        return roles


class Process(Block):
    acteurs: list[Actor] = Field(min_length=1)
    etapes: list[Step] = Field(min_length=1)

    @field_validator("acteurs", "etapes")
    @classmethod
    def _told_apart(cls, rows: list[Actor] | list[Step]) -> list[Actor] | list[Step]:
        if len({row.code for row in rows}) < len(rows):
            raise ValueError("des codes tous différents")
        return rows

    @field_validator("etapes")
    @classmethod
    def _in_order(cls, steps: list[Step], info: ValidationInfo) -> list[Step]:
        known = {actor.code for actor in info.data.get("acteurs", [])}
        for step in steps:
            if known and not set(step.roles) <= known:
                raise ValueError(f"à l'étape {step.code}, des acteurs parmi {', '.join(sorted(known))}")
        for before, after in pairwise(steps):
            if after.debut.order < before.debut.order:
                raise ValueError(f"des étapes dans l'ordre de leur début : {after.code} commence avant {before.code}")
        return steps


@cache
def process() -> Process:
    """The process of reference; DataError, one French sentence, says the first thing wrong in the file."""
    return load_settings(reference_dir() / "acheteur" / "processus.yaml", Process)


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


def launch() -> Step:
    """The step that begins as the consultation is launched."""
    return next(step for step in process().etapes if step.code == PUBLICATION)


def until_notified() -> pd.DateOffset:
    """From the day of the consultation to that of the notification."""
    start = launch().debut
    return pd.DateOffset(months=-start.mois, days=-start.jours)


def raci() -> pd.DataFrame:
    """The role of each actor at each step: code and libelle of the step, then a column per actor (its label).

    `A`, `R`, `AR`, `C`, `I` (see `ROLES`), empty where the actor has none.
    """
    known = process()
    rows = [
        {"code": step.code, "libelle": step.libelle}
        | {actor.libelle: step.roles.get(actor.code, "") for actor in known.acteurs}
        for step in known.etapes
    ]
    return pd.DataFrame(rows)


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
    """The same day of another month, its last where it has none such, then `days` on."""
    return (pd.Timestamp(day) + pd.DateOffset(months=months, days=days)).date()
