"""A region of a few tables: what is known of one segment, as the stages publish it."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from analysis.buyer.evidence import CONTRACTS, Knowledge
from analysis.core.dataset import load_dataset
from analysis.core.params import load_params

LILLE, LENS, NOBODY = "200093201", "246200364", "200018083"
CLEAN = "PROPRETE"


def contract(uid: str, objet: str, **values: object) -> dict[str, object]:
    """A contract of cleaning in Lille, notified in 2025 without any clause."""
    return {
        "uid": uid, "edition": 2025, "acheteur_siren": uid[:2], "acheteur_nom": "Ville", "objet": objet,
        "segment": CLEAN, "segment_source": "accord", "segment_cpv": CLEAN, "montant": 300_000.0, "departement": "59",
        "epci_siren": LILLE, "statut_social": "aucune", "suivi": False, "suivi_ouvert": False,
        "operation": None, "segment_operation": None,
        "heures": None, "realisation": None, "secret": "",
    } | values  # fmt: skip


def knowledge(*contracts: dict[str, object]) -> Knowledge:
    """What is known of cleaning: 10 % of the contracts of Lille carry a clause, 20 % of those of its department; 0.002
    to 0.006 hours per euro. Nobody declares Desvres-Samer."""
    laws = pd.DataFrame(
        {"segment": CLEAN, "probabilite": [n / 100 for n in range(1, 100)],
         "coefficient": [0.002 + 0.00004 * n for n in range(1, 100)], "exposant": 1.0,
         "plafond": 0.03, "ecart_exposant": -0.1, "ecart_montant": 200_000.0, "ecart_de": 50_000.0, "ecart_a": 2e6,
         "ecart_propre": 0.9,
         "montant_appris": 10_000.0, "appris": "segment"}
    )  # fmt: skip
    larger = pd.DataFrame(
        {"edition": [2024, 2025, 2025], "territoire": ["59", "59", "32"], "segment": CLEAN, "renseignes": [10, 50, 90],
         "avec_clause": [9, 10, 27], "part_clause": [0.9, 0.2, 0.3], "part_clause_bas": [0.6, 0.1, 0.2],
         "part_clause_haut": [1.0, 0.3, 0.4]}
    )  # fmt: skip
    local = pd.DataFrame(
        {"edition": [2025], "segment": [CLEAN], "epci_siren": [LILLE], "renseignes": [20], "avec_clause": [2],
         "part_lissee": [0.1], "part_lissee_bas": [0.05], "part_lissee_haut": [0.2]}
    )  # fmt: skip
    listed = pd.DataFrame(
        {"epci_siren": [LILLE, LILLE, NOBODY], "rang": [2, 1, 1], "structure_id": ["S2", "S1", "S3"],
         "nom": ["Deux", "Une", "Trois"], "nature_porteuse": "PLIE", "commune": "Lille",
         "contact": [None, "une@exemple.invalid", None], "minutes": [None, None, 40.0]}
    )  # fmt: skip
    tables = {
        "segments/dimensionnement": laws,
        "segments/segments": larger,
        "segments/segments_epci": local,
        "segments/segments_ailleurs": pd.DataFrame(
            {"edition": [2025, 2024], "segment": CLEAN, "renseignes": [29, 900], "avec_clause": [9, 300],
             "part_clause": [9 / 29, 1 / 3], "part_clause_bas": [0.17, 0.30], "part_clause_haut": [0.49, 0.36]}
        ),
        "segments/potentiel_facteurs": pd.DataFrame(
            {"segment": CLEAN, "facteur": ["propre_aux_marches", "eligibilite", "reprise", "depense"],
             "part": [0.5, 0.3, 0.15, 0.05]}
        ),
        "facilitators/annuaire": listed,
        "facilitators/zones": pd.DataFrame({"epci_siren": [LILLE], "departement": "59", "deld": [1000.0]}),
        CONTRACTS: pd.DataFrame(list(contracts) or [contract("01", "Nettoyage des locaux")]),
    }  # fmt: skip
    dataset = load_dataset("jouet").model_copy(update={"date_observation": dt.date(2025, 12, 31)})
    return Knowledge(tables, dataset, load_params())
