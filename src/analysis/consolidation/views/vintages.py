"""The hours of each edition as published, revised and computed now; the region's beside the national ones."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.views.common import source_line
from analysis.core.numbers import french, percent, round_half_up
from analysis.core.reference import HOURS, WHOLE
from analysis.publishing.content import PERCENT, SECRET_SUFFIX, Column, Content, DataTable, Figure, Prose
from analysis.publishing.page import Page, on_region_page
from analysis.publishing.style import line_chart, vintage_chart

COUNTRY = "France"
PRINTED = ("publie", "revision")  # by the observatory already: known where what is computed now is secret
NATIONAL = ("heures_nationales", "indice_national")  # published by others


def vintages(page: Page) -> Content:
    """Each edition's hours as first published, as last published, and as computed now."""
    rows = _hours(page, "millesimes")
    here = rows[rows["territoire"] == page.place].sort_values(["edition", "rang"])
    if here.empty:
        return Prose("Aucune publication antérieure n'est connue pour ce territoire : pas de millésimes à comparer.")
    now = _hours(page, "indicateurs")
    published = here.groupby("edition")["publie"]
    drawn = pd.DataFrame(
        {
            "première publication": published.first(),
            "dernière publication": published.last(),
            "calculé aujourd'hui": now[now["territoire"] == page.place].set_index("edition")["valeur"],
        }
    )
    table = DataTable(
        _told(rows, PRINTED).sort_values(["edition", "rang"], ascending=[False, True]),
        columns={
            "edition": Column("Édition"),
            "lieu": Column("Périmètre"),
            "publication": Column("Publication"),
            "date_publication": Column("Date"),
            "publie": Column("Heures publiées", 0),
            "revision": Column("Révision", **PERCENT),
            "actuel": Column("Calculées aujourd'hui", 0),
            "revision_actuelle": Column("Écart d'aujourd'hui", **PERCENT),
            "note": Column("Note"),
        },
        caption="Les millésimes des heures réalisées",
        scope=f"{page.territory_name}, mécanismes de chaque édition",
        csv=page.csv("millesimes"),
        note="Révision : rapportée à la publication précédente du même chiffre. Écart d'aujourd'hui : la valeur que "
        "donnent les exports et les décisions d'aujourd'hui, rapportée à la publication.",
    )
    if len(drawn) < 2:
        table.takeaway = _revised(here)
        return table
    return Figure(
        vintage_chart(drawn),
        title="Heures de chaque édition, telles que publiées et telles que calculées aujourd'hui",
        alt=_revised(here),
        table=table,
        source=f"{source_line(page)} L'axe ne part pas de zéro.",
    )


def national(page: Page) -> Content:
    """The region's hours and the national ones as indices, each national figure with its own caveat."""
    if not page.regional:
        return on_region_page(page, "les heures en regard de celles du pays")
    rows = page.read("national")
    rows = rows[rows["annee"] <= page.year].sort_values(["annee", "rang"])
    both = rows[rows["retenu"] & rows["indice_region"].notna()]
    if both.empty:
        return Prose("Aucune année n'a à la fois des heures nationales et des heures de la région : rien à comparer.")
    table = _beside(page, rows)
    own = rows.dropna(subset="indice_region").drop_duplicates("annee").set_index("annee")["indice_region"]
    if len(own) < 2:
        table.takeaway = _against(page, both)
        return table
    known = rows[rows["retenu"]].set_index("annee")
    lines = pd.DataFrame({page.territory_name: own, COUNTRY: known["indice_national"]})
    lines = lines.reindex(range(int(lines.index.min()), int(lines.index.max()) + 1))
    return Figure(
        line_chart(lines, hollow={COUNTRY: list(known.index[known["incertain"]])}),
        title=f"Heures d'insertion, région et France, base 100 en {int(both['annee_base'].iloc[0])}",
        alt=_against(page, both),
        table=table,
        source=f"{source_line(page).rstrip('.')} ; chiffres nationaux publiés (sources dans le CSV). "
        "Marque vide : chiffre provisoire, cité ou déduit.",
    )


def _hours(page: Page, table: str) -> pd.DataFrame:
    """The rows of the page's hours up to its edition: for the region, each edition in its own perimeter (`lieu`)."""
    rows = page.read(table)
    rows = rows[rows["indicateur"].eq(HOURS) & rows["modalite"].eq(WHOLE) & (rows["edition"] <= page.year)]
    if not page.regional:
        return rows[rows["territoire"] == page.territory].assign(lieu=page.territory_name)
    editions = page.read("editions").set_index("edition")
    own = rows[rows["territoire"] == rows["edition"].map(editions["territoire"])]
    return own.assign(lieu=own["edition"].map(editions["territoire_nom"]))


