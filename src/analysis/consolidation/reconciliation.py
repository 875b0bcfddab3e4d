"""Every figure published so far, held against the one computed: equal, rounded, truncated, revised, unexplained.

Published are the reference series (`published.csv`: slides, national and local figures) and the observatory's own
releases. A figure that is not found again is looked for under another scope before it is called unexplained.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pandas as pd

from analysis.consolidation.cells import MEASURES
from analysis.consolidation.control import CONTROL, flagged, weaker
from analysis.consolidation.facts import Facts
from analysis.consolidation.indicators import indicators
from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.numbers import as_printed, french, french_date, percent, round_half_up
from analysis.core.reference import HOURS, WHOLE
from analysis.core.texts import opening
from analysis.printed import published, sentence, slips, verdict
from analysis.sources.publications import FIGURE, edition_places

EQUAL, ROUNDED, TRUNCATED, LOST = "égal", "arrondi", "tronqué", "chiffre perdu"
REVISED, OTHER_SCOPE, UNEXPLAINED = "révisé", "autre champ", "inexpliqué"
OUTSIDE, NOT_COMPUTED = "hors du jeu", "non recalculé"
VERDICTS = (EQUAL, ROUNDED, TRUNCATED, LOST, REVISED, OTHER_SCOPE, UNEXPLAINED, OUTSIDE, NOT_COMPUTED)
RELEASES = "publications"  # the series of the observatory's own releases
NATIONAL = "national"
SHARES = (
    "part_heures",
    "part_heures_totales",
    "part_beneficiaires",
    "part_beneficiaires_totales",
)  # taken for one another
SIGNIFICANT = 4  # digits below which two territories have the same figure by chance
FOUND = ["recalcule", "ecart", "ecart_relatif", "part_region", "verdict", "explication", *CONTROL]

Key = tuple[int, str, str, str]  # edition, territoire, indicateur, modalite
Value = tuple[float, dict[str, Any]]  # a computed value and its columns of disclosure control


def reconciliation(
    releases: pd.DataFrame,
    measured: pd.DataFrame,
    by_mechanism: pd.DataFrame,
    facts: Facts,
    *,
    dataset: Dataset,
    tolerance: float,
) -> pd.DataFrame:
    """One row per published figure (one printed twice is one row), numbered in the order of the sources.

    `measured` holds the indicators of the dataset, `by_mechanism` the hours of each edition and territory under each
    legal mechanism (`breakdown`), `tolerance` what a share may be off by (domain rule W13; a part of 1). Returns
    numero, edition, territoire, territoire_nom, indicateur, modalite, libelle, serie, source, date_publication,
    statut, champ, publie, decimales, unite, recalcule, ecart (published less computed), ecart_relatif, part_region
    (the region's hours in the national ones), verdict (one of `VERDICTS`), explication (in French, from the numbers)
    and the `_` columns of disclosure control of the cells that the row speaks of.
    """
    figures = _figures(releases, dataset)
    computed = Computed(measured, by_mechanism, facts, dataset)
    spare = Decimal(repr(tolerance))
    judged = [_judged(figure, computed, spare) for figure in figures.itertuples(index=False)]
    table = figures.join(pd.DataFrame(judged, columns=FOUND)).rename(columns={"valeur": "publie"})
    said = zip(table["explication"], _two_rules(table), table["audit"], strict=True)
    table["explication"] = [_sentences(*texts) for texts in said]
    table["_controle"] = table["_controle"].astype("object").fillna("ouvert")
    return (
        flagged(table).drop(columns=["audit", "remplace", "derniere", "heures"]).assign(numero=range(1, len(table) + 1))
    )


class Computed:
    """What the dataset computes of a figure, under the edition's scope and under others."""

    def __init__(self, measured: pd.DataFrame, by_mechanism: pd.DataFrame, facts: Facts, dataset: Dataset) -> None:
        self.dataset, self._facts = dataset, facts
        self._known = _Values(measured, CONTROL)
        self._bounds = _bounds(measured)
        hours = by_mechanism[by_mechanism["axe"].eq("mecanisme")] if len(by_mechanism) else by_mechanism
        self._all_hours = hours.groupby(["edition", "territoire"])["heures"].sum().to_dict() if len(hours) else {}
        self.names = {edition.annee: edition_places(edition) for edition in dataset.editions}
        about = reference.table("publication/indicateurs").set_index("code")
        self.labels, self._kinds = about["libelle"].to_dict(), about["controle"].to_dict()
        self.additive = set(about.index[about["additif"] == "oui"])
        self._everything = cache(self._under_every_mechanism)

    def value(self, key: Key) -> Value | None:
        """The figure as this edition computes it; None when it does not."""
        return self._known.get(key)

    def bounds(self, key: Key) -> dict[str, Any] | None:
        """Between what the figure lies, and its disclosure control, where structures that sent totals leave it so."""
        return self._bounds.get(key)

    def elsewhere(self, key: Key, printed: str, hours: float) -> Iterator[tuple[str, Value]]:
        """The same figure under other scopes, each named in French; `hours` are all those that its source gives."""
        year, place, code, modality = key
        if code in SHARES:
            for other in SHARES:
                if other != code and (found := self.value((year, place, other, modality))):
                    yield f"« {self.labels[other]} »", found
        own = self.value((year, place, HOURS, modality))
        if code.startswith("etp_") and own:
            for other in self.labels:
                if other.startswith("etp_") and other != code:
                    yield f"« {self.labels[other]} »", (own[0] / int(other.removeprefix("etp_")), own[1])
        # A source counts every mechanism or does not: its hours, where it gives them, say which.
        likely = pd.isna(hours) or abs(self._all_hours.get((year, place), 0) - hours) < 1
        if likely and (found := self._everything(year).get(key)):
            # Of the region and its departments, no EPCI.
            cautious = {**found[1], "_controle": self._kinds[code], "_sensible": True, "_epci": False}
            yield "tous les mécanismes juridiques, non ceux du champ", (found[0], cautious)
        if len(printed.replace(".", "").strip("0")) >= SIGNIFICANT:
            for other, name in self.names[year].items():
                if other != place and (found := self.value((year, other, code, modality))):
                    yield f"le territoire {name} ({other})", found

    def _under_every_mechanism(self, year: int) -> _Values:
        """The figures of the edition, region and departments, if it counted every legal mechanism."""
        edition = self.dataset.edition(year)
        every = edition.model_copy(update={"mecanismes": list(reference.labels("mecanismes"))})
        places = self._facts.places.assign(epci_siren=None)
        wider = self.dataset.model_copy(update={"editions": [every]})
        return _Values(indicators(replace(self._facts, places=places), wider), list(MEASURES.values()))


def _bounds(measured: pd.DataFrame) -> dict[Key, dict[str, Any]]:
    names = ["valeur_min", "valeur_max"]
    if not set(names) <= set(measured.columns):
        return {}
    rows = measured[measured["valeur"].isna() & measured[names].notna().any(axis=1)]
    keys = rows[FIGURE].itertuples(index=False, name=None)
    return dict(zip(keys, rows[[*names, *CONTROL]].to_dict("records"), strict=True))


class _Values:
    """The values of a table of indicators, by figure."""

    def __init__(self, table: pd.DataFrame, control: list[str]) -> None:
        rows = table.dropna(subset="valeur")
        self._values = rows["valeur"].to_numpy(dtype=float)
        self._control = {name: rows[name].to_numpy() for name in control}
        self._at = {key: n for n, key in enumerate(rows[FIGURE].itertuples(index=False, name=None))}

    def get(self, key: Key) -> Value | None:
        if (n := self._at.get(key)) is None:
            return None
        return float(self._values[n]), {name: cells[n] for name, cells in self._control.items()}


def _figures(releases: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    """The published figures of all sources, with what the audit of the slides says, and what replaced them."""
    series = published().reset_index(drop=True).rename(columns={"annee": "edition"})
    series = series.assign(audit=series["numero"].map(slips()), date_publication=pd.NaT)
    about = reference.table("publication/indicateurs").set_index("code")
    words = reference.labels("publics") | reference.labels("sexes")
    names = {edition.annee: edition_places(edition) for edition in dataset.editions}
    of = releases["modalite"].map(lambda code: "" if code == WHOLE else f", {words.get(code, code)}")
    own = releases.assign(
        serie=RELEASES,
        territoire_nom=[names[y][place] for y, place in zip(releases["edition"], releases["territoire"], strict=True)],
        unite=releases["indicateur"].map(about["unite"]),
        libelle=releases["indicateur"].map(about["libelle"]).astype("str") + of.astype("str"),
        statut=releases["note"],
        source=releases["publication"],
    )
    rows = pd.concat([series, own], ignore_index=True).drop(columns=["numero", "publication", "note"])
    texts = ["champ", "statut", "audit"]
    rows[texts] = rows[texts].fillna("")
    of_source = ["edition", "territoire", "source"]
    total = rows[rows["indicateur"].eq(HOURS) & rows["modalite"].eq(WHOLE)]
    hours = total.drop_duplicates(of_source, keep="last").set_index(of_source)["valeur"].rename("heures")
    rows = rows.join(hours, on=of_source)
    same = rows.groupby([*FIGURE, "valeur", "decimales", "champ"], sort=False)
    rows["derniere"] = same["source"].transform("last")
    rows["source"] = same["source"].transform(" ; ".join)
    rows["date_publication"] = pd.to_datetime(same["date_publication"].transform("max"))
    rows = rows[same.cumcount() == 0].reset_index(drop=True)
    return rows.assign(remplace=_replaced(rows))


def _replaced(rows: pd.DataFrame) -> pd.Series:
    """For each figure, the one that replaced it, in French; empty where none did.

    Releases follow each other by date; the figures of a reference series in the order of its file.
    """
    line = rows["serie"].where(rows["date_publication"].isna(), RELEASES)
    order = rows.assign(ligne=line).sort_values("date_publication", kind="stable", na_position="first")
    last = {_line(row): row for row in order.itertuples()}
    return pd.Series([_after(row, last[_line(row)]) for row in rows.assign(ligne=line).itertuples()], dtype="str")


def _line(row: Any) -> tuple:
    return (row.edition, row.territoire, row.indicateur, row.modalite, row.champ, row.ligne)


def _after(row: Any, last: Any) -> str:
    if last.valeur == row.valeur:
        return ""
    by = "" if pd.isna(last.date_publication) else f" ({last.derniere}, {french_date(last.date_publication)})"
    shown = as_printed(last.valeur, last.decimales, last.unite)
    change = f", soit {_signed(last.valeur / row.valeur - 1)}" if row.valeur else ""
    return f"remplacé par {shown}{by}{change}."


def _judged(figure: Any, computed: Computed, spare: Decimal) -> dict[str, Any]:
    """The verdict on one figure: the columns `FOUND` that it has."""
    if reason := _outside(figure, computed):
        return reason
    key = (figure.edition, figure.territoire, figure.indicateur, figure.modalite)
    found = computed.value(key)
    out = _not_computed(figure, computed.bounds(key))
    word, text = "", ""
    if found:
        word, text = _compared(figure, found[0], spare)
        gap = figure.valeur - found[0]
        out = {"recalcule": found[0], "ecart": gap, "ecart_relatif": gap / found[0] if found[0] else None, **found[1]}
        if word in (EQUAL, ROUNDED, TRUNCATED):
            return {**out, **_said(word, text)}
    if figure.remplace:
        return {**out, **_said(REVISED, figure.remplace)}
    if word == LOST:
        return {**out, **_said(word, text)}
    if other := _matching(figure, key, computed):
        name, (value, control) = other
        said = as_printed(value, figure.decimales + 1, figure.unite)
        both = weaker(found[1], control) if found else control
        return {**out, **both, **_said(OTHER_SCOPE, f"concorde avec {name} : {said}.")}
    return {**out, **_said(UNEXPLAINED, _gap(figure, out, spare))} if found else out


def _not_computed(figure: Any, bounds: dict[str, Any] | None) -> dict[str, Any]:
    """The verdict on a figure without a value of its own: not an indicator of the edition, or known within bounds."""
    if bounds is None:
        return _said(NOT_COMPUTED, "cette édition ne calcule pas cet indicateur.")
    low, high = bounds["valeur_min"], bounds["valeur_max"]
    ends = [("au moins", low), ("au plus", high)]
    known = " et ".join(
        f"{word} {as_printed(end, figure.decimales, figure.unite)}" for word, end in ends if pd.notna(end)
    )
    inside = not (figure.valeur < low or figure.valeur > high)
    said = f"des totaux envoyés n'en laissent qu'un encadrement, {known} : il {'y est' if inside else 'en sort'}."
    return {**_said(NOT_COMPUTED, said), **{name: bounds[name] for name in CONTROL}}


def _outside(figure: Any, computed: Computed) -> dict[str, Any] | None:
    """The verdict on a figure that the dataset does not compute: another year, another territory, another scope."""
    inside = computed.names.get(figure.edition)
    if inside is None:
        return _said(OUTSIDE, f"aucune édition {figure.edition} dans ce jeu de données.", figure.remplace)
    if figure.serie == NATIONAL:
        return _national(figure, computed)
    if figure.territoire not in inside:
        return _said(OUTSIDE, f"territoire hors de l'édition {figure.edition}.", figure.remplace)
    dataset = computed.dataset
    if figure.serie != RELEASES and figure.territoire == dataset.region and dataset.edition(figure.edition).is_partial:
        return _said(OUTSIDE, f"l'édition {figure.edition} n'est pas de toute la région.", figure.remplace)
    if figure.champ:
        reason = f"{figure.champ} : ce n'est pas le total du territoire {figure.territoire_nom}."
        return _said(OTHER_SCOPE, reason, figure.remplace)
    return None


def _national(figure: Any, computed: Computed) -> dict[str, Any]:
    """A national figure, with the region's share of it where that has a meaning: what adds up."""
    edition = computed.dataset.edition(figure.edition)
    own = computed.value((figure.edition, edition.territoire, figure.indicateur, figure.modalite))
    partial = edition.is_partial
    if own is None or partial or figure.indicateur not in computed.additive:
        return _said(OUTSIDE, "périmètre national.", figure.remplace)
    share = own[0] / figure.valeur
    reason = f"périmètre national : {edition.territory_name} en fait {as_printed(share, 3, 'part')}."
    return {**_said(OUTSIDE, reason, figure.remplace), **own[1], "part_region": share}


def _said(word: str, *texts: str) -> dict[str, Any]:
    return {"verdict": word, "explication": _sentences(*texts)}


def _sentences(*texts: str) -> str:
    """Those that say something, one after another, each with its capital."""
    return " ".join(opening(text) for text in texts if text)


def _compared(figure: Any, exact: float, spare: Decimal) -> tuple[str, str]:
    """The verdict on a figure and its value under the same scope, with its sentence; (``, ``) when they differ."""
    if figure.valeur == exact:
        return EQUAL, ""
    digits, unit = figure.decimales, figure.unite
    word = verdict(figure.valeur, exact, digits)
    if word == ROUNDED:
        return word, ""
    if word == TRUNCATED:
        return word, sentence(word, exact, digits, unit)
    if unit == "part" and abs(Decimal(repr(figure.valeur)) - Decimal(repr(float(exact)))) <= spare:
        return ROUNDED, f"égal à {french(100 * spare, 2)} point près."
    return (word, sentence(word, exact, digits, unit)) if word == LOST else ("", "")


def _matching(figure: Any, key: Key, computed: Computed) -> tuple[str, Value] | None:
    """The likeliest other scope under which the figure is found again under the rounding rule."""
    printed = f"{figure.valeur:.{figure.decimales}f}"
    shown = Decimal(printed)
    for name, found in computed.elsewhere(key, printed, figure.heures):
        if round_half_up(found[0], figure.decimales) == shown:
            return name, found
    return None


def _gap(figure: Any, found: dict[str, Any], spare: Decimal) -> str:
    """How far the figure is from the value computed, in its unit and in per cent."""
    if figure.unite == "part":
        return f"écart de {_plus(100 * found['ecart'], 2)} point, plus que les {french(100 * spare, 2)} tolérés."
    relative = f" ({_signed(found['ecart_relatif'])})" if found["ecart_relatif"] is not None else ""
    return f"écart de {_plus(found['ecart'], figure.decimales)}{relative}."


def _two_rules(table: pd.DataFrame) -> list[str]:
    """For each truncated figure, one of the same source and unit that is rounded up: two rules side by side."""
    exactly = table["verdict"].eq(ROUNDED) & table["explication"].eq("")  # not within a tolerance only
    up = table[exactly & table["publie"].gt(table["recalcule"])]
    key = ["edition", "source", "unite"]
    first = {tuple(row[name] for name in key): row for row in up[::-1].to_dict("records")}
    out = []
    for row in table[[*key, "verdict"]].to_dict("records"):
        other = first.get(tuple(row[name] for name in key)) if row["verdict"] == TRUNCATED else None
        shown = as_printed(other["publie"], other["decimales"], other["unite"]) if other else ""
        out.append(f"à côté, {shown} est arrondi : deux règles d'arrondi pour une publication." if other else "")
    return out


def _plus(value: float, digits: int) -> str:
    return ("+" if value > 0 else "") + french(value, digits)


def _signed(rate: float) -> str:
    return f"{'+' if rate > 0 else ''}{percent(rate)}"
