"""Purchases that go together: those that a buyer announced, or those of a file, and what they come to in all."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import ndtr

from analysis.buyer import sizing
from analysis.buyer.process import until_notified
from analysis.buyer.purchase import NOTICE, REQUIRED, Purchase, Read, parse, rows_of
from analysis.core import reference
from analysis.core.numbers import french, round_half_up
from analysis.core.params import BuyerParams
from analysis.segments.buyers import UNKNOWN, buyer_kinds
from analysis.sources.projects import COLUMNS, dates
from analysis.sources.spreadsheet import read_csv, require

AD_HOC = "saisie"  # the programme of what was typed, or read from a file
# Where announced purchases say what typed ones do.
ANNOUNCED = {"achat_id": "projet_id", "montant_min": "montant", "date_notification": "date_prevue"}
OWNED = ["achat_id", "programme", "acheteur_nom"]
REMARKS = ["achat_id", "programme", "objet", "ordre", "gravite", "message", "phrase"]
TOTALS = ["heures_p10", "heures_p50", "heures_p90"]


def said_late(purchases: pd.DataFrame, observed: dt.date) -> str:
    """The hours of purchases whose consultation is past, to which no clause can be added any more."""
    late = purchases.loc[purchases["date_consultation"] <= pd.Timestamp(observed), "engagement"].sum()
    return f"dont {french(late)} h pour des achats dont la date de consultation est passée" if late else ""


@dataclass(frozen=True)
class Planned:
    """purchases, in order; owners: `OWNED`, of every purchase asked for; remarks: `REMARKS`, each of which says what is
    wrong with one of them; refused: how many asked for are no purchase, by programme."""

    purchases: list[Purchase]
    owners: pd.DataFrame
    remarks: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=REMARKS))
    refused: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls, found: Sequence[Read], owners: pd.DataFrame, programmes: Sequence[str], named: Iterable[str]
    ) -> Planned:
        """What was read of each purchase asked for, with its programme and what a remark calls it."""
        rows = [
            {"achat_id": read.achat_id, "programme": programme, "objet": objet, "gravite": fault.gravite,
             "message": fault.message, "phrase": fault.phrase}
            for read, programme, objet in zip(found, programmes, named, strict=True)
            for fault in read.faults
        ]  # fmt: skip
        remarks = pd.DataFrame(rows, columns=[name for name in REMARKS if name != "ordre"])
        # Several lines may bear one identifier.
        remarks = remarks.assign(ordre=remarks.groupby("achat_id").cumcount() + 1)[REMARKS]
        refused = Counter(owner for read, owner in zip(found, programmes, strict=True) if read.purchase is None)
        return cls([read.purchase for read in found if read.purchase is not None], owners, remarks, refused)


def announced(projects: pd.DataFrame, kinds: pd.Series, programmes: Iterable[str]) -> Planned:
    """The purchases that the buyers `programmes` (SIREN) announced, of the clean `projets`; `kinds` of buyers by SIREN.

    The notification is expected as long after the notice as the process says.
    """
    rows = projects[projects["acheteur_siren"].isin(list(programmes))].sort_values("projet_id")
    asked = pd.DataFrame(
        {
            "achat_id": rows["projet_id"],
            "objet": rows["objet"],
            "cpv": rows["codeCPV"],
            "montant_min": rows["montant"].map(lambda amount: "" if pd.isna(amount) else f"{amount:.2f}"),
            "duree_mois": rows["mois"].map(lambda months: "" if pd.isna(months) else str(round_half_up(months))),
            "lieu": rows["epci_siren"].fillna(rows["departement"]),
            "acheteur_type": rows["acheteur_siren"].map(kinds),
            "acheteur_siret": rows["acheteur_siren"],
            "date_notification": _notified(rows["date_prevue"]),
            NOTICE: rows["date_prevue"].dt.strftime("%Y-%m-%d").astype("str"),
        }
    )
    owners = rows.rename(columns={"projet_id": "achat_id", "acheteur_siren": "programme"})[OWNED]
    found = [parse(values, fichier=f"achat {values['achat_id']}") for values in asked.to_dict("records")]
    return Planned.of(found, owners.reset_index(drop=True), list(owners["programme"]), asked["objet"].astype("str"))


def from_file(path: Path) -> Planned:
    """The purchases of a CSV file, as one programme.

    Its columns are those of a purchase (`purchase.REQUIRED`), or those under which buyers announce theirs
    (`projects.COLUMNS`), where montant_max, lots and acheteur_type may be added. Raises DataError, one French sentence,
    when the file cannot be read or lacks one of them.
    """
    received = read_csv(path, path.name, ["objet"])
    is_announced = "date_prevue" in received
    require(received, path.name, COLUMNS if is_announced else REQUIRED)
    rows = rows_of(_as_typed(received) if is_announced else received, path.name, ANNOUNCED if is_announced else {})
    names = received.get("acheteur_nom", pd.Series(pd.NA, received.index)).astype("str")
    owners = pd.DataFrame({"achat_id": [row.achat_id for row in rows], "programme": AD_HOC, "acheteur_nom": names})
    return _ad_hoc(rows, owners.drop_duplicates("achat_id"))


def _as_typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Announced purchases with the columns of typed ones, beside their own; a SIREN tells the kind of its buyer."""
    days = _notified(dates(rows["date_prevue"])).fillna(rows["date_prevue"])
    told = buyer_kinds(rows["acheteur_siret"].str.replace(r"\s", "", regex=True).str[:9], pd.Series(dtype="str"))
    kinds = rows["acheteur_type"] if "acheteur_type" in rows else pd.Series(pd.NA, rows.index, dtype="str")
    return rows.assign(
        achat_id=rows["projet_id"],
        montant_min=rows["montant"],
        date_notification=days,
        acheteur_type=kinds.replace("", pd.NA).fillna(told.where(told != UNKNOWN)),
    )


