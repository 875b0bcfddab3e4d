"""Published tables of the watch tool: public data on contracts, no disclosure control needed.

The hours are expectations drawn from public contracts, not hours worked by anyone.
"""

from __future__ import annotations

from functools import partial

from analysis.schemas.build import DAY, FLAG, NUMBER, TEXT, column, hours, published_table

_QUARTER = column(TEXT, "Trimestre de la notification attendue : AAAA-Tn")
_LEVEL = column(TEXT, "Niveau : region, departement, epci ; les niveaux ne s'additionnent pas")
_PLACE = column(TEXT, "Code de région ou de département, SIREN d'intercommunalité, d'exécution")
_hours = partial(hours, nullable=True)
_CELL = {
    "besoins": column(
        "int64", "Besoins qui peuvent y tomber ; un besoin peut compter dans plusieurs trimestres", unit="besoin"
    ),
    "attendus": column(NUMBER, "Somme de leurs probabilités d'y tomber", unit="besoin", ge=0),
    "attendus_bas": column(
        "int64",
        "10 % de la loi de Poisson-binomiale ; un nombre entier : la somme des probabilités peut être hors de "
        "l'intervalle (0,05 attendu, de 0 à 0)",
        unit="besoin",
        ge=0,
    ),
    "attendus_haut": column("int64", "90 % de la loi de Poisson-binomiale", unit="besoin", ge=0),
    "dont_projets": column(NUMBER, "Part de attendus que des acheteurs annoncent", unit="besoin", ge=0),
    "montant_attendu": column(NUMBER, "Somme des probabilités × montants connus et vraisemblables", unit="euro", ge=0),
    "sans_montant": column(
        NUMBER, "Part de attendus dont le montant n'est pas connu, ou pas vraisemblable", unit="besoin", ge=0
    ),
    "heures_attendues": _hours(
        "Somme des probabilités × chances que le besoin se prête à une clause × heures moyennes d'insertion "
        "possibles : s'additionne"
    ),
    "heures_p10": _hours(
        "Heures d'insertion possibles des besoins qui se prêtent à une clause : 10 % des cas sont au-dessous "
        "(tirages) ; 0 s'il y a plus d'une chance sur dix qu'aucun ne vienne"
    ),
    "heures_p50": _hours(
        "La moitié des cas sont au-dessous ; 0 s'il y a plus d'une chance sur deux qu'aucun ne vienne"
    ),
    "heures_p90": _hours("90 % des cas sont au-dessous"),
    "heures_p10_plafonne": _hours("heures_p10, une fois plafonnées par l'offre et les publics de leur année"),
    "heures_p50_plafonne": _hours("heures_p50, de même"),
    "heures_p90_plafonne": _hours("heures_p90, de même"),
    "plafond_offre": _hours(
        "Heures de clause que permettent en un an les structures d'insertion à portée qui servent le segment (ou "
        "toutes, chacune une fois) ; les trimestres d'une année se les partagent"
    ),
    "plafond_public": _hours("Heures que les publics du territoire permettent en un an, tous segments ensemble"),
}

SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "veille_territoires",
            "Ce qu'une intercommunalité a pour répondre aux marchés attendus",
            ["epci_siren"],
            {
                "epci_siren": column(TEXT, "SIREN de l'intercommunalité"),
                "habitants": column(
                    "int64", "Habitants de ses communes de la région (population municipale)", unit="habitant"
                ),
                "qpv": column("int64", "Quartiers prioritaires de 2024", unit="quartier"),
                "deld": column(
                    NUMBER,
                    "Demandeurs d'emploi de plus d'un an : donnés, ou supposés (offre.deld_source)",
                    unit="personne",
                    ge=0,
                ),
                "rsa": column(NUMBER, "Allocataires du RSA, où ils sont donnés", nullable=True, unit="personne", ge=0),
                **{
                    f"siae_{genre}": column("int64", f"Structures d'insertion, type {genre.upper()}, 2019-2020")
                    for genre in ("aci", "ai", "ei", "etti", "geiq")
                },
                "siae": column("int64", "Structures d'insertion et GEIQ, 2019-2020"),
            },
        ),
        published_table(
            "veille_besoins",
            "Un besoin dont la mise en concurrence est attendue dans l'horizon du calendrier",
            ["besoin_id"],
            {
                "besoin_id": column(TEXT, "uid du plus gros lot, ou projet: et l'identifiant du projet"),
                "origine": column(TEXT, "D'où vient l'attente", codelist="veille_origines"),
                "uid": column(TEXT, "uid du plus gros lot du marché en cours", nullable=True),
                "projet_id": column(TEXT, "Identifiant du projet d'achat", nullable=True),
                "objet": column(TEXT, "Objet, sans le lot quand il y en a plusieurs"),
                "acheteur_siren": column(TEXT, "SIREN de l'acheteur", nullable=True),
                "acheteur_nom": column(TEXT, "Nom de l'acheteur, tel que reçu", nullable=True),
                "segment": column(TEXT, "Segment qui a le plus gros montant", codelist="segments"),
                "departement": column(TEXT, "Département d'exécution", nullable=True),
                "epci_siren": column(TEXT, "SIREN de l'intercommunalité d'exécution", nullable=True),
                "montant": column(
                    NUMBER, "Montant vraisemblable du marché en cours, ou annoncé", nullable=True, unit="euro"
                ),
                "lots": column("int64", "Lots du marché en cours ; 1 pour un projet seul", unit="lot", ge=1),
                "accord_cadre": column(FLAG, "Accord-cadre"),
                "fin": column(
                    DAY,
                    "Fin du marché en cours, modifications connues comprises ; de plusieurs lots, à la durée médiane",
                    nullable=True,
                ),
                "fins_diverses": column(FLAG, "Lots qui ne finissent pas tous le même jour : fin est approchée"),
                "probabilite": column(NUMBER, "Probabilité d'un nouveau marché", unit="part", ge=0, le=1),
                "p_horizon": column(NUMBER, "dont dans l'horizon du calendrier", unit="part", ge=0, le=1),
                "date_alerte": column(DAY, "Quand appeler l'acheteur : six mois avant le début de la fenêtre"),
                "fenetre_debut": column(DAY, "Date avant laquelle tombent 10 % des chances de notification"),
                "date_mediane": column(DAY, "Date avant laquelle tombe la moitié des chances"),
                "fenetre_fin": column(DAY, "Date avant laquelle tombent 90 % des chances"),
                "heures_p10": _hours(
                    "Heures d'insertion possibles si le besoin revient et qu'une clause y est demandée (qu'il s'y "
                    "prête n'est pas compté) : 10 % des cas sont au-dessous ; vide si le montant publié est sous le "
                    "seuil de publication, donc douteux"
                ),
                "heures_p50": _hours("La moitié des cas sont au-dessous"),
                "heures_p90": _hours("90 % des cas sont au-dessous"),
            },
        ),
        published_table(
            "veille_calendrier",
            "Besoins attendus d'un trimestre, d'un territoire et d'un segment",
            ["trimestre", "territoire_type", "territoire", "segment"],
            {
                "trimestre": _QUARTER,
                "territoire_type": _LEVEL,
                "territoire": _PLACE,
                "segment": column(TEXT, "Segment de marché", codelist="segments"),
                **_CELL,
            },
        ),
        published_table(
            "veille_trimestres",
            "Besoins attendus d'un trimestre et d'un territoire, tous segments ensemble",
            ["trimestre", "territoire_type", "territoire"],
            {"trimestre": _QUARTER, "territoire_type": _LEVEL, "territoire": _PLACE, **_CELL},
        ),
        published_table(
            "veille_metiers",
            "Métier qu'appellent les besoins attendus d'un trimestre et d'un territoire",
            ["trimestre", "territoire_type", "territoire", "rome"],
            {
                "trimestre": _QUARTER,
                "territoire_type": _LEVEL,
                "territoire": _PLACE,
                "rome": column(TEXT, "Métier (code ROME), ou AUTRES : autres métiers, ou segment sans métier connu"),
                "libelle": column(TEXT, "Libellé du métier"),
                "besoins_attendus": column(NUMBER, "Besoins attendus × poids du métier", unit="besoin", ge=0),
                "heures_basses": _hours("Heures P10 du trimestre et du territoire, partagées comme heures"),
                "heures": _hours(
                    "Heures médianes du trimestre et du territoire, partagées comme les heures attendues des segments "
                    "× poids : les métiers s'additionnent"
                ),
                "heures_hautes": _hours("Heures P90 du trimestre et du territoire, partagées comme heures"),
            },
        ),
        published_table(
            "veille_epreuve",
            "Le modèle mis à l'épreuve : besoins finissant une année, prédits la veille de cette année",
            ["annee"],
            {
                "annee": column("int64", "Année des fins ; 0 : toutes"),
                "besoins": column("int64", "Besoins jugés", unit="besoin"),
                "renouveles": column("int64", "dont renouvelés", unit="besoin"),
                "brier": column(NUMBER, "Score de Brier du modèle (0 : parfait)", ge=0, le=1),
                "brier_base": column(NUMBER, "Score de Brier du taux passé, pour tous", ge=0, le=1),
                "brier_fin": column(NUMBER, "Score de Brier de « tout marché est renouvelé à sa fin »", ge=0, le=1),
                "rappel_k": column(
                    NUMBER, "Part des renouvelés parmi les premiers prédits", nullable=True, unit="part"
                ),
                "rappel_k_max": column(NUMBER, "La même pour un ordre parfait", nullable=True, unit="part"),
                "precision_k": column(NUMBER, "Part des premiers prédits qui sont renouvelés", unit="part"),
                "avance_mediane": column(
                    NUMBER, "De la prédiction au renouvellement, parmi les premiers", nullable=True, unit="mois"
                ),
                "erreur_mediane": column(NUMBER, "Écart absolu médian de la date médiane", nullable=True, unit="mois"),
                "erreur_mediane_fin": column(NUMBER, "Le même de la date de fin", nullable=True, unit="mois"),
                "erreur_moyenne": column(NUMBER, "Écart absolu moyen de la date médiane", nullable=True, unit="mois"),
                "erreur_moyenne_fin": column(NUMBER, "Le même de la date de fin", nullable=True, unit="mois"),
            },
        ),
        published_table(
            "veille_calibration",
            "Probabilités annoncées à l'épreuve et part observée de besoins renouvelés",
            ["classe"],
            {
                "classe": column("int64", "Classe de probabilité, en dixièmes", ge=0, le=9),
                "besoins": column("int64", "Besoins jugés", unit="besoin"),
                "predit": column(NUMBER, "Probabilité annoncée, en moyenne", unit="part", ge=0, le=1),
                "renouveles": column("int64", "Renouvelés", unit="besoin"),
                "observe": column(NUMBER, "renouveles / besoins", unit="part", ge=0, le=1),
            },
        ),
        published_table(
            "veille_couverture",
            "Ce dont la veille est faite et ce qu'elle écarte",
            ["etape"],
            {
                "etape": column(TEXT, "Étape", codelist="veille_etapes"),
                "libelle": column(TEXT, "Libellé de l'étape"),
                "valeur": column("int64", "Nombre"),
            },
        ),
    )
}
