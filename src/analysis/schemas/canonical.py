"""The canonical tables that a supplier's file is mapped to: their columns, kinds and codelists.

One description serves the importer, the mapping files, the questionnaire workbook and the docs.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

LISTS = "listes"  # the sheet of a questionnaire that holds the codes, which nobody fills in

Kind = Literal[
    "texte", "nombre", "duree", "part", "date", "mois", "booleen", "oui_non", "code", "siret", "epci", "commune"
]
NUMBERS = ("nombre", "duree", "part")  # any, hours, or a share of 1: they differ in how they may be written


@dataclass(frozen=True)
class Column:
    """A column a supplier fills in.

    `codelist` names a table of `nomenclatures/`, of which a cell may hold `several` codes, parted by `|`; `personal`
    columns never leave ingestion; `example` is what the questionnaire shows where the kind alone does not say it.
    """

    name: str
    kind: Kind
    description: str
    required: bool = False
    codelist: str | None = None
    personal: bool = False
    example: str | float | dt.date | None = None
    several: bool = False

    @property
    def numeric(self) -> bool:
        return self.kind in NUMBERS


@dataclass(frozen=True)
class Table:
    """A table a supplier sends; `key` is unique within one structure and one edition.

    An `optional` table may be missing from a send without a word; one that is not always `filled` may have no row.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    optional: bool = False
    filled: bool = True

    @property
    def required(self) -> list[str]:
        return [column.name for column in self.columns if column.required]

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _status(name: str, description: str) -> Column:
    return Column(name, "oui_non", f"{description} à la date d'embauche")


