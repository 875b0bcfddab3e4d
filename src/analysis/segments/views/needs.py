"""The needs expected in a place or a segment, as a sheet or a page of the guide lists them."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import french, french_date, percent, round_half_up
from analysis.core.params import load_params
from analysis.core.paths import CALENDARS, calendar_name
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Prose
from analysis.publishing.page import Page
from analysis.segments.views.common import months
from analysis.segments.watch.feed import RENEWAL, listed

TABLE, CALIBRATION = "segments/veille_besoins", "segments/veille_calibration"
ORIGINS = {RENEWAL: "fin d'un marché", "projet": "annonce de l'acheteur", "les_deux": "fin d'un marché, et annonce"}


def likeliest(rows: pd.DataFrame, shown: int) -> pd.DataFrame:
    """The `shown` needs most likely to come back, of the result `veille_besoins`."""
    return rows.sort_values(["p_horizon", "besoin_id"], ascending=[False, True]).head(shown)


def expected(page: Page, rows: pd.DataFrame, shown: int, empty: str, more: dict[str, Column] | None = None) -> Content:
    """The likeliest of `rows` as a table, with the columns `more`; the sentence `empty` where there is none."""
    if rows.empty:
        return Prose(empty)
    told = likeliest(rows, shown)
    told = told.assign(
        fenetre=[months(*window) for window in zip(told["fenetre_debut"], told["fenetre_fin"], strict=True)],
        vient_de=told["origine"].map(ORIGINS),
    )
    return DataTable(
        told,
        columns={
            "objet": Column("Objet"),
            "acheteur_nom": Column("Acheteur"),
            "fenetre": Column("Notification attendue"),
            "p_horizon": Column("Probabilité", **PERCENT),
            "vient_de": Column("Vient de"),
            **(more or {}),
        },
        caption="Les besoins les plus probables : renouvellements et achats annoncés",
        scope=scope(page),
        csv=page.csv(TABLE),
        note=tried(page, told),
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


def tried(page: Page, shown: pd.DataFrame) -> str | None:
    """What the chances of the needs `shown` rest on: renewals on the back-test, at about their chances, announced
    purchases on an assumption that nothing has tested; nothing where there is nothing to say."""
    announced = shown["origine"] != RENEWAL
    said = [_tested(page.read(CALIBRATION), shown.loc[~announced, "p_horizon"])]
    if announced.any():
        p = float(reference.table("veille/hypotheses").set_index("parametre").loc["projet_realise", "valeur"])
        said.append(
            "Achats annoncés par l'acheteur : que l'annonce devienne un marché a une probabilité supposée de "
            f"{percent(p, 0)}, une hypothèse que rien n'a éprouvée."
        )
    if {"montant", "heures_p50"} <= set(shown) and (shown["montant"].notna() & shown["heures_p50"].isna()).any():
        floor = french(load_params().decp.low_amount, 0, "€")
        said.append(f"Heures non estimées (n.d.) : le montant publié, de moins de {floor}, est sans doute faux.")
    return " ".join(filter(None, said)) or None


def _tested(told: pd.DataFrame, chances: pd.Series) -> str:
    """How often contracts had a successor that had about these chances, in the back-test; nothing without either."""
    if told.empty or chances.empty:
        return ""
    near = [(told["predit"] - chance).abs().idxmin() for chance in (chances.min(), chances.max())]
    low, high = sorted(round_half_up(100 * told.loc[place, "observe"]) for place in near)
    return (
        "Renouvellements : d'après les années passées, sur 100 marchés auxquels le modèle donnait ces probabilités, "
        f"{low if low == high else f'de {low} à {high}'} ont eu un successeur."
    )


def scope(page: Page) -> str:
    """What the needs are of."""
    return (
        f"{page.territory_name}, marchés en cours et achats annoncés, au {french_date(page.dataset.date_observation)}"
    )
