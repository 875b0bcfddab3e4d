"""What buyers announce they will buy (`projets_achat.csv`): needs about to be renewed, new ones, and their dirt."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from analysis.demo.decp_files import DecpWriter
from analysis.demo.identifiers import wrong_key
from analysis.demo.knowledge import DECP_YEARS, Draw, segments, table
from analysis.demo.places import Territory
from analysis.demo.procurement import DAYS, LAST_DAY, Procurement
from analysis.demo.wording import Wording

KINDS = [
    "siret_faux", "date_illisible", "montant_illisible", "cpv_illisible", "lieu_inconnu", "sans_objet",
    "identifiant_double",
]  # fmt: skip


@dataclass(frozen=True)
class Announced:
    """The file as received, and its truth: projet_id, uid of the contract it renews, kind of error."""

    file: pd.DataFrame
    truth: pd.DataFrame


def coming_renewals(market: Procurement, decp: DecpWriter) -> pd.DataFrame:
    """uid, date_suivante: the contracts that will be renewed after the last day, and when."""
    uid = {published.contract: published.uid for published in decp.published}
    rows = sorted((uid[n], day.isoformat()) for mine, day in market.coming for n in mine)
    return pd.DataFrame(rows, columns=["uid", "date_suivante"])


def announced_projects(seed: int, market: Procurement, decp: DecpWriter, land: Territory) -> Announced:
    """A part of the needs that come back soon, and new ones."""
    known = table("projets_achat").set_index("parametre")["valeur"].astype(float)
    draw, words = Draw(seed, "projets"), Wording(seed, "projets")
    uid = {published.contract: published.uid for published in decp.published}
    last = LAST_DAY + dt.timedelta(int(known["mois_annonces"] * DAYS))
    soon = [(mine, day) for mine, day in market.coming if day <= last]
    chosen = draw.chance(known["part_annoncee"], len(soon))
    rows, renews = [], []
    for (mine, day), said in zip(soon, chosen.tolist(), strict=True):
        if not said:
            continue
        head = market.contracts[mine[0]]
        subject = head.subject.partition(" - Lot n°")[0]
        amount = sum(market.contracts[n].amount for n in mine) * (0.9 + 0.3 * words.draw())
        wait = max(1.0, known["avance_mois"] + known["avance_ecart"] * words.normal())
        notice = day - dt.timedelta(int(wait * DAYS))
        again = words.again(subject, notice.year, head.months)
        rows.append((head.buyer, head.segment, again, amount, notice, head.place, head.months))
        renews.append(uid[mine[0]])
    kinds = segments()
    drawn = draw.choose(kinds.index.to_numpy(dtype=object), kinds["decp"], int(known["nouveaux"])).tolist()
    buyers = draw.rng.integers(0, len(market.buyers), len(drawn)).tolist()
    places = draw.rng.integers(0, len(land.communes), len(drawn)).tolist()
    for segment, buyer, place in zip(drawn, buyers, places, strict=True):
        notice = LAST_DAY + dt.timedelta(words.whole(10, int(known["mois_annonces"] * DAYS) - 120))
        subject = words.subject(segment, land.communes["nom"].iloc[place], notice.year)
        amount = float(kinds.loc[segment, "montant_median"]) * (0.6 + 1.5 * words.draw())
        rows.append((buyer, segment, subject, amount, notice, place, words.whole(2, 8) * 6))
        renews.append("")
    return _written(rows, renews, market, decp, draw=draw, words=words, known=known)


def _written(
    rows: list[tuple],
    renews: list[str],
    market: Procurement,
    decp: DecpWriter,
    *,
    draw: Draw,
    words: Wording,
    known: pd.Series,
) -> Announced:
    """The rows as their buyers type them."""
    out: list[dict[str, str]] = []
    errors = []
    spoilt = {kind: draw.chance(known[kind], len(rows)).tolist() for kind in KINDS}
    for n, (buyer, segment, subject, amount, notice, place, months) in enumerate(rows):
        codes = decp.cpv.get(segment)
        siret = market.buyers["siret"].iloc[buyer]
        row = {
            "projet_id": f"P{DECP_YEARS[-1]}-{n + 1:04d}",
            "acheteur_siret": siret,
            "acheteur_nom": market.buyers["nom"].iloc[buyer],
            "objet": subject,
            "cpv": words.pick(codes[0]) if codes else "",
            "montant": f"{round(amount, -3):.0f}",
            "date_prevue": notice.strftime("%d/%m/%Y") if words.draw() < 0.3 else notice.isoformat(),
            "lieu": decp.codes[place],
            "duree_mois": str(months),
        }
        kind = next((kind for kind in KINDS if spoilt[kind][n]), "")
        if kind == "siret_faux":
            row["acheteur_siret"] = wrong_key(siret)
        elif kind == "date_illisible":
            row["date_prevue"] = "courant 2026"
        elif kind == "montant_illisible":
            row["montant"] = "à définir"
        elif kind == "cpv_illisible":
            row["cpv"] = row["cpv"][:5]
        elif kind == "lieu_inconnu":
            row["lieu"] = "France"
        elif kind == "sans_objet":
            row["objet"] = ""
        elif kind == "identifiant_double" and n:
            row["projet_id"] = out[n - 1]["projet_id"]
        out.append(row)
        errors.append(kind)
    truth = pd.DataFrame({"ligne": range(2, len(out) + 2), "uid": renews, "genre": errors})
    return Announced(pd.DataFrame(out), truth)
