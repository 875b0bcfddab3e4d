"""Clean tables of the open procurement data (DECP): official names for official fields."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.schemas.build import DAY, FLAG, NUMBER, TEXT, WHOLE, column, table

_UID = column(TEXT, "Identifiant du marché : SIRET de l'acheteur suivi de l'identifiant qu'il lui donne")


def _text(description: str, codelist: str | None = None) -> pa.Column:
    return column(TEXT, description, nullable=True, codelist=codelist)


def _whole(description: str, unit: str | None = None, ge: float | None = None) -> pa.Column:
    return column(WHOLE, description, nullable=True, unit=unit, ge=ge)


def _euros(description: str) -> pa.Column:
    return column(NUMBER, description, nullable=True, unit="euro", ge=0)


_TABLES = (
    table(
        "marches",
        "Un marché public des données essentielles (DECP), ses modifications appliquées",
        ["uid"],
        {
            "uid": _UID,
            "id": column(TEXT, "Identifiant donné par l'acheteur"),
            "acheteur_id": column(TEXT, "SIRET de l'acheteur"),
            "acheteur_nom": _text("Nom de l'acheteur, tel que reçu"),
            "objet": _text("Objet du marché, tel que reçu"),
            "nature": _text("Nature du marché, telle que reçue"),
            "procedure": _text("Procédure de passation, telle que reçue"),
            "techniques": _text("Techniques d'achat, séparées par une virgule"),
            "idAccordCadre": _text("Identifiant de l'accord-cadre d'un marché subséquent"),
            "lot": _whole("Numéro du lot lu dans l'objet, à défaut dans l'identifiant", ge=1),
            "codeCPV": _text("Code CPV de 8 chiffres, sans clé de contrôle"),
            "codeCPV_recu": _text("Code CPV reçu"),
            "montant": _euros("Montant hors taxes, forfaitaire ou maximum estimé, dernière modification comprise"),
            "montant_recu": _text("Montant reçu à la notification"),
            "montant_initial": _euros("Montant hors taxes à la notification"),
            "dureeMois": _whole("Durée, dernière modification comprise", "mois", ge=1),
            "dureeMois_recue": _text("Durée reçue à la notification"),
            "duree_initiale": _whole("Durée à la notification", "mois", ge=1),
            "dateNotification": column(DAY, "Date de notification", nullable=True),
            "dateNotification_recue": _text("Date de notification reçue"),
            "datePublicationDonnees": column(DAY, "Date de première publication des données", nullable=True),
            "annee": _whole("Année du marché : de notification, à défaut d'une autre source", "année"),
            "annee_source": column(TEXT, "Source de l'année", codelist="sources_annee"),
            "lieu_code": _text("Code du lieu d'exécution, anciens codes de commune repris"),
            "lieu_type": column(TEXT, "Ce que désigne le code du lieu", codelist="types_lieu"),
            "lieu_code_recu": _text("Code du lieu d'exécution reçu"),
            "lieu_type_recu": _text("Type de code du lieu reçu"),
            "lieu_nom": _text("Nom du lieu d'exécution, tel que reçu"),
            "epci_siren": _text("SIREN de l'intercommunalité du lieu d'exécution, si elle est connue"),
            "departement": _text("Département du lieu d'exécution, s'il est connu"),
            "epci_methode": column(TEXT, "Comment le lieu a été situé", codelist="epci_methodes"),
            "statut_social": column(TEXT, "Considération sociale du marché", codelist="statuts_sociaux"),
            "statut_social_recu": _text("Considérations sociales reçues, séparées par une virgule"),
            "offresRecues": _whole("Nombre d'offres reçues", "offre", ge=0),
            "n_titulaires": column(WHOLE, "Nombre de titulaires actuels", unit="titulaire", ge=0),
            "n_modifications": column(WHOLE, "Nombre de modifications", unit="modification", ge=0),
            "format": column(TEXT, "Format du fichier reçu", codelist="formats_decp"),
            "source_fichier": column(TEXT, "Fichier reçu"),
            "source_ligne": column(WHOLE, "Ligne du CSV, ou rang de l'enregistrement dans le JSON", ge=1),
        },
    ),
    table(
        "marches_titulaires",
        "Un titulaire actuel d'un marché, modifications comprises",
        ["uid", "rang"],
        {
            "uid": _UID,
            "rang": column(WHOLE, "Rang du titulaire dans le marché", ge=1),
            "titulaire_id": _text("Identifiant du titulaire"),
            "titulaire_type": _text("Type d'identifiant reçu (SIRET, TVA, ...)"),
            "titulaire_nom": _text("Nom du titulaire, tel que reçu"),
            "siret_valide": column(
                FLAG, "SIRET de 14 chiffres à clé juste ; vide pour un autre type d'identifiant", nullable=True
            ),
            "depuis_modification": column(
                WHOLE, "Ordre de la modification qui a nommé les titulaires ; 0 : notification", ge=0
            ),
        },
    ),
    table(
        "marches_modifications",
        "Une modification d'un marché, dans l'ordre où elle s'applique",
        ["uid", "ordre"],
        {
            "uid": _UID,
            "ordre": column(WHOLE, "Ordre d'application : par date, puis numéro, puis contenu", ge=1),
            "numero_recu": _text("Numéro de modification reçu"),
            "date": column(DAY, "Date de notification de la modification, à défaut de publication", nullable=True),
            "date_recue": _text("Date de notification de la modification reçue"),
            "datePublicationDonnees": column(DAY, "Date de publication de la modification", nullable=True),
            "montant": _euros("Nouveau montant hors taxes, s'il change"),
            "montant_recu": _text("Nouveau montant reçu"),
            "dureeMois": _whole("Nouvelle durée, si elle change", "mois", ge=1),
            "dureeMois_recue": _text("Nouvelle durée reçue"),
            "n_titulaires": column(WHOLE, "Nombre de titulaires nommés ; 0 : inchangés", unit="titulaire", ge=0),
            "objet": _text("Objet de la modification, tel que reçu"),
        },
    ),
)


def _read_back(schema: pa.DataFrameSchema) -> pa.DataFrameSchema:
    """Parquet dates and nullable integers come back from pandas under looser types: brought to the schema's."""
    schema.coerce = True
    return schema


SCHEMAS = {schema.name: _read_back(schema) for schema in _TABLES}
