"""The watch as a calendar that a facilitator subscribes to: `veille_<territoire>.ics` (RFC 5545).

One event per expected need, over its window of notification. Nothing but public data on contracts: objects, buyers,
dates. The same tables give the same bytes: an event's UID comes from its need, its DTSTAMP from the observation date.
"""

from __future__ import annotations

import datetime as dt
import hashlib

import numpy as np
import pandas as pd
from icalendar import Calendar, Event

from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.months import later
from analysis.core.numbers import as_printed, french, french_date
from analysis.core.params import WatchParams
from analysis.core.paths import calendar_name
from analysis.segments.watch.needs import classes, hypothesis

DOMAIN = "veille.clauses-sociales"  # of the UIDs: no address, only what sets them apart from others'
RENEWAL = "renouvellement"  # the one origin whose chance is not, or not only, that of an announcement
PRODUCT = "-//Observatoire de la commande publique//Veille des clauses sociales//FR"
MOST_DAYS = 2**16  # since 1970: a day of a file weighs more than any of an event, and both fit in 31 bits


def feed(
    needs: pd.DataFrame, name: str, observed: dt.date, settings: WatchParams, tested: pd.DataFrame | None = None
) -> bytes:
    """The iCalendar file of a territory called `name`, as bytes.

    `needs`: the rows of `veille_besoins` of that territory (see `inside`); `observed`: the date of observation of the
    dataset; `tested`: `veille_calibration`. Events in order of window, then identifier.
    """
    calendar = opened(
        PRODUCT,
        f"Veille des clauses sociales : {name}",
        f"Marchés attendus, d'après les données observées au {french_date(observed)}",
    )
    stamp = stamped(observed)
    rows = listed(needs, settings).sort_values(["fenetre_debut", "besoin_id"])
    # The day expected leaves less than the time of preparation: the notice may be out.
    rows = rows.assign(late=later(rows["date_mediane"], -hypothesis("preparation")) < pd.Timestamp(observed))
    rows = rows.assign(seen=_seen(rows, tested))
    for column, codelist in (("segment", "segments"), ("origine", "veille_origines")):
        rows[column] = rows[column].map(reference.labels(codelist))
    for row in rows.to_dict("records"):
        calendar.add_component(_event(row, stamp))
    return calendar.to_ical()


def _seen(needs: pd.DataFrame, tested: pd.DataFrame | None) -> pd.Series:
    """What part of the ends that were given about the chance of each renewal was renewed in the back-test, where that
    is less than was said; missing elsewhere, and for announced purchases, that nothing has tested."""
    none = pd.Series(np.nan, index=needs.index)
    if tested is None or tested.empty or needs.empty:
        return none
    too_high = tested[tested["observe"] < tested["predit"]].set_index("classe")["observe"]
    return classes(needs["probabilite"]).map(too_high).where(needs["origine"].eq(RENEWAL), none)


def listed(needs: pd.DataFrame, settings: WatchParams) -> pd.DataFrame:
    """The needs that a calendar holds: the `events` most likely from `event_probability` on, for nobody calls more
    buyers, and programs choke on more."""
    rows = needs[needs["p_horizon"] >= settings.event_probability]
    return rows.sort_values(["p_horizon", "besoin_id"], ascending=[False, True]).head(settings.events)


def opened(product: str, title: str, description: str) -> Calendar:
    """A calendar without events; `title` and `description` are what its subscribers read."""
    calendar = Calendar()
    calendar.add("prodid", product)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", title)
    calendar.add("x-wr-caldesc", description)
    return calendar


def stamped(day: dt.date) -> dt.datetime:
    """The DTSTAMP of what is known on `day`: no clock, so that the same tables give the same bytes."""
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def whole_days(key: str, domain: str, start: dt.date, end: dt.date, stamp: dt.datetime) -> Event:
    """An event from `start` to `end`, both included, whose UID comes from `key` within `domain` and tells nothing.

    Files keep no count of revisions, and an event that is moved must have a higher SEQUENCE than before (RFC 5545,
    3.8.7.4): that of a later file, or of an event put off in a file of the same day, is.
    """
    event = Event()
    event.add("uid", f"{hashlib.sha256(key.encode()).hexdigest()[:32]}@{domain}")
    event.add("dtstamp", stamp)
    event.add("sequence", _days(stamp.date()) * MOST_DAYS + _days(start))
    event.add("dtstart", start)
    event.add("dtend", end + dt.timedelta(days=1))  # RFC 5545: the end of an event of whole days is the day after
    return event


