"""The indicators of an edition and territory, in one long table, each with what disclosure control needs.

Formulas: docs/consolidation.md. Hours are summed in hundredths; persons, companies and buyers are
counted distinct within each cell and never summed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.consolidation.cells import MEASURES, NEEDED, NOBODY, cells, cells_within, weakest, with_zeros
from analysis.consolidation.facts import Facts
from analysis.core import reference
from analysis.core.dataset import Dataset, Edition
from analysis.core.reference import WHOLE
from analysis.core.sirene import siren_of
from analysis.sources.publications import OVER

KNOWN = "connu:"  # marks the hours whose status is known, the base of an audience's share
MISSING = "inconnu:"  # and those whose status is not
_NOTHING = pd.DataFrame(
    {name: pd.Series(dtype="str") for name in ("territoire", "indicateur", "modalite", "unite")}
    | {name: pd.Series(dtype="float64") for name in ("edition", "valeur", *MEASURES.values())}
).astype({"edition": "int64"})


def indicators(facts: Facts, dataset: Dataset) -> pd.DataFrame:
    """edition, territoire, indicateur, modalite, valeur, unite, and the `_` columns of disclosure control."""
    years = set(facts.operations["annee"])
    parts = [_edition(facts, edition) for edition in dataset.editions if edition.annee in years]
    table = pd.concat([_NOTHING, *parts], ignore_index=True) if parts else _NOTHING
    return table.sort_values(["edition", "territoire", "indicateur", "modalite"], ignore_index=True)


def in_scope(facts: Facts, edition: Edition) -> pd.DataFrame:
    """The operations of the edition's year under its legal mechanisms."""
    return of_edition(facts.operations, edition)


