"""What each structure would send of the true world, year by year: canonical tables, before any dirt.

A send (structure, year) holds the operations that run in the year, their places and commitments, the
contracts with hours in the year, their holders, these hours, and the outcomes known at the year's end
of contracts that ended in the year or the one before (those may stand in an earlier send only).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.demo.knowledge import EDITIONS, FIRST_YEAR, LAST_YEAR, Bools, Draw, mappings, table
from analysis.demo.operations import shape
from analysis.demo.people import contact_details, spelled
from analysis.demo.world import World

SPELLINGS = 6


@dataclass
class Exports:
    """tables: canonical name -> rows of all sends, sorted by (structure_id, annee), plus columns in
    `HIDDEN`; entries: who enters which operation (listing), and the references to the truth."""

    tables: dict[str, pd.DataFrame]
    entries: pd.DataFrame  # op, structure_id, libelle, est_double, op_id
    persons: pd.DataFrame  # structure_id, ben_ref, personne_id
    contracts: pd.DataFrame  # structure_id, ctr_id, ctr


def build_exports(seed: int, world: World) -> Exports:
    """All sends of all structures, each row with its structure, year and layout."""
    entries = _entries(world)
    sent = _sent(world)
    running = _running(entries, world, sent)
    scale = _planned_scale(world)
    operations = _operations(running, world, scale)
    places = running.merge(world.operations.places.rename(columns={"epci_siren": "epci"}), on="op")
    engagements = running.merge(
        world.operations.engagements.reset_index(names="eng").rename(columns={"prevues": "heures"}), on="op"
    )
    rank = engagements["eng"] - engagements["op"].map(
        world.operations.engagements.reset_index().groupby("op")["index"].min()
    )
    engagements["eng_id"] = engagements["op_id"] + "-E" + (rank + 1).astype(str)
    held = _held(entries, world, sent)
    held = _name_contracts(held)
    held, references = _name_persons(seed, held)
    return Exports(
        tables={
            "operations": operations,
            "territoires": _territories(places),
            "engagements": _engagements(engagements, scale),
            "beneficiaires": _people(seed, held, world),
            "contrats": _contracts(seed, held, world),
            "heures": _hours(held, world),
            "sorties": _outcomes(held, world, sent),
        },
        entries=entries,
        persons=references,
        contracts=held[["structure_id", "ctr_id", "ctr"]].drop_duplicates().reset_index(drop=True),
    )


def _entries(world: World) -> pd.DataFrame:
    """Who enters which operation: its own structure, and for duplicates a second one, each with its number."""
    ops = world.operations.operations
    own = pd.DataFrame(
        {"op": ops.index, "structure_id": ops["structure_id"], "libelle": ops["libelle"], "est_double": False}
    )
    twice = world.operations.duplicates.rename(columns={"structure_b": "structure_id", "libelle_b": "libelle"})
    entries = pd.concat([own, twice.assign(est_double=True)], ignore_index=True)
    entries["debut"] = ops["debut"].to_numpy()[entries["op"]]
    entries = entries.sort_values(["structure_id", "debut", "op"], kind="stable", ignore_index=True)
    entries["mapping"] = entries["structure_id"].map(world.structures.structures.set_index("structure_id")["mapping"])
    number = entries.groupby("structure_id").cumcount() + 1
    years = entries["debut"].dt.year
    patterns = _patterns()
    entries["op_id"] = [
        patterns[m, "operation"].format(annee=y, n=n) for m, y, n in zip(entries["mapping"], years, number, strict=True)
    ]
    return entries


def _patterns() -> dict[tuple[str, str], str]:
    """How each layout numbers operations, contracts and persons."""
    rows = table("identifiants")
    return dict(zip(zip(rows["mapping"], rows["objet"], strict=True), rows["modele"], strict=True))


def _sent(world: World) -> pd.DataFrame:
    """The sends: structure_id x annee."""
    rows = sorted(world.structures.answers)
    return pd.DataFrame(rows, columns=["structure_id", "annee"])


def _running(entries: pd.DataFrame, world: World, sent: pd.DataFrame) -> pd.DataFrame:
    """Operations that run in each send's year."""
    ops = world.operations.operations
    rows = entries.merge(sent, on="structure_id")
    start = ops["debut_annee"].to_numpy()[rows["op"]]
    end = ops["fin_annee"].to_numpy()[rows["op"]]
    rows = rows[(start <= rows["annee"]) & (rows["annee"] <= end)]
    return rows.sort_values(["structure_id", "annee", "debut", "op"], kind="stable", ignore_index=True)


def _planned_scale(world: World) -> float:
    """What planned hours are multiplied by, so that ended operations realised the share of them observed elsewhere."""
    ops = world.operations.operations
    hours, contracts = world.employment.hours, world.employment.contracts
    done = np.bincount(contracts["op"].to_numpy()[hours["ctr"]], weights=hours["centi"], minlength=len(ops)) / 100
    over = (ops["debut_annee"] >= FIRST_YEAR) & (ops["fin_annee"] <= LAST_YEAR)
    return float(done[over].sum() / ops.loc[over, "prevues"].sum() / shape("taux_realisation", "moyenne"))


