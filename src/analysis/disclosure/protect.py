"""The stage between results and notebooks: what may not be told is emptied, and an attack shows that it worked.

Rules hide cells (`primary`), others are hidden so that no sum gives those away (`secondary`) or told rounded where
that is enough (`rounding`), and what is left is attacked (`attack`): nothing is written unless every hidden cell
stays as uncertain as its rule asks.
A table without a schema, with a person's key or with a measure left over is an error of ours, not data.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from analysis.consolidation.decomposition import women_effects
from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import finished_folder, read_table, write_table
from analysis.core.numbers import ROUNDED_SUFFIX, french, number_of, plural, round_half_up
from analysis.core.params import load_params
from analysis.core.paths import protected_dir, results_dir
from analysis.core.texts import some
from analysis.disclosure.attack import Sought, intervals
from analysis.disclosure.links import (
    ROUNDING,
    Links,
    Tables,
    at_home,
    following,
    given,
    kept,
    links,
    looked_up,
    own,
    public,
    statements,
)
from analysis.disclosure.primary import OPEN, SECONDARY, broken, emptied, rules
from analysis.disclosure.regroup import proposals
from analysis.disclosure.releases import published_before
from analysis.disclosure.rounding import rounded
from analysis.disclosure.secondary import suppressed, suppressed_inside
from analysis.schemas.build import conform
from analysis.schemas.registry import DELIVERABLES, published

PERSONAL = {"ben_id", "ben_id_a", "ben_id_b", "fac_ref", "nom_personne", "date_naissance", "nir"}
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
    and that open rows or earlier releases print, or give by a sum.
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
    ready = {
        deliverable: {name: conform(schema, protected[f"{deliverable}.{name}"]) for name, schema in tables.items()}
        for deliverable, tables in schemas.items()
    }
    for deliverable, frames in ready.items():
        with finished_folder(protected_dir(dataset) / deliverable) as folder:
            for name, frame in frames.items():
                write_table(frame, folder / f"{name}.parquet")


def protect(results: Tables, dataset: Dataset, earlier: Sequence[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables of `results` as they may be published, and those that say how much is hidden.

    `earlier` are the numbers that releases told, which readers already have.
    """
    for name, frame in results.items():
        if leak := PERSONAL & set(frame.columns):
            raise ValueError(f"{name}: personal columns {sorted(leak)} in a result table")
    known = links(results, dataset)
    held = [still_true(known, said) for said in earlier]
    secret = decide(results, known, frozenset().union(*(exact for exact, _ in held)))
    rule = secret.rows.set_index(ROW)["regle"]
    shown = {name: _emptied(name, frame, rule) for name, frame in results.items()}
    again = {name: told(shown[name], shown[base]) for name, (base, told) in AGAIN.items() if _filled(shown, name, base)}
    shown = {name: _coarsened(name, frame) for name, frame in (shown | again).items()}
    old = pd.concat([known.statements.iloc[:0], *(said for _, said in held)])
    now = statements(shown, dataset)
    secret = _without_found_zeros(known, _told(known, now, old), secret)
    settings = load_params().disclosure
    rough = rounded(
        results,
        secret.rows,
        _told(known, now, old),
        sought=_sought(known, now, secret),
        leaks=partial(_leaks, known, secret),
        limit=settings.rounding_share,
    )
    out = {name: _with_rounded(name, frame, rough) for name, frame in shown.items()}
    hidden = secret.rows[~_keys(secret.rows).isin(_keys(rough))]
    refuse_leaks(known, statements(out, dataset), old, replace(secret, rows=hidden))
    metadata = {name: _metadata(name) for name in results}
    coarser = proposals(results, hidden, metadata, settings.hidden_share)
    return {**out, SUMMARY: summary(results, hidden, rough), GROUPINGS: coarser}


