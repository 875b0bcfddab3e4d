"""What is true and the files hide: read by tests only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from analysis.core.files import write_table
from analysis.demo.decp_files import DecpWriter
from analysis.demo.exports import Exports
from analysis.demo.knowledge import Draw, setting
from analysis.demo.operations import REVIEW_YEAR, shape
from analysis.demo.procurement import Procurement
from analysis.demo.world import World

PAIR = ["structure_a", "op_id_a", "structure_b", "op_id_b"]


def duplicate_pairs(world: World, exports: Exports) -> pd.DataFrame:
    """Every operation that two structures entered: the one of its own structure (a), the other (b)."""
    entries = exports.entries
    own = entries[~entries["est_double"]].set_index("op")
    twice = entries[entries["est_double"]]
    return pd.DataFrame(
        {
            "structure_a": own.loc[twice["op"], "structure_id"].to_numpy(),
            "op_id_a": own.loc[twice["op"], "op_id"].to_numpy(),
            "structure_b": twice["structure_id"].to_numpy(),
            "op_id_b": twice["op_id"].to_numpy(),
            "annee": np.maximum(world.operations.operations["debut_annee"].to_numpy()[twice["op"]], 2015),
        }
    ).sort_values(PAIR, ignore_index=True)


def decisions(seed: int, world: World, exports: Exports) -> pd.DataFrame:
    """What analysts decided so far: all pairs but the last ones of the review year, and some look-alikes."""
    pairs = duplicate_pairs(world, exports)
    new = np.flatnonzero((pairs["annee"] >= REVIEW_YEAR).to_numpy())
    draw = Draw(seed, "decisions")
    waiting = new[draw.subset(len(new), int(shape("doublons", "indecis_2025")))]
    decided = pairs.drop(index=waiting).assign(decision="doublon")
    decided["motif"] = "Même opération : mêmes lots et mêmes entreprises"
    own = exports.entries[~exports.entries["est_double"]].set_index("op")
    alike = world.operations.look_alikes
    ops = world.operations.operations
    seen = ops["fin_annee"].to_numpy()
    alike = alike[(seen[alike["op_a"]] >= 2015) & (seen[alike["op_b"]] >= 2015)]
    apart = pd.DataFrame(
        {
            "structure_a": own.loc[alike["op_a"], "structure_id"].to_numpy(),
            "op_id_a": own.loc[alike["op_a"], "op_id"].to_numpy(),
            "structure_b": own.loc[alike["op_b"], "structure_id"].to_numpy(),
            "op_id_b": own.loc[alike["op_b"], "op_id"].to_numpy(),
            "annee": ops["debut_annee"].to_numpy()[alike["op_b"]],
            "decision": "distinct",
            "motif": "Deux tranches d'un même programme",
        }
    )
    rows = pd.concat([decided, apart], ignore_index=True)
    rows["annee"] = rows["annee"].clip(2015, REVIEW_YEAR)
    rows = rows.sort_values(["annee", *PAIR], ignore_index=True)
    rows["auteur"] = "Analyste de démonstration"
    rows["date"] = [f"{year + 1}-02-15" for year in rows["annee"]]
    return rows[[*PAIR, "decision", "motif", "auteur", "date"]]


def audits(seed: int, market: Procurement, decp: DecpWriter) -> pd.DataFrame:
    """The segments of the contracts that analysts read, drawn at random among all."""
    drawn = Draw(seed, "audits").subset(len(decp.published), int(setting("audit", "marches")))
    read = [decp.published[n] for n in drawn.tolist()]
    rows = [(published.uid, market.contracts[published.contract].segment) for published in read]
    table = pd.DataFrame(rows, columns=["uid", "segment"]).sort_values("uid", ignore_index=True)
    return table.assign(auteur="Analyste de démonstration", date=f"{REVIEW_YEAR + 1}-03-01")


def write_truth(
    folder: Path, world: World, exports: Exports, *, market: Procurement, decp: DecpWriter, located: pd.DataFrame
) -> None:
    """operations_doublons, marches_statut, renouvellements, operations_marches, personnes, erreurs."""
    uid = {published.contract: published.uid for published in decp.published}
    write_table(duplicate_pairs(world, exports)[PAIR], folder / "operations_doublons.csv")
    statuses = pd.DataFrame(
        {
            "uid": [published.uid for published in decp.published],
            "statut_vrai": [market.contracts[p.contract].status for p in decp.published],
            "segment_vrai": [market.contracts[p.contract].segment for p in decp.published],
        }
    )
    write_table(statuses.sort_values("uid", ignore_index=True), folder / "marches_statut.csv")
    renewed = [(uid[c.previous], uid[n]) for n, c in enumerate(market.contracts) if c.previous is not None]
    write_table(pd.DataFrame(sorted(renewed), columns=["uid", "uid_suivant"]), folder / "renouvellements.csv")
    own = exports.entries[~exports.entries["est_double"]].set_index("op")
    entry = dict(zip(own.index, zip(own["structure_id"], own["op_id"], strict=True), strict=True))
    links = [(*entry[c.operation], uid[n]) for n, c in enumerate(market.contracts) if c.operation is not None]
    columns = ["structure_id", "op_id", "uid"]
    write_table(pd.DataFrame(sorted(links), columns=columns), folder / "operations_marches.csv")
    write_table(exports.persons, folder / "personnes.csv")
    open_data = pd.DataFrame(decp.errors, columns=["fichier", "ligne", "genre", "cle"])
    open_data["fichier"] = "decp/" + open_data["fichier"]
    errors = pd.concat([located, open_data.sort_values(["fichier", "ligne", "genre"])], ignore_index=True)
    names = ["fichier", "feuille", "ligne", "table", "cle", "colonne", "genre", "valeur_vraie", "valeur_ecrite"]
    errors["ligne"] = errors["ligne"].astype("Int64")
    write_table(errors[names], folder / "erreurs.csv")
