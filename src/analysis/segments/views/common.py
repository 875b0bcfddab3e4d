"""What the views of the segments share."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from seaborn.utils import relative_luminance

from analysis.core import reference
from analysis.core.numbers import MONTHS, french
from analysis.core.params import load_params
from analysis.core.texts import QUOTED, ahead, named
from analysis.publishing.content import PERCENT
from analysis.publishing.page import Page
from analysis.publishing.style import INK
from analysis.publishing.templating import number

KINDS = (
    "ACI : atelier et chantier d'insertion ; AI : association intermédiaire ; EI : entreprise d'insertion ; ETTI : "
    "entreprise de travail temporaire d'insertion ; GEIQ : groupement d'employeurs pour l'insertion et la "
    "qualification."
)
SHADES = 12
DARK = 0.2  # the luminance under which white stands out more than ink (WCAG)
NO_BREAK = "\N{NO-BREAK SPACE}"


def full_time_unit() -> str:
    """The full-time equivalent as a unit, with the hours of its year: others divide by other hours."""
    return f"ETP de {french(reference.constants('potentiel')['etp'])} h"


def full_time_digits(most: float) -> int:
    """The decimals of full-time equivalents of which `most` is the largest: few jobs are told by their parts."""
    return 0 if most >= 10 else 2


def labels() -> dict[str, str]:
    """The segments' labels by code."""
    return reference.labels("segments")


def left_out(rows: pd.DataFrame) -> str:
    """How many amounts the sums of `rows` (montants_invraisemblables) leave out, as a sentence after others; nothing
    where they leave out none."""
    count = int(rows["montants_invraisemblables"].sum())
    if not count:
        return ""
    if count == 1:
        return " Un montant, invraisemblable pour son segment, n'y est pas compté."
    return f" {french(count)} montants, invraisemblables pour leur segment, n'y sont pas comptés."


def buyer_names(kinds: pd.Series) -> pd.Series:
    """Kinds of buyers in words."""
    return kinds.map(reference.labels("acheteurs")).fillna("Catégorie inconnue")


def first_and_last(shares: pd.Series) -> str:
    """The first and last labels of `shares` (of the contracts that say), in order, as a sentence; of one, its share."""
    if shares.empty:
        return "Aucun segment nommé n'est assez renseigné."
    highest, lowest = (number(share, **PERCENT) for share in (shares.iloc[0], shares.iloc[-1]))
    if len(shares) < 2:
        return f"« {shares.index[0]} » seulement est assez renseigné : {highest} des marchés renseignés."
    if highest == lowest:
        return f"Partout la même part : {highest} des marchés renseignés."
    shares = shares.rename(QUOTED)
    last = named(list(shares.index[shares == shares.iloc[-1]]))
    return f"{ahead(shares, f'{highest} des marchés renseignés')}, {last} en dernier avec {lowest}."


def shades(lightest: float = 0.0) -> ListedColormap:
    """The blues of a heat map, from `lightest` (of 1) on: so few that a figure of few colours keeps its ink."""
    return ListedColormap(plt.get_cmap("Blues")(np.linspace(lightest, 1, SHADES)))


def legible(ax: Axes) -> None:
    """The numbers of a heat map in white on its dark cells, in ink on all others."""
    for text, colour in zip(ax.texts, ax.collections[0].get_facecolor(), strict=True):
        text.set_color("white" if relative_luminance(colour) < DARK else INK)


def quarter(code: str) -> str:
    """A quarter in words, on one line: `2026-T1` is the `1er trim. 2026`."""
    year, number = code.split("-T")
    return f"{_rank(number)} trim. {year}".replace(" ", NO_BREAK)


def quarter_in_full(code: str) -> str:
    """The same in a sentence: `1er trimestre 2026`."""
    return quarter(code).replace("trim.", "trimestre")


def months(start: dt.date, end: dt.date) -> str:
    """From which month to which: `mars à août 2026`, `octobre 2026 à avril 2027`, `mai 2026`."""
    first, last = (f"{MONTHS[day.month - 1]}{NO_BREAK}{day.year}" for day in (start, end))
    if first == last:
        return last
    return f"{first.removesuffix(f'{NO_BREAK}{end.year}')} à {last}"


def _rank(number: str) -> str:
    return "1er" if number == "1" else f"{number}e"


def min_known() -> int:
    """Contracts below which a share says little, and is not drawn."""
    return load_params().segments.min_known_contracts


def scope(page: Page) -> str:
    """What the contracts of a page are."""
    return f"{page.territory_name}, marchés notifiés en {page.year}, tous montants, tous acheteurs"


def whole_region(page: Page) -> str:
    """On the page of a department, that what is shown is of all the region."""
    return "" if page.regional else " (ensemble de la région)"


def source_line(page: Page, then: str = "segments d'après l'objet et le code CPV") -> str:
    """Where the figures of a page come from, and what was made of it."""
    kind = "données synthétiques" if page.dataset.synthetique else "données essentielles de la commande publique"
    return f"{kind} ; {then}."
