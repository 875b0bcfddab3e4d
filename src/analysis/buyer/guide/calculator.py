"""The calculator that a page of the guide holds: hours of a contract of the segment as soon as its amount is typed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis.buyer import commitment
from analysis.buyer.purchase import likely_amounts, rules
from analysis.buyer.sizing import RANGE, SPREAD, Law, law
from analysis.core import reference
from analysis.core.numbers import french
from analysis.core.params import load_params
from analysis.core.texts import opening
from analysis.publishing.content import Content
from analysis.segments.views.common import full_time_unit
from analysis.sources.projects import bounds

# The rules of `acheteur/regles` that the page's script holds what is typed to.
RULES = {"montant": "achat_montant", "duree": "achat_duree", "faible": "achat_montant_faible",
         "eleve": "achat_montant_eleve"}  # fmt: skip
ROWS = {
    "heures": "Heures sur toute la durée",
    "an": "Heures par an (ou sur la durée, si elle est plus courte)",
    "etp": "Équivalents temps plein",
    "personnes": "Personnes dans l'année",
}


@dataclass(repr=False)
class Calculator(Content):
    """Amount and duration in; hours, their range and the proposed commitment out (`templates/scripts/sizing.js`).

    `amount` (euros) and `months` are there before the reader types; `csv` is the published table of the coefficients.
    """

    template = "calculator.html.j2"
    title = "Calculer les heures d'un marché"
    levels = RANGE

    law: Law
    amount_typed: float
    months: int
    csv: str | None

    @classmethod
    def of(cls, table: pd.DataFrame, segment: str, amount: float, months: int, csv: str | None) -> Calculator:
        """The calculator of a segment of the table `dimensionnement`; KeyError where it is not there."""
        return cls(law(table, segment), amount, months, csv)

    @property
    def coefficients(self) -> str:
        """As the page's script reads them: each is the float of the table, to the last digit."""
        return " ".join(repr(float(value)) for value in self.law.coefficients)

    @property
    def spread(self) -> dict[str, str]:
        """How the spread follows the amount (`Narrowing`), by the name under which the page's script reads it."""
        return {name: repr(value) for name, value in zip(SPREAD, vars(self.law.narrowing).values(), strict=True)}

    @property
    def amount(self) -> str:
        return french(self.amount_typed)

    @cached_property
    def commitment(self) -> float:
        return load_params().buyer.commitment_quantile

    @property
    def steps(self) -> list[tuple[str, str]]:
        """From how many hours on which step holds, as texts."""
        return [(f"{start:g}", f"{step:g}") for start, step in commitment.steps()]

    @property
    def rows(self) -> dict[str, str]:
        """The rows of the result, by the name under which the page's script fills them."""
        return ROWS | {"etp": f"{ROWS['etp']} ({full_time_unit()})"}

    @property
    def full_time(self) -> str:
        return f"{reference.constants('potentiel')['etp']:g}"

    @property
    def per_person(self) -> str:
        return f"{reference.constants('potentiel')['heures_par_personne']:g}"

    @property
    def bounds(self) -> dict[str, str]:
        """The bounds of a sheet and its sentences: the most months and euros, the amounts below and above which one is
        to be confirmed, what each field is called and what each rule expects."""
        low, high = likely_amounts()
        known = rules()
        most = bounds()
        out = {"mois": str(most.mois_max), "montant-borne": str(most.montant_max)}
        out |= {"montant-min": f"{low:g}", "montant-max": f"{high:g}"}
        for name, rule in RULES.items():
            out[f"{name}-attendu"] = str(known.loc[rule, "attendu"])
        return out | {f"{name}-champ": str(known.loc[RULES[name], "champ"]) for name in ("montant", "duree")}

    @property
    def least(self) -> str:
        return f"{commitment.least_useful():g}"

    @property
    def too_few(self) -> str:
        said = commitment.none_proposed()
        return f"{opening(said)} : aucun n'est proposé."

    @property
    def note(self) -> str:
        rounding = commitment.said(commitment.steps())
        return (
            "De … à … : fourchette prévue à 80 %. Le montant est celui de tous les lots ensemble. L'engagement est "
            f"prudent, {rounding} ; aucun n'est proposé "
            f"s'il fait moins de {self.least} heures. "
            "Rien de ce qui est tapé ici ne quitte cette page."
        )

    def text(self) -> str:
        return f"{self.title} : montant et durée, dans la page. {self.note}"
