"""The needs expected in a place or a segment, as a sheet or a page of the guide lists them."""

from __future__ import annotations

import pandas as pd

from analysis.core.numbers import french, french_date, percent, round_half_up
from analysis.core.params import load_params
from analysis.core.paths import CALENDARS, calendar_name
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Prose
from analysis.publishing.page import Page
from analysis.segments.views.common import months
from analysis.segments.watch.feed import listed

TABLE, CALIBRATION = "segments/veille_besoins", "segments/veille_calibration"


def likeliest(rows: pd.DataFrame, shown: int) -> pd.DataFrame:
    """The `shown` needs most likely to come back, of the result `veille_besoins`."""
    return rows.sort_values(["p_horizon", "besoin_id"], ascending=[False, True]).head(shown)


def expected(page: Page, rows: pd.DataFrame, shown: int, empty: str, more: dict[str, Column] | None = None) -> Content:
    """The likeliest of `rows` as a table, with the columns `more`; the sentence `empty` where there is none."""
    if rows.empty:
        return Prose(empty)
    told = likeliest(rows, shown)
    told = told.assign(
        fenetre=[months(*window) for window in zip(told["fenetre_debut"], told["fenetre_fin"], strict=True)]
    )
    return DataTable(
        told,
        columns={
            "objet": Column("Objet"),
            "acheteur_nom": Column("Acheteur"),
            "fenetre": Column("Notification attendue"),
            "p_horizon": Column("Probabilité", **PERCENT),
            **(more or {}),
        },
        caption="Les marchés dont le renouvellement est le plus probable",
        scope=scope(page),
        csv=page.csv(TABLE),
        note=_tried(page, told["p_horizon"].max()),
    )


def subscribed(page: Page, rows: pd.DataFrame, *, brief: bool = False) -> str:
    """The link to the calendar of the page's territory, whose needs are `rows`, and that nothing is in it if so; which
    needs it holds, unless `brief`.

    Its address stays when it empties, so that who subscribes misses nothing of what comes.
    """
    settings, name = load_params().segments.watch, calendar_name(page.territory)
    link, least = f"[{name}](../{CALENDARS}/{name})", percent(settings.event_probability, 0)
    if listed(rows, settings).empty:
        return (
            f"Un calendrier auquel s'abonner, {link}, recevra les marchés dont la probabilité atteint {least} : aucun "
            "pour l'instant."
        )
    which = "" if brief else f" (ceux dont la probabilité atteint {least}, {french(settings.events)} au plus)"
    return f"Les marchés les plus probables sont dans un calendrier auquel s'abonner : {link}{which}."


def _tried(page: Page, chance: float) -> str | None:
    """How often needs came back that had about that chance, in the back-test; nothing where none was tried."""
    told = page.read(CALIBRATION)
    if told.empty:
        return None
    tried = told.loc[(told["predit"] - chance).abs().idxmin()]
    return (
        f"Éprouvé sur les années passées : sur 100 marchés annoncés aussi probables, "
        f"{round_half_up(100 * tried['observe'])} ont été renouvelés. La probabilité d'un achat que "
        "l'acheteur annonce est une hypothèse."
    )


def scope(page: Page) -> str:
    """What the needs are of."""
    return f"{page.territory_name}, marchés en cours et annoncés au {french_date(page.dataset.date_observation)}"
