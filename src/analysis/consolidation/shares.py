"""Which part of an operation is whose, when several structures support it.

The parts are those that the structure kept sends (`accompagnements`); else those of another structure that entered
the operation. Without any, the structures that entered it share it equally, and that is marked; an operation that
one structure entered is wholly its own.
"""

from __future__ import annotations

import pandas as pd

DEFAULT = "defaut"  # of `part_methode` in the clean tables
SHARED = ["annee", "operation", "structure_id", "part", "part_methode"]


def operation_shares(operations: pd.DataFrame, partners: pd.DataFrame) -> pd.DataFrame:
    """The parts of the structures of each operation that several share, columns `SHARED`; they sum to 1.

    `operations` are the entries of all structures with `operation`, the one that stands for them, and `est_garde`;
    `partners` is the clean table `accompagnements`.
    """
    key = ["annee", "operation"]
    entries = operations[["annee", "op_id", "operation", "structure_id", "est_garde"]]
    sent = partners.drop(columns="structure_id").merge(entries.drop(columns="structure_id"), on=["annee", "op_id"])
    sent = sent.sort_values([*key, "est_garde", "op_id"], ascending=[True, True, False, True])
    told = sent[sent["op_id"] == sent.groupby(key)["op_id"].transform("first")]
    told = told.rename(columns={"partenaire_id": "structure_id"})
    known = pd.MultiIndex.from_frame(told[key])
    equal = entries[~pd.MultiIndex.from_frame(entries[key]).isin(known)].drop_duplicates([*key, "structure_id"])
    equal = equal.assign(part=1 / equal.groupby(key)["structure_id"].transform("size"), part_methode=DEFAULT)
    both = pd.concat([told[SHARED], equal.loc[equal["part"] < 1, SHARED]])
    return both.sort_values([*key, "structure_id"], ignore_index=True)
