"""What several sections of the page read the same way."""

from __future__ import annotations

import pandas as pd

from analysis.core.numbers import about, between, french, plural, round_half_up
from analysis.core.texts import together
from analysis.publishing.content import PERCENT, Column, DataTable, Prose
from analysis.publishing.page import Page


def page_cells(page: Page) -> pd.DataFrame:
    """The indicators of the page's edition and territory."""
    return page.read("indicateurs", edition=page.year, territoire=page.place)


def nothing(page: Page, what: str) -> Prose:
    """In place of hours cut by `what`, where none are known: each section says of what it has none."""
    return Prose(f"{what} : aucune heure de {page.year} n'est rangée ainsi dans ce territoire.")


def hides(rows: pd.DataFrame) -> bool:
    """Whether disclosure control hides some of `rows`: what is missing there may be known."""
    return bool(rows["secret"].fillna("").ne("").any())


def wide_table(page: Page, modalities: list[str]) -> pd.DataFrame:
    """A row per modality with its indicators as columns, each with its companions (see `across`).

    The columns `heures_realisees` and `part_heures` are always there.
    """
    rows = page_cells(page)
    wide = across(rows[rows["modalite"].isin(modalities)], "modalite")
    always = [name for name in ("heures_realisees", "part_heures") if name not in wide]
    wide = wide.assign(**dict.fromkeys(always, float("nan")))
    return wide.reindex([m for m in modalities if m in wide.index]).reset_index()


def across(rows: pd.DataFrame, index: str) -> pd.DataFrame:
    """Indicators as columns, by `index`, with the companions that a `DataTable` reads.

    Those say why a figure is hidden (`__secret`), between which values it lies (`__min`, `__max`), and to what it was
    rounded (`_arrondi`).
    """
    companions = {
        "valeur": "",
        "secret": "__secret",
        "valeur_min": "__min",
        "valeur_max": "__max",
        "valeur_arrondi": "_arrondi",
    }
    wide = rows.pivot(index=index, columns="indicateur", values=list(companions))
    wide.columns = [f"{name}{companions[kind]}" for kind, name in wide.columns]
    return wide.astype({name: "float64" for name in wide if not name.endswith("__secret")})


def with_shares(wide: pd.DataFrame, share: str = "part_heures") -> tuple[pd.DataFrame, pd.Series]:
    """`wide` with, where `share` is secret and that of all (`<share>_totales`) is not, the latter in its place, and
    where that is: few are then of unknown status, so that the two shares are alike, and both would tell of them."""
    hidden = wide.get(f"{share}__secret", pd.Series("", wide.index)).fillna("").ne("")
    whole = wide.get(f"{share}_totales", pd.Series(float("nan"), wide.index))
    instead = hidden & whole.notna()
    if not instead.any():
        return wide, instead
    told = {share: wide[share].mask(instead, whole), f"{share}__secret": wide[f"{share}__secret"].mask(instead, "")}
    return wide.assign(**told), instead


def of_all_hours(names: pd.Series, of: str = "toutes les heures") -> str:
    """Which shares are not of the hours (or persons) whose status is known, as a sentence; nothing where all are."""
    if names.empty:
        return ""
    said = together([f"« {name} »" for name in sorted(names)])
    return (
        f" Pour {said}, la part est celle de {of}, statut inconnu compris : les personnes au statut inconnu sont trop "
        "peu nombreuses pour être mises à part."
    )


def shown(cells: pd.DataFrame, code: str, digits: int = 0, factor: float = 1, unit: str = "") -> str | None:
    """The figure of `code` as a page says it, in words when only its bounds are known; None when neither is.

    `cells` are indicators indexed by their code.
    """
    if code not in cells.index or cells.loc[code, "secret"]:
        return None
    numbers = cells.loc[code].reindex(["valeur", "valeur_min", "valeur_max", "valeur_arrondi"]).astype("float64")
    value, low, high, rounded = numbers * factor
    if pd.isna(value) and pd.isna(low) and pd.isna(high):
        return None
    if pd.isna(value):
        return between(low, high, digits, unit)
    return french(value, digits, unit) if pd.isna(rounded) else about(value, rounded)


def counted(cells: pd.DataFrame, code: str, unit: str) -> str | None:
    """What `shown` says of `code`, a whole number, with the name of what it counts, as the most that it may be asks."""
    text = shown(cells, code)
    if text is None:
        return None
    return f"{text} {plural(unit, at_most(cells, code))}"


def at_most(cells: pd.DataFrame, code: str) -> int:
    """The most that the figure of `code`, of which something is known, may be, as a whole number."""
    most = cells.loc[code].reindex(["valeur", "valeur_max", "valeur_min"]).astype("float64").bfill().iloc[0]
    return int(round_half_up(most))


def profile_table(wide: pd.DataFrame, page: Page, caption: str, first: str, note: str | None = None) -> DataTable:
    """Hours and persons of the modalities of `wide`, their shares, and what is unknown."""
    columns = {
        "libelle": Column(first),
        "heures_realisees": Column("Heures", 0),
        "part_heures": Column("Part des heures", **PERCENT),
        "beneficiaires": Column("Bénéficiaires", 0),
        "part_beneficiaires": Column("Part des bénéficiaires", **PERCENT),
        "heures_par_beneficiaire": Column("Heures par bénéficiaire", 0),
        "part_heures_statut_inconnu": Column("Heures au statut inconnu", **PERCENT),
        "part_beneficiaires_statut_inconnu": Column("Bénéficiaires au statut inconnu", **PERCENT),
    }
    kept = {name: column for name, column in columns.items() if name in wide.columns}
    return DataTable(
        wide,
        columns=kept,
        caption=caption,
        scope=page.scope,
        csv=page.csv("indicateurs"),
        note=note,
        method="publics",
    )


def same_perimeter(page: Page, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of editions of the same perimeter as the page's: a line drawn over others would compare two regions."""
    places = page.read("editions").set_index("edition")["territoire"]
    return rows[rows["edition"].map(places).eq(places[page.year])]


def source_line(page: Page) -> str:
    """Where the page's figures come from."""
    return "exports synthétiques." if page.dataset.synthetique else "exports des structures facilitatrices."
