"""When the need behind a running contract will be tendered again: what past ends teach, told as probabilities.

*Labels.* A past end was renewed when the same buyer (SIREN) notified a need of close object between six months before
the end and nine after. Close: alike as texts, or a little less and the same CPV class. One successor per need, one
predecessor per successor, the closest pairs first.
*Model.* Two questions, two answers (a "cure" model of survival analysis): whether the need comes back, a logistic
regression on what is known six months before the end; and when, the delays of past renewals, by month. Together they
give the probability that remains once some months have passed without it:

    P(renewed | not yet after month k) = p S(k) / (p S(k) + 1 - p),   S(k): part of renewals that come after month k

Some labels are likenesses of chance: as many in each month, whoever the buyer, where true renewals gather around the
end. How many is read where the window ends; an unlikely need has more of them among its renewals, a likely one fewer.

*Back-test.* For each year Y the model learns from windows closed before Y only, and says which of the needs that end in
Y will be renewed, with the durations and the history known on the eve of Y.
Method: discrete-time survival with a cured part (V. Farewell, "The use of mixture models for the analysis of survival
data with long-term survivors", Biometrics 38, 1982).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from analysis.core.months import later
from analysis.core.numbers import MONTH
from analysis.core.results import day_numbers
from analysis.segments.watch.needs import added, classes, hypothesis, months_between, months_known, whole_months

Numbers = NDArray[np.float64]

BEFORE, AFTER = 6, 9  # months around the end where a new notification is a renewal
APART = 7  # days by which a renewal follows what it renews, at least
MONTHS = np.arange(-BEFORE, AFTER)  # month m covers [m, m + 1)
LAST = 3  # months at the end of the window where hardly any true renewal comes
LEAST = 100.0  # euros: an amount below it says no more than that it is small
TEXT = ["segment", "categorie", "classe_duree"]
SIZES = ["log_montant", "sans_montant", "log_lots", "accord_cadre", "deja_renouvele", "log_besoins",
         "taux_acheteur"]  # fmt: skip
DURATIONS = [0, 3, 6, 12, 24, 36, 48, np.inf]


# --- labels ------------------------------------------------------------------------------------------------


def alike(needs: pd.DataFrame) -> pd.DataFrame:
    """Pairs of needs of one buyer, the second begun after the first, whose objects are close: besoin, suivant,
    ressemblance (0 to 100).

    `needs` as `needs.needs` gives them. Whether the dates fit is for `successors` to say, which knows on which day it
    stands; pairs that no knowledge of the end could bring into the window are left out here.
    """
    words = TfidfVectorizer(token_pattern=r"\w+", dtype=np.float32)
    if needs.empty:
        return pd.DataFrame({"besoin": [], "suivant": [], "ressemblance": []}).astype(_PAIR)
    told = words.fit_transform(needs["racine"])
    started, final = day_numbers(needs["notification"]), day_numbers(later(needs["notification"], needs["mois"]))
    first_end = day_numbers(later(needs["notification"], needs["mois_initiaux"]))
    earliest = np.fmin(final, first_end) - BEFORE * MONTH
    latest = np.fmax(final, first_end) + AFTER * MONTH
    found = []
    for rows in needs.reset_index().groupby("acheteur_siren", sort=True).indices.values():
        if len(rows) < 2:
            continue
        mine = told[rows]
        shared = sparse.coo_array(mine @ mine.T)
        a, b = rows[shared.row], rows[shared.col]
        # NaN compares as false: a need without end has no successor.
        fits = (started[b] >= earliest[a]) & (started[b] < latest[a]) & (started[b] > started[a] + APART)
        found.append(np.column_stack([a, b])[(shared.data >= hypothesis("mots_partages")) & fits])
    left, right = (np.concatenate(found) if found else np.empty((0, 2), dtype=int)).T
    stems, cpv = needs["racine"].tolist(), needs["codeCPV"].fillna("").astype("str").str[:4].to_numpy()
    alike_by = likeness([stems[n] for n in left], [stems[n] for n in right])
    same_class = (cpv[left] == cpv[right]) & (cpv[left] != "")
    alone, confirmed = hypothesis("ressemblance"), hypothesis("ressemblance_confirmee")
    kept = (alike_by >= alone) | (same_class & (alike_by >= confirmed))
    index = needs.index.to_numpy()
    pairs = {"besoin": index[left[kept]], "suivant": index[right[kept]], "ressemblance": alike_by[kept]}
    return pd.DataFrame(pairs).astype(_PAIR)


_PAIR = {"besoin": "int64", "suivant": "int64", "ressemblance": "float64"}


def successors(pairs: pd.DataFrame, needs: pd.DataFrame) -> pd.DataFrame:
    """One row per need of `needs` that was renewed: besoin, suivant, ressemblance, delai (months after its end).

    `pairs` from `alike`; the end is the notification plus `mois`, as `needs` knows it.
    """
    here = pairs[pairs["besoin"].isin(needs.index) & pairs["suivant"].isin(needs.index)]
    if here.empty:
        return here.assign(delai=pd.Series(dtype="float64"))
    end = later(needs["notification"], needs["mois"])
    delay = months_between(here["besoin"].map(end), here["suivant"].map(needs["notification"]))
    here = here.assign(delai=delay.astype("float64"))
    return one_to_one(here[here["delai"].between(-BEFORE, AFTER, inclusive="left")])


def likeness(first: list[str], second: list[str]) -> Numbers:
    """Likeness of the texts, pair by pair, from 0 to 100, whatever the order of their words."""
    return np.asarray(process.cpdist(first, second, scorer=fuzz.token_sort_ratio, workers=1), dtype="float64")


def one_to_one(pairs: pd.DataFrame) -> pd.DataFrame:
    """The most alike pairs first, then the nearest to the end; each need once on either side."""
    ordered = pairs.assign(_far=pairs["delai"].abs()).sort_values(
        ["ressemblance", "_far", "besoin", "suivant"], ascending=[False, True, True, True]
    )
    renewed: set[int] = set()
    taken: set[int] = set()
    kept = []
    for row, (need, following) in enumerate(zip(ordered["besoin"], ordered["suivant"], strict=True)):
        if need not in renewed and following not in taken:
            renewed.add(need)
            taken.add(following)
            kept.append(row)
    columns = ["besoin", "suivant", "ressemblance", "delai"]
    return ordered.iloc[kept][columns].sort_values("besoin", ignore_index=True)


# --- what is known of a need -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What was known on `day`: the needs notified by then, their durations with the changes notified by then, and
    which of them had been renewed."""

    day: pd.Timestamp
    needs: pd.DataFrame
    renewed: pd.DataFrame

    @property
    def closed(self) -> pd.DataFrame:
        """The needs whose window is over, with fin, cloture (end of the window), renouvele and delai."""
        end = later(self.needs["notification"], self.needs["mois"])
        over = added(end, AFTER)
        rows = self.needs.assign(fin=end, cloture=over)[over <= self.day]
        delay = self.renewed.set_index("besoin")["delai"].reindex(rows.index)
        return rows.assign(delai=delay, renouvele=delay.notna())


