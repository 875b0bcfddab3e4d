"""The law on social considerations, as far as public data can tell: who is concerned, who declares what.

The obligation (L2112-2-1) weighs on the *need*: all the lots of the consultation, at the value that the buyer
estimated before it. The data give the lots that were published, at the price of the award. Their sum is a noisy
measure of the estimate, so each need has a probability of being above the threshold, and counts are sums of
probabilities. Dates, thresholds and assumptions are reference data (`droit/`); nothing here says that a buyer breaks
the law: exceptions exist, and a field left as it stands is no proof.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.core import reference
from analysis.core.codes import by_prefix
from analysis.core.dataset import Dataset
from analysis.core.personal import public
from analysis.core.sirene import siren_of
from analysis.segments.amounts import Belief, plausible
from analysis.segments.contracts import bought, executed_in, latest_years, under_another
from analysis.segments.watch.needs import buyer_names

CENTRAL = "ETAT"  # those whose threshold is the lower one, in `droit/seuils`
PRIVATE = "PRIVE"  # buyers whom the code does not bind


def parameter(name: str) -> str:
    """The value of `droit/parametres.csv`, as text."""
    return reference.value("droit/parametres", name)


def build_compliance(
    contracts: pd.DataFrame, lots: pd.DataFrame, needs: pd.DataFrame, dataset: Dataset, belief: Belief
) -> dict[str, pd.DataFrame]:
    """The result tables on the law, by name (`schemas/compliance.py`), for the needs of the region.

    `contracts`: the clean `marches` of all buyers that have one executed in the region, wherever executed, for a need
    is all its lots, and a buyer all that it buys; `lots` and `needs` those of `segments.needs`. Amounts that are not
    plausible (`belief`) are taken as unknown.
    """
    needs = needs.assign(**{name: _plausible_sums(lots, name, belief) for name in ("montant", "montant_initial")})
    contracts = contracts.assign(montant=plausible(contracts, belief))
    local = contracts[executed_in(contracts, dataset.departements)]
    inside = needs[needs["uid"].isin(local["uid"])]
    rows = concerned(inside, lots, contracts.set_index("uid")["statut_social"])
    years = latest_years(local["annee"], dataset.date_observation)
    year = years[0] if years else dataset.date_observation.year
    return {
        "droit_seuils": by_category(rows, year),
        "droit_besoins": without_clause(rows, inside, year),
        "droit_pnad": pnad(local),
        "droit_spaser": spaser(contracts, year),
    }


def _plausible_sums(lots: pd.DataFrame, name: str, belief: Belief) -> pd.Series:
    """By need, the sum of the amounts `name` of its lots that are plausible; missing where none is."""
    return plausible(lots.assign(montant=lots[name]), belief).groupby(lots["besoin"]).sum(min_count=1)


def concerned(needs: pd.DataFrame, lots: pd.DataFrame, statuses: pd.Series) -> pd.DataFrame:
    """The needs that a threshold is known for, indexed by besoin, with what the law looks at.

    categorie (of the buyer), nature (TRAVAUX, FOURNITURES_SERVICES), seuil, p_seuil (probability that the need is above
    it), etat (avec, sans, inconnu: whether any lot declares a social execution condition or is reserved), exception
    (works of less than `travaux_courts` months). `needs` and `lots` as `segments.needs` gives them; `statuses`:
    statut_social by uid. Needs without a known amount, of a year without thresholds or of private buyers are left out.
    """
    kind = needs["categorie"]
    works = bought(needs["codeCPV"]).eq("TRAVAUX")
    limit = thresholds(needs["notification"], works, central(kind, needs["acheteur_siren"])).mask(kind == PRIVATE)
    amount = needs["montant_initial"].fillna(needs["montant"])
    p_above = above(amount, limit)
    out = pd.DataFrame(
        {
            "notification": needs["notification"],
            "categorie": kind,
            "nature": nature_of(works),
            "seuil": limit,
            "p_seuil": p_above,
            "etat": _state(lots, statuses).reindex(needs.index),
            "exception": works & (needs["mois_initiaux"] < float(parameter("travaux_courts"))),
        }
    )
    return out[p_above.notna()]


def state_buyers() -> list[str]:
    """The kinds of buyers that are the State or one of its establishments."""
    return reference.codes_with("acheteurs", "est_etat")


def central(kinds: pd.Series, sirens: pd.Series) -> pd.Series:
    """Whether buyers of `kinds` (code), of `sirens` where they are known, have the threshold of central authorities.

    It is that of the State's buyers, but for those whose SIREN tells of an establishment that is none: lycées,
    collèges, consular chambers (`seuil` of `nomenclatures/acheteurs_siren`).
    """
    groups = reference.table("nomenclatures/acheteurs_siren").set_index("prefixe_siren")["seuil"]
    return kinds.isin(state_buyers()) & by_prefix(sirens, groups).fillna(CENTRAL).eq(CENTRAL)


def nature_of(works: pd.Series) -> pd.Series:
    """TRAVAUX or FOURNITURES_SERVICES, as `droit/seuils` names them."""
    return pd.Series(np.where(works, "TRAVAUX", "FOURNITURES_SERVICES"), index=works.index)


def thresholds(days: pd.Series, works: pd.Series, state: pd.Series) -> pd.Series:
    """The European threshold in euros on each of `days`, missing where none is known.

    `works`: whether works are bought; `state`: whether a central authority buys (`central`).
    """
    asked = pd.DataFrame(
        {
            "jour": days.astype("datetime64[s]"),
            "nature": nature_of(works),
            "type_acheteur": np.where(works, "TOUS", np.where(state, CENTRAL, "AUTRE")),
        }
    )
    known = reference.table("droit/seuils").astype({"du": "datetime64[s]", "au": "datetime64[s]"})
    asked = asked.rename_axis("place").reset_index().dropna(subset="jour").sort_values("jour", kind="stable")
    found = pd.merge_asof(
        asked, known.sort_values("du", kind="stable"), left_on="jour", right_on="du", by=["nature", "type_acheteur"]
    ).set_index("place")
    limit = found["montant"].where(found["jour"] <= found["au"])
    return limit.reindex(days.index).astype("float64")


def above(amounts: pd.Series, limits: pd.Series) -> pd.Series:
    """The probability that a need of which `amounts` (euros) are known is above `limits`; missing where either is.

    The value that counts is log-normal around the amount (`ecart_estimation` of `droit/parametres`).
    """
    ratio = np.log(amounts.where(amounts > 0) / limits)
    return pd.Series(norm.cdf(ratio / float(parameter("ecart_estimation"))), index=amounts.index)


def without_clause(rows: pd.DataFrame, needs: pd.DataFrame, last_year: int) -> pd.DataFrame:
    """The needs as likely as not, or more, to reach their threshold whose lots all declare no clause, likeliest first.

    `rows` as `concerned` gives them, of the periods of `by_category`: periode, uid (of the largest lot),
    acheteur_siren, acheteur_nom, objet, categorie, nature, notification, montant, seuil, p_seuil, exception.
    """
    period = _period(rows["notification"], last_year)
    kept = rows.assign(periode=period)[period.notna() & rows["etat"].eq("sans") & rows["p_seuil"].ge(0.5)]
    named = needs.loc[kept.index, ["uid", "acheteur_siren", "acheteur_nom", "objet", "montant"]]
    named["objet"] = named["objet"].astype(object).map(public)
    table = kept.join(named).sort_values(["periode", "p_seuil", "uid"], ascending=[True, False, True])
    return table[LISTED].reset_index(drop=True)


LISTED = ["periode", "uid", "acheteur_siren", "acheteur_nom", "objet", "categorie", "nature", "notification", "montant",
          "seuil", "p_seuil", "exception"]  # fmt: skip


def _period(notified: pd.Series, last_year: int) -> pd.Series:
    """`obligation` since its day; before it, the latest year; missing for what is older."""
    period = pd.Series(pd.NA, index=notified.index, dtype="str").mask(notified.dt.year == last_year, str(last_year))
    return period.mask(notified >= pd.Timestamp(parameter("obligation_sociale_du")), "obligation")


def _state(lots: pd.DataFrame, statuses: pd.Series) -> pd.Series:
    """avec: a lot says so; sans: all lots say that there is none; inconnu: no lot says so and not all say."""
    lots = lots[lots["uid"].isin(statuses.index)]
    said = lots["uid"].map(statuses)
    bears = said.isin(reference.social_states("porte_clause")).groupby(lots["besoin"]).any()
    clear = said.isin(reference.social_states("est_renseigne")).groupby(lots["besoin"]).all()
    return pd.Series(np.where(bears, "avec", np.where(clear, "sans", "inconnu")), index=bears.index)


def by_category(rows: pd.DataFrame, last_year: int) -> pd.DataFrame:
    """Per period and category of buyer: what is above the thresholds, by what it declares; sums of probabilities.

    periode: `obligation` (notified since the date of the obligation) or the latest year before that date (what would
    have been concerned); besoins (all those judged), au_dessus, avec, sans, inconnu (parts of au_dessus) and
    sans_exception (part of `sans` that is no short work).
    """
    period = _period(rows["notification"], last_year)
    parts = [_summed(found).assign(periode=name) for name, found in rows.groupby(period)]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=CATEGORY)
    return table[CATEGORY]


CATEGORY = ["periode", "categorie", "besoins", "au_dessus", "avec", "sans", "sans_exception", "inconnu"]


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    p = rows["p_seuil"]
    told = rows.assign(
        au_dessus=p,
        **{state: p.where(rows["etat"] == state, 0.0) for state in ("avec", "sans", "inconnu")},
        sans_exception=p.where((rows["etat"] == "sans") & ~rows["exception"], 0.0),
    )
    by = told.groupby("categorie")
    return by[["au_dessus", "avec", "sans", "sans_exception", "inconnu"]].sum().assign(besoins=by.size()).reset_index()


def pnad(contracts: pd.DataFrame) -> pd.DataFrame:
    """Per year: contracts whose social field is clear (renseignes), those with any consideration (avec_consideration:
    clause, criterion or reservation), their share, and the objective."""
    clear = contracts[contracts["statut_social"].isin(reference.social_states("est_renseigne"))]
    by = clear.assign(oui=clear["statut_social"] != "aucune").groupby("annee")
    table = (
        by["oui"].agg(renseignes="size", avec_consideration="sum").reset_index().rename(columns={"annee": "edition"})
    )
    table = table.astype({"edition": "int64", "avec_consideration": "int64"})
    share = table["avec_consideration"] / table["renseignes"]
    return table.assign(part=share, objectif=float(parameter("objectif_pnad")))


def spaser(contracts: pd.DataFrame, year: int) -> pd.DataFrame:
    """The buyers whose contracts of `year`, wherever executed, add up to more than the SPASER threshold, largest first.

    annee, acheteur_siren, acheteur_nom, marches, montant. Amounts notified are not what is spent in a year: a buyer is
    listed as likely liable, not as liable. Contracts made under a framework agreement spend its amount: they add none.
    """
    own = (contracts["annee"] == year) & ~under_another(contracts)
    rows = contracts.assign(acheteur_nom=buyer_names(contracts))[own]
    rows = rows.assign(acheteur_siren=siren_of(rows["acheteur_id"])).sort_values("uid")
    by = rows.groupby("acheteur_siren")
    table = by.agg(acheteur_nom=("acheteur_nom", "last"), marches=("uid", "size"), montant=("montant", "sum"))
    table = table[table["montant"] > float(parameter("seuil_spaser"))].reset_index().assign(annee=year)
    return table.sort_values(["montant", "acheteur_siren"], ascending=[False, True], ignore_index=True)
