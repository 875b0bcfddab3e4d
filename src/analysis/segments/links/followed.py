"""What the link between operations and contracts tells that no source has alone.

Hours realised per euro, contracts that declare a clause and that no operation follows, operations whose contract
declares none, and how much of each list the link covers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.consolidation.cells import NEEDED, cells, measured
from analysis.consolidation.facts import Facts, consolidate, numbered
from analysis.core import reference
from analysis.core.dataset import Dataset
from analysis.core.params import LinkParams, SegmentParams
from analysis.core.reference import WHOLE
from analysis.core.sirene import siren_of
from analysis.segments.amounts import Belief, implausible, plausible
from analysis.segments.buyers import buyer_kinds, said_by
from analysis.segments.contracts import executed_in, under_another
from analysis.segments.intervals import LEVEL
from analysis.segments.links.capture import capture
from analysis.segments.links.model import Followed, followed, links, published

MAD = 1.4826  # standard deviation of a normal law over its median absolute deviation
RESERVED = "reserve"  # of `nomenclatures/statuts_sociaux`
THOUSAND = 1000.0  # hours are told per thousand euros
AXES = {"segment": "segment", "categorie": "categorie"}


@dataclass(frozen=True)
class Linked:
    """links: operation, structure_id, uid, probabilite; operations and contracts: described, see the functions of that
    name; tables: the published results, by name."""

    links: pd.DataFrame
    operations: pd.DataFrame
    contracts: pd.DataFrame
    facts: Facts
    tables: dict[str, pd.DataFrame]


def described_contracts(contracts: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """The contracts that are not made under another one: uid, edition, segment, categorie, montant, statut_social,
    departement, epci_siren, jour, est_renseigne, porte_clause, operation (missing when none is linked), probabilite."""
    rows = contracts[~under_another(contracts)].rename(columns={"annee": "edition"})
    home = reference.department_of_epci()
    rows = rows.assign(
        jour=pd.to_datetime(rows["dateNotification"].fillna(rows["datePublicationDonnees"])),
        departement=rows["departement"].fillna(rows["epci_siren"].map(home)),
        est_renseigne=rows["statut_social"].isin(reference.social_states("est_renseigne")),
        porte_clause=rows["statut_social"].isin(reference.social_states("porte_clause")),
    )
    names = [
        "uid", "edition", "segment", "categorie", "montant", "statut_social", "departement", "epci_siren", "jour",
        "est_renseigne", "porte_clause",
    ]  # fmt: skip
    return rows[names].merge(links[["uid", "operation", "probabilite"]], on="uid", how="left", validate="one_to_one")


def described_operations(operations: Followed, facts: Facts, said: pd.Series, today: dt.date) -> pd.DataFrame:
    """operation, structure_id, segment, categorie, debut, fin, edition (year of start), heures (since origin),
    prevues (hours planned, amendments included, as its structure last said), est_close (ended by `today`), est_complete
    (its structure sent every year of its life).

    `said` gives kinds of buyers by SIREN (`buyers.said_by`). Hours are those that the structure says to have been done
    since the origin, else those of all editions added.
    """
    rows = operations.operations
    latest = facts.operations.sort_values(["operation", "annee"]).drop_duplicates("operation", keep="last")
    latest = latest.set_index("operation")
    added = facts.contracts.groupby("operation")["centiheures"].sum() / 100
    hours = latest["heures_realisees_origine"].astype("float64").combine_first(added)
    sent = facts.operations[["structure_id", "annee"]].drop_duplicates()
    years = sent.groupby("structure_id")["annee"].agg(set)
    last = np.minimum(rows["fin"].dt.year.fillna(today.year), today.year).astype("int64")
    complete = [
        pd.notna(start) and set(range(int(start), end + 1)) <= years.get(structure, set())
        for structure, start, end in zip(rows["structure_id"], rows["debut"].dt.year, last, strict=True)
    ]
    told = rows["operation"].map(latest["heures_realisees_origine"]).notna()
    return rows[["operation", "structure_id", "segment", "debut", "fin"]].assign(
        categorie=buyer_kinds(siren_of(rows["acheteur"]), said),
        edition=rows["debut"].dt.year,
        heures=rows["operation"].map(hours).astype("float64").fillna(0.0),
        prevues=rows["operation"].map(latest["heures_prevues"]).astype("float64"),
        est_close=rows["fin"].le(pd.Timestamp(today)),
        est_complete=np.array(complete, dtype=bool) | told,
    )


def hours_per_euro(operations: pd.DataFrame, contracts: pd.DataFrame, settings: LinkParams) -> pd.DataFrame:
    """Hours realised per thousand euros of linked contracts, by segment and for `ensemble`, over closed operations.

    operations, montant, heures, mediane with its interval of `LEVEL`, lissee with its own, ecart (standard deviation
    of the logarithm between operations). The median is that of the operations' own ratios: hours follow amounts with
    a heavy tail and amounts have gross errors, so a ratio of sums would be that of a few contracts. Its interval is a
    bootstrap over operations, each of whose links is kept with its probability. The smoothed one draws segments with
    few operations towards the others (`pooled`).
    """
    whole = ratios(operations, contracts)
    rng = np.random.default_rng(settings.seed)
    drawn = _drawn_ratios(whole, contracts, rng, settings.draws)
    rows = []
    for segment, places in [(WHOLE, np.arange(len(whole))), *sorted(whole.groupby("segment").indices.items())]:
        own = whole.iloc[places]
        row = {
            "segment": segment,
            "operations": len(own),
            "montant": own["montant"].sum(),
            "heures": own["heures"].sum(),
        }
        if len(own) >= settings.min_operations:
            again = rng.integers(0, len(own), (settings.draws, len(own)))
            found = np.take_along_axis(drawn[:, places], again, axis=1)
            found = found[~np.isnan(found).all(axis=1)]  # a draw that keeps no link says nothing
            low, high = np.quantile(np.nanmedian(found, axis=1), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            row |= {"mediane": own["ratio"].median(), "mediane_bas": low, "mediane_haut": high}
        rows.append(row)
    names = ["segment", "operations", "montant", "heures", "mediane", "mediane_bas", "mediane_haut"]
    table = pd.DataFrame(rows, columns=names)
    return table.merge(pooled(whole), on="segment", how="left")


def ratios(operations: pd.DataFrame, contracts: pd.DataFrame) -> pd.DataFrame:
    """Closed operations whose hours are all known and with a linked amount: operation, segment, montant, heures,
    ratio (hours per thousand euros)."""
    linked = contracts.dropna(subset=["operation", "montant"])
    amount = linked[linked["montant"] > 0].groupby("operation")["montant"].sum()
    rows = closed(operations).merge(amount.rename("montant"), on="operation")
    rows = rows.sort_values("operation", ignore_index=True)
    rows = rows.assign(ratio=THOUSAND * rows["heures"] / rows["montant"])
    return rows[["operation", "segment", "montant", "heures", "ratio"]]


def closed(operations: pd.DataFrame) -> pd.DataFrame:
    """The closed ones of `described_operations` whose hours are all known, and not none."""
    return operations[operations["est_close"] & operations["est_complete"] & (operations["heures"] > 0)]


def _drawn_ratios(whole: pd.DataFrame, contracts: pd.DataFrame, rng: np.random.Generator, draws: int) -> np.ndarray:
    """The ratio of each operation (column) when each link is kept with its probability; missing when none is kept."""
    place = pd.Series(np.arange(len(whole)), index=whole["operation"])
    linked = contracts[contracts["operation"].isin(whole["operation"]) & (contracts["montant"] > 0)]
    at = linked["operation"].map(place).to_numpy(dtype="int64")
    amounts = np.zeros((draws, len(whole)))
    for draw in amounts:
        kept = rng.random(len(linked)) < linked["probabilite"].to_numpy()
        np.add.at(draw, at[kept], linked["montant"].to_numpy()[kept])
    with np.errstate(divide="ignore"):
        return np.where(amounts > 0, THOUSAND * whole["heures"].to_numpy() / amounts, np.nan)


def pooled(whole: pd.DataFrame) -> pd.DataFrame:
    """segment, lissee, lissee_bas, lissee_haut, ecart: the typical ratio of each segment, drawn towards the others.

    log ratio of an operation ~ N(m_s, sigma^2), m_s ~ N(m, tau^2). Amounts have gross errors (a yearly amount, a
    thousand for a unit), so m_s is told by the median, whose variance is pi/2 sigma^2 / n, and sigma by the median
    absolute deviation, pooled (few segments could tell their own); tau^2 is that of R. DerSimonian and N. Laird
    (Controlled Clinical Trials 7, 1986). Logarithms, because ratios are positive, multiplicative and heavy-tailed.
    """
    whole = whole.dropna(subset="segment")  # an operation whose segment nobody told counts in all of them together
    log = np.log(whole["ratio"])
    groups = log.groupby(whole["segment"])
    count, middle = groups.size(), groups.median()
    several = count[whole["segment"]].to_numpy() > 1
    names = ["segment", "lissee", "lissee_bas", "lissee_haut", "ecart"]
    if not several.any():
        return pd.DataFrame({name: pd.Series(dtype="str" if name == "segment" else "float64") for name in names})
    within = float((MAD * (log - groups.transform("median")).abs()[several].median()) ** 2)
    noise = np.pi / 2 * within / count
    between = between_variance(middle, noise)
    known = 1 / (noise + between)
    whole_middle = float((known * middle).sum() / known.sum())
    pull = between / (between + noise)
    typical = whole_middle + pull * (middle - whole_middle)
    error = np.sqrt(pull * noise + (1 - pull) ** 2 / known.sum())
    z = float(norm.ppf((1 + LEVEL) / 2))
    table = pd.DataFrame(
        {
            "lissee": np.exp(typical),
            "lissee_bas": np.exp(typical - z * error),
            "lissee_haut": np.exp(typical + z * error),
            "ecart": np.sqrt(within),
        }
    )
    return table.rename_axis("segment").reset_index()


def between_variance(middle: pd.Series, noise: pd.Series) -> float:
    """The variance of the true middles, those seen having each its own noise (DerSimonian and Laird)."""
    weight = 1 / noise
    whole = float((weight * middle).sum() / weight.sum())
    spread = float((weight * (middle - whole) ** 2).sum()) - (len(middle) - 1)
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    return max(spread / scale, 0.0) if scale > 0 else 0.0


def with_control(table: pd.DataFrame, operations: pd.DataFrame, facts: Facts, used: pd.Series) -> pd.DataFrame:
    """`table` by segment with what disclosure control asks of the persons, employers and companies behind its hours."""
    segment = operations.set_index("operation")["segment"]
    rows = facts.contracts[facts.contracts["operation"].isin(used)]
    rows = rows[["operation", *NEEDED]].assign(segment=rows["operation"].map(segment))
    both = pd.concat([rows, rows.assign(segment=WHOLE)], ignore_index=True)
    found = measured(cells(both, ["segment"])).drop(columns=["heures", "contrats"])
    names = ["segment", *(name for name in found if name.startswith("_"))]
    return table.merge(found[names], on="segment", how="left").assign(_sensible=False)


def unfollowed(contracts: pd.DataFrame, dataset: Dataset, belief: Belief) -> pd.DataFrame:
    """Contracts of the region that declare a clause or a reservation: edition, territoire, axe, modalite, renseignes,
    declarent, sans_operation (no operation is linked); of those without, reserves_sans_operation (those reserved, which
    may be carried out without a facilitator), montant_sans_operation (sum of the amounts that are plausible),
    montant_reserves_sans_operation (the same of those reserved), montant_le_plus_grand (of one contract),
    montants_invraisemblables (how many amounts are not plausible)."""
    said = contracts[contracts["est_renseigne"]]
    alone = said["porte_clause"] & said["operation"].isna()
    reserved = alone & said["statut_social"].eq(RESERVED)
    amount = plausible(said, belief).where(alone).fillna(0.0)
    rows = said.assign(
        renseignes=1,
        declarent=said["porte_clause"].astype("int64"),
        sans_operation=alone.astype("int64"),
        reserves_sans_operation=reserved.astype("int64"),
        montant_sans_operation=amount,
        montant_reserves_sans_operation=amount.where(reserved, 0.0),
        montant_le_plus_grand=amount,
        montants_invraisemblables=(alone & implausible(said, belief)).astype("int64"),
    )
    added = ["renseignes", "declarent", "sans_operation", "reserves_sans_operation", "montant_sans_operation",
             "montant_reserves_sans_operation"]  # fmt: skip
    values = {**dict.fromkeys(added, "sum"), "montant_le_plus_grand": "max", "montants_invraisemblables": "sum"}
    return _by_territory(rows, dataset, values)


def undeclared(
    operations: pd.DataFrame, places: pd.DataFrame, contracts: pd.DataFrame, dataset: Dataset
) -> pd.DataFrame:
    """Operations by year of start: edition, territoire, axe, modalite, operations, liees (a contract at least is
    linked), renseignees (the social field of one at least is clear), sans_clause_declaree (of none says a clause),
    marches (linked)."""
    linked = contracts.dropna(subset=["operation"])
    by_op = linked.groupby("operation").agg(
        marches=("uid", "size"), clear=("est_renseigne", "any"), clause=("porte_clause", "any")
    )
    rows = operations.assign(**{name: operations["operation"].map(by_op[name]) for name in by_op})
    rows = rows.assign(
        operations=1,
        liees=rows["marches"].notna().astype("int64"),
        renseignees=rows["clear"].eq(True).astype("int64"),
        sans_clause_declaree=(rows["clear"].eq(True) & rows["clause"].eq(False)).astype("int64"),
        marches=rows["marches"].fillna(0).astype("int64"),
    )
    years = contracts["edition"].dropna()
    rows = rows[rows["edition"].between(years.min(), years.max())]
    home = places.drop_duplicates(["operation", "departement"])[["operation", "departement"]]
    return _by_territory(
        rows,
        dataset,
        dict.fromkeys(["operations", "liees", "renseignees", "sans_clause_declaree", "marches"], "sum"),
        local=rows.merge(home, on="operation"),
    )


def _by_territory(
    rows: pd.DataFrame, dataset: Dataset, values: dict[str, str], *, local: pd.DataFrame | None = None
) -> pd.DataFrame:
    """`values` (column and how it is put together) by edition, territory (region and departments), and by `AXES` one at
    a time or none (`ensemble`)."""
    inside = rows if local is None else local
    inside = inside[inside["departement"].isin(dataset.departements)]
    whole = (inside if local is None else rows).assign(territoire=dataset.region)
    both = pd.concat([whole, inside.assign(territoire=inside["departement"])], ignore_index=True)
    parts = [both.assign(axe=WHOLE, modalite=WHOLE)]
    parts += [both.assign(axe=axis, modalite=both[column]) for axis, column in AXES.items()]
    key = ["edition", "territoire", "axe", "modalite"]
    table = pd.concat(parts, ignore_index=True).groupby(key, as_index=False).agg(values)
    return table.astype({"edition": "int64"}).sort_values(key, ignore_index=True)


def places_of(facts: Facts) -> pd.DataFrame:
    """operation, epci_siren, part, departement: where each operation is, as its latest edition says."""
    latest = facts.places.groupby("operation")["annee"].transform("max")
    return facts.places[facts.places["annee"] == latest].drop(columns="annee").reset_index(drop=True)


def build_links(
    exports: dict[str, pd.DataFrame],
    kept: dict[str, str],
    contracts: pd.DataFrame,
    holders: pd.DataFrame,
    *,
    dataset: Dataset,
    settings: SegmentParams,
    belief: Belief,
) -> Linked:
    """All that the link says. `exports` are the clean tables of the exports, `kept` the operation that stands for each
    duplicate, `contracts` the clean contracts with segment and categorie, `holders` marches_titulaires. Amounts
    that are not plausible (`belief`) are in no sum and no ratio; the contracts described keep theirs."""
    facts = consolidate(numbered(exports), kept)
    operations = followed(exports, kept)
    pairs = links(operations, published(contracts, holders), settings.links)
    deals = described_contracts(contracts, pairs)
    described = described_operations(operations, facts, said_by(exports["operations"]), dataset.date_observation)
    sure = deals.assign(montant=plausible(deals, belief))
    hours = hours_per_euro(described, sure, settings.links)
    tables = {
        "heures_par_euro": with_control(hours, described, facts, ratios(described, sure)["operation"]),
        "clauses_sans_operation": unfollowed(deals, dataset, belief),
        "operations_sans_clause": undeclared(described, places_of(facts), deals, dataset),
        "capture": capture(deals[executed_in(deals, dataset.departements)], settings.capture),
    }
    return Linked(pairs, described, deals, facts, tables)
