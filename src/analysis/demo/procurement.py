"""The public contracts behind the open data: consultations and their lots, renewals, subsequent contracts,
and the contracts of the operations that facilitators follow. True values only."""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
import pandas as pd

from analysis.demo.buyers import Companies
from analysis.demo.knowledge import DECP_YEARS, Draw, segments, setting, table
from analysis.demo.operations import draw_buyers, draw_segments
from analysis.demo.places import Territory
from analysis.demo.wording import Wording
from analysis.demo.world import World

BUILDING = ("BATIMENT_GROS_OEUVRE", "BATIMENT_TECHNIQUE", "BATIMENT_FINITION", "TP_PREPARATION")
BUILDING_LOTS = (2.0, 4.0, 6.0, 0.6)
STATUS_OF = {"EXEC": "clause", "EXEC_CRIT": "critere_et_clause", "CRIT": "critere", "INSERT": "clause"}
RESERVED = "reserve"
MOST_LOTS = 14
DAYS = 30.44  # of a month
LAST_DAY = dt.date(DECP_YEARS[-1], 12, 31)


@dataclass
class Contract:
    """One contract (a lot of a consultation), as it truly is. Amounts in euros, durations in months."""

    buyer: int
    segment: str
    subject: str
    place: int
    notified: dt.date
    months: int
    amount: float
    holders: list[tuple[str, str]]
    status: str
    framework: bool
    lot: int
    lots: int
    consultation: int
    previous: int | None = None
    parent: int | None = None
    changes: list[dict] = field(default_factory=list)
    operation: int | None = None

    @property
    def final_months(self) -> int:
        return next((c["months"] for c in reversed(self.changes) if c.get("months")), self.months)


@dataclass
class Consultation:
    """What its renewal starts from."""

    subject: str
    segment: str
    contracts: list[int]


@dataclass(frozen=True)
class Procurement:
    """contracts in order of year; buyers as `World.buyers` by position; years: positions of each year; coming: the
    consultations that will be renewed after the last day, by their contracts, each with the day."""

    contracts: list[Contract]
    buyers: pd.DataFrame
    years: dict[int, list[int]]
    coming: list[tuple[list[int], dt.date]]


def build_procurement(seed: int, world: World, per_year: int) -> Procurement:
    """`per_year` contracts notified in each year of the open data."""
    return _Builder(seed, world, per_year).build()