EXPORTS = {
    table.name: table
    for table in (
        Table(
            "operations",
            "Opérations suivies par la structure, une ligne par opération",
            ("op_id",),
            (
                Column("op_id", "texte", "Identifiant de l'opération dans la structure", required=True),
                Column("libelle", "texte", "Intitulé de l'opération", required=True),
                Column("maitre_ouvrage_siret", "siret", "SIRET du donneur d'ordre", required=True),
                Column("maitre_ouvrage_nom", "texte", "Nom du donneur d'ordre"),
                Column("maitre_ouvrage_categorie", "code", "Catégorie du donneur d'ordre", codelist="acheteurs"),
                Column("mecanisme", "code", "Mécanisme juridique", required=True, codelist="mecanismes"),
                Column("segment", "code", "Segment de marché", codelist="segments"),
                Column("date_debut", "date", "Début de l'opération", required=True),
                Column("date_fin", "date", "Fin de l'opération"),
                Column("is_anru", "booleen", "Opération financée par l'ANRU"),
                Column("heures_prevues_init", "duree", "Heures d'insertion prévues à l'origine", example=500),
                Column("heures_prevues", "duree", "Heures d'insertion prévues, avenants compris", example=620),
                Column(
                    "heures_realisees_origine",
                    "duree",
                    "Heures réalisées depuis l'origine, à la fin de l'année",
                    example=480,
                ),
            ),
        ),
        Table(
            "territoires",
            "Part de chaque intercommunalité dans une opération ; la somme des parts vaut 1",
            ("op_id", "epci_siren"),
            (
                Column("op_id", "texte", "Identifiant de l'opération", required=True),
                Column("epci_siren", "epci", "SIREN de l'intercommunalité d'exécution", required=True),
                Column("part", "part", "Part de l'opération, de 0 à 1 ; sans aucune, à parts égales", example=1),
            ),
        ),
        Table(
            "accompagnements",
            "Autres structures qui accompagnent une opération, avec leur part ; facultatif",
            ("op_id", "partenaire_id"),
            (
                Column("op_id", "texte", "Identifiant de l'opération", required=True),
                Column("partenaire_id", "texte", "Identifiant de l'autre structure", required=True, example="S02"),
                Column("part", "part", "Sa part, de 0 à 1 ; ce qui reste est la vôtre", example=0.4),
            ),
            optional=True,
            filled=False,
        ),
        Table(
            "engagements",
            "Engagements d'heures d'une entreprise sur une opération ou un lot",
            ("eng_id",),
            (
                Column("eng_id", "texte", "Identifiant de l'engagement", required=True),
                Column("op_id", "texte", "Identifiant de l'opération", required=True),
                Column("lot", "texte", "Numéro ou nom du lot", example="1"),
                Column("entreprise_siret", "siret", "SIRET de l'entreprise engagée", required=True),
                Column("entreprise_nom", "texte", "Nom de l'entreprise"),
                Column("heures_prevues", "duree", "Heures que l'entreprise s'engage à réaliser", example=620),
            ),
        ),
        Table(
            "beneficiaires",
            "Personnes employées au titre de la clause",
            ("ben_ref",),
            (
                Column("ben_ref", "texte", "Identifiant de la personne dans la structure", required=True),
                Column("nom", "texte", "Nom de naissance", required=True, personal=True),
                Column("prenom", "texte", "Prénom", required=True, personal=True),
                Column(
                    "date_naissance",
                    "date",
                    "Date de naissance",
                    required=True,
                    personal=True,
                    example=dt.date(1998, 5, 12),
                ),
                Column("nir", "texte", "Numéro de sécurité sociale : inutile, jamais conservé", personal=True),
                Column("courriel", "texte", "Courriel : inutile, jamais conservé", personal=True),
                Column("telephone", "texte", "Téléphone : inutile, jamais conservé", personal=True),
                Column("sexe", "code", "Sexe", codelist="sexes"),
                Column("niveau", "code", "Niveau de formation (0 à 8)", codelist="niveaux", example="4"),
                Column("commune_insee", "commune", "Commune de résidence (code INSEE)"),
            ),
        ),
        Table(
            "contrats",
            "Contrats de travail des bénéficiaires",
            ("ctr_id",),
            (
                Column("ctr_id", "texte", "Identifiant du contrat de travail", required=True),
                Column("ben_ref", "texte", "Identifiant de la personne", required=True),
                Column("eng_id", "texte", "Identifiant de l'engagement", required=True),
                Column("employeur_siret", "siret", "SIRET de l'employeur", required=True),
                Column("employeur_kind", "code", "Nature de l'employeur", required=True, codelist="employeurs"),
                Column("contrat_type", "code", "Type de contrat", required=True, codelist="contrats"),
                Column("metier_rome", "texte", "Métier (code ROME)", example="F1704"),
                Column("date_debut", "date", "Début du contrat", required=True),
                Column("date_fin", "date", "Fin du contrat"),
                _status("rsa", "Allocataire du RSA"),
                _status("qpv", "Réside dans un quartier prioritaire"),
                Column("qpv_code", "texte", "Code du quartier prioritaire", example="QN05901M"),
                Column(
                    "qpv_millesime",
                    "code",
                    "Millésime de la liste des quartiers",
                    False,
                    "millesimes_qpv",
                    example="2024",
                ),
                _status("deld", "Sans emploi depuis 12 mois ou plus"),
                _status("detld", "Sans emploi depuis plus de 24 mois"),
                _status("th", "Reconnu travailleur handicapé"),
                _status("sans_diplome", "Sans diplôme au-delà du CAP ou BEP"),
                _status("ass", "Allocataire de l'ASS"),
                _status("aah", "Allocataire de l'AAH"),
                _status("ase", "Ancien de l'aide sociale à l'enfance"),
                _status("parent_isole", "Parent isolé"),
                _status("sans_hebergement", "Sans hébergement, ou hébergé"),
                _status("refugie", "Réfugié, ou bénéficiaire d'une protection"),
                _status("zrr", "Réside dans une zone rurale aidée (ZRR ou FRR)"),
                _status("detention", "Détenu, ou sorti de détention"),
                _status("fle", "Apprend le français (FLE)"),
                _status("mobilite", "Sans moyen de se déplacer"),
            ),
        ),
        Table(
            "heures",
            "Heures de chaque contrat, mois par mois",
            ("ctr_id", "mois", "nature_heures"),
            (
                Column("ctr_id", "texte", "Identifiant du contrat de travail", required=True),
                Column("mois", "mois", "Mois (AAAA-MM)", required=True),
                Column("heures", "duree", "Heures réalisées dans le mois", required=True, example=120.5),
                Column("nature_heures", "code", "Travail ou formation", codelist="natures_heures"),
            ),
        ),
        Table(
            "sorties",
            "Situation des personnes après la fin du contrat, par échéance",
            ("ctr_id", "horizon_m"),
            (
                Column("ctr_id", "texte", "Identifiant du contrat de travail", required=True),
                Column("date_sortie", "date", "Fin du parcours de clause"),
                Column("horizon_m", "nombre", "Échéance en mois", required=True, codelist="echeances", example=6),
                Column("statut", "code", "Situation constatée", codelist="sorties"),
                Column("date_enquete", "date", "Date de l'enquête"),
            ),
            filled=False,
        ),
        Table(
            "agregats",
            "Totaux de l'année, dans le champ de l'édition, d'une structure qui n'envoie pas de lignes",
            ("territoire", "indicateur", "modalite"),
            (
                Column(
                    "territoire",
                    "texte",
                    "Code de la région, d'un département ou d'une intercommunalité : la région et chaque territoire "
                    "ont leur ligne d'heures (heures_realisees, ensemble), sans laquelle rien d'autre n'y compte",
                    required=True,
                ),
                Column("indicateur", "code", "Ce qui est compté", required=True, codelist="agregats"),
                Column("modalite", "code", "Pour qui, ou par quelle voie", required=True, codelist="modalites"),
                Column(
                    "valeur", "nombre", "Valeur (une part de 0 à 1) ; 0 s'il n'y en a pas", required=True, example=12500
                ),
                Column("diffusion", "code", "Ce qui peut en être montré", required=True, codelist="diffusions"),
            ),
            optional=True,
            filled=False,
        ),
    )
}
TOTALS = "agregats"  # the table sent instead of all the others