def of_edition(rows: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """The operations or contracts of the edition's year under its legal mechanisms."""
    return rows[rows["annee"].eq(edition.annee) & rows["mecanisme"].isin(edition.mecanismes)]


def contracts_in_scope(facts: Facts, dataset: Dataset) -> pd.DataFrame:
    """The employment contracts of every edition's scope, whole, whatever their territory."""
    return pd.concat([of_edition(facts.contracts, edition) for edition in dataset.editions]).sort_index()


def territories(operations: pd.DataFrame, places: pd.DataFrame, edition: Edition, *, epci: bool) -> pd.DataFrame:
    """annee, operation, territoire, part: whole in the edition's territory, its share in departments and EPCI.

    An operation whose place nobody declared counts in the whole only.
    """
    key = ["annee", "operation"]
    whole = operations[key].assign(territoire=edition.territoire, part=1.0)
    local = places[places["departement"].isin(edition.departements)].merge(operations[key], on=key)
    levels = ["departement", "epci_siren"] if epci else ["departement"]
    parts = [
        local.groupby([*key, level], as_index=False)["part"].sum().rename(columns={level: "territoire"})
        for level in levels
    ]
    # The territory may be one of its departments, or its only one.
    return pd.concat([whole, *parts]).drop_duplicates([*key, "territoire"], ignore_index=True)


def local_contracts(contracts: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Employment contracts of the operations of `places`, a row per territory, `centiheures` in its share."""
    contracts = contracts[contracts["annee"].isin(places["annee"].unique())]
    contracts = contracts.merge(places, on=["annee", "operation"])
    return contracts.assign(centiheures=contracts["centiheures"] * contracts["part"])


def _edition(facts: Facts, edition: Edition) -> pd.DataFrame:
    scope = in_scope(facts, edition)
    places = territories(scope, facts.places, edition, epci=True)
    contracts = local_contracts(facts.contracts, places)
    operations = scope.merge(places, on=["annee", "operation"])
    engagements = facts.engagements.merge(places, on=["annee", "operation"])
    found = _modalities(contracts, edition)
    hours = _from_hours(found, edition) if len(found) else []
    tables = [
        *hours,
        _count(operations, ["operation"], "operations", "opération"),
        _count(operations, ["maitre_ouvrage_siret"], "donneurs_ordre", "donneur d'ordre"),
        _count(engagements, ["operation", "lot"], "lots", "lot"),
        _count(engagements, ["operation", "lot", "entreprise_siret"], "engagements", "engagement"),
        _count(engagements, ["entreprise_siret"], "entreprises", "entreprise"),
    ]
    whole = found[found["modalite"] == WHOLE] if len(found) else found
    if len(whole):
        tables += _planned_and_done(facts, operations, engagements, whole, edition)
    return pd.concat([table.assign(edition=edition.annee) for table in tables], ignore_index=True)


def _modalities(contracts: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """Cells by territory and modality; EPCI have the whole only, since their audiences are too few to publish.

    Crossings that are sensitive have a row each, of nobody if need be (see `_sensitive`).
    Modalities overlap: a person may be in several audiences. `connu:RSA` holds the contracts whose
    RSA status is known, the base of its share.
    """
    wide = contracts["territoire"].isin([edition.territoire, *edition.departements])
    masks = {name: mask.astype("bool") & wide for name, mask in _masks(contracts).items()}
    whole = pd.Series(True, index=contracts.index)
    found = cells_within(contracts[["territoire", *NEEDED]], ["territoire"], {WHOLE: whole} | masks)
    found = found.rename(columns={"parmi": "modalite"})
    return with_zeros(found, _sensitive(found, edition)) if len(found) else found


def _sensitive(found: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    """territoire, modalite: the audiences that are sensitive, and what the whole territory has in its departments;
    not where the status of nobody is known."""
    known = found.loc[found["modalite"].str.startswith(KNOWN), ["territoire", "modalite"]]
    known = known.assign(modalite=known["modalite"].str.removeprefix(KNOWN))
    always = known[known["modalite"].isin(reference.codes_with("publics", "sensible"))]
    shown = found[~found["modalite"].str.startswith((KNOWN, MISSING)) & found["modalite"].ne(WHOLE)]
    here = shown.loc[shown["territoire"] == edition.territoire, ["modalite"]]
    places = found.loc[found["territoire"].isin(edition.departements), ["territoire"]].drop_duplicates()
    local = places.merge(here, how="cross")
    asked = {*reference.labels("publics"), *reference.labels("sexes")}
    told = pd.MultiIndex.from_frame(local).isin(pd.MultiIndex.from_frame(known))
    return pd.concat([always, local[told | ~local["modalite"].isin(asked)]]).drop_duplicates(ignore_index=True)


def _masks(contracts: pd.DataFrame) -> dict[str, pd.Series]:
    """The contracts of each modality."""
    publics = reference.table("nomenclatures/publics")
    masks: dict[str, pd.Series] = {}
    for code, column in zip(publics["code"], publics["colonne"], strict=True):
        if contracts[column].isna().all():
            continue  # an audience that nobody follows
        masks[code] = contracts[column].eq(True).fillna(False)
        masks[f"{KNOWN}{code}"] = contracts[column].notna()
        masks[f"{MISSING}{code}"] = contracts[column].isna()
    for sex in reference.labels("sexes"):
        masks[sex] = contracts["sexe"].eq(sex).fillna(False)
        masks[f"{KNOWN}{sex}"] = contracts["sexe"].notna()
        masks[f"{MISSING}{sex}"] = contracts["sexe"].isna()
    return masks | {
        "IAE": contracts["est_iae"],
        "ALTERNANCE": contracts["est_alternance"],
        "ANRU": contracts["is_anru"].eq(True).fillna(False),
    }


def _from_hours(found: pd.DataFrame, edition: Edition) -> list[pd.DataFrame]:
    """Hours, ETP at each divisor, persons, employment contracts, hours per person, shares of audiences."""
    shown = found[~found["modalite"].str.startswith((KNOWN, MISSING))].reset_index(drop=True)
    base = shown[["territoire", "modalite"]].assign(**{new: shown[old] for old, new in MEASURES.items()})

    def table(name: str, values: pd.Series, unit: str) -> pd.DataFrame:
        return base.assign(indicateur=name, valeur=values.astype("float64"), unite=unit)

    whole = base["modalite"] == WHOLE
    out = [
        table("heures_realisees", shown["heures"], "heure"),
        table("beneficiaires", shown["personnes"], "personne"),
        table("contrats_travail", shown["contrats"], "contrat"),
        table("heures_par_beneficiaire", shown["heures"] / shown["personnes"], "heure par personne"),
        table("heures_par_contrat", shown["heures"] / shown["contrats"], "heure par contrat")[whole],
        *(table(f"etp_{d}", shown["heures"] / d, "ETP")[whole] for d in edition.diviseurs_etp),
    ]
    known = _marked(found, KNOWN)["heures"]
    total = found[found["modalite"] == WHOLE].set_index("territoire")["heures"]
    rows = shown.set_index(["territoire", "modalite"], drop=False)
    over_all = rows["territoire"].map(total)
    denominator = known.reindex(rows.index).fillna(over_all)
    share = (rows["heures"] / denominator).set_axis(shown.index)
    unknown = (1 - denominator / over_all).set_axis(shown.index)
    not_whole = shown["modalite"] != WHOLE
    out.append(table("part_heures", share, "part")[not_whole])
    out.append(table("part_heures_totales", (rows["heures"] / over_all).set_axis(shown.index), "part")[not_whole])
    # Times the hours of all, it gives those of the persons whose status is not known: they may be few.
    either = weakest(rows, _marked(found, MISSING).reindex(rows.index)).set_axis(shown.index)
    # Nobody on either side: it says that the status of all is known, and nothing of whom it is about.
    nobody = shown["personnes"].eq(0) & either["_personnes"].isna()
    everybody = found[found["modalite"] == WHOLE].set_index("territoire").reindex(shown["territoire"])
    either = either.mask(nobody, weakest(everybody).set_axis(shown.index))
    out.append(table("part_heures_statut_inconnu", unknown, "part").assign(**either)[not_whole])
    return out + [part[not_whole] for part in _shares_of_persons(found, rows, table)]


def _shares_of_persons(
    found: pd.DataFrame, rows: pd.DataFrame, table: Callable[[str, pd.Series, str], pd.DataFrame]
) -> list[pd.DataFrame]:
    """Each modality's share of the persons whose status is known, of all of them, and the share of the others.

    `rows` are the cells of `found` that are shown, by territory and modality, of which `table` makes an indicator.
    A person's status is known if one of the contracts says it.
    """
    people = rows["territoire"].map(found[found["modalite"] == WHOLE].set_index("territoire")["personnes"])
    known = _marked(found, KNOWN)["personnes"].reindex(rows.index).fillna(people)
    silent = people - known
    unknown = table("part_beneficiaires_statut_inconnu", _in_order(silent / people), "part")
    # Times all persons, it gives those of whom nothing is known: they may be fewer than those of the modality.
    few = _in_order(silent.mask(silent == 0))
    weak = unknown["_personnes"].mask(unknown["_personnes"] == 0)
    unknown["_personnes"] = np.fmin(weak, few).fillna(_in_order(people))
    return [
        table("part_beneficiaires", _in_order(rows["personnes"] / known.where(known > 0)), "part"),
        table("part_beneficiaires_totales", _in_order(rows["personnes"] / people), "part"),
        unknown,
    ]


def _in_order(values: pd.Series) -> pd.Series:
    """`values` without their names: in the order of the rows that they are of."""
    return values.reset_index(drop=True)


def _marked(found: pd.DataFrame, mark: str) -> pd.DataFrame:
    """The cells of `found` whose modality has that mark, by territory and modality without it."""
    rows = found[found["modalite"].str.startswith(mark)]
    return rows.assign(modalite=rows["modalite"].str.removeprefix(mark)).set_index(["territoire", "modalite"])


def _count(rows: pd.DataFrame, columns: list[str], name: str, unit: str) -> pd.DataFrame:
    """Distinct values of public columns by territory: buyers, operations, lots, companies with a commitment.

    Companies are not public: neither are commitments, of which each has one at least, nor lots with a commitment.
    Establishments of one legal unit are one company for disclosure control.
    """
    known = named(rows, columns)[["territoire", *columns]]
    counts = known.drop_duplicates().groupby("territoire").size().astype("float64").rename("valeur").to_frame()
    if name in ("entreprises", "engagements", "lots"):
        units = known.assign(**{column: siren_of(known[column]) for column in columns if column.endswith("_siret")})
        counts["_entreprises"] = units.drop_duplicates().groupby("territoire").size().astype("float64")
    return counts.reset_index().assign(indicateur=name, modalite=WHOLE, unite=unit)


def named(rows: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """`rows` that name whom `columns` are about: a SIRET that is not known is no company and no buyer."""
    return rows.dropna(subset=[name for name in columns if name.endswith("_siret")])


def _planned_and_done(
    facts: Facts, operations: pd.DataFrame, engagements: pd.DataFrame, whole: pd.DataFrame, edition: Edition
) -> list[pd.DataFrame]:
    """Hours planned, hours since the origin and hours planned of the same operations, realisation rate, hours per
    operation.

    The rate rests on operations that say what was planned and began since the first year of the dataset: what
    the others realised before is not known. EPCI have none: hours since the origin less those of the year before are
    the year's, and two operations of which one is told give the other. Hours done are controlled by those who made
    them, in any year; planned ones, which are commitments of companies, by these; the rate by both.
    """
    base = whole.set_index("territoire")
    measures = pd.DataFrame({name: base[column] for column, name in MEASURES.items()})

    def table(name: str, values: pd.Series, unit: str, of: pd.DataFrame, modality: str = WHOLE) -> pd.DataFrame:
        out = of.reindex(values.index).assign(indicateur=name, modalite=modality, valeur=values.astype("float64"))
        return out.assign(unite=unit).rename_axis("territoire").reset_index()

    until = facts.contracts.loc[facts.contracts["annee"] <= edition.annee, ["operation", *NEEDED]]
    hours = until.groupby("operation")["centiheures"].sum() / 100
    began = pd.Timestamp(int(facts.operations["annee"].min()), 1, 1)
    rows = operations.assign(
        prevues_init=operations["heures_prevues_init"] * operations["part"],
        prevues=operations["heures_prevues"] * operations["part"],
        origine=operations["operation"].map(hours).fillna(0) * operations["part"],
        nombre=1.0,
        terminee=operations["date_fin"] <= pd.Timestamp(edition.annee, 12, 31),
    )
    shares = _committed(engagements)
    sums = rows.groupby("territoire")[["prevues_init", "prevues"]].sum(min_count=1)
    # What amendments changed is the difference of the two.
    changed = rows.assign(avenants=rows["prevues"].fillna(0).sub(rows["prevues_init"].fillna(0)).abs())
    first, last, between = (
        _planned(shares, part, name).reindex(sums.index)
        for part, name in ((rows, "prevues_init"), (rows, "prevues"), (changed, "avenants"))
    )
    out = [
        table("heures_prevues_init", sums["prevues_init"], "heure", weakest(first, between)),
        table("heures_prevues", sums["prevues"], "heure", weakest(last)),
        table(
            "heures_par_operation", base["heures"] / rows.groupby("territoire").size(), "heure par opération", measures
        ),
    ]
    wide = rows["territoire"].isin([edition.territoire, *edition.departements])
    said = rows[wide & rows["prevues"].gt(0)]
    inside = said["date_debut"] >= began
    same, outside = said[inside], said[~inside]
    ended, running = same[same["terminee"]], same[~same["terminee"]]
    beyond = pd.concat([running, outside])
    for modality, kept, apart, left in ((WHOLE, same, [same], outside), (OVER, ended, [ended, running], beyond)):
        sums = kept.groupby("territoire")[["origine", "prevues", "nombre"]].sum()
        # Those that still run are the whole less those that ended.
        made = [_made(until, part).reindex(sums.index) for part in apart]
        # And what was planned of all is published too: what is not of the rate is the difference.
        asked = [_planned(shares, part, "prevues").reindex(sums.index) for part in (*apart, left)]
        out += [
            table("heures_depuis_origine", sums["origine"], "heure", weakest(*made), modality),
            table("heures_prevues_taux", sums["prevues"], "heure", weakest(*asked), modality),
            table("taux_realisation", sums["origine"] / sums["prevues"], "part", weakest(*made, *asked), modality),
            table("taux_realisation_operations", sums["nombre"], "opération", measures, modality),
        ]
    return [found.dropna(subset="valeur") for found in out]


def _committed(engagements: pd.DataFrame) -> pd.DataFrame:
    """territoire, operation, entreprise_siret, part: what of an operation's planned hours is each company's.

    As the commitments of its companies are, in equal parts where one does not say its hours.
    """
    key = ["territoire", "operation"]
    own = engagements.groupby([*key, "entreprise_siret"])["heures_prevues"].sum(min_count=1).reset_index()
    groups = own.groupby(key)["heures_prevues"]
    companies = groups.transform("size")
    said = own["heures_prevues"] / groups.transform("sum").where(groups.transform("count") == companies)
    return own.assign(part=said.fillna(1 / companies)).drop(columns="heures_prevues")


def _planned(shares: pd.DataFrame, operations: pd.DataFrame, column: str) -> pd.DataFrame:
    """By territory, the cell of the hours that `column` says were planned of its `operations`, as far as companies go:
    `shares` come from `_committed`; hours without any known company are nobody's."""
    key = ["territoire", "operation"]
    rows = operations.loc[operations[column] > 0, [*key, column]].merge(shares, on=key, how="left")
    rows = rows.assign(
        centiheures=100 * rows[column] * rows["part"].fillna(1.0),
        entreprise=pd.factorize(siren_of(rows["entreprise_siret"]))[0],
        personne=NOBODY,
        employeur=NOBODY,
    )
    found = cells(rows[["territoire", *NEEDED]], ["territoire"]).set_index("territoire")
    persons = [name for name in MEASURES if "entreprise" not in name]
    return found.assign(**dict.fromkeys(persons, float("nan")))


def _made(contracts: pd.DataFrame, operations: pd.DataFrame) -> pd.DataFrame:
    """By territory, the cell of the hours that `contracts` made in its part of `operations`."""
    rows = contracts.merge(operations[["territoire", "operation", "part"]], on="operation")
    rows = rows.assign(centiheures=rows["centiheures"] * rows["part"])
    return cells(rows[["territoire", *NEEDED]], ["territoire"]).set_index("territoire")
