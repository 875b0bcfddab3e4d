"""Real contracts to hold a planned purchase against: those whose social field or whose hours say something."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from analysis.buyer.purchase import Purchase
from analysis.core import reference
from analysis.core.numbers import round_half_up, significant
from analysis.core.params import BuyerParams, Nearness
from analysis.core.personal import public
from analysis.core.sirene import siren_of
from analysis.places import kilometres, points
from analysis.segments.telling.text import plain
from analysis.segments.watch.needs import buyer_names, stem

Numbers = NDArray[np.float64]

TOLD = [
    "uid", "edition", "acheteur_siren", "acheteur_nom", "objet", "segment", "segment_source", "segment_cpv", "montant",
    "departement", "epci_siren", "statut_social", "suivi", "suivi_ouvert", "operation", "segment_operation", "heures",
    "realisation",
]  # fmt: skip
NEAR = [
    "achat_id", "rang", "uid", "objet", "acheteur_nom", "edition", "montant", "lieu", "km", "statut_social", "suivi",
    "suivi_ouvert", "operation", "segment_operation", "heures", "realisation", "proximite",
]  # fmt: skip
GRAMS = (3, 4)  # characters: an object has few words, and each is written in several ways
DIGITS = 4  # of the nearness, by which contracts are ranked
COARSE = 2  # significant digits of the hours of one operation
TENTHS = 1  # decimals of what part of the hours planned they are
DEEP = 5  # times the contracts wanted, among which lots of one consultation are looked for


def known_contracts(
    contracts: pd.DataFrame, told: pd.DataFrame, links: pd.DataFrame, operations: pd.DataFrame, years: list[int]
) -> pd.DataFrame:
    """The contracts of the region that are worth showing, in order of uid: columns `TOLD`, `_controle` and the measures
    of disclosure control.

    Those of `years` whose social field is clear, and those that a closed operation follows (suivi),
    which has heures (since its origin, all its contracts together, at `COARSE` significant digits: a total that is
    published less these tells nobody's) and realisation (`_part`); operation is the first uid of these, and
    segment_operation its own segment; suivi_ouvert: an operation follows it whose hours are not whole yet.
    `contracts`: the clean `marches`; `told`: `classified/marches`; `links` and `operations`: the results `liens` and
    `operations_liees`.
    """
    rows = contracts.assign(acheteur_nom=buyer_names(contracts)).merge(told, on="uid", validate="one_to_one")
    rows = rows.dropna(subset=["annee", "objet"])
    measures = [name for name in operations if name.startswith("_")]
    done = operations[["operation", "segment", "heures", "prevues", *measures]].rename(
        columns={"segment": "segment_operation"}
    )
    followed = links[["uid", "operation"]].merge(done, on="operation")
    # Who follows a contract stays inside; that two contracts share their hours does not.
    followed["operation"] = followed.groupby("operation")["uid"].transform("min")
    rows = rows.merge(followed, on="uid", how="left", validate="one_to_one")
    clear = rows["statut_social"].isin(reference.social_states("est_renseigne"))
    clear &= rows["annee"].isin(years)
    rows = rows.assign(
        edition=rows["annee"],
        acheteur_siren=siren_of(rows["acheteur_id"]),
        objet=rows["objet"].astype(object).map(public),
        suivi=rows["heures"].notna(),
        suivi_ouvert=rows["uid"].isin(links["uid"]) & rows["heures"].isna(),
        heures=(told_hours := rows["heures"].map(lambda hours: significant(hours, COARSE))),
        realisation=_part(told_hours, rows["prevues"]),
        _controle=np.where(rows["heures"].notna(), "heures", "ouvert"),
        _sensible=False,
    )
    rows = rows[clear | rows["suivi"]].astype({"edition": "int64"})
    names = [*TOLD, *(name for name in rows if name.startswith("_"))]
    return rows.sort_values("uid", ignore_index=True)[names]


def _part(hours: pd.Series, planned: pd.Series) -> pd.Series:
    """What part of the hours `planned` were done, from `hours` as they are told: to a tenth, so that whoever knows what
    was planned learns no more of what was done."""
    share = hours / planned.where(planned > 0)
    return share.map(lambda part: float(round_half_up(part, TENTHS)) if pd.notna(part) else np.nan)


def nearest(
    purchases: list[Purchase], segments: pd.Series, contracts: pd.DataFrame, settings: BuyerParams
) -> pd.DataFrame:
    """The contracts most like each purchase, of its segment (by achat_id): columns `NEAR`, and what `contracts` say of
    the secret.

    proximite, from 0 to 1, is the mean of what the text of the objects, the amounts (one half at a factor of two) and
    the places (one half at `half_km`) have in common, weighted by `settings.nearness`. Of the lots of one need, the
    nearest only.
    """
    columns = [*NEAR, *(name for name in contracts if name == "secret" or name.startswith("_"))]
    known = contracts[contracts["segment"].isin(segments)].reset_index(drop=True)
    if known.empty or not purchases:
        return pd.DataFrame(columns=columns)
    texts, asked = _weighed(plain(known["objet"]), plain(pd.Series([purchase.objet for purchase in purchases])))
    places = points(known["epci_siren"].fillna(known["departement"]))
    known = known.assign(lieu=_names(known))
    parts = []
    for number, purchase in enumerate(purchases):
        own = known.index[known["segment"] == segments[purchase.achat_id]]
        km = kilometres(points(pd.Series([purchase.lieu])), places.loc[own])[0]
        text = (texts[own] @ asked[number].T).toarray()[:, 0]
        amount = known.loc[own, "montant"].where(lambda known: known > 0).to_numpy(dtype="float64")
        near = _nearness(text, amount / purchase.middle, km, settings.nearness)
        rows = known.loc[own].assign(proximite=near, km=np.round(km, 1))
        rows = rows.sort_values(["proximite", "uid"], ascending=[False, True]).head(DEEP * settings.like)
        rows = rows.assign(_racine=rows["objet"].map(stem)).drop_duplicates(["acheteur_siren", "_racine"])
        rows = rows.head(settings.like).assign(achat_id=purchase.achat_id)
        parts.append(rows.assign(rang=np.arange(1, len(rows) + 1)))
    return pd.concat(parts, ignore_index=True)[columns]


def _weighed(known: pd.Series, asked: pd.Series) -> tuple[csr_matrix, csr_matrix]:
    """The character n-grams of texts with their weights (tf-idf, learnt from `known`), a row per text.

    They keep within words, of which texts have few different ones: each word is cut once.
    """
    words, weights = CountVectorizer(token_pattern=r"\S+"), TfidfTransformer(sublinear_tf=True)
    grams = CountVectorizer(analyzer="char_wb", ngram_range=GRAMS)
    in_known = words.fit_transform(known) @ grams.fit_transform(words.get_feature_names_out())
    return weights.fit_transform(in_known), weights.transform(grams.transform(asked))


def _nearness(text: Numbers, ratio: Numbers, km: Numbers, settings: Nearness) -> Numbers:
    """The weighted mean of three likenesses; what is not known of a contract is like nothing."""
    amount = np.nan_to_num(2.0 ** -np.abs(np.log2(ratio)))
    place = np.nan_to_num(2.0 ** (-km / settings.half_km))
    whole = settings.text + settings.amount + settings.place
    return np.round((settings.text * text + settings.amount * amount + settings.place * place) / whole, DIGITS)


def _names(contracts: pd.DataFrame) -> pd.Series:
    names = reference.epci().set_index("epci_siren")["nom"]
    departments = reference.department_names()
    return contracts["epci_siren"].map(names).fillna(contracts["departement"].map(departments))