def _operations(running: pd.DataFrame, world: World, scale: float) -> pd.DataFrame:
    ops = world.operations.operations
    own = ops.loc[running["op"]].reset_index(drop=True)
    return pd.DataFrame(
        {
            **_send(running),
            "op_id": running["op_id"],
            "libelle": running["libelle"],
            "maitre_ouvrage_siret": own["siret"],
            "maitre_ouvrage_nom": own["nom"],
            "maitre_ouvrage_categorie": own["categorie"],
            "mecanisme": own["mecanisme"],
            "segment": own["segment"],
            "date_debut": own["debut"],
            "date_fin": own["fin"],
            "is_anru": np.where(own["is_anru"], "oui", "non"),
            "heures_prevues_init": (own["prevues_init"] * scale / 7).round() * 7,
            "heures_prevues": (own["prevues"] * scale / 7).round() * 7,
        }
    )


def _send(rows: pd.DataFrame) -> dict[str, pd.Series]:
    return {
        name: rows[name].reset_index(drop=True) for name in ("structure_id", "annee", "mapping", "op", "est_double")
    }


def _territories(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({**_send(rows), "op_id": rows["op_id"], "epci_siren": rows["epci"], "part": rows["part"]})


def _engagements(rows: pd.DataFrame, scale: float) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **_send(rows),
            "eng_id": rows["eng_id"],
            "op_id": rows["op_id"],
            "lot": rows["lot"],
            "entreprise_siret": rows["entreprise_siret"],
            "entreprise_nom": rows["entreprise_nom"],
            "heures_prevues": (rows["heures"] * scale / 7).round() * 7,
        }
    )


