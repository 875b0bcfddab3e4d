"""The stage between results and notebooks: what may not be told is emptied, and an attack shows that it worked.

Rules hide cells (`primary`), others are hidden so that no sum gives those away (`secondary`), and what is left is
attacked (`attack`): nothing is written unless every hidden cell stays as uncertain as its rule asks.
A table without a schema, with a person's key or with a measure left over is an error of ours, not data.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.consolidation.decomposition import women_effects
from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import finished_folder, read_table, write_table
from analysis.core.numbers import french, round_half_up
from analysis.core.params import load_params
from analysis.core.paths import protected_dir, results_dir
from analysis.disclosure.attack import from_inside, intervals
from analysis.disclosure.links import ROUNDING, Links, Tables, given, kept, links, looked_up, own, statements
from analysis.disclosure.primary import OPEN, SECONDARY, broken, emptied, rules
from analysis.disclosure.regroup import proposals
from analysis.disclosure.releases import published_before
from analysis.disclosure.secondary import suppressed, suppressed_inside
from analysis.schemas.build import conform
from analysis.schemas.registry import DELIVERABLES, published

PERSONAL = {"ben_id", "fac_ref", "nom_personne", "date_naissance", "nir"}
# The tables that disclosure control makes itself: how much is hidden, and what would hide less.
SUMMARY, GROUPINGS = "quality.secret", "quality.secret_regroupements"
# What no cell says is computed again, from what is shown of this table and of the other.
AGAIN = {"consolidation.femmes_ecart": ("consolidation.femmes", women_effects)}
ROW = ["table", "ligne"]  # what tells one row of all tables from another
SHOWN = 5  # cells named in the error
SINGLE, SHARE = 0.1, 0.01  # what is known as closely as that, or to that part of it, is found: rounding leaves some


@dataclass(frozen=True)
class Secret:
    """What is decided: the rule that hides each row (regle, empty if shown), and the cells that must stay unknown.

    rows: table, ligne, regle; protection: by cell, how far from its value a reader must be left; personal: those that
    must not be told to anybody who knows another hidden cell, his own; before: hidden cells that an earlier release
    printed with the same value, which nothing can protect any more; free: cells beside a hidden one that no rule hides
    and that an open row or an earlier release prints.
    """

    rows: pd.DataFrame
    protection: pd.Series
    personal: frozenset[str]
    before: frozenset[str]
    free: frozenset[str]


def build(dataset: str, deliverables: Sequence[str] = tuple(DELIVERABLES)) -> None:
    """Protect the result tables of `deliverables` of `dataset`, together.

    Raises DataError, naming cells but no value, when a reader could find one that is hidden; then nothing is written.
    """
    described = load_dataset(dataset)
    schemas = {name: published(name) for name in deliverables}
    results = {
        f"{deliverable}.{name}": read_table(results_dir(dataset) / deliverable / f"{name}.parquet")
        for deliverable, tables in schemas.items()
        for name in tables
        if f"{deliverable}.{name}" not in (SUMMARY, GROUPINGS)
    }
    protected = protect(results, described, published_before(described))
    for deliverable, tables in schemas.items():
        with finished_folder(protected_dir(dataset) / deliverable) as folder:
            for name, schema in tables.items():
                write_table(conform(schema, protected[f"{deliverable}.{name}"]), folder / f"{name}.parquet")


def protect(results: Tables, dataset: Dataset, earlier: Sequence[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables of `results` as they may be published, and those that say how much is hidden.

    `earlier` are the numbers that releases told, which readers already have.
    """
    for name, frame in results.items():
        if leak := PERSONAL & set(frame.columns):
            raise ValueError(f"{name}: personal columns {sorted(leak)} in a result table")
    known = links(results, dataset)
    held = [still_true(known, said) for said in earlier]
    secret = decide(results, known, frozenset().union(*held))
    rule = secret.rows.set_index(ROW)["regle"]
    shown = {name: _emptied(name, frame, rule) for name, frame in results.items()}
    again = {name: told(shown[name], shown[base]) for name, (base, told) in AGAIN.items() if _filled(shown, name, base)}
    out = {name: _rounded(name, frame) for name, frame in (shown | again).items()}
    # A revised number says nothing of today's cell.
    old = [said[said["cellule"].isin(cells)] for said, cells in zip(earlier, held, strict=True)]
    refuse_leaks(known, statements(out, dataset), pd.concat([known.statements.iloc[:0], *old]), secret)
    metadata = {name: _metadata(name) for name in results}
    coarser = proposals(results, secret.rows, metadata, load_params().disclosure.hidden_share)
    return {**out, SUMMARY: summary(results, secret.rows), GROUPINGS: coarser}


