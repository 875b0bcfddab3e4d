"""What the law asks of a planned purchase on the day of its consultation, and the ways that are open to it.

Decision support, no legal advice: every rule is a dated row of reference data with its source (`droit/`), and the
first table says so to its reader. The day that counts is that of the consultation (law 2021-1104, art. 35, IV), not
of the notification.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from analysis.buyer.purchase import Purchase
from analysis.core import reference
from analysis.core.numbers import between, french, french_date, percent
from analysis.segments.contracts import bought
from analysis.segments.state.compliance import PRIVATE, central, nature_of, parameter, thresholds

NATURES = {"TRAVAUX": "travaux", "FOURNITURES_SERVICES": "fournitures et services"}
YES, NO, FROM = "oui", "non", "selon"  # whether a need reaches its threshold; of a range of amounts, from one on
ASKED = ["code", "libelle", "cas", "phrase", "article", "source"]
OPTIONS = ["mecanisme", "critere", "effet", "favorable", "phrase", "article", "source"]


def nature(purchase: Purchase, segment: str | None = None) -> str | None:
    """TRAVAUX, SERVICES or FOURNITURES: by the division of the CPV code, else by the group of the segment."""
    if purchase.cpv is not None:
        return str(bought(pd.Series([purchase.cpv], dtype="str"))[0])
    groups = reference.table("nomenclatures/segments").set_index("code")["groupe"]
    return None if segment is None else str(groups[segment])


def works(purchase: Purchase, segment: str | None = None) -> bool:
    """Whether works are bought, as far as is known."""
    return nature(purchase, segment) == "TRAVAUX"


def threshold(purchase: Purchase, day: dt.date, segment: str | None = None) -> float | None:
    """The European threshold, in euros excluding tax, on `day`; none where unknown or for a private buyer.

    That of contracting entities (networks) is not used: the kind of a buyer does not tell them apart.
    """
    if purchase.acheteur_type == PRIVATE:
        return None
    return _limit(day, works(purchase, segment), _central(purchase))


def _central(purchase: Purchase) -> bool:
    """Whether a central authority buys, as far as the kind of the buyer, and its SIREN if it is known, tell."""
    return bool(central(pd.Series([purchase.acheteur_type]), pd.Series([purchase.acheteur_siren], dtype="str"))[0])


@cache
def _limit(day: dt.date, of_works: bool, of_state: bool) -> float | None:
    limit = thresholds(pd.Series([pd.Timestamp(day)]), pd.Series([of_works]), pd.Series([of_state]))[0]
    return None if pd.isna(limit) else float(limit)


def reached(purchase: Purchase, limit: float | None) -> str | None:
    """Whether the need reaches `limit` (euros excluding tax): YES, NO, or FROM where the top of its range alone does.

    The amount that a buyer plans is the value that the law looks at, that of the need as it estimates it, and equality
    is enough. None where no threshold is known.
    """
    if limit is None:
        return None
    return YES if purchase.montant_min >= limit else FROM if purchase.montant_max >= limit else NO


def asked(purchase: Purchase, day: dt.date, segment: str | None = None) -> pd.DataFrame:
    """What the law asks if the consultation is launched on `day`: columns `ASKED`, one row per finding.

    SEUIL, OBLIGATION (L2112-2-1), SPASER and PNAD for information, AVERTISSEMENT (no legal advice); `phrase` is the
    French sentence of `droit/constats`.
    """
    limit = threshold(purchase, day, segment)
    since = dt.date.fromisoformat(parameter("obligation_sociale_du"))
    perhaps = dt.date.fromisoformat(parameter("obligation_sociale_des"))
    cases = {"AVERTISSEMENT": "information"}
    if _central(purchase) and not works(purchase, segment):
        cases |= {"SEUIL_ETAT": "information"}
    if purchase.acheteur_type == PRIVATE:
        cases |= {"SEUIL": "prive", "OBLIGATION": "prive"}
    else:
        cases |= {
            "SEUIL": reached(purchase, limit) or "inconnu",
            "OBLIGATION": _obligation(purchase, day, (perhaps, since), limit),
            "SPASER": "information",
            "PNAD": "echu" if purchase.date_notification > _end_of("PNAD", "en_cours") else "en_cours",
        }
    said = {
        "jour": french_date(day),
        "depuis": french_date(since),
        "peut_etre": french_date(perhaps),
        "seuil": french(limit, 0, "€"),
        "nature": NATURES[nature_of(pd.Series([works(purchase, segment)]))[0]],
        "seuil_autre": french(_limit(day, False, False), 0, "€"),
        "montant": between(purchase.montant_min, purchase.montant_max, 0, "€"),
        "seuil_spaser": french(float(parameter("seuil_spaser")), 0, "€"),
        "objectif": percent(float(parameter("objectif_pnad")), 0),
    }
    rows = _texts("droit/constats")
    rows = rows[[cases.get(code) == case for code, case in zip(rows["code"], rows["cas"], strict=True)]]
    # What did not exist yet asks nothing, unless the finding is just that.
    begun = (rows["du"] <= day.isoformat()) | rows["code"].isin(["SEUIL", "OBLIGATION"])
    rows = rows[begun].reset_index(drop=True)
    return rows.assign(phrase=[text.format(**said) for text in rows["phrase"]])[ASKED]


@cache
def _texts(name: str) -> pd.DataFrame:
    """A reference table as text, empty where nothing is written; days as ISO texts compare as days do."""
    return reference.table(name).astype("str").fillna("")


def _obligation(purchase: Purchase, day: dt.date, since: tuple[dt.date, dt.date], limit: float | None) -> str:
    """The case of the obligation; `since`: from when it may be in force, sources disagreeing, and from when it is."""
    perhaps, since_then = since
    if day >= since_then:
        return IN_FORCE_CASES[reached(purchase, limit)]
    if day >= perhaps and reached(purchase, limit) != NO:
        return "incertaine"
    return "entre" if purchase.date_notification >= since_then else "avant"


IN_FORCE_CASES = {YES: "en_vigueur", FROM: "en_vigueur_selon", NO: "sous_seuil", None: "sans_seuil"}


def _end_of(code: str, case: str) -> dt.date:
    rows = reference.table("droit/constats").set_index(["code", "cas"])
    return dt.date.fromisoformat(str(rows.loc[(code, case), "au"]))


def exceptions() -> pd.DataFrame:
    """The closed exceptions to L2112-2-1, as questions for the buyer: ordre, code, libelle, question, source."""
    rows = reference.table("droit/exceptions")
    return rows.assign(ordre=range(1, len(rows) + 1))[["ordre", "code", "libelle", "question", "source"]]


@dataclass(frozen=True)
class Facts:
    """What the criteria look at: `day` of the consultation, the purchase, and what is known around it.

    segment (code), seuil (euros), heures (of insertion, over the whole contract), structures (insertion
    companies within reach that serve the segment) and iae (those of its very sector that L5132-4 names) are none where
    nobody knows.
    """

    day: dt.date
    purchase: Purchase
    segment: str | None = None
    seuil: float | None = None
    heures: float | None = None
    structures: int | None = None
    iae: int | None = None


Criterion = Callable[[str, Facts], bool | None]


def _listed(value: str) -> list[str]:
    return value.split(";")


def _among(known: str | None, value: str) -> bool | None:
    return None if known is None else known in _listed(value)


def _at_least(known: float | None, value: str) -> bool | None:
    return None if known is None else known >= float(value)


def _cpv_among(code: str | None, value: str) -> bool | None:
    """Whether a CPV code begins like one of those listed; none where it is missing, or too broad to tell."""
    if code is None:
        return None
    digits, listed = code[:8], _listed(value)
    if any(digits.startswith(start) for start in listed):
        return True
    return None if any(start.startswith(digits.rstrip("0")) for start in listed) else False


def _reaches(facts: Facts) -> bool | None:
    """Whether the need reaches the threshold; none where it is unknown, or depends on the amount."""
    return {YES: True, NO: False}.get(reached(facts.purchase, facts.seuil) or "")


def _not(known: bool | None) -> bool | None:
    return None if known is None else not known


def _applies(when: str, facts: Facts) -> bool:
    """Whether a reason is of such a purchase: `when` is natures of what is bought, each with NO_CPV after a `+` where
    the reason is only of a purchase without code; everything where empty, and where the nature is not known."""
    known = nature(facts.purchase, facts.segment)
    if not when or known is None:
        return True
    for case in _listed(when):
        name, *more = case.split("+")
        if name == known and (more != [NO_CPV] or facts.purchase.cpv is None):
            return True
    return False


NO_CPV = "SANS_CPV"
CRITERIA: dict[str, Criterion] = {
    "toujours": lambda value, facts: True,
    "a_verifier": lambda value, facts: None,
    "cpv_parmi": lambda value, facts: _cpv_among(facts.purchase.cpv, value),
    "cpv_hors": lambda value, facts: _not(_cpv_among(facts.purchase.cpv, value)),
    "acheteur_hors": lambda value, facts: facts.purchase.acheteur_type not in _listed(value),
    "acheteur_competent": lambda value, facts: facts.purchase.acheteur_type in _listed(value) or None,
    "segment_parmi": lambda value, facts: _among(facts.segment, value),
    "segment_hors": lambda value, facts: None if facts.segment is None else facts.segment not in _listed(value),
    "nature_parmi": lambda value, facts: _among(nature(facts.purchase, facts.segment), value),
    "duree_min": lambda value, facts: facts.purchase.duree_mois >= float(value),
    "duree_max": lambda value, facts: facts.purchase.duree_mois <= float(value),
    "lots_min": lambda value, facts: facts.purchase.lots >= float(value),
    "seuil_atteint": lambda value, facts: _reaches(facts),
    "seuil_non_atteint": lambda value, facts: _not(_reaches(facts)),
    "structures_min": lambda value, facts: _at_least(facts.structures, value),
    "iae_min": lambda value, facts: _at_least(facts.iae, value),
    "heures_min": lambda value, facts: _at_least(facts.heures, value),
}
UNKNOWN_LIMIT = "le seuil européen, qui n'est pas connu à cette date"
CLOSING = "bloquant"  # the effect of a criterion that closes a way where it is not met
IN_FORCE = "en_vigueur"  # the one criterion that looks at the dates of its own row


def options(facts: Facts) -> pd.DataFrame:
    """Why each mechanism fits this purchase or not: columns `OPTIONS`, in the order of `droit/options`, where a reason
    that several share is written once.

    favorable is missing where what a criterion looks at is not known, or is for the buyer to say. Rules out of force on
    the day are left out, but for that which says whether the mechanism itself exists; so are reasons that are not of
    what is bought (`quand`), and of a way that is closed those that do not close.
    """
    rows = _by_mechanism()
    force = _in_force(rows, facts.day)
    rows = rows.assign(_force=force)[force | rows["critere"].eq(IN_FORCE)]
    rows = rows[[_applies(when, facts) for when in rows["quand"]]]
    unknown = _texts("droit/criteres").set_index("critere")["phrase_si_inconnu"]
    said = {
        "structures": french(facts.structures),
        "iae": french(facts.iae),
        "heures": french(facts.heures),
        "seuil": UNKNOWN_LIMIT if facts.seuil is None else f"le seuil européen ({french(facts.seuil, 0, '€')})",
    }
    told = []
    for row in rows.to_dict("records"):
        name, value = row["critere"], str(row["valeur"])
        met = bool(row["_force"]) if name == IN_FORCE else CRITERIA[name](value, facts)
        # What is for the buyer to say asks its own question.
        phrase = row["phrase_si_non" if met is False else "phrase_si_oui"]
        phrase = unknown[name] or phrase if met is None else phrase
        told.append(row | {"favorable": met, "phrase": phrase.format(valeur=_written(value), **said)})
    table = pd.DataFrame(told, columns=OPTIONS).astype({"favorable": "boolean"})
    closes = table["effet"].eq(CLOSING)
    closed = table.loc[closes & table["favorable"].eq(False).fillna(False), "mecanisme"]
    return table[closes | ~table["mecanisme"].isin(closed)].reset_index(drop=True)


@cache
def _by_mechanism() -> pd.DataFrame:
    """`droit/options`, a row for each mechanism that a reason is of; mechanisms in the order in which they begin."""
    rows = _texts("droit/options")
    rows = rows.assign(mecanisme=rows["mecanisme"].map(_listed)).explode("mecanisme", ignore_index=True)
    order = {name: rank for rank, name in enumerate(rows["mecanisme"].unique())}
    return rows.sort_values("mecanisme", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def _in_force(rows: pd.DataFrame, day: dt.date) -> pd.Series:
    text = day.isoformat()
    return (rows["du"] <= text) & (rows["au"].eq("") | (rows["au"] >= text))


def _written(value: str) -> str:
    return french(float(value)) if value.isdigit() else value


NO_RESERVE = ("information", "demande")  # effects of reasons that hold nothing back
DEMANDED = "DEMANDEE"


def verdicts(told: pd.DataFrame) -> pd.DataFrame:
    """One row per mechanism of `options`: mecanisme, libelle, verdict (`droit/verdicts`), verdict_libelle.

    FERMEE where a criterion that closes is not met, DEMANDEE where one by which the law asks for it is, RESERVES where
    another is not, A_VERIFIER where one is not known, else OUVERTE; what is only told for information closes nothing.
    """
    judged = told[~told["effet"].isin(NO_RESERVE)]
    no = judged["favorable"].eq(False).fillna(False)
    by = judged["mecanisme"]
    closed = (no & judged["effet"].eq(CLOSING)).groupby(by).any()
    asked = told["favorable"].eq(True).fillna(False) & told["effet"].eq("demande")
    demanded = asked.groupby(told["mecanisme"]).any()
    doubts = no.groupby(by).any()
    unknown = judged["favorable"].isna().groupby(by).any()
    names = pd.Series(told["mecanisme"].unique(), name="mecanisme")
    code = np.select(
        [names.map(verdict) for verdict in (closed, demanded, doubts, unknown)],
        ["FERMEE", DEMANDED, "RESERVES", "A_VERIFIER"],
        "OUVERTE",
    )
    labels = reference.table("droit/verdicts").set_index("code")["libelle"]
    out = pd.DataFrame({"mecanisme": names, "libelle": names.map(reference.labels("mecanismes")), "verdict": code})
    return out.assign(verdict_libelle=out["verdict"].map(labels))
