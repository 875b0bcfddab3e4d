"""From year to year: hours, growth on comparable structures, structures that did not answer."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pandas as pd

from analysis.consolidation.views.common import hides, same_perimeter, source_line
from analysis.core.numbers import about, french, number_of, percent, plural, round_half_up
from analysis.core.params import load_params
from analysis.core.reference import HOURS, WHOLE
from analysis.publishing.content import PERCENT, POINTS, Column, Content, DataTable, Figure, Prose
from analysis.publishing.page import Page, on_region_page
from analysis.publishing.style import line_chart

FEW_SILENT = "trop peu de structures muettes"  # the reason where what is supposed of them is missing


def evolution(page: Page) -> Content:
    """Hours of each edition; a change of perimeter or of law is drawn as a break and never joined."""
    rows = page.read("indicateurs")
    rows = rows[rows["edition"] <= page.year]
    rows = rows[(rows["indicateur"] == HOURS) & (rows["modalite"] == WHOLE)]
    editions = page.read("editions").set_index("edition")
    if page.regional:
        own = rows[rows["territoire"] == rows["edition"].map(editions["territoire"])]
    else:
        own = rows[rows["territoire"] == page.territory]
    own = own.dropna(subset="valeur").sort_values("edition").set_index("edition")
    if len(own) < 2:
        return Prose("Moins de deux éditions ont des heures publiées : pas d'évolution à montrer.")
    frame = _placed(page, own.join(editions["structures"]).reset_index())
    everywhere = "" if page.regional else " (toute la région)"  # a structure is of no single department
    lines, rounded = (frame.pivot(index="edition", columns="lieu", values=v) for v in ("valeur", "valeur_arrondi"))
    latest = frame.iloc[-1]["lieu"]
    lines = lines[[latest, *[name for name in lines.columns if name != latest]]]
    return Figure(
        line_chart(lines, breaks=breaks(frame), rounded=rounded),
        title="Heures d'insertion réalisées par édition",
        alt=_trend(frame[frame["lieu"] == latest], everywhere),
        table=DataTable(
            frame,
            columns={
                "edition": Column("Édition"),
                "lieu": Column("Périmètre"),
                "base_legale": Column("Base légale"),
                "valeur": Column("Heures réalisées", 0),
                "structures": Column(f"Structures répondantes{everywhere}", 0),
            },
            caption="Heures réalisées, périmètre et réponses de chaque édition",
            scope=f"{page.territory_name}, mécanismes de chaque édition ; le nombre de structures change",
            csv=page.csv("indicateurs"),
            method="editions",
            note="Une hausse mêle l'activité et le nombre de structures qui répondent.",
        ),
        source=source_line(page),
    )


def since_last(page: Page) -> str:
    """How the hours of the page's year changed in one, after a space; nothing where two years cannot be compared."""
    known = _known_growth(_growth(page)).query("edition == @page.year")
    if known.empty:
        return ""
    row = known.iloc[0]
    since = "En un an" if row["edition"] == row["edition_precedente"] + 1 else f"Depuis {row['edition_precedente']}"
    return (
        f" {since}, les heures {_moved(row['croissance'], row['marge_revision'])} ; dans "
        f"{_panel(int(row['structures_panel']))} les deux années, elles {_moved(row['croissance_panel'])}."
        f"{_few(int(row['structures_panel']))}"
    )


def _growth(page: Page) -> pd.DataFrame:
    """The growth of the hours of the page's territory, up to its edition."""
    rows = page.read("evolution")
    return rows[rows["territoire"].eq(page.territory) & (rows["edition"] <= page.year)].sort_values("edition")