def _days(day: dt.date) -> int:
    return (day - dt.date(1970, 1, 1)).days


def _event(row: dict, stamp: dt.datetime) -> Event:
    start, end = row["fenetre_debut"].date(), row["fenetre_fin"].date()
    event = whole_days(row["besoin_id"], DOMAIN, start, end, stamp)
    event.add("summary", f"{_chance(row)} : {row['objet']}")
    event.add("description", _description(row, start, end, stamp))
    event.add("categories", [row["segment"]])
    event.add("transp", "TRANSPARENT")  # whoever subscribes is not busy for three months
    return event


def _description(row: dict, start: dt.date, end: dt.date, stamp: dt.datetime) -> str:
    buyer = row["acheteur_nom"] if pd.notna(row["acheteur_nom"]) else f"SIREN {row['acheteur_siren']}"
    lines = [
        f"Objet : {row['objet']}",
        f"Acheteur : {buyer}",
        f"Segment : {row['segment']}",
        f"Notification attendue du {french_date(start)} au {french_date(end)} (8 chances sur 10, si le besoin revient)",
        f"Probabilité d'un nouveau marché : {_chance(row)}",
        _call(row, stamp.date()),
        f"Heures d'insertion possibles : {_hours(row)}",
        f"Origine : {row['origine']}{_end(row)}",
    ]
    return "\n".join(lines)


def _end(row: dict) -> str:
    """When the running contract ends, if there is one; about when, where its lots do not end on one day."""
    if pd.isna(row["fin"]):
        return ""
    about = "vers le" if row["fins_diverses"] else "le"
    return f", fin {about} {french_date(row['fin'])}{' (lots de durées diverses)' if row['fins_diverses'] else ''}"


def _call(row: dict, today: dt.date) -> str:
    """When to call the buyer, or that it may be too late."""
    if row["late"]:
        return "L'avis est peut-être déjà publié : à vérifier sans attendre"
    first = row["date_alerte"].date()
    day = "dès maintenant" if first <= today else f"avant le {french_date(first)}"
    return f"À appeler {day}, pour que la clause soit écrite avant l'avis"


def _chance(row: dict) -> str:
    """The probability of a need, and beside it what was seen of those that had about it, where that is less."""
    said = as_printed(row["probabilite"], 2, "part")
    return said if pd.isna(row["seen"]) else f"{said} (vu à l'épreuve : {as_printed(row['seen'], 2, 'part')})"


def _hours(row: dict) -> str:
    if pd.isna(row["heures_p50"]):
        return "non estimées"
    low, middle, high = (french(row[f"heures_p{q}"]) for q in (10, 50, 90))
    return f"{middle} (de {low} à {high}, 8 cas sur 10)"


def inside(needs: pd.DataFrame, territory: str, region: str) -> pd.DataFrame:
    """The rows of `veille_besoins` of a territory: the region, a department, or an EPCI."""
    if territory == region:
        return needs
    return needs[(needs["departement"] == territory) | (needs["epci_siren"] == territory)]


def feeds(
    needs: pd.DataFrame, dataset: Dataset, settings: WatchParams, tested: pd.DataFrame | None = None
) -> dict[str, bytes]:
    """The files of the region, its departments and its EPCI, by file name; a territory without events has its file too,
    so that a subscription does not break."""
    departments = reference.departments().set_index("code_departement")["nom"]
    names = {
        dataset.region: dataset.territory_name,
        **departments[dataset.departements],
        **reference.epci_of(dataset.departements),
    }
    return {
        calendar_name(code): feed(inside(needs, code, dataset.region), name, dataset.date_observation, settings, tested)
        for code, name in names.items()
    }
