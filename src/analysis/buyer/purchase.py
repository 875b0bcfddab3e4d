"""A planned purchase, from the text that a notebook's parameters or a row of a file hold.

Every fault is told, in one sentence each (`acheteur/regles.csv`); an error leaves the purchase out and no other, a
warning leaves it in, without the value that could not be read.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

import pandas as pd

from analysis.buyer.process import until_notified
from analysis.core import reference
from analysis.core.numbers import french, french_date, typed_numbers
from analysis.core.params import load_params
from analysis.core.personal import public
from analysis.core.quality_log import explain
from analysis.sources.projects import bounds, current, dates, places

PARAMETERS = "paramètres"  # what messages call the parameters of a notebook, which have no line
REQUIRED = ["objet", "montant_min", "duree_mois", "lieu", "acheteur_type", "date_notification"]
OPTIONAL = ["achat_id", "cpv", "montant_max", "lots"]
NOTICE = "date_prevue"  # the day of the notice, which announced purchases have and typed ones do not
FEWEST_WORDS = 2
ERROR = "erreur"
WHOLE_EUROS = re.compile(r"[.,]0{1,2}$")  # decimals that say nothing
IDENTIFIER = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)  # it names files


@dataclass(frozen=True)
class Purchase:
    """What somebody plans to buy: one need, all its lots.

    Amounts in euros excluding tax, of the whole need over its duration (months); `lieu` the code as received, today's
    where the commune has changed, with its department and, unless it is a department, its EPCI (SIREN).
    `date_consultation`: as the buyer announced it; none where only the notification is known. `acheteur_siren`: none
    where the kind of the buyer alone is.
    """

    achat_id: str
    objet: str
    cpv: str | None
    montant_min: float
    montant_max: float
    duree_mois: int
    lieu: str
    departement: str
    epci_siren: str | None
    acheteur_type: str
    date_notification: dt.date
    lots: int = 1
    date_consultation: dt.date | None = None
    acheteur_siren: str | None = None

    @property
    def middle(self) -> float:
        """The middle of the range of amounts, in proportion."""
        return (self.montant_min * self.montant_max) ** 0.5


@dataclass(frozen=True)
class Fault:
    """A value that breaks a rule of `acheteur/regles.csv`; `message` is the French sentence for whoever typed it,
    `phrase` the one for who reads the page, without file, line or column."""

    regle: str
    gravite: str
    colonne: str
    valeur: str
    message: str
    phrase: str


class Read(NamedTuple):
    """The identifier of what was read, the purchase (none where an error is among the faults), and the faults."""

    achat_id: str
    purchase: Purchase | None
    faults: list[Fault]


class Reading:
    """The values of one purchase, as text, and the faults found so far, told with the column where each was received
    (`received`, by the column of a purchase) where that is another."""

    def __init__(
        self, values: Mapping[str, object], fichier: str, ligne: int | None, received: Mapping[str, str]
    ) -> None:
        self.values = {name: _text(value) for name, value in values.items()}
        self.faults: list[Fault] = []
        self._where, self._received = (fichier, ligne), received

    def get(self, column: str) -> str:
        return self.values.get(column, "")

    def one(self, column: str) -> pd.Series:
        """The value as the readers of whole columns want it."""
        return pd.Series([self.get(column) or pd.NA], dtype="str")

    def fault(self, rule: str, column: str | None = None) -> None:
        """A value breaks a rule: that of `column`, else of the one that the rule is of."""
        row = rules().loc[rule]
        name = column or row["colonne"]
        column = self._received.get(name, name)
        value = public(self.get(column))
        message = explain(*self._where, column, value, row["attendu"])
        told = f"« {WHOLE_EUROS.sub('', value)} »" if value else "vide"
        phrase = f"{row['champ']} : {told} ; attendu : {row['attendu']}."
        self.faults.append(Fault(rule, row["gravite"], column, value, message, phrase))


@cache
def rules() -> pd.DataFrame:
    """`acheteur/regles.csv` by rule: colonne, gravite, attendu with what it expects written out, source."""
    first, last = threshold_days()
    said = {
        "least": french(likely_amounts()[0]),
        "most": french(likely_amounts()[1]),
        "months": str(bounds().mois_max),
        "region": _region_name(),
        "kinds": ", ".join(reference.labels("acheteurs")),
        "first": french_date(first),
        "last": french_date(last),
        "year": str(bounds().annee_max),
    }
    table = reference.table("acheteur/regles").set_index("regle")
    return table.assign(attendu=[text.format(**said) for text in table["attendu"]])


@cache
def likely_amounts() -> tuple[float, float]:
    """Below the first and above the second, in euros, an amount is to be confirmed: the bounds of the open data."""
    settings = load_params().decp
    return settings.low_amount, settings.warn_amount


def threshold_days() -> tuple[dt.date, dt.date]:
    """The first and the last day whose European thresholds are known."""
    rows = reference.table("droit/seuils")
    return dt.date.fromisoformat(rows["du"].min()), dt.date.fromisoformat(rows["au"].max())


def known_days() -> tuple[dt.date, dt.date]:
    """The first and the last day of a notification whose consultation, launched before it, has known thresholds."""
    first, last = ((pd.Timestamp(day) + until_notified()).date() for day in threshold_days())
    return first, last


def parse(
    values: Mapping[str, object],
    *,
    fichier: str = PARAMETERS,
    ligne: int | None = None,
    received: Mapping[str, str] = MappingProxyType({}),
    taken: Container[str] = (),
) -> Read:
    """The purchase that `values` (column: text) tell of, and what is wrong with them.

    Columns `REQUIRED`, `OPTIONAL`, `NOTICE`, others are not looked at; montant_max defaults to montant_min, lots to 1,
    achat_id to the line. `fichier`, `ligne` and `received` (see `Reading`) say in the messages where the values stand;
    an identifier that is `taken` is a fault.
    """
    reading = Reading(values, fichier, ligne, received)
    key = reading.get("achat_id") or (f"L{ligne}" if ligne is not None else "A1")
    if not IDENTIFIER.fullmatch(key) or key in taken:
        reading.fault("achat_identifiant")
    objet = _object(reading)
    cpv = _cpv(reading)
    low, high = _amounts(reading)
    months = _whole(reading, "duree_mois", "achat_duree", bounds().mois_max)
    lieu, department, epci = _place(reading)
    kind = _buyer(reading)
    day = _day(reading)
    lots = _whole(reading, "lots", "achat_lots") if reading.get("lots") else 1
    if any(fault.gravite == ERROR for fault in reading.faults):
        return Read(key, None, reading.faults)
    notice, siren = _notice(reading), _siren(reading)
    purchase = Purchase(key, objet, cpv, low, high, months, lieu, department, epci, kind, day, lots, notice, siren)
    return Read(key, purchase, reading.faults)


def rows_of(rows: pd.DataFrame, fichier: str, received: Mapping[str, str]) -> list[Read]:
    """The `rows` of a file (see `spreadsheet.read_csv`) in their order; an identifier that a purchase above has is a
    fault. `received`: see `Reading`."""
    out: list[Read] = []
    taken: set[str] = set()
    for values in rows.to_dict("records"):
        line = int(values.pop("ligne"))
        out.append(parse(values, fichier=fichier, ligne=line, received=received, taken=taken))
        taken |= {out[-1].achat_id} if out[-1].purchase else set()
    return out


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value).strip()


def _object(reading: Reading) -> str:
    text = reading.get("objet")
    if not text:
        reading.fault("achat_objet")
    elif len(text.split()) < FEWEST_WORDS:
        reading.fault("achat_objet_court")
    return text


def _cpv(reading: Reading) -> str | None:
    """The 8 digits; none where they are not a code of a known division, as the whole nomenclature is not kept here."""
    if not reading.get("cpv"):
        return None
    digits = reading.one("cpv").str.extract(r"^(\d{8})(?:-\d)?$")[0][0]
    if pd.isna(digits) or str(digits)[:2] not in reference.labels("cpv_divisions"):
        reading.fault("achat_cpv")
        return None
    return str(digits)


def _amounts(reading: Reading) -> tuple[float, float]:
    low = _amount(reading, "montant_min", "achat_montant")
    high = _amount(reading, "montant_max", "achat_montant_max") if reading.get("montant_max") else low
    if high < low:
        reading.fault("achat_montants_ordre")
    least, most = likely_amounts()
    if 0 < low < least:
        reading.fault("achat_montant_faible")
    if high > most:
        reading.fault("achat_montant_eleve", "montant_max" if reading.get("montant_max") else "montant_min")
    return low, high


def _amount(reading: Reading, column: str, rule: str) -> float:
    amount = float(typed_numbers(reading.one(column))[0])
    if not 0 < amount <= bounds().montant_max:  # missing too
        reading.fault(rule)
        return float("nan")  # which no other rule is told of
    return amount


def _whole(reading: Reading, column: str, rule: str, most: float = float("inf")) -> int:
    number = float(typed_numbers(reading.one(column))[0])
    if not 1 <= number <= most or not number.is_integer():
        reading.fault(rule)
        return 0
    return int(number)


def _place(reading: Reading) -> tuple[str, str, str | None]:
    given = reading.one("lieu")
    department, epci = (found[0] for found in places(given))
    code = reading.get("lieu")
    if pd.isna(department) and pd.isna(epci):
        reading.fault("achat_lieu_hors_region" if _elsewhere(code) else "achat_lieu")
    elif pd.isna(epci) and department not in _departments():
        reading.fault("achat_lieu_hors_region")
    return str(current(given)[0]), str(department), None if pd.isna(epci) else str(epci)


def _elsewhere(code: str) -> bool:
    """Whether a code looks like that of a commune of another region, whose communes are not kept here."""
    known = set(reference.departments()["code_departement"]) - _departments()
    return len(code) == 5 and (code[:2] in known or code[:3] in known) and code[2:].isdigit()


def _departments() -> set[str]:
    """The departments whose communes the reference territory holds: the region."""
    return set(reference.communes()["departement"])


def _region_name() -> str:
    rows = reference.departments()
    code = rows.loc[rows["code_departement"].isin(_departments()), "code_region"].iloc[0]
    return str(reference.table("territoire/regions").set_index("code_region")["nom"].astype("str")[code])


def _buyer(reading: Reading) -> str:
    code = reading.get("acheteur_type").upper()
    if not code and reading.get("acheteur_siret"):
        reading.fault("achat_acheteur_siret")
    elif code not in reference.labels("acheteurs"):
        reading.fault("achat_acheteur")
    return code


def _siren(reading: Reading) -> str | None:
    """The first nine digits of what identifies the buyer, where something does."""
    digits = re.sub(r"\s", "", reading.get("acheteur_siret"))[:9]
    return digits if re.fullmatch(r"\d{9}", digits) else None


def _day(reading: Reading) -> dt.date:
    day = dates(reading.one("date_notification"))[0]
    first, last = known_days()
    if pd.isna(day) or day.year > bounds().annee_max:
        reading.fault("achat_date")
        return first
    if day.date() < first:
        reading.fault("achat_date_ancienne")
    if day.date() > last:
        reading.fault("achat_date_lointaine")
    return day.date()


def _notice(reading: Reading) -> dt.date | None:
    """The day of the notice, where there is one; the notification that is counted from it has the faults of both."""
    day = dates(reading.one(NOTICE))[0]
    return None if pd.isna(day) else day.date()