INVENTORY = {
    table.name: table
    for table in (
        Table(
            "structures",
            "Structures qui portent des facilitateurs ou d'autres appuis à la clause",
            ("structure_id",),
            (
                Column("structure_id", "texte", "Identifiant de la structure", required=True),
                Column("nom", "texte", "Nom de la structure", required=True),
                Column("siret", "siret", "SIRET", required=True),
                Column("type_acteur", "code", "Facilitateur ou autre acteur", True, codelist="types_acteur"),
                Column("nature_porteuse", "code", "Nature de la structure porteuse", True, codelist="porteurs"),
                Column("commune_insee", "commune", "Commune du siège (code INSEE)", required=True),
                Column("accord_publication", "booleen", "Accord pour publier les effectifs de la structure"),
                Column(
                    "contact_public",
                    "texte",
                    "Contact à publier (adresse générique)",
                    example="clauses@exemple.fr",
                ),
                Column("date_reponse", "date", "Date de la réponse"),
                Column("operations_suivies", "nombre", "Opérations suivies dans l'année écoulée", example=25),
                Column("acheteurs_suivis", "nombre", "Acheteurs suivis dans l'année écoulée", example=12),
            ),
        ),
        Table(
            "facilitateurs",
            "Personnes, une ligne par personne et par période d'emploi",
            ("structure_id", "fac_ref", "date_debut"),
            (
                Column("structure_id", "texte", "Identifiant de la structure", required=True),
                Column("fac_ref", "texte", "Identifiant de la personne dans la structure", required=True),
                Column("nom", "texte", "Nom : jamais conservé", personal=True),
                Column("prenom", "texte", "Prénom : jamais conservé", personal=True),
                Column("courriel", "texte", "Courriel : jamais conservé", personal=True),
                Column("role", "code", "Rôle", required=True, codelist="roles"),
                Column("etp", "part", "Temps consacré à la clause, de 0 à 1 ETP", required=True, example=0.8),
                Column("date_debut", "date", "Début dans le poste", required=True),
                Column("date_fin", "date", "Fin dans le poste"),
                Column(
                    "financements",
                    "texte",
                    "Financements, séparés par une barre verticale",
                    codelist="financements",
                    several=True,
                    example="ETAT|FSE",
                ),
                Column("siege_commune_insee", "commune", "Commune du bureau (code INSEE)"),
            ),
        ),
        Table(
            "zones",
            "Intercommunalités d'intervention, part du temps de la structure dans chacune",
            ("structure_id", "epci_siren", "date_debut"),
            (
                Column("structure_id", "texte", "Identifiant de la structure", required=True),
                Column("epci_siren", "epci", "SIREN de l'intercommunalité", required=True),
                Column("part_temps", "part", "Part du temps de la structure, de 0 à 1", required=True, example=0.5),
                Column("date_debut", "date", "Début de l'intervention"),
                Column("date_fin", "date", "Fin de l'intervention"),
            ),
        ),
    )
}

NEEDS = {
    "besoins": Table(
        "besoins",
        "Besoins d'appui exprimés par les acheteurs de l'État",
        ("besoin_id",),
        (
            Column("besoin_id", "texte", "Identifiant du besoin", required=True),
            Column("acheteur_siret", "siret", "SIRET de l'acheteur", required=True),
            Column("acheteur_nom", "texte", "Nom de l'acheteur"),
            Column("annee", "nombre", "Année", required=True, example=2025),
            Column("epci_siren", "epci", "SIREN de l'intercommunalité du besoin", required=True),
            Column("type", "code", "Type de besoin", required=True, codelist="besoins"),
            Column("reponse", "code", "Suite donnée", required=True, codelist="reponses_besoin"),
            Column("delai_j", "nombre", "Délai de réponse en jours", example=15),
            Column("motif", "texte", "Motif, en clair"),
        ),
    )
}

PERSONAL = {
    column.name
    for table in (*EXPORTS.values(), *INVENTORY.values(), *NEEDS.values())
    for column in table.columns
    if column.personal
}