def _held(entries: pd.DataFrame, world: World, sent: pd.DataFrame) -> pd.DataFrame:
    """Contracts with hours in each send's year: one row per send and contract."""
    hours = world.employment.hours
    years = pd.DataFrame({"ctr": hours["ctr"], "annee": hours["mois"] // 12}).drop_duplicates()
    contracts = world.employment.contracts
    years["op"] = contracts["op"].to_numpy()[years["ctr"]]
    years["eng"] = contracts["eng"].to_numpy()[years["ctr"]]
    years["personne"] = contracts["personne"].to_numpy()[years["ctr"]]
    rows = years.merge(entries, on="op").merge(sent, on=["structure_id", "annee"])
    first = world.operations.engagements.reset_index().groupby("op")["index"].min()
    # A contract may outlast its operation by some weeks: then it is no longer followed in the new year.
    ops = world.operations.operations
    rows = rows[ops["fin_annee"].to_numpy()[rows["op"]] >= rows["annee"]].copy()
    rows["eng_id"] = rows["op_id"] + "-E" + (rows["eng"] - rows["op"].map(first) + 1).astype(str)
    return rows.sort_values(["structure_id", "annee", "ctr"], kind="stable", ignore_index=True)


def _name_contracts(held: pd.DataFrame) -> pd.DataFrame:
    """The structure's number of each contract, the same every year."""
    patterns = _patterns()
    seen = held.drop_duplicates(["structure_id", "ctr"]).copy()
    seen["ctr_id"] = [
        patterns[m, "contrat"].format(n=n)
        for m, n in zip(seen["mapping"], seen.groupby("structure_id").cumcount() + 1, strict=True)
    ]
    return held.merge(seen[["structure_id", "ctr", "ctr_id"]], on=["structure_id", "ctr"])


def _name_persons(seed: int, held: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The structure's reference of each person: lasting, or numbered anew each year by some software."""
    patterns = _patterns()
    yearly = held["mapping"].map({m: "{annee" in patterns[m, "personne"] for m in mappings()}).to_numpy(dtype=bool)
    held = held.assign(exercice=np.where(yearly, held["annee"], 0))
    key = ["structure_id", "exercice", "personne"]
    seen = held.sort_values(["structure_id", "annee", "ctr"], kind="stable").drop_duplicates(key).copy()
    order = Draw(seed, "references").rng.random(len(seen))
    seen = seen.assign(ordre=order).sort_values(["structure_id", "exercice", "annee", "ordre"])
    number = seen.groupby(["structure_id", "exercice"]).cumcount() + 1
    seen["ben_ref"] = [
        patterns[m, "personne"].format(annee=y, n=n)
        for m, y, n in zip(seen["mapping"], seen["exercice"], number, strict=True)
    ]
    references = seen.sort_values(["structure_id", "ben_ref"])[["structure_id", "ben_ref", "personne"]]
    references = references.rename(columns={"personne": "personne_id"}).reset_index(drop=True)
    return held.merge(seen[[*key, "ben_ref"]], on=key), references


def _people(seed: int, held: pd.DataFrame, world: World) -> pd.DataFrame:
    """One row per send and person, spelled as that structure (or that year) did."""
    rows = held.sort_values(["structure_id", "annee", "ben_ref"], kind="stable")
    rows = rows.drop_duplicates(["structure_id", "annee", "ben_ref"]).reset_index(drop=True)
    persons = world.employment.persons
    who = rows["personne"].to_numpy()
    draw = Draw(seed, "graphies")
    style = draw.choose(range(SPELLINGS), [8, 5, 2, 1.5, 1.5, 1], len(rows))
    keyed = rows.groupby(["structure_id", "exercice", "personne"]).ngroup().to_numpy()
    style = style[np.unique(keyed, return_index=True)[1]][keyed]
    contact = contact_details(seed, persons)
    return pd.DataFrame(
        {
            **_send(rows),
            "ben_ref": rows["ben_ref"],
            "nom": spelled(persons["nom"].to_numpy()[who], style),
            "prenom": spelled(persons["prenom"].to_numpy()[who], style),
            "date_naissance": persons["naissance"].to_numpy()[who],
            "nir": contact["nir"].to_numpy()[who],
            "courriel": contact["courriel"].to_numpy()[who],
            "telephone": contact["telephone"].to_numpy()[who],
            "sexe": persons["sexe"].to_numpy()[who],
            "niveau": persons["niveau"].to_numpy()[who],
            "commune_insee": persons["commune"].to_numpy()[who],
        }
    )


def _contracts(seed: int, held: pd.DataFrame, world: World) -> pd.DataFrame:
    contracts = world.employment.contracts.iloc[held["ctr"].to_numpy()].reset_index(drop=True)
    open_ended = contracts["contrat_type"].isin(["CDI", "CDI_INCLUSION"]).to_numpy()
    hidden = open_ended & Draw(seed, "cdi").chance(0.7, len(world.employment.contracts))[held["ctr"].to_numpy()]
    same = ("employeur_siret", "employeur_kind", "contrat_type", "metier_rome")
    status = ("rsa", "qpv", "qpv_code", "qpv_millesime", "deld", "detld", "th", "sans_diplome")
    return pd.DataFrame(
        {
            **_send(held),
            "ctr_id": held["ctr_id"],
            "ben_ref": held["ben_ref"],
            "eng_id": held["eng_id"],
            **{name: contracts[name] for name in same},
            "date_debut": contracts["debut"],
            "date_fin": contracts["fin"].mask(hidden),
            **{name: contracts[name] for name in status},
        }
    )


def _hours(held: pd.DataFrame, world: World) -> pd.DataFrame:
    """Hours by month and nature, in hundredths; alternating training apart where the layout can tell."""
    hours = world.employment.hours
    rows = hours.assign(annee=hours["mois"] // 12).merge(
        held[["structure_id", "annee", "mapping", "op", "est_double", "ctr", "ctr_id"]], on=["ctr", "annee"]
    )
    tells = {name: "nature_heures" in found.tables["heures"].colonnes for name, found in mappings().items()}
    school = world.employment.contracts["est_alternance"].to_numpy()[rows["ctr"]]
    # Two structures that enter one operation give the same hours: apart only where both can tell.
    mute = rows.loc[~rows["mapping"].map(tells).astype(bool), "op"].unique()
    school &= ~rows["op"].isin(mute).to_numpy()
    taught = np.where(school, (rows["centi"] * shape("formation", "part")).astype(np.int64), 0)
    work = rows.assign(centi=rows["centi"] - taught, nature_heures="TRAVAIL")
    lessons = rows.assign(centi=taught, nature_heures="FORMATION")[school & (taught > 0)]
    both = pd.concat([work, lessons], ignore_index=True)
    return both.sort_values(
        ["structure_id", "annee", "ctr", "mois", "nature_heures"], ascending=[True] * 4 + [False], ignore_index=True
    )


def _outcomes(held: pd.DataFrame, world: World, sent: pd.DataFrame) -> pd.DataFrame:
    """What was due by the end of the send's year, for contracts that ended in it or the year before."""
    known = held.groupby(["structure_id", "ctr", "ctr_id", "mapping", "op", "est_double"], as_index=False)[
        "annee"
    ].min()
    rows = world.outcomes.merge(known.rename(columns={"annee": "depuis"}), on="ctr")
    ended = rows["sortie"].dt.year
    parts = []
    for later in (0, 1):
        year = ended + later
        due = rows["due"].dt.year <= year
        parts.append(rows.assign(annee=year)[due & (rows["depuis"] <= year) & year.isin(list(EDITIONS))])
    both = pd.concat(parts, ignore_index=True).merge(sent, on=["structure_id", "annee"])
    both = both.sort_values(["structure_id", "annee", "ctr", "horizon_m"], kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            **_send(both),
            "ctr": both["ctr"],
            "ctr_id": both["ctr_id"],
            "date_sortie": both["sortie"],
            "horizon_m": both["horizon_m"],
            "statut": both["statut"],
            "date_enquete": both["enquete"],
        }
    )


def is_repeated(rows: pd.DataFrame) -> Bools:
    """Rows of operations that two structures enter."""
    twice = rows.loc[rows["est_double"], "op"].unique()
    return rows["op"].isin(twice).to_numpy()