def decide(results: Tables, known: Links, old: frozenset[str]) -> Secret:
    """Which rows to hide, by rule or to protect another, and which cells those rules are about.

    `old` are the cells that readers already know.
    """
    rows = pd.concat([_primary(name, frame) for name, frame in results.items()], ignore_index=True)
    printed = known.statements["base"] == ""
    # A cell that is printed nowhere by itself is what its share is about.
    alone = ~known.statements["cellule"].isin(known.statements.loc[printed, "cellule"])
    said = known.statements[printed | alone].merge(rows, how="left", on=ROW)
    told = set(said.loc[said["regle"].eq(OPEN) & said["base"].eq(""), "cellule"])
    hidden = said[said["regle"].notna() & said["regle"].ne(OPEN)].drop_duplicates("cellule")
    rule = hidden.set_index("cellule")["regle"]
    protection = _protection(known, rule)
    asked = protection[~protection.index.isin(old)]
    personal = frozenset(asked.index[rule[asked.index].map(rules()["inities"]).eq("oui")])
    secret = set(protection.index) | _others(known, asked, personal, told | old)
    rest = known.statements.loc[_touched(known, secret), ROW].drop_duplicates().assign(regle=SECONDARY)
    decided = pd.concat([rows, rest], ignore_index=True).drop_duplicates(ROW)
    free = (_beside(known, secret) & (told | old)) - set(protection.index)
    decided = decided[decided["regle"] != OPEN].reset_index(drop=True)
    return Secret(decided, asked, personal, old & set(protection.index), frozenset(free))


def _others(known: Links, protection: pd.Series, personal: frozenset[str], fixed: set[str]) -> set[str]:
    """The cells to hide beside those of `protection`, `personal` among them; `fixed` cannot be.

    A row is hidden whole: what it prints beside a hidden cell is hidden too, in every other row where it stands, and
    must not be found either. Otherwise one page would hide what another tells.
    """
    secret = set(protection.index) | suppressed(known, protection, fixed)
    secret |= suppressed_inside(known, protection[protection.index.isin(personal)], secret, fixed)
    while beside := _beside(known, secret) - secret - fixed:
        asked = _protection(known, pd.Series(SECONDARY, index=sorted(beside)))
        anyway = pd.Series(0.0, index=sorted(secret))
        secret |= beside | suppressed(known, pd.concat([asked, anyway]), fixed)
    return secret


def _touched(known: Links, secret: set[str]) -> pd.Series:
    """Which numbers speak of a cell of `secret`."""
    return known.statements["cellule"].isin(secret) | known.statements["base"].isin(secret)


def _beside(known: Links, secret: set[str]) -> set[str]:
    """The cells that a row prints which is hidden because of `secret`."""
    rows = known.statements.loc[_touched(known, secret), ROW].drop_duplicates()
    said = known.statements.merge(rows, on=ROW).dropna(subset="valeur")
    return set(said.loc[said["base"] == "", "cellule"])


def still_true(known: Links, said: pd.DataFrame) -> frozenset[str]:
    """The cells that an earlier release printed, with the value that they still have; `said` are its numbers."""
    old = given(said)
    same = np.isclose(old, known.cells["valeur"].reindex(old.index), rtol=1e-9, atol=0)
    return frozenset(old.index[same])