def known_on(
    day: pd.Timestamp, needs: pd.DataFrame, pairs: pd.DataFrame, lots: pd.DataFrame, changes: pd.DataFrame
) -> Known:
    """The past as it stood on `day`."""
    rows = needs[needs["notification"] <= day]
    rows = rows.assign(mois=months_known(lots, changes, day).reindex(rows.index))
    return Known(day, rows, successors(pairs, rows))


def features(rows: pd.DataFrame, ends: pd.Series, known: Known) -> pd.DataFrame:
    """What was known of each of `rows` at its date: six months before its end, or the day of `known` if earlier.

    The date is never before its notification. Columns `TEXT` and `SIZES`; amount, lots and framework are those of the
    notice. The rate of past renewals counts the needs of that buyer in that segment whose window was over by then,
    beside so many needs (`besoins_a_priori` of `veille/hypotheses`) of its segment's overall rate.
    """
    date = added(ends, -BEFORE).clip(upper=known.day)
    date = date.where(date >= rows["notification"], rows["notification"])
    asked = rows[["acheteur_siren", "segment"]].assign(date=date)
    past = known.closed
    by_buyer = _before(asked, past, ["acheteur_siren", "segment"], "cloture", "renouvele")
    by_segment = _before(asked, past, ["segment"], "cloture", "renouvele")
    overall = (by_segment["somme"] + 0.5) / (by_segment["nombre"] + 1)
    size = _before(asked, known.needs, ["acheteur_siren"], "notification", "lots")["nombre"]
    amount, months, prior = rows["montant_initial"], rows["mois"], hypothesis("besoins_a_priori")
    classes = pd.cut(months, DURATIONS, labels=False).fillna(-1).astype("int64").astype("str")
    return pd.DataFrame(
        {
            "segment": rows["segment"].astype(object),
            "categorie": rows["categorie"].astype(object),
            "classe_duree": classes.astype(object),
            "log_montant": np.log(
                amount.fillna(known.needs["montant_initial"].median()).fillna(LEAST).clip(lower=LEAST)
            ),
            "sans_montant": amount.isna().astype("float64"),
            "log_lots": np.log(rows["lots"].astype("float64")),
            "accord_cadre": rows["accord_cadre"].astype("float64"),
            "deja_renouvele": rows.index.isin(known.renewed["suivant"]).astype("float64"),
            "log_besoins": np.log1p(size),
            "taux_acheteur": (by_buyer["somme"] + prior * overall) / (by_buyer["nombre"] + prior),
        },
        index=rows.index,
    )