class _Builder:
    """Draws the contracts year by year: renewals that fall due, operations' contracts, then new needs."""

    def __init__(self, seed: int, world: World, per_year: int) -> None:
        self.per_year = per_year
        self.draw = Draw(seed, "marches")
        self.words = Wording(seed, "marches")
        self.land: Territory = world.land
        self.buyers = world.buyers[world.buyers["categorie"] != "PRIVE"].reset_index(drop=True)
        self.buyer_at = {siret: n for n, siret in enumerate(self.buyers["siret"])}
        self.place_names = self.land.communes["nom"].tolist()
        self.place_at = {code: n for n, code in enumerate(self.land.communes["code_insee"])}
        self.category = self.buyers["categorie"].tolist()
        self.companies: Companies = world.companies
        known = segments()
        self.known = dict(zip(known.index, known.to_dict("records"), strict=True))
        self.durations = {name: [int(m) for m in row["durees"].split("|")] for name, row in self.known.items()}
        self.leaning = table("acheteurs_parts").set_index("categorie")["p_clause"].to_dict()
        forms = table("decp_modalites")
        self.counts = {
            name: (
                [int(value) for value in rows["valeur"]],
                (rows["poids"].cumsum() / rows["poids"].sum()).tolist(),
            )
            for name, rows in forms[forms["champ"].isin(["titulaires", "modifications"])].groupby("champ")
        }
        self.pools = {name: 50 + int(row["decp"] * setting("bassin", "titulaires")) for name, row in self.known.items()}
        self.contracts: list[Contract] = []
        self.consultations: list[Consultation] = []
        self.due: dict[int, list[tuple[int, dt.date]]] = {year: [] for year in DECP_YEARS}
        self.coming: list[tuple[int, dt.date]] = []
        self.frameworks: list[int] = []
        self.linked = self._linked_operations(world)

    def build(self) -> Procurement:
        years: dict[int, list[int]] = {}
        for year in DECP_YEARS:
            first = len(self.contracts)
            limit = first + self.per_year
            followed = first + int(self.per_year * setting("lien", "part_max"))
            for op in self.linked[year]:
                if len(self.contracts) < followed:
                    self._follow(op)
            for consultation, day in self.due[year]:
                if len(self.contracts) < limit:
                    self._renew(consultation, day)
            self._subsequent(year, int(self.per_year * setting("marche_subsequent", "part")), limit)
            while len(self.contracts) < limit:
                self._fresh(year, limit)
            del self.contracts[limit:]
            kept = self.consultations[-1].contracts
            self.consultations[-1].contracts = [n for n in kept if n < limit]
            years[year] = list(range(first, limit))
        due = [(self.consultations[number].contracts, day) for number, day in self.coming]
        return Procurement(self.contracts, self.buyers, years, [(mine, day) for mine, day in due if mine])

    # --- kinds of consultation -----------------------------------------------------------------

    def _fresh(self, year: int, limit: int) -> None:
        """New needs, a block at a time."""
        size = 5000
        kinds = table("acheteurs_parts")
        rows = pd.DataFrame({"categorie": self.draw.choose(kinds["categorie"], kinds["decp"], size)})
        communes = self.land.communes
        anywhere = self.draw.choose(np.arange(len(communes)), communes["population"], size)
        towns = self.buyers[self.buyers["categorie"] == "COMMUNE"]
        groups = self.land.epci
        town = self.draw.choose(towns["code_insee"].to_numpy(dtype=object), towns["poids"], size)
        group = self.draw.choose(groups["epci_siren"].to_numpy(dtype=object), groups["population"], size)
        inside = self.land.communes_of(group, self.draw)
        place = np.where(
            rows["categorie"] == "COMMUNE",
            [self.place_at[code] for code in town],
            np.where(rows["categorie"] == "INTERCOMMUNALITE", inside, anywhere),
        )
        rows["code_insee"] = communes["code_insee"].to_numpy()[place]
        rows["epci_siren"] = communes["epci_siren"].to_numpy()[place]
        rows["departement"] = communes["departement"].to_numpy()[place]
        segment = draw_segments(rows["categorie"].to_numpy(), np.full(size, year), self.draw, "decp")
        buyer = draw_buyers(rows, self.buyers, self.draw)
        days = self.draw.rng.integers(0, 365, size).tolist()
        for s, b, p, d in zip(segment.tolist(), buyer.tolist(), place.tolist(), days, strict=True):
            if len(self.contracts) >= limit:
                return
            subject = self.words.subject(s, self.place_names[p], year)
            lots = self._lot_segments(s)
            self._publish(self.buyer_at[b], s, subject, place=p, day=dt.date(year, 1, 1) + dt.timedelta(d), lots=lots)

    def _lot_segments(self, segment: str) -> list[str]:
        """The segment of each lot: one lot most often; trades of a building mixed."""
        mean = self.known[segment]["lots"]
        if self.words.draw() < 1 / mean:
            return [segment]
        count = min(MOST_LOTS, 2 + int(-math.log(1 - self.words.draw()) * max(mean - 1, 0.4)))
        if segment not in BUILDING[:3]:
            return [segment] * count
        steps = list(accumulate(weight / sum(BUILDING_LOTS) for weight in BUILDING_LOTS))
        return [segment] + [BUILDING[min(bisect(steps, self.words.draw()), 3)] for _ in range(count - 1)]

    def _publish(self, buyer: int, segment: str, subject: str, *, place: int, day: dt.date, lots: list[str]) -> None:
        """A consultation whose lots are contracts notified the same week."""
        months = self.words.pick(self.durations[segment])
        framework = self.words.draw() < 0.15 + 0.35 * self.known[segment]["p_renouvellement"]
        first = len(self.contracts)
        for lot, kind in enumerate(lots):
            title = f"{subject} - Lot n° {lot + 1} : {self.words.lot(kind)}" if len(lots) > 1 else subject
            amount = self._amount(kind, len(lots), day.year)
            self.contracts.append(
                Contract(
                    buyer=buyer,
                    segment=kind,
                    subject=title,
                    place=place,
                    notified=min(day + dt.timedelta(self.words.whole(0, 6) if lot else 0), dt.date(day.year, 12, 31)),
                    months=months,
                    amount=amount,
                    holders=self._holders(kind),
                    status=self._status(kind, self.category[buyer], amount, day.year),
                    framework=framework,
                    lot=lot + 1,
                    lots=len(lots),
                    consultation=len(self.consultations),
                )
            )
        self._close(subject, segment, first)

    def _close(self, subject: str, segment: str, first: int) -> None:
        """Register the consultation of the contracts from `first` on: their changes, and when they are renewed."""
        mine = list(range(first, len(self.contracts)))
        for n in mine:
            self._change(self.contracts[n])
        number = len(self.consultations)
        self.consultations.append(Consultation(subject, segment, mine))
        head = self.contracts[first]
        if head.framework and head.parent is None:
            self.frameworks.append(first)
        if self.words.draw() < self.known[segment]["p_renouvellement"]:
            late = setting("renouvellement", "avance_mois") + self.words.normal() * setting(
                "renouvellement", "ecart_mois"
            )
            wait = head.final_months + min(max(late, -5.5), 8.5)
            day = head.notified + dt.timedelta(int(max(wait, 0.5) * DAYS))
            if day <= LAST_DAY and day.year >= head.notified.year:
                self.due[day.year].append((number, day))
            elif day > LAST_DAY:
                self.coming.append((number, day))

    def _renew(self, number: int, day: dt.date) -> None:
        """The same need again: same buyer, close object, same lots, amounts a little higher."""
        old = self.consultations[number]
        if not old.contracts:
            return
        head = self.contracts[old.contracts[0]]
        same = self.words.draw() < setting("renouvellement", "meme_duree")
        months = head.months if same else self.words.pick(self.durations[old.segment])
        base = old.subject if len(old.subject) < 160 else old.subject[:160]
        subject = self.words.again(base, day.year, months)
        first = len(self.contracts)
        for n in old.contracts:
            before = self.contracts[n]
            title = (
                f"{subject} - Lot n° {before.lot} : {before.subject.rpartition(' : ')[2]}"
                if before.lots > 1
                else subject
            )
            floor = self._floor(day.year)
            amount = round(max(floor, before.amount * math.exp(0.06 + 0.15 * self.words.normal())), 2)
            keep = self.words.draw() < setting("renouvellement", "meme_titulaire")
            self.contracts.append(
                Contract(
                    buyer=before.buyer,
                    segment=before.segment,
                    subject=title,
                    place=before.place,
                    notified=day,
                    months=months,
                    amount=amount,
                    holders=before.holders if keep else self._holders(before.segment),
                    status=before.status
                    if self.words.draw() < setting("renouvellement", "meme_statut")
                    else self._status(before.segment, self.category[before.buyer], amount, day.year),
                    framework=before.framework,
                    lot=before.lot,
                    lots=before.lots,
                    consultation=len(self.consultations),
                    previous=n,
                )
            )
        self._close(base, old.segment, first)

    def _subsequent(self, year: int, count: int, limit: int) -> None:
        """Contracts made under a framework agreement still running."""
        for _ in range(count if self.frameworks else 0):
            parent = self.frameworks[-1 - int(self.words.draw() * min(len(self.frameworks), 12000))]
            head = self.contracts[parent]
            end = head.notified + dt.timedelta(int(head.final_months * DAYS))
            start, stop = max(dt.date(year, 1, 1), head.notified + dt.timedelta(20)), min(dt.date(year, 12, 31), end)
            if start >= stop or len(self.contracts) >= limit:
                continue
            day = start + dt.timedelta(int(self.words.draw() * (stop - start).days))
            subject = f"Marché subséquent n° {self.words.whole(1, 12)} : {head.subject}"
            amount = round(max(self._floor(year), head.amount * (0.05 + 0.25 * self.words.draw())), 2)
            first = len(self.contracts)
            self.contracts.append(
                Contract(
                    buyer=head.buyer,
                    segment=head.segment,
                    subject=subject,
                    place=head.place,
                    notified=day,
                    months=max(1, min(12, head.months)),
                    amount=amount,
                    holders=head.holders,
                    status=head.status,
                    framework=False,
                    lot=1,
                    lots=1,
                    consultation=len(self.consultations),
                    parent=parent,
                )
            )
            self._change(self.contracts[first])
            self.consultations.append(Consultation(subject, head.segment, [first]))

    def _linked_operations(self, world: World) -> dict[int, list[int]]:
        """Operations found in the open data, by year of notification."""
        ops = world.operations.operations
        before = self.draw.rng.integers(5, 100, len(ops))
        chosen = self.draw.chance(setting("lien", "part_operations"), len(ops))
        notified = ops["debut"] - pd.to_timedelta(before, unit="D")
        good = chosen & ops["siret"].isin(self.buyer_at).to_numpy() & notified.dt.year.isin(list(DECP_YEARS)).to_numpy()
        self.notice = notified.dt.date.tolist()
        years: dict[int, list[int]] = {year: [] for year in DECP_YEARS}
        for op in np.flatnonzero(good).tolist():
            years[self.notice[op].year].append(op)
        self.commitments: dict[int, list[tuple[str, str, str, int]]] = {}
        engagements = world.operations.engagements
        columns = ("op", "lot", "entreprise_siret", "entreprise_nom", "prevues")
        for op, *commitment in zip(*(engagements[name].tolist() for name in columns), strict=True):
            self.commitments.setdefault(op, []).append(tuple(commitment))
        self.rows = ops[["segment", "libelle", "mois", "mecanisme", "siret", "code_insee"]].to_dict("records")
        return years

    def _follow(self, op: int) -> None:
        """The contracts of an operation: its companies hold them, the amounts follow from the planned hours."""
        row = self.rows[op]
        known = self.known[row["segment"]]
        commitments = self.commitments[op]
        if len(commitments) > 1 and self.words.draw() < setting("lien", "un_seul_marche"):
            whole = sum(c[3] for c in commitments)
            commitments = [("", commitments[0][1], commitments[0][2], whole)]
        day = self.notice[op]
        choice = self.words.draw()
        subject = row["libelle"]
        if choice > 0.85:
            subject = self.words.variant(subject)
        elif choice > 0.45:
            subject = self.words.again(subject, day.year, int(row["mois"]))
        status = STATUS_OF.get(row["mecanisme"], RESERVED)
        low, high = setting("lien", "kappa_bas"), setting("lien", "kappa_haut")
        first = len(self.contracts)
        for lot, (name, siret, company, hours) in enumerate(commitments):
            title = f"{subject} - {name}" if name else subject
            noise = low + (high - low) * self.words.draw()
            amount = hours * known["cout_horaire"] / known["main_oeuvre"] / known["taux_insertion"] * noise
            self.contracts.append(
                Contract(
                    buyer=self.buyer_at[row["siret"]],
                    segment=row["segment"],
                    subject=title,
                    place=self.place_at[row["code_insee"]],
                    notified=day,
                    months=int(row["mois"]),
                    amount=round(min(max(amount, self._floor(day.year) * (1 + 0.2 * self.words.draw())), 6e7), 2),
                    holders=[(siret, company)],
                    status=status,
                    framework=self.words.draw() < 0.2,
                    lot=lot + 1,
                    lots=len(commitments),
                    consultation=len(self.consultations),
                    operation=op,
                )
            )
        self._close(row["libelle"], row["segment"], first)

    # --- parts of a contract -------------------------------------------------------------------

    def _count(self, what: str) -> int:
        """How many holders, or modifications, a contract has."""
        values, steps = self.counts[what]
        return values[min(bisect(steps, self.words.draw()), len(values) - 1)]

    def _floor(self, year: int) -> float:
        """The amount from which contracts are published."""
        return setting("plancher", "2024" if year >= 2024 else "2018")

    def _amount(self, segment: str, lots: int, year: int) -> float:
        known = self.known[segment]
        amount = known["montant_median"] * math.exp(known["montant_sigma"] * self.words.normal()) / lots**0.4
        floor = self._floor(year)
        if amount < floor:
            amount = floor * (1 + 0.8 * self.words.draw() ** 2)
        return round(min(amount, 8e7), 0 if self.words.draw() < 0.6 else 2)

    def _holders(self, segment: str) -> list[tuple[str, str]]:
        count = self._count("titulaires")
        pool = self.pools[segment]
        ranks = dict.fromkeys(int(pool * self.words.draw() ** 1.8) for _ in range(count))
        return [self.companies.get(segment, rank) for rank in ranks]

    def _status(self, segment: str, category: str, amount: float, year: int) -> str:
        """Whether there is a clause, a criterion, both, a reservation, or nothing."""
        level = setting("annee", "evolution_2018") + setting("annee", "evolution_clause") * (year - DECP_YEARS[0])
        size = min(max((amount / self.known[segment]["montant_median"]) ** 0.15, 0.7), 1.4)
        p = self.known[segment]["p_clause"] * self.leaning[category] * level * size * setting("clause", "hors_lien")
        chance = self.words.draw()
        if chance < p:
            return "critere_et_clause" if chance < p * setting("considerations", "clause_avec_critere") else "clause"
        if chance < p + setting("considerations", "critere"):
            return "critere"
        return RESERVED if chance > 1 - setting("considerations", "reserve") else "aucune"

    def _change(self, contract: Contract) -> None:
        """Modifications in order of date: amount, duration, or holder."""
        count = self._count("modifications")
        moments = sorted(self.words.draw() for _ in range(count))
        amount, months = contract.amount, contract.months
        for moment in moments:
            day = contract.notified + dt.timedelta(max(1, int(moment * contract.months * DAYS)))
            if day > LAST_DAY:
                continue
            change: dict = {"day": day}
            kind = self.words.draw()
            if kind < 0.6:
                amount = round(amount * (1.02 + 0.25 * self.words.draw()), 2)
                change["amount"] = amount
            if kind > 0.5:
                months = months + self.words.whole(1, 6)
                change["months"] = months
            if kind > 0.93:
                change["holders"] = self._holders(contract.segment)
            contract.changes.append(change)