def _known_growth(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.dropna(subset=["croissance", "croissance_panel"])


def growth(page: Page) -> Content:
    """Raw growth beside that of comparable structures, and what coverage adds or hides."""
    rows = _growth(page)
    known = _known_growth(rows)
    if known.empty and hides(rows):
        return Prose("La croissance des heures de ce territoire relève du secret statistique.")
    if known.empty:
        return Prose("Aucune édition comparable : la croissance ne peut pas être dite.")
    last = known.iloc[-1]
    coverage = float(round_half_up(100 * last["effet_couverture"], 1))
    lines = known.set_index("edition")[["croissance_panel", "croissance"]]
    lines.columns = ["structures comparables", "brute"]
    return Figure(
        line_chart(lines, breaks=breaks(_placed(page, known)), **PERCENT),
        title="Croissance des heures d'une édition à l'autre : brute, et à structures comparables",
        alt=f"De {last['edition_precedente']} à {last['edition']}, les heures"
        f" {_moved(last['croissance'], last['marge_revision'])} ; dans "
        f"{_panel(int(last['structures_panel']))} les deux années, elles {_moved(last['croissance_panel'])} : "
        f"l'effet de couverture est de {french(coverage, 1)} {plural('point', coverage)}."
        f"{_few(int(last['structures_panel']))}",
        table=DataTable(
            rows,
            columns={
                "edition": Column("Édition"),
                "edition_precedente": Column("Précédente"),
                "heures_precedentes": Column("Heures, édition précédente", 0),
                "heures": Column("Heures", 0),
                "croissance": Column("Croissance brute", **PERCENT),
                "structures_panel": Column("Structures comparables", 0),
                "croissance_panel": Column("Croissance comparable", **PERCENT),
                "effet_couverture": Column("Effet de couverture", **POINTS),
                "marge_revision": Column("Marge de révision", **PERCENT),
                "rupture": Column("Rupture"),
            },
            caption="Croissance des heures et effet de couverture",
            scope=f"{page.territory_name}, mécanismes de chaque édition",
            csv=page.csv("evolution"),
            note="L'effet de couverture est la croissance brute moins la croissance comparable, avant arrondi : ce qui "
            "vient des structures qui répondent une année et pas l'autre. La marge de révision est la plus forte "
            "révision qu'aient connue, entre première et dernière publication, les heures d'une édition antérieure "
            "du même territoire : des exports tardifs peuvent défaire une croissance brute qui ne la dépasse pas.",
        ),
        source=source_line(page),
    )


def silent(page: Page) -> Content:
    """The structures that did not answer, and the bracket of the total."""
    if not page.regional:
        return on_region_page(page, "les structures qui n'ont pas répondu")
    rows = page.read("non_reponse")
    now = rows[rows["edition"] == page.year]
    if not now["attendues"].any():
        return Prose(
            "L'inventaire ne dit pas quelles structures étaient en place cette année-là : les muettes ne se comptent "
            "pas."
        )
    row = now.iloc[0]
    if row["secret"]:
        return Prose("Les heures de cette édition relèvent du secret statistique.")
    if not row["muettes"]:
        return Prose("Toutes les structures en place ont déclaré des heures.")
    shown = rows[rows["edition"] <= page.year].sort_values("edition")
    shown = shown.join(page.read("editions").set_index("edition")[["territoire_nom", "base_legale"]], on="edition")
    few = shown["secret"].fillna("").mask(shown["central"].isna() & shown["muettes"].gt(0), FEW_SILENT)
    shown = shown.assign(central__secret=few, haut__secret=few)
    said, table = _silence(row), _brackets(page, shown)
    drawn = same_perimeter(page, shown)
    if len(drawn) < 2:
        table.takeaway = said
        return table
    lines = drawn.set_index("edition")[["haut", "central", "heures"]]
    lines.columns = ["hypothèse haute", "hypothèse centrale", "déclarées"]
    return Figure(
        line_chart(lines.astype("float64"), breaks=breaks(drawn.rename(columns={"territoire_nom": "lieu"}))),
        title="Heures déclarées, et ce que serait le total si les structures muettes avaient répondu",
        alt=said,
        table=table,
        source=source_line(page),
    )


def _silence(row: pd.Series) -> str:
    """How many structures of an edition (a row of `non_reponse`) are silent, and what the total would be with them."""
    missing, expected = int(row["muettes"]), int(row["attendues"])
    silence, had, their = ("n'a", "elle avait", "sa") if missing < 2 else ("n'ont", "elles avaient", "leur")
    among = "la seule structure" if expected < 2 else f"{french(missing)} des {french(expected)} structures"
    said = f"En {row['edition']}, {among} en place {silence} déclaré aucune heure"
    if pd.isna(row["central"]):
        return f"{said} : ce que serait le total avec elles relève du secret statistique."
    unheard = row["muettes_sans_historique"] == missing
    done = "fait la médiane des autres" if unheard else f"suivi {their} dernière déclaration"
    return (
        f"{said} : le total serait d'environ {number_of(row['central'], 'heure')} si {had} {done}, de "
        f"{french(row['haut'])} dans l'hypothèse haute."
    )


def _brackets(page: Page, shown: pd.DataFrame) -> DataTable:
    """The bracket of each edition, the latest first."""
    return DataTable(
        shown.sort_values("edition", ascending=False),
        columns={
            "edition": Column("Édition"),
            "territoire_nom": Column("Périmètre"),
            "attendues": Column("Structures en place", 0),
            "muettes": Column("dont sans heures déclarées", 0),
            "heures": Column("Heures déclarées", 0),
            "central": Column("Total, hypothèse centrale", 0),
            "haut": Column("Total, hypothèse haute", 0),
        },
        caption="Ce que serait le total si les structures muettes avaient répondu",
        scope="périmètre et mécanismes de chaque édition",
        csv=page.csv("non_reponse"),
        note="Rien n'est ajouté aux totaux publiés ; ceux des hypothèses sont à dix mille heures près. Hypothèse "
        "centrale : chaque muette a fait ses dernières heures déclarées, suivies de la croissance des structures "
        "comparables ; celle qui n'a jamais déclaré, la médiane des autres. Haute : sa meilleure année, ou le "
        "troisième quartile. Les muettes ne sont pas les structures en place moins les répondantes : l'une peut "
        "répondre sans être à l'inventaire de l'année, une autre envoyer un export sans aucune heure.",
    )


def breaks(frame: pd.DataFrame) -> dict[int, str]:
    """The years at which the perimeter or the legal base differs from the year before, and what came."""
    rows = list(frame[["edition", "lieu", "base_legale"]].itertuples(index=False))
    return {
        int(now.edition): "\n".join(
            new for old, new in ((was.lieu, now.lieu), (was.base_legale, now.base_legale)) if new != old
        )
        for was, now in pairwise(rows)
        if (was.lieu, was.base_legale) != (now.lieu, now.base_legale)
    }


def _placed(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with what each edition is about: base_legale, and lieu (its perimeter, or the department of the page)."""
    rows = rows.join(page.read("editions").set_index("edition")[["territoire_nom", "base_legale"]], on="edition")
    return rows.assign(lieu=rows["territoire_nom"] if page.regional else page.territory_name)


def _verb(change: Decimal) -> str:
    """What hours do that change by that much, as printed."""
    return "sont stables" if change == 0 else "augmentent" if change > 0 else "baissent"


def _moved(change: float, margin: float = 0.0) -> str:
    """A growth in words that follow its sign, and whether past revisions were as large (`margin`, may be unknown)."""
    moved = round_half_up(100 * change, 1)
    if moved == 0:
        return _verb(moved)
    said = f"{_verb(moved)} de {french(abs(100 * change), 1, '%')}"
    usual = f" ; des chiffres déjà publiés ont été révisés d'autant ou plus (jusqu'à {percent(margin)})"
    return f"{said}{usual if abs(change) <= margin else ''}"


def _panel(structures: int) -> str:
    return (
        "la seule structure qui a répondu" if structures < 2 else f"les {french(structures)} structures qui ont répondu"
    )


def _few(structures: int) -> str:
    """A caution, after a space, where what they did is no trend."""
    few = structures < load_params().consolidation.comparable_structures
    return " Si peu de structures ne font pas une tendance : une seule peut faire ce mouvement." if few else ""


def _trend(frame: pd.DataFrame, everywhere: str) -> str:
    """Rise or fall from the first to the last comparable edition, in words that follow the numbers."""
    first, last = frame.iloc[0], frame.iloc[-1]
    answering = "structures répondantes" if last["structures"] >= 2 else "structure répondante"
    answered = f"{french(last['structures'])} {answering}{everywhere}"
    hours = [_printed(year) for year in (first, last)]
    if len(frame) < 2:
        return (
            f"En {last['edition']} ({last['lieu']}), {hours[-1]} {plural('heure', round_half_up(last['valeur']))}, "
            f"avec {answered} : aucune édition antérieure du même périmètre."
        )
    change = round_half_up(last["valeur"]) - round_half_up(first["valeur"])
    # What disclosure control rounds to the same neither rises nor falls as printed.
    how = "restent à" if hours[0] == hours[1] else f"{_verb(change)}, de {hours[0]} à"
    return (
        f"De {first['edition']} à {last['edition']} ({last['lieu']}), les heures {how} "
        f"{hours[1]} {plural('heure', round_half_up(last['valeur']))}{_turned(frame, change)}, "
        f"avec {french(first['structures'])} puis {answered}."
    )


def _printed(year: pd.Series) -> str:
    return about(year["valeur"], year["valeur_arrondi"])


def _turned(frame: pd.DataFrame, change: Decimal) -> str:
    """What the last edition did where it went the other way than all of them together, which moved by `change`."""
    before, last = frame.iloc[-2], frame.iloc[-1]
    latest = round_half_up(last["valeur"]) - round_half_up(before["valeur"])
    if latest * change >= 0 or _printed(before) == _printed(last):
        return ""
    return f" (mais {_verb(latest)} depuis {before['edition']}, où elles étaient de {_printed(before)})"