def _before(rows: pd.DataFrame, past: pd.DataFrame, keys: list[str], when: str, what: str) -> pd.DataFrame:
    """How many of `past` with the same keys came at or before `date`, and the sum of `what` over them."""
    counted = past[[*keys, what]].assign(date=past[when].astype("datetime64[s]"))
    counted = counted.sort_values(["date", *keys], kind="stable")
    counted["nombre"] = counted.groupby(keys).cumcount() + 1.0
    counted["somme"] = counted.groupby(keys)[what].cumsum().astype("float64")
    asked = rows.assign(_row=np.arange(len(rows)), date=rows["date"].astype("datetime64[s]"))
    asked = asked.sort_values("date", kind="stable")
    found = pd.merge_asof(asked, counted[[*keys, "date", "nombre", "somme"]], on="date", by=keys)
    return found.sort_values("_row")[["nombre", "somme"]].fillna(0.0).set_axis(rows.index)


# --- the model ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    """Whether (a fitted classifier on `features`) and when (`months`: part of true renewals in each of `MONTHS`), with
    the probability `chance` that a need that does not come back seems to, in any month alike."""

    whether: Pipeline
    months: Numbers
    chance: float
    base_rate: float
    learnt_from: int

    def when(self, p: Numbers) -> Numbers:
        """The part of renewals in each of `MONTHS` (columns) of needs of probabilities `p` (rows)."""
        true = np.clip((p - self.chance) / (1 - self.chance), 0, 1)
        seeming = np.clip((1 - true) * self.chance / p, 0, 1)[:, None]
        return (1 - seeming) * self.months + seeming / len(MONTHS)


def learnt(known: Known, least: int) -> Model | None:
    """The model that could have been made on that day; None with fewer than `least` past ends, or all of one kind."""
    past = known.closed
    if len(past) < least or past["renouvele"].nunique() < 2:
        return None
    kinds = OneHotEncoder(handle_unknown="ignore", min_frequency=20)
    table = ColumnTransformer([("kinds", kinds, TEXT), ("sizes", StandardScaler(), SIZES)])
    # Weak data keep to the base rate.
    whether = make_pipeline(table, LogisticRegression(C=hypothesis("penalite"), max_iter=500))
    whether.fit(features(past, past["fin"], known), past["renouvele"])
    months, chance = told_apart(past["delai"])
    return Model(whether, months, chance, float(past["renouvele"].mean()), len(past))


def told_apart(delays: pd.Series) -> tuple[Numbers, float]:
    """`Model.months` and `Model.chance`, from the delay of each past end, missing where nothing came.

    In the last months of the window, likenesses of chance are nearly all there is: as many are taken off each month.
    """
    month = np.clip(whole_months(delays.dropna()) + BEFORE, 0, len(MONTHS) - 1)
    seen = np.bincount(month, minlength=len(MONTHS))
    seeming = min(float(seen[-LAST:].mean()), float(seen.mean()))
    months = np.clip(seen - seeming, 0, None) + 0.5  # no month is impossible
    by_chance = seeming * len(MONTHS)
    return months / months.sum(), by_chance / (len(delays) - seen.sum() + by_chance)


def still_to_come(p: Numbers | float, left: Numbers) -> Numbers:
    """The probability of what had that of `p` and has not come yet; `left`: the part that comes this late or later."""
    return p * left / (p * left + 1 - p)


def predicted(model: Model, known: Known) -> pd.DataFrame:
    """Every need that may still be renewed after the day of `known`, indexed by besoin.

    fin (as known on that day), probabilite (that it is renewed, given that it was not by then), passe (months from the
    end to the day after, the first that may still bring it; negative before the end), and one column per month of
    `MONTHS` (`m-6` ... `m8`): the probability that it is in what is left of that month after the end; they add up to
    probabilite.
    """
    end = later(known.needs["notification"], known.needs["mois"])
    passed = months_between(end, pd.Series(known.day + pd.Timedelta(days=1), index=end.index))
    open_ = (passed < AFTER) & ~known.needs.index.isin(known.renewed["besoin"])
    rows, ends = known.needs[open_], end[open_]
    if rows.empty:
        return nothing()
    p = model.whether.predict_proba(features(rows, ends, known))[:, 1]
    # The part of each month that is still to come; a month under way counts for what is left of it.
    left = np.clip(MONTHS[None, :] + 1 - passed[open_].to_numpy()[:, None], 0, 1)
    still = model.when(p) * left
    total = still.sum(axis=1)
    remaining = still_to_come(p, total)
    each = still / total[:, None] * remaining[:, None]
    out = pd.DataFrame(each, columns=EACH, index=rows.index)
    return out.assign(fin=ends, probabilite=remaining, passe=passed[open_])[["fin", "probabilite", "passe", *EACH]]


EACH = [f"m{month}" for month in MONTHS]


def nothing() -> pd.DataFrame:
    """What is predicted when there is nothing to learn from or to expect."""
    days = {name: pd.Series(dtype="datetime64[s]") for name in ("fin", *_WINDOW)}
    frame = pd.DataFrame({**days, **{name: pd.Series(dtype="float64") for name in ("probabilite", "passe", *EACH)}})
    return frame[["fin", "probabilite", "passe", *EACH, *_WINDOW]].set_axis(pd.Index([], dtype="int64", name="besoin"))


_WINDOW = {"fenetre_debut": 0.1, "date_mediane": 0.5, "fenetre_fin": 0.9}


def quantile_month(each: Numbers, passed: Numbers, q: float) -> Numbers:
    """The moment, in months after the end, before which a part `q` of the probability of each row falls.

    `each` has one column per month of `MONTHS`; of the month under way only what comes after `passed` is left, over
    which its probability is even.
    """
    total = each.sum(axis=1, keepdims=True)
    cumulated = np.cumsum(each, axis=1) / np.where(total > 0, total, 1)
    k = np.minimum((cumulated < q - 1e-12).sum(axis=1), each.shape[1] - 1)
    row = np.arange(len(each))
    before = np.where(k > 0, cumulated[row, k - 1], 0.0)
    inside = np.clip((q - before) / np.maximum(cumulated[row, k] - before, 1e-12), 0, 1)
    start = _start(MONTHS[k], passed)
    return start + inside * (MONTHS[k] + 1 - start)


def falls_before(each: Numbers, passed: Numbers, moment: Numbers) -> Numbers:
    """The probability of each row that falls before `moment` (months after the end): what `quantile_month` inverts."""
    k = np.clip(np.floor(moment).astype(int) - MONTHS[0], 0, len(MONTHS) - 1)
    row = np.arange(len(each))
    start = _start(MONTHS[k], passed)
    inside = np.clip((moment - start) / np.maximum(MONTHS[k] + 1 - start, 1e-12), 0, 1)
    return np.cumsum(each, axis=1)[row, k] - (1 - inside) * each[row, k]


def _start(month: NDArray[np.int64], passed: Numbers) -> Numbers:
    """Where what is left of a month begins: at its own start, or at `passed` when it is under way."""
    return np.clip(passed, month, month + 1)


def dated(predictions: pd.DataFrame) -> pd.DataFrame:
    """`predictions` with fenetre_debut, date_mediane, fenetre_fin: 10, 50 and 90 % of its probability come before."""
    if predictions.empty:
        return nothing()
    each, passed = predictions[EACH].to_numpy(float), predictions["passe"].to_numpy(float)
    days = {
        name: added(predictions["fin"], pd.Series(quantile_month(each, passed, q), index=predictions.index))
        for name, q in _WINDOW.items()
    }
    return predictions.assign(**days)


# --- the back-test -----------------------------------------------------------------------------------------


def backtest(
    needs: pd.DataFrame,
    pairs: pd.DataFrame,
    lots: pd.DataFrame,
    changes: pd.DataFrame,
    *,
    day: pd.Timestamp,
    least: int,
) -> pd.DataFrame:
    """One row per need whose end, as known on the eve of year Y, falls in Y, for each year that can be judged on `day`.

    besoin, annee, fin (as known on the eve), probabilite, date_mediane, taux_base (of the past known then), renouvele,
    avance (months from the eve to the true renewal), erreur and erreur_fin (months from the true renewal to the date
    said, and to the end; missing without renewal). Only ends whose window is over on `day` are judged; years with fewer
    than `least` past ends to learn from are left out.
    """
    followed = successors(pairs, needs).set_index("besoin")["suivant"]
    true = needs["notification"].reindex(followed).set_axis(followed.index)
    usable = day - pd.Timedelta(days=round(AFTER * MONTH))
    parts = []
    for year in range(int(needs["notification"].dt.year.min()) + 1, usable.year + 1) if len(needs) else []:
        eve = pd.Timestamp(year - 1, 12, 31)
        known = known_on(eve, needs, pairs, lots, changes)
        model = learnt(known, least)
        if model is None:
            continue
        said = dated(predicted(model, known))
        said = said[(said["fin"] > eve) & (said["fin"] <= min(pd.Timestamp(year, 12, 31), usable))]
        came = pd.to_datetime(true.reindex(said.index))
        parts.append(
            said[["fin", "probabilite", "date_mediane"]].assign(
                annee=year,
                taux_base=model.base_rate,
                renouvele=came.notna(),
                avance=months_between(pd.Series(eve, index=said.index), came),
                erreur=months_between(came, said["date_mediane"]),
                erreur_fin=months_between(came, said["fin"]),
            )
        )
    columns = [
        "annee",
        "fin",
        "probabilite",
        "date_mediane",
        "taux_base",
        "renouvele",
        "avance",
        "erreur",
        "erreur_fin",
    ]
    tested = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    return tested.reindex(columns=columns).rename_axis("besoin").reset_index()


def scores(tested: pd.DataFrame, top: int) -> pd.DataFrame:
    """One row per year of `backtest`, and one for all (annee 0).

    besoins, renouveles, brier and those of two baselines (brier_base: the past rate for all; brier_fin: every need is
    renewed at its end), rappel_k and precision_k among the `top` most probable, rappel_k_max (of a perfect order),
    avance_mediane (months, among the renewals of the top), erreur_mediane and erreur_mediane_fin (absolute, months),
    their means erreur_moyenne and erreur_moyenne_fin.
    """
    groups = [*((int(year), rows) for year, rows in tested.groupby("annee")), (0, tested)]
    table = pd.DataFrame([_score(year, rows, top) for year, rows in groups if len(rows)], columns=SCORES)
    whole = ["annee", "besoins", "renouveles"]
    return table.astype({name: "int64" if name in whole else "float64" for name in SCORES})


SCORES = [
    "annee", "besoins", "renouveles", "brier", "brier_base", "brier_fin", "rappel_k", "rappel_k_max", "precision_k",
    "avance_mediane", "erreur_mediane", "erreur_mediane_fin", "erreur_moyenne", "erreur_moyenne_fin",
]  # fmt: skip


def _score(year: int, rows: pd.DataFrame, top: int) -> dict[str, float]:
    outcome = rows["renouvele"].astype(float)
    best = rows.sort_values(["annee", "probabilite", "besoin"], ascending=[True, False, True])
    best = best.groupby("annee").head(top)
    renewed, k = float(outcome.sum()), float(best["renouvele"].sum())
    perfect = float(rows.groupby("annee")["renouvele"].sum().clip(upper=top).sum())
    return {
        "annee": year,
        "besoins": len(rows),
        "renouveles": int(renewed),
        "brier": float(((rows["probabilite"] - outcome) ** 2).mean()),
        "brier_base": float(((rows["taux_base"] - outcome) ** 2).mean()),
        "brier_fin": float(((1 - outcome) ** 2).mean()),
        "rappel_k": k / renewed if renewed else np.nan,
        "rappel_k_max": perfect / renewed if renewed else np.nan,
        "precision_k": k / len(best),
        "avance_mediane": float(best["avance"].median()),
        "erreur_mediane": float(rows["erreur"].abs().median()),
        "erreur_mediane_fin": float(rows["erreur_fin"].abs().median()),
        "erreur_moyenne": float(rows["erreur"].abs().mean()),
        "erreur_moyenne_fin": float(rows["erreur_fin"].abs().mean()),
    }


def calibration(tested: pd.DataFrame) -> pd.DataFrame:
    """Classes of predicted probability of equal width: classe, besoins, predit (mean), renouveles, observe (part)."""
    by = tested.assign(classe=classes(tested["probabilite"])).groupby("classe", as_index=False)
    out = by.agg(besoins=("besoin", "size"), predit=("probabilite", "mean"), renouveles=("renouvele", "sum"))
    whole = {"classe": "int64", "besoins": "int64", "renouveles": "int64", "predit": "float64"}
    return out.astype(whole).assign(observe=lambda t: t["renouveles"] / t["besoins"])