def _told(rows: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """`rows` whose `columns` no secret hides."""
    return rows.assign(**{f"{name}{SECRET_SUFFIX}": "" for name in columns})


def _revised(rows: pd.DataFrame) -> str:
    """What the revisions of the latest published edition did, then how many editions rose, fell or did not move."""
    by_edition = dict(list(rows.groupby("edition")))
    year = max(by_edition)
    first, last = by_edition[year].iloc[0], by_edition[year].iloc[-1]
    said = f"Les heures de {year} ont été publiées à {french(first['publie'])}"
    if len(by_edition[year]) > 1:
        said += f", puis à {french(last['publie'])} ({_moved(first['publie'], last['publie'], last['decimales'])})"
    if pd.notna(last["actuel"]):
        said += f" ; recalculées, elles sont {_moved(last['publie'], last['actuel'], last['decimales'])}"
    moves = [
        _direction(found["publie"].iloc[0], found["publie"].iloc[-1], found["decimales"].iloc[-1])
        for found in by_edition.values()
        if len(found) > 1
    ]
    ways = ((1, "à la hausse"), (-1, "à la baisse"), (0, "sans écart"))
    counts = ", ".join(f"{moves.count(way)} {words}" for way, words in ways)
    several = f" Éditions publiées plusieurs fois : {len(moves)} ({counts})." if len(moves) > 1 else ""
    return f"{said}.{several}"


def _direction(old: float, new: float, digits: int) -> int:
    """Whether a figure rose (1), fell (-1) or stayed (0) once rounded as it was printed."""
    change = round_half_up(new, int(digits)) - round_half_up(old, int(digits))
    return (change > 0) - (change < 0)


def _moved(old: float, new: float, digits: int) -> str:
    """From one vintage to the next, in words that follow the numbers."""
    way, rate = _direction(old, new, digits), abs(100 * (new / old - 1)) if old else 0
    if way == 0:
        return "stables à l'arrondi"
    amount = f"de {french(rate, 1, '%')}" if round_half_up(rate, 1) else "de moins d'un millième"
    return f"en {'hausse' if way > 0 else 'baisse'} {amount}"


def _against(page: Page, both: pd.DataFrame) -> str:
    """What the years that both series know say, and what they cannot."""
    first, last = both.iloc[0], both.iloc[-1]
    said = f"En {first['annee']}, la région fait {percent(first['part_region'])} des heures nationales"
    if last["annee"] > first["annee"]:
        said += (
            f" ; en {last['annee']}, dernière année connue des deux, {percent(last['part_region'])}, à "
            f"l'indice {french(last['indice_region'], 1)} contre {french(last['indice_national'], 1)} pour la France"
        )
    synthetic = " Les heures nationales sont réelles, celles de la région synthétiques : seule la méthode se lit ici."
    change = "La hausse" if last["indice_national"] > first["indice_national"] else "L'évolution"
    mixed = f" {change} nationale mêle l'activité et le nombre de structures qui répondent à l'enquête."
    return f"{said}.{mixed}{synthetic if page.dataset.synthetique else ''}"


def _beside(page: Page, rows: pd.DataFrame) -> DataTable:
    kept = rows["retenu"].map({True: "oui", False: "non, remplacé"}).where(rows["heures_nationales"].notna(), "")
    return DataTable(
        _told(rows, NATIONAL).assign(trace=kept, statut=rows["statut"].fillna("pas de chiffre national connu")),
        columns={
            "annee": Column("Année"),
            "heures_nationales": Column("Heures nationales", 0),
            "statut": Column("Ce que dit la source"),
            "trace": Column("Tracé"),
            "indice_national": Column("Indice national", 1),
            "heures_region": Column("Heures de la région", 0),
            "indice_region": Column("Indice de la région", 1),
            "part_region": Column("Part de la région", **PERCENT),
        },
        caption="Heures nationales publiées et heures de la région",
        scope=f"France, champ de l'enquête nationale ; {page.dataset.territory_name}, mécanismes de chaque édition",
        csv=page.csv("national"),
        note="Un chiffre national provisoire reste dans la table ; celui qui l'a remplacé est tracé. Une année sans "
        "chiffre n'est pas tracée.",
    )