def refuse_leaks(known: Links, now: pd.DataFrame, old: pd.DataFrame, secret: Secret) -> None:
    """Attack what is published, and raise DataError unless each hidden cell stays as uncertain as its rule asks, and
    whatever else a row hides is found nowhere.

    `now` are the numbers of this release, `old` those of earlier ones that still hold. A cell of which these alone told
    as much cannot be protected any more: it is left out of the count, as one that they printed.
    """
    values = known.cells["valeur"]
    said = pd.concat([now, old], ignore_index=True)
    public = _public(known, said)
    hidden = _emptied_cells(known.statements, said).difference(list(secret.before | secret.free))
    found = intervals(public, hidden.union(secret.protection.index))
    personal = pd.Index(sorted(secret.personal))
    measured = _measured(public, personal)
    inside = values[own(measured.cells, measured.cells.index.intersection(hidden))]
    found.update(from_inside(measured, personal, inside))
    leaks = found[_leaks(found, known.cells.loc[found.index], secret.protection)]
    known_before = _no_narrower(leaks, intervals(_public(known, old), leaks.index)) if len(old) else leaks.index[:0]
    leaks = leaks.drop(known_before)
    if len(leaks):
        named = ", ".join(leaks.index[:SHOWN])
        more = f" et {len(leaks) - SHOWN} autres" if len(leaks) > SHOWN else ""
        raise DataError(
            f"secret statistique : cases cachées qui se retrouvent à partir de ce qui serait publié : {len(leaks)} "
            f"({named}{more}) ; attendu : aucune. Rien n'a été écrit."
        )
    extra = int(secret.rows["regle"].eq(SECONDARY).sum())
    told = len(secret.before) + len(known_before)
    again = f" (hors du compte, dites par des diffusions passées : {french(told)})" if told else ""
    print(
        f"secret statistique : {french(len(found) - len(known_before))} cases attaquées, aucune retrouvée{again} ; "
        f"{french(len(secret.rows))} lignes cachées, dont {french(extra)} pour en protéger d'autres.",
        file=sys.stderr,
        flush=True,
    )


def _public(known: Links, said: pd.DataFrame) -> Links:
    """What a reader has who was told the numbers of `said`."""
    return replace(known, statements=said, cells=known.cells.assign(valeur=given(said).reindex(known.cells.index)))


def _no_narrower(found: pd.DataFrame, before: pd.DataFrame) -> pd.Index:
    """The cells whose interval of `found` is, up to rounding, that of `before`."""
    rounding = ROUNDING + SHARE / 10 * before["haut"].replace(np.inf, 0.0)
    same = (found["bas"] <= before["bas"] + rounding) & (found["haut"] >= before["haut"] - rounding)
    return found.index[same]


def _emptied_cells(before: pd.DataFrame, after: pd.DataFrame) -> pd.Index:
    """The cells that a number of `before` prints and the same number of `after` does not."""
    plain = before[before["base"] == ""].dropna(subset="valeur")
    left = after.dropna(subset="valeur")
    place = [*ROW, "cellule"]
    gone = ~pd.MultiIndex.from_frame(plain[place]).isin(pd.MultiIndex.from_frame(left[place]))
    return pd.Index(sorted(set(plain.loc[gone, "cellule"])), dtype="str")


def _measured(links: Links, cells: pd.Index) -> Links:
    """What `links` says of the measures of `cells`, which no sum ties to others."""
    measures = set(cells.str.split("/").str[0])
    own = links.cells[links.cells.index.str.split("/").str[0].isin(measures)]
    terms = links.terms[links.terms["cellule"].isin(own.index)]
    said = links.statements[links.statements["cellule"].isin(own.index)]
    return Links(said, own, terms, links.sums.loc[terms["somme"].unique()])


def _leaks(found: pd.DataFrame, cells: pd.DataFrame, protection: pd.Series) -> pd.Series:
    """Which intervals are narrower than their rule asks; those without a rule must be no single number."""
    value, asked = cells["valeur"], protection.reindex(found.index)
    # Nobody can be left believing what is beyond a bound; equations hold up to the rounding of their numbers.
    low = value - np.minimum(asked, value - cells["bas"]) + 0.05 * asked
    high = value + np.minimum(asked, cells["haut"] - value) - 0.05 * asked
    alone = found["haut"] - found["bas"] <= np.minimum(SINGLE, SHARE * value).mask(cells["entier"], 0.0)
    return (found["bas"] > low) | (found["haut"] < high) | (alone & value.ne(0))