def decide(results: Tables, known: Links, old: frozenset[str]) -> Secret:
    """Which rows to hide, by rule or to protect another, and which cells those rules are about.

    `old` are the cells that readers already know.
    """
    rows = pd.concat([_primary(name, frame) for name, frame in results.items()], ignore_index=True)
    said = known.statements.merge(rows, how="left", on=ROW)
    printed = said["base"].eq("") & said["valeur"].notna()  # an open row without a number tells nothing
    told = following(known, set(old) | set(said.loc[said["regle"].eq(OPEN) & printed, "cellule"]))
    # A cell that is printed nowhere by itself is what its share is about.
    alone = ~said["cellule"].isin(said.loc[printed, "cellule"])
    said = said[at_home(said) | alone]
    hidden = said[said["regle"].notna() & said["regle"].ne(OPEN)].drop_duplicates("cellule")
    rule = hidden.set_index("cellule")["regle"]
    protection = _protection(known, rule, _nobody(results, hidden))
    asked = protection[~protection.index.isin(old)]
    personal = frozenset(asked.index[rule[asked.index].map(rules()["inities"]).eq("oui")])
    secret = set(protection.index) | _others(known, asked, personal, told)
    rest = known.statements.loc[_touched(known, secret), ROW].drop_duplicates().assign(regle=SECONDARY)
    decided = pd.concat([rows, rest], ignore_index=True).drop_duplicates(ROW)
    free = (_beside(known, secret) & told) - set(protection.index)
    decided = decided[decided["regle"] != OPEN].reset_index(drop=True)
    return Secret(decided, asked, personal, old & set(protection.index), frozenset(free))


def _others(known: Links, protection: pd.Series, personal: frozenset[str], fixed: set[str]) -> set[str]:
    """The cells to hide beside those of `protection`, `personal` among them; `fixed` cannot be.

    A row is hidden whole: what is at home in it beside a hidden cell is hidden too, in every other row where it stands,
    and must not be found either. Otherwise one page would hide what another tells.
    """
    secret = set(protection.index) | suppressed(known, protection, fixed)
    secret |= suppressed_inside(known, protection[protection.index.isin(personal)], secret, fixed)
    while beside := _beside(known, secret) - secret - fixed:
        there = known.cells["valeur"].reindex(sorted(beside))
        asked = _protection(known, pd.Series(SECONDARY, index=there.index[there.ne(0)]), there.index[:0])
        anyway = pd.Series(0.0, index=sorted(secret))
        secret |= beside | suppressed(known, pd.concat([asked, anyway]), fixed)
    return secret


def _touched(known: Links, secret: set[str]) -> pd.Series:
    """Which numbers speak of a cell of `secret`."""
    return known.statements["cellule"].isin(secret) | known.statements["base"].isin(secret)


def _beside(known: Links, secret: set[str]) -> set[str]:
    """The cells at home in a row that is hidden because of `secret`."""
    rows = known.statements.loc[_touched(known, secret), ROW].drop_duplicates()
    said = known.statements[at_home(known.statements)].merge(rows, on=ROW)
    return set(said["cellule"])


def still_true(known: Links, said: pd.DataFrame) -> tuple[frozenset[str], pd.DataFrame]:
    """The cells that an earlier release printed with the value that they still have, and those of its numbers (`said`)
    that are still true of such a cell, rounded ones too: a revised number says nothing of today's cell."""
    old = given(said)
    same = np.isclose(old, known.cells["valeur"].reindex(old.index), rtol=1e-9, atol=0)
    exact = frozenset(old.index[same])
    near = (looked_up(said["cellule"], known.cells["valeur"]) - said["valeur"]).abs().le(said["demi"])
    rough = said["base"].eq("") & said["demi"].gt(0) & near
    return exact, said[(said["cellule"].isin(exact) & said["demi"].eq(0)) | rough]


