"""The unit that is tendered again: a need, that is the lots of one consultation.

A buyer that renews one lot renews its consultation: lots share a procedure and a calendar, and counting each of
fourteen lots would count one decision fourteen times. The data name no consultation, so lots are brought together by
what they share: buyer, notification within days of each other, and the object without its lot. Contracts subsequent to
a framework agreement (`contracts.under_another`) spend it: they are no need of their own, are not renewed, and renew
nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.months import later
from analysis.core.numbers import MONTH
from analysis.core.sirene import siren_of
from analysis.core.texts import LIGATURES, LOST, unaccented
from analysis.segments.contracts import under_another

LOT_DAYS = 14  # between the notifications of two lots of one consultation, one after the other
FRAMEWORK = "accord-cadre"
_LOT = re.compile(r"\blots?\b\s*(?:n\W{0,3}|num\w?ro\s*)?\d+\w?\b")
_SAID_LOT = re.compile(r"\blots?\b\s*(?:n\W{0,3}|num.ro\s*)?\d+", re.IGNORECASE)
_CODE = re.compile(r"\b(?=[a-z]*\d)\w+(?:[-/_]\w+)+|\b(?=[a-z]*\d)(?=\d*[a-z])\w+\b|\b(?:19|20)\d\d\b|\b\d{4,}\b")
_AGAIN = re.compile(
    r"(?<!\bnon[ -])(?:reconduc\w*|renouvelab\w*)[^\w.;]+(?:\w+[^\w.;]+){0,6}?(\d|une?|deux|trois|quatre)\W+fois"
    r"(?!\W+par\b)"  # not what is done twice a year
)
_NUMBERS = {"un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4}

LOTS = [
    "uid", "besoin", "acheteur_siren", "acheteur_nom", "categorie", "objet", "segment", "codeCPV", "montant",
    "montant_initial", "notification", "mois_initiaux", "mois_reconduits", "mois", "accord_cadre", "racine",
    "departement", "epci_siren",
]  # fmt: skip
CLASSES = 10  # of probability, of equal width, where predictions are held against what came


def hypothesis(name: str) -> float:
    """A number of `veille/hypotheses.csv`."""
    return float(reference.value("veille/hypotheses", name))


@dataclass(frozen=True)
class Needed:
    """What was bought: `lots` and `needs` as the functions of those names give them, out of so many `contracts`."""

    lots: pd.DataFrame
    needs: pd.DataFrame
    contracts: int


def needed(contracts: pd.DataFrame) -> Needed:
    """The lots and needs of the clean contracts, which have their `segment` and `categorie`."""
    rows = lots(contracts)
    return Needed(rows, needs(rows), len(contracts))


def plain(text: str) -> str:
    """`text` in lower-case ASCII, its accented letters dropped, its ligatures in two letters.

    Dropped, not folded: a letter lost to a wrong encoding (U+FFFD) and the letter itself then read the same.
    """
    return re.sub(r"\s+", " ", text.translate(LIGATURES).encode("ascii", "ignore").decode().lower()).strip()


def stem(text: str) -> str:
    """The words of an object that name the need: no lot, number of procedure, year, nor word that any object has."""
    return _stem(plain(text))


def _stem(low: str) -> str:
    lot = _LOT.search(low)
    if lot:
        before = low[: lot.start()]
        low = before if len(before.split()) >= 3 else low[lot.end() :]
    low = _CODE.sub(" ", low)
    words = [word for word in re.findall(r"[a-z]+|\d+", low) if word not in _neutral()]
    return " ".join(words)


def _without_lot(text: str) -> str:
    found = _SAID_LOT.search(text)
    before = text[: found.start()].rstrip(" -–:,(") if found else ""
    return before if len(before.split()) >= 3 else text


def reconductions(text: str) -> int:
    """How many times the object says that the contract may be carried on; 0 when it says nothing."""
    found = _AGAIN.search(unaccented(text.lower()))
    return 0 if found is None else _NUMBERS.get(found[1]) or int(found[1])


@cache
def _neutral() -> frozenset[str]:
    words = reference.table("veille/mots_neutres")["mot"]
    return frozenset(form for word in words for form in (plain(word), unaccented(word.lower())))


def lots(contracts: pd.DataFrame) -> pd.DataFrame:
    """The contracts that are lots of a need, with its number `besoin`: columns `LOTS`, in order of uid.

    `contracts` has the columns of the clean contracts, `segment` and `categorie`. Left out: subsequent contracts, and
    those without any date or object. A missing notification is the publication less the usual delay between the two.
    `mois` is the duration with the modifications, `mois_initiaux` without; both hold the reconductions that the object
    says, `mois_reconduits`, each as long as the initial duration. All in months.
    """
    rows = contracts.sort_values("uid", ignore_index=True)
    text = rows["objet"].fillna("").astype(object)  # plain Python text: each word is looked at, one object at a time
    low = text.map(plain)
    nature, technique = (rows[name].fillna("").astype("str") for name in ("nature", "techniques"))
    notified, published = (pd.to_datetime(rows[name]) for name in ("dateNotification", "datePublicationDonnees"))
    delay = (published - notified).median()
    notified = notified.fillna(published - (delay if pd.notna(delay) else pd.Timedelta(0)).floor("D"))
    final = rows["dureeMois"].astype("float64")
    first = rows["duree_initiale"].astype("float64").fillna(final)
    said = text.str.contains("reconduc|renouvelab", case=False)
    times = 1 + text.where(said, "").map(reconductions)
    out = pd.DataFrame(
        {
            "uid": rows["uid"],
            "acheteur_siren": siren_of(rows["acheteur_id"]),
            "acheteur_nom": buyer_names(rows),
            "categorie": rows["categorie"],
            "objet": rows["objet"],
            "segment": rows["segment"],
            "codeCPV": rows["codeCPV"],
            "montant": rows["montant"].astype("float64"),
            "montant_initial": rows["montant_initial"].astype("float64"),
            "notification": notified.astype("datetime64[s]"),
            "mois_initiaux": first * times,
            "mois_reconduits": first * (times - 1),
            "mois": final + first * (times - 1),
            "accord_cadre": (nature + " " + technique).str.contains(FRAMEWORK, case=False),
            "departement": rows["departement"],
            "epci_siren": rows["epci_siren"],
            "racine": low.map(_stem),
        }
    )
    out = out[~under_another(rows) & out["notification"].notna() & (out["racine"] != "")]
    return _numbered(out)[LOTS].sort_values("uid", ignore_index=True)


def buyer_names(contracts: pd.DataFrame) -> pd.Series:
    """The name of each contract's buyer; where none, or one that lost letters, the latest legible one of its SIREN.

    The format in force since 2024 has no name of the buyer.
    """
    siren, received = siren_of(contracts["acheteur_id"]), contracts["acheteur_nom"]
    legible = received.mask(received.str.contains(LOST, regex=False, na=False))
    known = contracts.assign(_siren=siren, _nom=legible).dropna(subset="_nom")
    known = known.sort_values(["annee", "uid"], na_position="first")
    latest = known.drop_duplicates("_siren", keep="last").set_index("_siren")["_nom"]
    return legible.fillna(siren.map(latest).astype("str")).fillna(received)


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """`besoin`: one number for the rows of a buyer and stem that follow each other within `LOT_DAYS`."""
    rows = rows.sort_values(["acheteur_siren", "racine", "notification", "uid"], ignore_index=True)
    same = (rows[["acheteur_siren", "racine"]] == rows[["acheteur_siren", "racine"]].shift()).all(axis=1)
    near = rows["notification"].diff() <= pd.Timedelta(days=LOT_DAYS)
    return rows.assign(besoin=(~(same & near)).cumsum() - 1)


def needs(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per need of `lots`, indexed by `besoin`.

    uid and objet of its largest lot (without the lot, when there are several), racine, acheteur_siren, acheteur_nom,
    categorie, segment (with most money), codeCPV, montant and montant_initial (sums of those known; missing when none
    is), lots, notification (the first), mois, mois_initiaux (medians of the lots: one lot carried on does not put off
    the others' consultation), fins_diverses (its lots do not end on one day), accord_cadre, departement, epci_siren.
    """
    size = rows["montant"].fillna(0)
    ends = later(rows["notification"], rows["mois"])
    ordered = rows.assign(_size=size, _end=ends).sort_values(["besoin", "_size", "uid"], ascending=[True, False, True])
    by = ordered.groupby("besoin", sort=True)
    money = ordered.groupby(["besoin", "segment"], as_index=False)["_size"].sum()
    money = money.sort_values(["besoin", "_size", "segment"], ascending=[True, False, True])
    names = [
        "uid",
        "objet",
        "acheteur_siren",
        "acheteur_nom",
        "categorie",
        "codeCPV",
        "racine",
        "departement",
        "epci_siren",
    ]
    head = ordered.drop_duplicates("besoin").set_index("besoin")[names]
    several = by.size() > 1
    return head.assign(
        objet=head["objet"].where(~several, head["objet"].astype(object).map(_without_lot)),
        segment=money.drop_duplicates("besoin").set_index("besoin")["segment"],
        montant=by["montant"].sum(min_count=1),
        montant_initial=by["montant_initial"].sum(min_count=1),
        lots=by.size(),
        notification=by["notification"].min(),
        mois=by["mois"].median(),
        mois_initiaux=by["mois_initiaux"].median(),
        fins_diverses=by["_end"].max() > by["_end"].min(),
        accord_cadre=by["accord_cadre"].any(),
    )


