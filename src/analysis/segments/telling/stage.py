"""The stage that gives each contract of the region, and each planned purchase, its segment."""

from __future__ import annotations

import sys

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.dataset import load_dataset
from analysis.core.files import write_table
from analysis.core.params import ClassifierParams, load_params
from analysis.core.paths import classified_dir, clean_dir, raw_dir
from analysis.core.results import read_clean
from analysis.core.texts import some
from analysis.segments.contracts import inside, open_contracts, segment_of_cpv, with_segment
from analysis.segments.telling.audit import FILE, load_audits, weights
from analysis.segments.telling.model import Trust, assumed, combined, decided, learnt
from analysis.segments.telling.reader import FILE as READER
from analysis.segments.telling.reader import Reader
from analysis.segments.telling.text import Counted, folds, told_by_others

NAMED = 5  # audited contracts named on the terminal
PROJECT = "projet:"  # before the identifier of a planned purchase, where contracts have their uid
TOLD = ["uid", "segment", "segment_p", "segment_source", "segment_cpv", "segment_second", "second_p"]
AUDIT = ["uid", "segment_attribue", "segment_p", "segment_audite", "poids"]


def build(dataset: str) -> None:
    """Write `classified/` of `dataset`: marches.parquet, audit.parquet, and what tells the segment of other texts."""
    settings = load_params().segments.classifier
    received = open_contracts(clean_dir(dataset, "decp") / "marches.parquet")
    contracts, inside = _asked(received, load_dataset(dataset).region, settings.most_taught)
    announced = read_clean(dataset, "projects")["projets"]
    asked = pd.concat([contracts, as_contracts(announced)], ignore_index=True)
    inside = inside.reindex(asked.index, fill_value=True)
    audits = load_audits(raw_dir(dataset) / "decisions" / FILE)
    _say_unread(audits.index.difference(asked["uid"]))
    counted = Counted.of(asked["objet"], settings)
    table, audit, trust = classified(asked, audits, settings, counted)
    write_table(
        table[inside.to_numpy()].sort_values("uid", ignore_index=True), classified_dir(dataset) / "marches.parquet"
    )
    write_table(audit, classified_dir(dataset) / "audit.parquet")
    reader = Reader.taught(contracts, trust, settings, counted.first(len(contracts)))
    reader.write(classified_dir(dataset) / READER)


def _say_unread(uids: pd.Index) -> None:
    """Tell of audited contracts that are not among those to be told: nothing is learnt from them."""
    if len(uids):
        print(
            f"attention : {FILE} : marchés relus qui ne sont pas dans les marchés reçus, sans effet : {len(uids)} "
            f"({some(list(uids), NAMED)}).",
            file=sys.stderr,
        )


def _asked(received: ir.Table, region: str, most: int) -> tuple[pd.DataFrame, pd.Series]:
    """The contracts of the region, and others to learn from up to `most` in all; whether each is in the region.

    The others are those of the smallest digests: as good as drawn, and the same ones each time, on any engine.
    """
    columns = ["uid", "objet", "acheteur_id", "segment_cpv"]
    rows = with_segment(received).rename(segment_cpv="segment")
    codes = list(reference.departments(region)["code_departement"])
    own = inside(rows, codes).select(columns).to_pandas()
    room = max(0, most - len(own))
    others = rows.anti_join(inside(rows, codes), "uid").select(columns)
    others = others.order_by([others.uid.hexdigest("md5"), others.uid]).limit(room).to_pandas()
    contracts = pd.concat([own, others], ignore_index=True)
    contracts["segment_cpv"] = contracts["segment_cpv"].astype("str")
    local = pd.Series(np.arange(len(contracts)) < len(own), index=contracts.index)
    order = contracts["uid"].sort_values(kind="stable").index
    return contracts.loc[order].reset_index(drop=True), local.loc[order].reset_index(drop=True)


def as_contracts(projects: pd.DataFrame) -> pd.DataFrame:
    """Planned purchases as the classifier reads contracts: uid, objet, acheteur_id, segment_cpv."""
    return pd.DataFrame(
        {
            "uid": PROJECT + projects["projet_id"],
            "objet": projects["objet"],
            "acheteur_id": projects["acheteur_siren"],
            "segment_cpv": segment_of_cpv(projects["codeCPV"]),
        }
    )


def with_segment_told(projects: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Planned purchases with uid and segment, as `told` (`classified/marches.parquet`) says them."""
    uid = PROJECT + projects["projet_id"]
    return projects.assign(uid=uid, segment=uid.map(told.set_index("uid")["segment"]).astype("str"))


def classified(
    contracts: pd.DataFrame, audits: pd.Series, settings: ClassifierParams, counted: Counted | None = None
) -> tuple[pd.DataFrame, pd.DataFrame, Trust]:
    """The segments of `contracts` (uid, objet, acheteur_id, segment_cpv), what the audit says of them, and how far the
    text and the CPV are believed. `counted` is that of their objects, where it is at hand.

    The first has the columns of `TOLD`; the second those of `AUDIT`, where each audited contract is told by a trust
    learnt from the others, and `poids` is the contracts it counts for.
    """
    text, cpv = told_by_others(contracts, settings, counted), contracts["segment_cpv"]
    truth = contracts["uid"].map(audits).dropna()
    read = truth.index
    weight, start = weights(cpv, cpv[read]), assumed(text, cpv)
    believed = learnt(text.loc[read], cpv[read], truth, weight, start)
    likely = combined(text, cpv, believed)
    parts, fold = [], pd.Series(folds(contracts.loc[read, "uid"], settings.folds), index=read)
    for number in range(settings.folds):
        others, mine = read[fold != number], read[fold == number]
        trust = learnt(text.loc[others], cpv[others], truth[others], weight[others], start)
        parts.append(decided(combined(text.loc[mine], cpv[mine], trust), text.loc[mine], cpv[mine], settings.min_p))
    told = pd.concat(parts).sort_index().rename(columns={"segment": "segment_attribue"})
    audit = told.assign(uid=contracts.loc[read, "uid"], segment_audite=truth, poids=weight)[AUDIT]
    table = decided(likely, text, cpv, settings.min_p)
    table.loc[read, "segment"], table.loc[read, "segment_p"] = truth, 1.0
    table.loc[read, "segment_source"] = "audit"
    return table.assign(uid=contracts["uid"], segment_cpv=cpv)[TOLD], audit.reset_index(drop=True), believed
