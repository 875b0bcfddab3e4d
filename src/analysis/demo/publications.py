"""What the observatory published of each edition: in January without late structures, in December with them.

Figures are counted on the true sends, before any dirt, each operation once. What was published of the calibrated
year in the end is what the slides print. How much a revision brings: `publications.csv`.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.core.reference import WHOLE
from analysis.demo.exports import Exports
from analysis.demo.knowledge import CALIBRATED, IN_SCOPE, Draw, table
from analysis.demo.world import World

COLUMNS = [
    "publication", "date_publication", "edition", "territoire", "indicateur", "modalite", "valeur", "decimales", "note",
]  # fmt: skip
AUDIENCES = {"RSA": "rsa", "QPV": "qpv", "DELD": "deld"}  # declared; JEUNE follows from the birth date


def publications(seed: int, world: World, exports: Exports) -> pd.DataFrame:
    """The rows of `publications.csv`, as text: two releases of each edition that has a row in the knowledge."""
    editions = table("editions").set_index("annee")
    draw, places = Draw(seed, "publications"), _places(world)
    rows: list[dict[str, object]] = []
    for known in table("publications").itertuples():
        sent = _sent(exports, world, known.annee)
        late = _late(sent["heures"], known.revision, draw)
        said = f"{len(late)} structure{'s' if len(late) > 1 else ''} en retard" if late else "toutes les réponses"
        in_time = {name: part[~part["structure_id"].isin(late)] for name, part in sent.items()}
        edition = editions.loc[known.annee]
        first = {
            "publication": f"Consolidation {known.annee}, première diffusion",
            "date_publication": f"{known.annee + 1}-01-26",
            "note": f"synthétique ; {said}",
        }
        last = {
            "publication": f"Consolidation {known.annee}, révisée",
            "date_publication": f"{known.annee + 1}-12-15",
            "note": "synthétique",
        }
        rows += [{**first, **figure} for figure in _figures(in_time, places, edition, known.annee)]
        final = _figures(sent, places, edition, known.annee)
        if known.annee == CALIBRATED:
            rows += [{**last, "note": "chiffres réels des diapositives", **figure} for figure in _slides()]
            final = [figure for figure in final if figure["territoire"] != str(edition["territoire"])]
        rows += [{**last, **figure} for figure in final]
    return pd.DataFrame(rows, columns=COLUMNS)


def _sent(exports: Exports, world: World, year: int) -> dict[str, pd.DataFrame]:
    """operations, engagements and hours that structures sent of the year's scope, with what they are counted by."""
    tables = {
        name: rows[rows["annee"] == year]
        for name, rows in exports.tables.items()
        if name in ("operations", "engagements", "heures")
    }
    scope = tables["operations"].loc[tables["operations"]["mecanisme"].isin(IN_SCOPE), "op"]
    tables = {name: rows[rows["op"].isin(scope)] for name, rows in tables.items()}
    contracts = world.employment.contracts.iloc[tables["heures"]["ctr"].to_numpy()]
    marks = {code: contracts[column].eq("oui").to_numpy() for code, column in AUDIENCES.items()}
    tables["heures"] = tables["heures"].assign(
        personne=contracts["personne"].to_numpy(), JEUNE=contracts["jeune"].to_numpy(dtype=bool), **marks
    )
    return tables


def _places(world: World) -> pd.DataFrame:
    """Each operation's parts by department: op, departement, part."""
    department = world.land.epci.set_index("epci_siren")["departement"]
    places = world.operations.places
    return places.assign(departement=places["epci_siren"].map(department))[["op", "departement", "part"]]


def _late(hours: pd.DataFrame, revision: float, draw: Draw) -> set[str]:
    """Structures whose hours, missing from the first release, make the revision, or nearly."""
    by_structure = hours[~hours["est_double"]].groupby("structure_id")["centi"].sum()
    room = by_structure.sum() * (1 - 1 / (1 + revision))
    late = set()
    for n in draw.subset(len(by_structure), len(by_structure)):
        if by_structure.iloc[n] <= room:
            room -= by_structure.iloc[n]
            late.add(str(by_structure.index[n]))
    return late


def _figures(
    sent: dict[str, pd.DataFrame], places: pd.DataFrame, edition: pd.Series, year: int
) -> list[dict[str, object]]:
    """What a release prints, rounded half up."""
    hours = sent["heures"].drop_duplicates(["ctr", "mois", "nature_heures"])  # entered by two structures, once
    total = int(hours["centi"].sum())
    persons = hours["personne"].nunique()
    counted = {
        "heures_realisees": _ratio(total, 100),
        "beneficiaires": persons,
        "heures_par_beneficiaire": _ratio(total, 100 * persons),
        "operations": sent["operations"]["op"].nunique(),
        "donneurs_ordre": sent["operations"]["maitre_ouvrage_siret"].nunique(),
        "entreprises": sent["engagements"]["entreprise_siret"].nunique(),
        **{f"etp_{d}": _ratio(total, 100 * int(d)) for d in str(edition["diviseurs_etp"]).split("|")},
    }
    region = str(edition["territoire"])
    out = [_figure(year, region, code, WHOLE, value) for code, value in counted.items()]
    for code in ("RSA", "QPV", "JEUNE", "DELD"):
        out.append(
            _figure(year, region, "heures_realisees", code, _ratio(int(hours.loc[hours[code], "centi"].sum()), 100))
        )
    local = hours[["op", "centi"]].merge(places, on="op")
    by_place = (local["centi"] * local["part"]).groupby(local["departement"]).sum()
    for department in edition["departements"].split("|"):
        value = int(np.floor(by_place.get(department, 0.0) / 100 + 0.5))
        out.append(_figure(year, department, "heures_realisees", WHOLE, value))
    return out


def _slides() -> list[dict[str, object]]:
    """The figures of the calibrated year as the slides print them."""
    printed = reference.table("published")
    printed = printed[printed["serie"] == f"orcp_{CALIBRATED}"]
    return [
        _figure(CALIBRATED, row.territoire, row.indicateur, row.modalite, f"{row.valeur:.{row.decimales}f}")
        for row in printed.itertuples()
    ]


def _figure(year: int, place: str, code: str, modality: str, value: object) -> dict[str, object]:
    decimals = str(value).partition(".")[2]
    return {
        "edition": year, "territoire": place, "indicateur": code, "modalite": modality, "valeur": str(value),
        "decimales": len(decimals),
    }  # fmt: skip


def _ratio(over: int, under: int) -> int:
    """A quotient of whole numbers rounded half up, exactly."""
    return (2 * over + under) // (2 * under)