def _notified(notices: pd.Series) -> pd.Series:
    """The days, as text, when purchases whose notices come out on these are notified, as the process says."""
    return (notices + until_notified()).dt.strftime("%Y-%m-%d").astype("str")


def typed(**values: object) -> Planned:
    """One purchase from the parameters of a notebook."""
    read = parse(values)
    owners = pd.DataFrame({"achat_id": [read.achat_id], "programme": AD_HOC, "acheteur_nom": None})
    return _ad_hoc([read], owners)


def _ad_hoc(found: Sequence[Read], owners: pd.DataFrame) -> Planned:
    named = [read.purchase.objet if read.purchase else "" for read in found]
    return Planned.of(found, owners, [AD_HOC] * len(found), named)


def totals(
    purchases: list[Purchase], segment: pd.Series, laws: pd.DataFrame, settings: BuyerParams
) -> dict[str, float]:
    """p10, p50 and p90 of the hours of all `purchases` together (`TOTALS`).

    Hours of two purchases have a normal copula of correlation `correlation_segments`, that of the model's segments
    (assumption): what makes hours differ is partly common to all, so that a total is not much surer than its parts.
    One purchase has its own law, which needs no draw: that of its sheet.
    """
    if not purchases:
        return dict.fromkeys(TOTALS, 0.0)
    if len(purchases) == 1:
        found = _hours(purchases[0], segment, laws, sizing.RANGE)
        return dict(zip(TOTALS, found.tolist(), strict=True))
    rng = np.random.default_rng(settings.seed)
    shared = reference.constants("potentiel")["correlation_segments"]
    common = rng.standard_normal(settings.draws)
    whole = np.zeros(settings.draws)
    for purchase in sorted(purchases, key=lambda one: one.achat_id):
        own = rng.standard_normal(settings.draws)
        chance = ndtr(np.sqrt(shared) * common + np.sqrt(1 - shared) * own)
        whole += _hours(purchase, segment, laws, chance)
    return dict(zip(TOTALS, np.quantile(whole, sizing.RANGE).tolist(), strict=True))


def _hours(purchase: Purchase, segment: pd.Series, laws: pd.DataFrame, chance: ArrayLike) -> sizing.Numbers:
    """Hours under which a purchase falls with each probability of `chance`."""
    law = sizing.law(laws, segment[purchase.achat_id])
    return sizing.hours(law, chance, purchase.montant_min, purchase.montant_max)
