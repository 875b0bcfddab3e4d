"""The tables of planned purchases: `sheets` makes them, for the stage from its results, for whoever types a purchase
from protected tables; the stage `buyer` writes them for the purchases that `params.yaml` names the buyers of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.buyer import evidence, law, programme, schedule, sizing
from analysis.buyer.arguments import arguments
from analysis.buyer.backtest import backtest, classes
from analysis.buyer.contracts import known_contracts, nearest
from analysis.buyer.evidence import CONTRACTS, READ, Knowledge, by_purchase
from analysis.buyer.guide.tables import guide_tables
from analysis.buyer.programme import Planned
from analysis.buyer.purchase import Purchase
from analysis.buyer.sizing import modelled
from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.files import read_table
from analysis.core.numbers import number_of
from analysis.core.params import BuyerParams, load_params
from analysis.core.paths import classified_dir, clean_dir, results_dir
from analysis.core.personal import public
from analysis.core.results import headlines, read_clean, write_results
from analysis.places import name_of
from analysis.segments.buyers import buyer_kinds, said_by
from analysis.segments.contracts import latest_years
from analysis.segments.potential.textbook import textbook

Tables = dict[str, pd.DataFrame]
SUMMED = ("montant_min", "montant_max", "engagement")  # over the purchases of a programme
OF_PURCHASES = ("achats", "constats", "voies", "parts", "semblables", "offre", "contacts", "etapes", "arguments")


def build(dataset: str) -> None:
    """Write the result tables of the purchases announced by the programmes of `params.yaml`."""
    described, params = load_dataset(dataset), load_params()
    settings, results = params.buyer, results_dir(dataset)
    told = read_table(classified_dir(dataset) / "marches.parquet")
    done = read_table(results / "segments" / "operations_liees.parquet")
    received = read_table(clean_dir(dataset, "decp") / "marches.parquet")
    contracts = known_contracts(
        received,
        told,
        read_table(results / "segments" / "liens.parquet"),
        done,
        latest_years(received["annee"], described.date_observation, settings.contract_years),
    )
    knowledge = evidence.load(results, described, params, READ)
    knowledge = Knowledge(knowledge.tables | {CONTRACTS: contracts}, described, params)
    operations = read_clean(dataset, "exports")["operations"]
    projects = read_clean(dataset, "projects")["projets"]
    kinds = buyer_kinds(pd.Series(settings.programmes), said_by(operations)).set_axis(settings.programmes)
    planned = programme.announced(projects, kinds, settings.programmes)
    tables = sheets(planned, knowledge, by_purchase(told))
    kept = backtest(done, described.date_observation, [settings.commitment_quantile], params.segments.potential)
    guide = guide_tables(received, told, knowledge["segments/dimensionnement"], described, params)
    tables |= guide | {"marches": contracts, "engagement_retro": modelled(kept)}
    write_results(dataset, "buyer", {**tables, "headlines": strip(tables, described)})


def sheets(planned: Planned, knowledge: Knowledge, told: pd.DataFrame) -> Tables:
    """Every result table of the purchases of `planned`, by name (`schemas/buyer.py`).

    `told` are their segments, by achat_id (`evidence.by_purchase`, `evidence.segments`).
    """
    purchases, settings = planned.purchases, knowledge.params.buyer
    if not purchases:
        none = pd.DataFrame({name: [] for name in ("achat_id", "segment", "programme", "seuil_atteint", *SUMMED)})
        whole = {"remarques": planned.remarks, "programmes": _programmes(planned, none, knowledge)}
        return whole | {"exceptions": law.exceptions()} | {name: pd.DataFrame() for name in OF_PURCHASES}
    told = told.loc[[purchase.achat_id for purchase in purchases]]
    segment = told["segment"]
    sized = knowledge.params.segments.potential
    reach = evidence.within_reach(purchases, segment, sized.radius_km)
    parts = evidence.shares(purchases, segment, knowledge)
    near = nearest(purchases, segment, knowledge[CONTRACTS], settings)
    achats = (
        _asked(purchases)
        .join(told)
        .join(_hours(purchases, segment, knowledge["segments/dimensionnement"], settings.commitment_quantile))
        .join(_thresholds(purchases, segment))
        .join(evidence.learnt(purchases, segment, knowledge))
        .join(evidence.drivers(segment, knowledge))
        .join(evidence.supply(reach, sized.dependency))
        .join(evidence.people(purchases, knowledge))
        .reset_index()
        .merge(planned.owners, on="achat_id", how="left", validate="one_to_one")
    )
    typed = achats[["montant_min", "montant_max"]]  # as the buyer wrote them
    achats = modelled(achats.assign(portee=_reach_of(achats))).assign(**typed)
    found = achats.set_index("achat_id")
    asked = _each(purchases, lambda one: law.asked(one, schedule.publication(one), segment[one.achat_id]))
    return {
        "achats": achats,
        "remarques": planned.remarks,
        "constats": asked,
        "exceptions": law.exceptions(),
        "voies": _each(purchases, lambda one: _ways(one, found.loc[one.achat_id])),
        "parts": parts,
        "semblables": near,
        "offre": modelled(reach),
        "contacts": evidence.contacts(purchases, knowledge, settings.contacts),
        "etapes": _each(purchases, schedule.dated),
        "arguments": arguments(achats, parts, near, asked, knowledge.params),
        "programmes": _programmes(planned, achats, knowledge),
    }


def _each(purchases: list[Purchase], rows_of: Callable[[Purchase], pd.DataFrame]) -> pd.DataFrame:
    """The rows of each purchase, in order, below each other: achat_id and ordre before them."""
    parts = [
        rows_of(purchase).assign(achat_id=purchase.achat_id, ordre=lambda rows: np.arange(1, len(rows) + 1))
        for purchase in purchases
    ]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"achat_id": [], "ordre": []})


def _asked(purchases: list[Purchase]) -> pd.DataFrame:
    """What is planned, by achat_id."""
    rows = [
        vars(purchase)
        | {
            "objet": public(purchase.objet),
            "codeCPV": purchase.cpv,
            "lieu_nom": name_of(purchase.lieu),
            "date_consultation": schedule.publication(purchase),
            "date_fin": schedule.end_of(purchase),
            "classe_montant": classes(pd.Series([purchase.middle]))[0],
        }
        for purchase in purchases
    ]
    table = pd.DataFrame(rows).set_index("achat_id")
    days = ["date_consultation", "date_notification", "date_fin"]
    return table.astype(dict.fromkeys(days, "datetime64[s]"))


def _hours(purchases: list[Purchase], segment: pd.Series, laws: pd.DataFrame, quantile: float) -> pd.DataFrame:
    """By achat_id: hours over the whole purchase, the commitment, and what they are in a year."""
    rows = {}
    for purchase in purchases:
        code = str(segment[purchase.achat_id])
        amounts, months = (purchase.montant_min, purchase.montant_max), purchase.duree_mois
        sized = sizing.sized(sizing.law(laws, code), *amounts, months=months, quantile=quantile)
        committed = float(sizing.per_year(sized["engagement"], months))
        rows[purchase.achat_id] = sized | {
            "manuel": textbook(purchase.middle),
            "engagement_an": committed,
            "engagement_mois": sized["engagement"] / months,
            "etp_engagement": float(sizing.full_time(committed, months)),
            "heures_etp": reference.constants("potentiel")["etp"],
        }
    table = pd.DataFrame.from_dict(rows, orient="index", columns=SIZED)
    return table.astype("float64").rename_axis("achat_id")


SIZED = [
    "heures_p10", "heures_p50", "heures_p90", "engagement", "manuel", "heures_an", "engagement_an", "engagement_mois",
    "etp", "etp_engagement", "heures_etp", "personnes",
]  # fmt: skip


def _thresholds(purchases: list[Purchase], segment: pd.Series) -> pd.DataFrame:
    """By achat_id: the European threshold on the day of the consultation, and whether the need reaches it."""
    index = pd.Index([purchase.achat_id for purchase in purchases], name="achat_id")
    limits = [law.threshold(one, schedule.publication(one), str(segment[one.achat_id])) for one in purchases]
    reached = [law.reached(one, limit) for one, limit in zip(purchases, limits, strict=True)]
    return pd.DataFrame({"seuil": pd.Series(limits, index, dtype="float64"), "seuil_atteint": reached}, index)


def _reach_of(achats: pd.DataFrame) -> np.ndarray:
    """Whether supply and public within reach carry the median hours of a year, or of a shorter contract in its months
    (`acheteur/portees`)."""
    part = achats["duree_mois"].map(sizing.part_of_year)
    hours, supply, public = achats["heures_an"], achats["heures_offre"] * part, achats["heures_public"] * part
    return np.select(
        [hours > supply, public.isna(), hours > public],
        ["OFFRE", "INCONNU", "PUBLIC"],
        "SUFFIT",
    )


def _ways(purchase: Purchase, found: pd.Series) -> pd.DataFrame:
    """The mechanisms with their criteria, and the verdict on each."""
    facts = law.Facts(
        schedule.publication(purchase),
        purchase,
        str(found["segment"]),
        None if pd.isna(found["seuil"]) else float(found["seuil"]),
        float(found["heures_p50"]),
        int(found["structures"]),
        int(found["dont_iae"]),
    )
    rows = law.options(facts)
    return rows.merge(law.verdicts(rows), on="mecanisme", how="left", validate="many_to_one")


def _programmes(planned: Planned, achats: pd.DataFrame, knowledge: Knowledge) -> pd.DataFrame:
    """What the purchases of each programme come to."""
    settings: BuyerParams = knowledge.params.buyer
    owner = planned.owners.set_index("achat_id")["programme"]
    segment = achats.set_index("achat_id")["segment"]
    rows = []
    for code, own in planned.owners.groupby("programme", sort=True):
        mine, without = achats[achats["programme"] == code], planned.refused.get(str(code), 0)
        bought = [purchase for purchase in planned.purchases if owner[purchase.achat_id] == code]
        rows.append(
            {
                "programme": code,
                "acheteur_nom": None if code == programme.AD_HOC else own["acheteur_nom"].iloc[0],
                "acheteur_type": bought[0].acheteur_type if bought else None,
                "annonces": len(mine) + without,
                "achats": len(mine),
                "refuses": without,
                **mine[list(SUMMED)].sum(),
                "atteignent": int(mine["seuil_atteint"].eq(law.YES).sum()),
                "selon_montant": int(mine["seuil_atteint"].eq(law.FROM).sum()),
                **programme.totals(bought, segment, knowledge["segments/dimensionnement"], settings),
            }
        )
    return modelled(pd.DataFrame(rows))


def strip(tables: Tables, dataset: Dataset) -> pd.DataFrame:
    """Headline figures of the programmes published."""
    whole, year = tables["programmes"], dataset.latest.annee
    if whole.empty:
        return headlines([])
    of_buyers = f"programmes de {number_of(len(whole), 'acheteur')}"
    too_late = programme.said_late(tables["achats"], dataset.date_observation)
    common = {"edition": year, "decimales": 0}
    return headlines(
        [
            {"libelle": "Achats annoncés qui ont une fiche", "valeur": float(whole["achats"].sum()),
             "unite": "achats", "perimetre": of_buyers, **common},
            {"libelle": "Engagements d'heures proposés", "valeur": float(whole["engagement"].sum()),
             "unite": "h", "perimetre": " ; ".join(filter(None, (of_buyers, too_late))), **common},
        ]
    )  # fmt: skip
