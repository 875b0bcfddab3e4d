"""What the dataset says of itself: `dataset.yaml`, `LISEZMOI.md`, `structures.csv`, the secret, empty decisions."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import yaml

from analysis.core.files import write_text
from analysis.demo.knowledge import EDITIONS, IN_SCOPE, LAST_YEAR, table

README = """# Jeu de données de démonstration : tout est synthétique

Ce dossier est écrit par `analysis demo` à partir d'une graine ({seed}) : la même graine redonne les mêmes fichiers,
à l'octet près. Rien n'y est observé. Les communes, les intercommunalités et les collectivités sont réelles par leur
nom et leur code ; ce qui leur est prêté (opérations, marchés, montants, heures) est inventé. Les personnes, les
structures, les entreprises, les bailleurs, les hôpitaux et les services de l'État sont inventés. Les SIRET inventés
ont une clé juste sur quatorze chiffres et fausse sur leur SIREN : aucun établissement ne peut les porter.

L'édition 2016 est calée pour redonner exactement les chiffres publiés par l'observatoire pour 2016, une fois
retirées les opérations saisies deux fois.

| dossier | contenu |
|---|---|
| `dataset.yaml` | les éditions, leur périmètre et leur base légale |
| `structures.csv`, `mappings/` | les structures et la forme de leurs fichiers |
| `exports/<structure>/` | ce que chaque structure a envoyé, année par année, avec des erreurs de saisie |
| `decp/` | données essentielles des marchés, formats 2019 et 2022, avec les défauts des fichiers réels |
| `inventaire/`, `besoins/` | l'inventaire des facilitateurs, l'enquête auprès des acheteurs de l'État |
| `decisions/` | ce que les analystes ont décidé des doublons, corrigé, et les marchés dont ils ont relu le segment |
| `publications.csv` | ce que l'observatoire aurait publié, diffusion après diffusion |
| `publics_epci.csv` | personnes éloignées de l'emploi par intercommunalité |
| `temps_trajet.csv` | temps de trajet d'une intercommunalité à une autre : aucun n'est donné, ils sont estimés |
| `projets_achat.csv` | ce que des acheteurs annoncent vouloir acheter dans les mois qui viennent |
| `secret.txt` | le secret des pseudonymes de ce jeu, sans valeur ailleurs |
| `verite/` | ce que les fichiers cachent ; seuls les tests le lisent |

Dans `verite/`, `uid` est le SIRET de l'acheteur suivi de l'identifiant du marché, tels qu'ils sont écrits dans les
fichiers. `operations_marches.csv` donne l'opération de la structure qui la suit, jamais sa seconde saisie.
`renouvellements_a_venir.csv` donne la date à laquelle un marché sera renouvelé après la dernière année des fichiers ;
`projets_achat.csv`, le marché que chaque projet annoncé renouvelle, s'il y en a un, et le défaut introduit dans sa
ligne. `erreurs.csv` situe chaque défaut introduit : `ligne` est celle du fichier (l'en-tête est la ligne 1), ou le rang
de l'enregistrement dans un fichier JSON.
"""


def write_description(folder: Path, seed: int, structures: Any) -> None:
    """The small files at the top of the dataset."""
    text = yaml.safe_dump(_dataset(), allow_unicode=True, sort_keys=False, width=110)
    write_text(f"# Écrit par « analysis demo » : données de synthèse.\n{text}", folder / "dataset.yaml")
    write_text(README.format(seed=seed), folder / "LISEZMOI.md")
    secret = hashlib.sha256(f"demo {seed}".encode()).hexdigest()
    write_text(f"{secret}\n", folder / "secret.txt")
    listed = structures.facilitators[["structure_id", "nom", "siret", "mapping"]]
    write_text(listed.to_csv(index=False, lineterminator="\n"), folder / "structures.csv")


def _dataset() -> dict[str, Any]:
    return {
        "nom": "demo",
        "titre": "Démonstration : données de synthèse",
        "synthetique": True,
        "region": "32",
        "region_nom": "Hauts-de-France",
        "date_observation": _day(f"{LAST_YEAR}-12-31"),
        "editions": [_edition(year) for year in EDITIONS],
    }


def _edition(year: int) -> dict[str, Any]:
    """One edition, from the dated facts of `editions.csv`."""
    known = table("editions").set_index("annee").loc[year]
    return {
        "annee": year,
        "date_observation": _day(f"{year}-12-31"),
        "territoire": str(known["territoire"]),
        "territoire_nom": known["territoire_nom"],
        "departements": known["departements"].split("|"),
        "mecanismes": list(IN_SCOPE),
        "base_legale": known["base_legale"],
        "diviseurs_etp": [int(d) for d in str(known["diviseurs_etp"]).split("|")],
        "qpv_millesime": int(known["qpv_millesime"]),
        "cog_millesime": int(known["cog_millesime"]),
    }


def _day(text: str) -> Any:
    return dt.date.fromisoformat(text)
