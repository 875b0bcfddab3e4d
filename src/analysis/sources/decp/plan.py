"""The cleaning as an ordered list of tables, each an Ibis expression over staging, reference and earlier ones.

No connection and no data: `steps` makes the expressions, `plan` writes them as SQL for DuckDB, once however many files
are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir

from analysis.core.quality_rules import SORT
from analysis.sources.decp import checks, cleaning, places, values
from analysis.sources.decp.cleaning import Rules
from analysis.sources.decp.staging import SCHEMAS

# Reference tables by name: file and columns, every value as text.
REFERENCE = {
    "communes": ("territoire/communes.csv", ("code_insee", "nom", "departement", "epci_siren", "siren")),
    "codes_postaux": ("territoire/codes_postaux.csv", ("code_postal", "code_insee")),
    "anciens_codes": ("territoire/anciens_codes.csv", ("ancien_code", "code_insee")),
    "departements": ("territoire/departements.csv", ("code_departement", "code_region")),
    "regions": ("territoire/regions.csv", ("code_region", "nom")),
    "epci": ("territoire/epci.csv", ("epci_siren", "departement", "departements")),
    "variantes": ("decp/variantes.csv", ("champ", "variante", "comparaison", "code")),
}
RULES = ("regle", "gravite", "attendu")  # columns of table `regles`, the catalogue of `analysis.core.quality_log`


@dataclass(frozen=True)
class Output:
    """A table that is written: the key by which it is sorted, and its texts that say one of a few things."""

    key: str
    few: tuple[str, ...] = ()


# What remains after the others is for sorting the widest, the last.
OUTPUTS = {
    "marches_modifications": Output("uid, ordre"),
    "marches_titulaires": Output("uid, rang", ("titulaire_type",)),
    "qualite": Output(", ".join(SORT), ("source", "fichier", "colonne", "regle", "gravite")),
    "marches": Output(
        "uid",
        ("nature", "procedure", "techniques", "annee_source", "lieu_type", "lieu_type_recu", "departement",
         "epci_methode", "statut_social", "statut_social_recu", "format", "source_fichier"),
    ),
}  # fmt: skip
# Wide: computed where they are read, never kept.
VIEWS = frozenset({"nettoyes", "marches"})


@dataclass(frozen=True)
class Step:
    """A table to make: its name, the SQL that DuckDB runs, and the earlier tables that nothing reads any more."""

    name: str
    query: str
    done_with: tuple[str, ...]


@cache
def plan(rules: Rules) -> list[Step]:
    """The steps in order."""
    made = steps(rules)
    reads: dict[str, set[str]] = {}
    for name, table in made.items():
        reads[name] = {str(found.name) for found in table.op().find(ops.UnboundTable)}
        # Who reads a view reads what it is made of.
        reads[name] |= set().union(*(reads[view] for view in reads[name] & VIEWS))
    kept = {*OUTPUTS, *VIEWS}.union(*(reads[name] for name in VIEWS))
    last = {read: name for name in made for read in reads[name] - kept}
    return [
        Step(
            name,
            str(ibis.to_sql(table, dialect="duckdb")),
            tuple(sorted(r for r in reads[name] if last.get(r) == name)),
        )
        for name, table in made.items()
    ]


def steps(rules: Rules) -> dict[str, ir.Table]:
    """Each step in order, by the name under which those that follow read it.

    Between `refus` and `qualite`, table `enregistrements` (doc, json) is filled with the refused records.
    """
    made: dict[str, ir.Table] = {}

    def step(name: str, table: ir.Table) -> ir.Table:
        made[name] = table
        return ibis.table(table.schema(), name=name)

    staged = {name: ibis.table(schema, name=name) for name, schema in SCHEMAS.items()}
    reference = {
        name: ibis.table(dict.fromkeys(columns, "string"), name=name) for name, (_, columns) in REFERENCE.items()
    }
    contracts, holders_received = staged["contrats"], staged["titulaires"]
    reference["regions_couvertes"] = step("regions_couvertes", places.covered_regions(reference))

    read = step("lus", cleaning.read_values(contracts, rules))
    changes_read = step("changements_lus", cleaning.read_modifications(staged["modifications"]))
    changes = step("changements", cleaning.ordered_modifications(changes_read, read, rules))

    sorted_out = step("tri", cleaning.sorted_out(contracts, read, changes, rules))
    kept = sorted_out.filter(sorted_out.regle.isnull())
    refused = sorted_out.filter(sorted_out.regle.notnull())
    refused = step("refus", refused.select("doc", "fichier", "ligne", "regle", valeur="identifiant"))

    named = step("titulaires_nommes", cleaning.named_holders(holders_received, changes, kept))
    sirets = step("sirets", values.siret_keys(cleaning.identifiers(read, holders_received)))
    holders = step("marches_titulaires", cleaning.current_holders(holders_received, named, kept, sirets))
    step("marches_modifications", cleaning.applied_modifications(changes, kept))

    types = step("types_lieu", places.place_types(contracts, reference["variantes"]))
    asked = step("lieux_recus", places.received(contracts.semi_join(kept, "doc"), reference))
    looked_up = step("lieux_possibles", places.looked_up(asked, types, reference))
    read_as = step("lieux_lus", places.read_as(looked_up, reference))
    found = step("lieux_trouves", places.located(read_as, reference))
    located = places.of_contracts(contracts.semi_join(kept, "doc"), reference, asked, found)
    states = step("statuts", cleaning.social_states(contracts, reference["variantes"]))
    decided = step(
        "decisions",
        cleaning.decisions(kept=kept, read=read, modifications=changes, named=named, places=located, rules=rules),
    )
    cleaned = step("nettoyes", cleaning.clean_contracts(contracts, decided, states, sirets))
    step("marches", cleaning.contract_table(cleaned))
    step(
        "qualite",
        checks.breaches(
            kept=kept,
            cleaned=cleaned,
            holders=holders,
            modifications=changes,
            refused=checks.refused_records(refused, staged["enregistrements"], staged["rejets"]),
            rules=rules,
            catalogue=ibis.table(dict.fromkeys(RULES, "string"), name="regles"),
        ),
    )
    return made
