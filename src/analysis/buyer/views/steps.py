"""Who does what, when, whom to call, and what to say."""

from __future__ import annotations

import pandas as pd
from matplotlib import dates
from matplotlib.figure import Figure as MatplotlibFigure

from analysis.buyer import process
from analysis.buyer.views.common import cited, found, rows, scope
from analysis.core import reference
from analysis.core.numbers import french_date
from analysis.core.paths import STEPS, steps_name
from analysis.publishing.content import NOT_TOLD, Column, Content, DataTable, Figure, Prose
from analysis.publishing.page import Page
from analysis.publishing.style import ACCENT, CONTRAST, INK, QUIET, figure


def contacts(page: Page) -> Content:
    """The structures that declare the place, or the nearest one where nobody does."""
    told = rows(page, "contacts").sort_values("rang")
    if told.empty:
        if page.read("facilitators/annuaire").empty:
            return Prose("Aucun facilitateur n'est inventorié.")
        return Prose("Aucune structure inventoriée ne déclare ce territoire.")
    nobody = bool(told["minutes"].notna().all())
    told = told.assign(porteur=told["nature_porteuse"].map(reference.labels("porteurs")))
    return DataTable(
        told.fillna({"contact": NOT_TOLD, "commune": ""}),
        columns={
            "nom": Column("Structure"),
            "porteur": Column("Portée par"),
            "commune": Column("Commune"),
            "contact": Column("Contact"),
            **({"minutes": Column("Trajet", 0, "min")} if nobody else {}),
        },
        caption="Structures qui interviennent ici, ou la plus proche",
        scope=f"{scope(page)}, inventaire au 31 décembre {page.latest}",
        csv=page.csv("contacts"),
        takeaway="Zone blanche : aucune structure ne déclare intervenir ici. La plus proche :" if nobody else None,
        note=None if nobody or len(told) < 2 else _first_to_call(pd.isna(found(page)["epci_siren"])),
    )


def _first_to_call(in_department: bool) -> str:
    """Why the first structure comes first."""
    if in_department:
        return "La première est la plus présente dans le plus d'intercommunalités du département : l'appeler d'abord."
    return (
        "La première consacre, d'après ce qui peut être dit, le plus de temps au territoire : c'est elle qu'il faut "
        "appeler."
    )


def steps(page: Page) -> Content:
    """The steps with their dates, computed from the planned notification."""
    told = rows(page, "etapes").sort_values("ordre")
    row, day = found(page), page.dataset.date_observation
    told = cited(told.assign(etat=_standing(told, pd.Timestamp(day))))
    first = told.iloc[0]
    return Figure(
        _timeline(told, row["date_notification"]),
        title="Les étapes de l'achat",
        alt=f"De « {first['libelle']} », le {french_date(first['debut'])}, au bilan, jusqu'au "
        f"{french_date(told['fin'].max())} ; notification prévue le {french_date(row['date_notification'])}.",
        table=DataTable(
            told,
            columns={"libelle": Column("Étape"), "debut": Column("Du"), "fin": Column("au"), "etat": Column("État"),
                     "attendu": Column("Ce qui est attendu"), "livrable": Column("Ce qui en sort"),
                     "source": Column("Source")},
            caption="Les étapes et leurs dates",
            scope=f"{scope(page)} ; dates indicatives, d'après la notification prévue et la durée ; état au "
            f"{french_date(day)}",
            csv=page.csv("etapes"),
        ),
        source=f"processus type de l'observatoire, durées supposées ; en gris, les étapes passées au "
        f"{french_date(day)}.",
    )  # fmt: skip


PASSED = "passée"


def _standing(told: pd.DataFrame, day: pd.Timestamp) -> pd.Series:
    """Whether each step is past, under way or to come on `day`."""
    state = pd.Series("à venir", index=told.index)
    return state.mask(told["debut"] <= day, "en cours").mask(told["fin"] < day, PASSED)


def _timeline(told: pd.DataFrame, notified: pd.Timestamp) -> MatplotlibFigure:
    """A bar per step from its first to its last day, grey once it is past, and a line at the notification."""
    fig, ax = figure(height=0.9 + 0.33 * len(told))
    begin, end = (dates.date2num(told[name].dt.to_pydatetime()) for name in ("debut", "fin"))
    colours = [QUIET if state == PASSED else ACCENT for state in told["etat"]]
    ax.barh(range(len(told)), end - begin + 1, left=begin, color=colours, height=0.55)
    ax.axvline(dates.date2num(notified.to_pydatetime()), color=CONTRAST, linewidth=1.4, linestyle=(0, (4, 3)))
    ax.annotate("notification", (dates.date2num(notified.to_pydatetime()), 1), xycoords=("data", "axes fraction"),
                xytext=(4, 2), textcoords="offset points", fontsize=8, color=CONTRAST)  # fmt: skip
    ax.set_yticks(range(len(told)), told["libelle"], color=INK)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_locator(dates.AutoDateLocator(minticks=3, maxticks=7))
    ax.xaxis.set_major_formatter(dates.DateFormatter("%m/%Y"))
    ax.grid(axis="x")
    return fig


def roles(page: Page) -> Content:
    """The role of each actor at each step."""
    table = process.raci()
    actors = [name for name in table.columns if name not in ("code", "libelle")]
    meanings = " ; ".join(f"{code} : {text}" for code, text in process.ROLES.items())
    return DataTable(
        table.replace("", "–"),
        columns={"libelle": Column("Étape"), **{name: Column(name) for name in actors}},
        caption="Le rôle de chacun à chaque étape",
        scope="processus type de l'observatoire",
        note=f"{meanings}.",
    )


def calendar(page: Page) -> Content:
    """The steps as a calendar."""
    name = steps_name(page.key)
    if not page.csv("etapes"):
        return Prose("Le fichier d'agenda vient avec la page d'un achat annoncé ou d'un fichier d'achats.")
    return Prose(f"Les étapes se mettent dans un agenda : [{name}](../{STEPS}/{name}).")


def arguments(page: Page) -> Content:
    """Three lines of arguments, each with a number of the region and the table that it comes from."""
    told = rows(page, "arguments").sort_values(["ligne", "ordre"])
    parts = []
    for line in reference.table("acheteur/lignes").itertuples():
        own = told[told["ligne"] == line.code]
        said = "\n".join(f"- {row.phrase} ({_table(page, row.table)})" for row in own.itertuples())
        parts.append(f"**{line.libelle}**\n\n{said}")
    return Prose("\n\n".join(parts))


def _table(page: Page, name: str) -> str:
    """The table that an argument comes from, linked where the page is among them."""
    return f"[table](../tables/{name}.csv)" if page.csv("arguments") else f"table `{name}`"