def months_known(rows: pd.DataFrame, changes: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """The duration of each need in months as it was known on `day`: only the modifications notified by then.

    A modification changes the duration of one period: what the object says of reconductions is added to it.
    `rows` as `lots` gives them, `changes` as the clean `marches_modifications`. Indexed by `besoin`.
    """
    when = pd.to_datetime(changes["date"]).fillna(pd.to_datetime(changes["datePublicationDonnees"]))
    known = changes[changes["dureeMois"].notna() & (when <= day)].sort_values(["uid", "ordre"])
    latest = known.drop_duplicates("uid", keep="last").set_index("uid")["dureeMois"].astype("float64")
    months = rows["uid"].map(latest).astype("float64") + rows["mois_reconduits"]
    return months.fillna(rows["mois_initiaux"]).groupby(rows["besoin"]).median()


def added(day: pd.Series, months: pd.Series | float) -> pd.Series:
    """`day` plus a number of mean months, which may be a fraction, to the day: what `months_between` inverts.

    How long a contract lasts is counted on the calendar instead (`core.months.later`).
    """
    return day + pd.to_timedelta(np.round(months * MONTH), unit="D")


def months_between(first: pd.Series, last: pd.Series) -> pd.Series:
    """Months from `first` to `last`, as a fraction."""
    return (last - first).dt.days / MONTH


def whole_months(values: pd.Series) -> np.ndarray:
    """The month that each number of months falls in: -0.2 is month -1, 0.2 month 0."""
    return np.floor(values.to_numpy(float)).astype(int)


def classes(chances: pd.Series) -> pd.Series:
    """The class of each probability, from 0."""
    return np.minimum((chances.astype(float) * CLASSES).astype(int), CLASSES - 1)