def refuse_leaks(known: Links, now: pd.DataFrame, old: pd.DataFrame, secret: Secret) -> None:
    """Attack what is published, and raise DataError unless each hidden cell stays as uncertain as its rule asks, and
    whatever else a row hides is found nowhere.

    `now` are the numbers of this release, `old` those of earlier ones that still hold. A cell of which these alone told
    as much cannot be protected any more: it is left out of the count, as one that they printed.
    """
    found = intervals(_told(known, now, old), _sought(known, now, secret))
    leaks = found[_leaks(known, secret, found)]
    before = intervals(public(known, old), Sought(leaks.index)) if len(old) else leaks.iloc[:0]
    known_before = _no_narrower(leaks.loc[before.index], before)
    leaks = leaks.drop(known_before)
    if len(leaks):
        raise DataError(
            f"secret statistique : cases cachées qui se retrouvent à partir de ce qui serait publié : {len(leaks)} "
            f"({some(list(leaks.index), SHOWN)}) ; attendu : aucune. Rien n'a été écrit."
        )
    attacked, hidden = len(found) - len(known_before), len(secret.rows)
    extra = int(secret.rows["regle"].eq(SECONDARY).sum())
    told = len(secret.before) + len(known_before)
    again = f" (hors du compte, dites par des diffusions passées : {french(told)})" if told else ""
    print(
        f"secret statistique : {number_of(attacked, 'case')} {plural('attaquée', attacked)}, aucune retrouvée{again} ; "
        f"{number_of(hidden, 'ligne')} {plural('cachée', hidden)}, dont {french(extra)} pour en protéger d'autres.",
        file=sys.stderr,
        flush=True,
    )


def _without_found_zeros(known: Links, told: Links, secret: Secret) -> Secret:
    """`secret` without the hidden zeros that follow from the rest, whatever is hidden: that a place of few persons has
    nobody of some kind can be all that its other cells leave. Nothing else may be found."""
    asked = secret.protection.index
    zeros = asked[known.cells["valeur"].reindex(asked).eq(0)]
    found = intervals(told, Sought(zeros))
    lost = found.index[_leaks(known, secret, found)]
    if len(lost):
        print(f"secret statistique : zéros cachés qui se déduisent : {french(len(lost))}.", file=sys.stderr, flush=True)
    return replace(secret, protection=secret.protection.drop(lost), free=secret.free | set(lost))


def _told(known: Links, now: pd.DataFrame, old: pd.DataFrame) -> Links:
    """What readers have of this release and of earlier ones."""
    return public(known, pd.concat([now, old], ignore_index=True))


def _sought(known: Links, now: pd.DataFrame, secret: Secret) -> Sought:
    """The cells to be attacked where the numbers `now` are published."""
    hidden = _emptied_cells(known.statements, now).difference(list(secret.before | secret.free))
    personal = pd.Index(sorted(secret.personal))
    measures = personal.str.split("/").str[0]
    alike = hidden[hidden.str.split("/").str[0].isin(measures)]
    inside = known.cells.loc[own(known.cells, alike), "valeur"]
    return Sought(hidden.union(secret.protection.index), personal, inside)


def _no_narrower(found: pd.DataFrame, before: pd.DataFrame) -> pd.Index:
    """The cells whose interval of `found` is, up to rounding, that of `before`."""
    rounding = ROUNDING + SHARE / 10 * before["haut"].replace(np.inf, 0.0)
    same = (found["bas"] <= before["bas"] + rounding) & (found["haut"] >= before["haut"] - rounding)
    return found.index[same]


def _emptied_cells(before: pd.DataFrame, after: pd.DataFrame) -> pd.Index:
    """The cells whose number of `before`, where they are at home, is none of `after`, or not exactly."""
    plain = before[at_home(before)]
    left = after[after["demi"] == 0].dropna(subset="valeur")
    gone = ~_keys(plain, "cellule").isin(_keys(left, "cellule"))
    return pd.Index(sorted(set(plain.loc[gone, "cellule"])), dtype="str")


def _keys(rows: pd.DataFrame, *more: str) -> pd.MultiIndex:
    """Which row of which table each one is, and what else tells it."""
    return pd.MultiIndex.from_frame(rows[[*ROW, *more]])


