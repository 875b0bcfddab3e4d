"""Clean contracts as the watch reads them."""

from __future__ import annotations

import pandas as pd


def contract(uid: str, **changes: object) -> dict:
    return {
        "uid": uid, "acheteur_id": "21590350100017", "acheteur_nom": "Lille", "categorie": "COMMUNE",
        "objet": "Nettoyage des locaux à Lille",
        "segment": "PROPRETE", "codeCPV": "90910000", "montant": 100.0, "montant_initial": 100.0, "nature": "Marché",
        "techniques": None, "idAccordCadre": None, "dateNotification": "2020-01-01", "datePublicationDonnees": None,
        "dureeMois": 12.0, "duree_initiale": 12.0, "lot": None, "departement": "59",
        "epci_siren": "200093201", "annee": 2020, **changes,
    }  # fmt: skip


def contracts(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame(list(rows))