def summary(results: Tables, hidden: pd.DataFrame) -> pd.DataFrame:
    """livrable, table, lignes, cachees, dont_secondaires, part_lignes, part_heures (in whole per cent, of each table).

    The share of hours is rounded: with all its digits it would be one more sum over the hidden cells.
    """
    rows = []
    for name, frame in results.items():
        if _metadata(name)["controle"] == OPEN or frame.empty:
            continue
        own = hidden[hidden["table"] == name].set_index("ligne")["regle"]
        gone = pd.Series(range(len(frame))).isin(own.index).to_numpy()
        livrable, table = name.split(".")
        rows.append(
            {
                "livrable": livrable,
                "table": table,
                "lignes": len(frame),
                "cachees": int(gone.sum()),
                "dont_secondaires": int(own.eq(SECONDARY).sum()),
                "part_lignes": gone.mean(),
                "part_heures": _hours_hidden(frame, gone),
            }
        )
    return pd.DataFrame(rows)


def _hours_hidden(frame: pd.DataFrame, gone: np.ndarray) -> float:
    """The share of the hours of a table that its hidden rows hold, in whole per cent; missing without hours."""
    if "heures" in frame:
        hours = frame["heures"]
    elif "indicateur" in frame and "valeur" in frame:
        hours = frame["valeur"].where(frame["indicateur"] == "heures_realisees")
    else:
        return float("nan")
    total = float(hours.sum())
    return float(round_half_up(float(hours[gone].sum()) / total, 2)) if total else float("nan")


def _primary(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """table, ligne, regle of the rows that a rule hides, and of those that are open (rule OPEN)."""
    control = _control(name, frame)
    kept = broken(frame, control).mask(control.eq(OPEN), OPEN).reset_index(drop=True)
    return pd.DataFrame({"table": name, "ligne": kept.index, "regle": kept}).query("regle != ''")


def _protection(known: Links, rule: pd.Series) -> pd.Series:
    """By cell, how far from its value a reader must be left: the rule's part of it, one at least where one counts."""
    cells = known.cells.reindex(rule.index).dropna(subset="valeur")
    share = looked_up(rule[cells.index], rules()["protection"])
    return np.maximum(share * cells["valeur"], cells["entier"].astype("float64")).sort_index()


def _emptied(name: str, frame: pd.DataFrame, rule: pd.Series) -> pd.DataFrame:
    if _metadata(name)["controle"] == OPEN or frame.empty:
        return frame
    own = rule.loc[name] if name in rule.index.get_level_values(0) else pd.Series(dtype="str")
    hides = own.reindex(range(len(frame))).fillna("").set_axis(frame.index)
    return emptied(frame, hides, _metadata(name)["values"])


def _filled(tables: Tables, *names: str) -> bool:
    return all(name in tables and len(tables[name]) for name in names)


def _rounded(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the digits of what is no cell that `sans_cellule.csv` leaves: with all of them, a median is one
    observation and a sum of squares an equation."""
    known = reference.table("secret/sans_cellule").query("table == @name").dropna(subset="decimales")
    out = frame.copy()
    for rule in known.fillna({"filtre": ""}).itertuples() if len(frame) else ():
        rows, digits = kept(frame, rule.filtre).index, int(rule.decimales)
        for column in rule.colonnes.split("|"):
            out.loc[rows, column] = frame.loc[rows, column].map(
                lambda value, digits=digits: float(round_half_up(value, digits)), na_action="ignore"
            )
    return out


def _control(name: str, frame: pd.DataFrame) -> pd.Series:
    policy = _metadata(name)["controle"]
    return frame["_controle"] if policy == "indicateur" and len(frame) else pd.Series(policy, index=frame.index)


def _metadata(name: str) -> dict:
    deliverable, table = name.split(".")
    return published(deliverable)[table].metadata  # type: ignore[no-any-return]
