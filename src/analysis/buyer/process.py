"""Who does what and when, from the need to the closing figures: `acheteur/processus.yaml`."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Literal

import pandas as pd
from pydantic import Field, ValidationInfo, field_validator

from analysis.core.params import Block, load_settings
from analysis.core.paths import reference_dir

PUBLICATION = "PUBLICATION"  # the step that the law's day is the first day of
END = "fin"
Role = Literal["A", "R", "AR", "C", "I"]
ROLES = {"A": "répond de l'étape", "R": "la fait", "AR": "en répond et la fait", "C": "à consulter",
         "I": "à informer"}  # fmt: skip


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
