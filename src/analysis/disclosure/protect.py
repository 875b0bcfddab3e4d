"""The stage between results and notebooks: what may not be told is emptied, and an attack shows that it worked.

What must not be told is decided (`decide`), the tables are emptied of it (`shown`) or told rounded where that is enough
(`rounding`), and what is left is attacked (`gate`): nothing is written unless every hidden cell stays as uncertain as
its rule asks.
A table without a schema, with a person's key or with a measure left over is an error of ours, not data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import finished_folder, read_table, write_table
from analysis.core.params import load_params
from analysis.core.paths import protected_dir, results_dir
from analysis.core.texts import NAMED, some
from analysis.disclosure.decide import decide
from analysis.disclosure.gate import leaks, refuse_leaks, sought, without_found_zeros
from analysis.disclosure.gone import before_mergers, heirs, with_gone
from analysis.disclosure.links import links, public
from analysis.disclosure.primary import OPEN
from analysis.disclosure.regroup import proposals
from analysis.disclosure.releases import as_bounded, as_left_before, published_before, still_true
from analysis.disclosure.revised import as_they_were
from analysis.disclosure.rounding import rounded
from analysis.disclosure.shown import shown, with_rounded
from analysis.disclosure.statements import Tables, statements
from analysis.disclosure.summary import summary
from analysis.schemas.build import conform
from analysis.schemas.registry import DELIVERABLES, published

INDICATORS = "consolidation.indicateurs"
PERSONAL = {"ben_id", "ben_id_a", "ben_id_b", "fac_ref", "nom_personne", "date_naissance", "nir"}
# The tables that disclosure control makes itself: how much is hidden, and what would hide less.
SUMMARY, GROUPINGS = "quality.secret", "quality.secret_regroupements"


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


def protect(results: Tables, dataset: Dataset, earlier: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The tables of `results` as they may be published, and those that say how much is hidden.

    `earlier` are the numbers that releases told, by their names, which readers already have.
    Raises DataError when a cell cannot be protected, or could be found, or an indicator is of no known cell; ValueError
    for a column that names persons.
    """
    _refuse_persons(results)
    _refuse_indicators_of_no_cell(results)
    settings = load_params().disclosure
    known, taken_over = links(results, dataset), heirs(earlier)
    earlier = {name: before_mergers(said, known.cells.index, taken_over) for name, said in earlier.items()}
    known, gone = with_gone(known, earlier, taken_over, dataset)
    known, earlier, changed = as_they_were(known, earlier, dataset)
    exact, old = still_true(known, earlier)
    past = gone.append(changed)
    known = as_left_before(known, old, past) if len(past) else known
    held = as_bounded(known, old)
    secret = decide(results, held, exact, past)

    # What would be told if hidden rows were emptied, which readers add to what they have.
    tables = shown(results, secret.rows)
    now = statements(tables, dataset)
    told = public(held, now, old)
    secret = without_found_zeros(held, told, secret)

    # Of that, what may be told rounded; then the attack on all that would be written.
    rough = rounded(
        results,
        secret.rows,
        told,
        sought=sought(held, now, secret),
        leaks=partial(leaks, held, secret),
        limit=settings.rounding_share,
    )
    out, secret = with_rounded(tables, rough), secret.without(rough)
    refuse_leaks(known, statements(out, dataset), old, secret)

    coarser = proposals(results, secret.rows, settings.hidden_share)
    return {**out, SUMMARY: summary(results, secret.rows, rough), GROUPINGS: coarser}


def _refuse_persons(results: Tables) -> None:
    """Raise ValueError for a column that tells who somebody is."""
    for name, frame in results.items():
        if found := PERSONAL & set(frame.columns):
            raise ValueError(f"{name}: personal columns {sorted(found)} in a result table")


def _refuse_indicators_of_no_cell(results: Tables) -> None:
    """Raise DataError for an indicator to be controlled that nobody said the cell of: readers could compute with it."""
    known = reference.table("secret/cellules")
    told = set(known.loc[known["table"] == INDICATORS, "filtre"].str.removeprefix("indicateur="))
    described = reference.table("publication/indicateurs").set_index("code")["controle"]
    printed = results.get(INDICATORS, pd.DataFrame(columns=["indicateur"]))["indicateur"].unique()
    if lost := [name for name in printed if described[name] != OPEN and name not in told]:
        raise DataError(
            f"data/raw/reference/secret/cellules.csv : aucune ligne pour l'indicateur {some(lost, NAMED)} de "
            f"{INDICATORS} ; attendu : la case que c'est, ou les deux dont c'est le rapport."
        )