def _leaks(known: Links, secret: Secret, found: pd.DataFrame) -> pd.Series:
    """Which intervals are narrower than their rule asks; those without a rule must be no single number."""
    cells, asked = known.cells.loc[found.index], secret.protection.reindex(found.index)
    value = cells["valeur"]
    # Nobody can be left believing what is beyond a bound; equations hold up to the rounding of their numbers.
    low = value - np.minimum(asked, value - cells["bas"]) + 0.05 * asked
    high = value + np.minimum(asked, cells["haut"] - value) - 0.05 * asked
    alone = found["haut"] - found["bas"] <= np.minimum(SINGLE, SHARE * value).mask(cells["entier"], 0.0)
    narrow = (found["bas"] > low + ROUNDING) | (found["haut"] < high - ROUNDING)
    return narrow | (alone & value.ne(0))


def summary(results: Tables, hidden: pd.DataFrame, rough: pd.DataFrame) -> pd.DataFrame:
    """livrable, table, lignes, cachees, dont_secondaires, arrondies, part_lignes, part_heures (in whole per cent, of
    each table); those of `rough` are told rounded, and hidden no more.

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
                "arrondies": int(rough["table"].eq(name).sum()),
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


def _nobody(results: Tables, hidden: pd.DataFrame) -> pd.Index:
    """The cells of `hidden` (table, ligne, cellule) whose crossing is sensitive: of those, zero is a secret too."""
    found = [
        part["cellule"][results[name]["_sensible"].iloc[part["ligne"]].astype("bool").to_numpy()]
        for name, part in hidden.groupby("table")
        if "_sensible" in results[name]
    ]
    return pd.Index(pd.concat(found) if found else [], dtype="str")


def _protection(known: Links, rule: pd.Series, sensitive: pd.Index) -> pd.Series:
    """By cell, how far from its value a reader must be left: the rule's part of it, one at least where one counts, and
    of nothing, in a `sensitive` crossing, what `mesures.csv` says."""
    cells = known.cells.reindex(rule.index).dropna(subset="valeur")
    share = looked_up(rule[cells.index], rules()["protection"])
    least = cells["entier"].astype("float64")
    # A part of nothing is nothing: of nobody, a reader must be left thinking that it may be somebody.
    measure = pd.Series(cells.index, cells.index).str.split("[/:]", regex=True).str[0]
    some = looked_up(measure, reference.table("secret/mesures").set_index("mesure")["zero"])
    least = least.mask(cells["valeur"].eq(0) & cells.index.isin(sensitive), some)
    return np.maximum(share * cells["valeur"], least).sort_index()


def _emptied(name: str, frame: pd.DataFrame, rule: pd.Series) -> pd.DataFrame:
    if _metadata(name)["controle"] == OPEN or frame.empty:
        return frame
    own = rule.loc[name] if name in rule.index.get_level_values(0) else pd.Series(dtype="str")
    hides = own.reindex(range(len(frame))).fillna("").set_axis(frame.index)
    return emptied(frame, hides, _metadata(name)["values"])


def _filled(tables: Tables, *names: str) -> bool:
    return all(name in tables and len(tables[name]) for name in names)


def _coarsened(name: str, frame: pd.DataFrame) -> pd.DataFrame:
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


def _with_rounded(name: str, frame: pd.DataFrame, rough: pd.DataFrame) -> pd.DataFrame:
    """`frame` with the numbers of `rough`, told rounded: their reason goes, and a companion column says to what."""
    own = rough[rough["table"] == name]
    if own.empty:
        return frame
    out = frame.assign(**dict.fromkeys(own["colonne"] + ROUNDED_SUFFIX, float("nan")))
    for row in own.itertuples():
        told = ["secret", row.colonne, f"{row.colonne}{ROUNDED_SUFFIX}"]
        out.loc[out.index[row.ligne], told] = ["", row.valeur, row.arrondi]
    return out


def _control(name: str, frame: pd.DataFrame) -> pd.Series:
    policy = _metadata(name)["controle"]
    return frame["_controle"] if policy == "indicateur" and len(frame) else pd.Series(policy, index=frame.index)


def _metadata(name: str) -> dict:
    deliverable, table = name.split(".")
    return published(deliverable)[table].metadata  # type: ignore[no-any-return]
