"""Tables of planned purchases: what the sheets print, by achat_id, and the contracts that they are held against."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.schemas import guide
from analysis.schemas.build import DAY, FLAG, NUMBER, SECRET, TEXT, WHOLE, column, hours, published_table
from analysis.schemas.potential import LEARNT

_ACHAT = column(TEXT, "Identifiant de l'achat")
_PROGRAMME = column(TEXT, "SIREN de l'acheteur dont c'est le programme ; saisie : achats saisis ou d'un fichier")
_ORDER = column("int64", "Ordre d'affichage", ge=1)
_SOURCE = column(TEXT, "D'où vient la règle ; hypothèse où rien ne la dit", nullable=True)
_BUYER = column(TEXT, "Nom de l'acheteur, tel que reçu", nullable=True)


def _euros(description: str, *, nullable: bool = False) -> pa.Column:
    return column(NUMBER, description, unit="euro", ge=0, nullable=nullable)


def _part(description: str, *, nullable: bool = False) -> pa.Column:
    return column(NUMBER, description, unit="part", ge=0, le=1, nullable=nullable)


_HOURS = {
    "heures_p10": hours("Heures d'insertion sur toute la durée : une chance sur dix d'avoir moins"),
    "heures_p50": hours("Heures d'insertion sur toute la durée : médiane"),
    "heures_p90": hours("Heures d'insertion sur toute la durée : une chance sur dix d'avoir plus"),
}
_OF_CONTRACT = {
    "statut_social": column(TEXT, "Ce que dit le champ social", codelist="statuts_sociaux"),
    "suivi": column(FLAG, "Une opération close l'a suivi, dont les heures sont connues"),
    "suivi_ouvert": column(FLAG, "Une opération le suit, qui n'est pas close ou dont les heures ne sont pas connues"),
    "operation": column(
        TEXT, "Premier marché de cette opération : ceux qui ont le même partagent les heures", nullable=True
    ),
    "segment_operation": column(TEXT, "Segment de cette opération", nullable=True),
    "heures": hours("Heures de cette opération, tous ses marchés ensemble, à deux chiffres près", nullable=True),
    "realisation": column(NUMBER, "Part de ses heures prévues, au dixième près", unit="part", nullable=True, ge=0),
    "secret": SECRET,
}

SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "achats",
            "Un achat prévu : ce qui est acheté, son segment, les heures possibles, l'engagement proposé, ce qui est à "
            "portée",
            ["achat_id"],
            {
                "achat_id": _ACHAT,
                "programme": _PROGRAMME,
                "acheteur_nom": _BUYER,
                "acheteur_type": column(TEXT, "Catégorie de l'acheteur", codelist="acheteurs"),
                "acheteur_siren": column(TEXT, "SIREN de l'acheteur, s'il est connu", nullable=True),
                "objet": column(TEXT, "Objet"),
                "codeCPV": column(TEXT, "Code CPV, tel que donné", nullable=True),
                "montant_min": _euros("Montant le plus bas, hors taxes, de tout le besoin"),
                "montant_max": _euros("Montant le plus haut"),
                "duree_mois": column("int64", "Durée", unit="mois", ge=1),
                "lots": column("int64", "Lots", unit="lot", ge=1),
                "lieu": column(TEXT, "Code de la commune, de l'intercommunalité ou du département"),
                "lieu_nom": column(TEXT, "Nom du lieu"),
                "departement": column(TEXT, "Département"),
                "epci_siren": column(TEXT, "SIREN de l'intercommunalité", nullable=True),
                "date_consultation": column(DAY, "Jour où la consultation est attendue, qui compte pour la loi"),
                "date_notification": column(DAY, "Jour de la notification prévue"),
                "date_fin": column(DAY, "Fin du marché : notification et durée"),
                "segment": column(TEXT, "Segment", codelist="segments"),
                "segment_p": _part("Probabilité du segment le plus probable"),
                "segment_cpv": column(TEXT, "Segment d'après le code CPV seul", codelist="segments"),
                "segment_second": column(TEXT, "Le plus probable des autres segments", codelist="segments"),
                "second_p": _part("Probabilité de celui-là"),
                "seuil": _euros("Seuil européen le jour de la consultation", nullable=True),
                "seuil_atteint": column(
                    TEXT, "oui, non ; selon : le haut de la fourchette du montant seul l'atteint", nullable=True
                ),
                **_HOURS,
                "heures_an": hours("Médiane, par an"),
                "engagement": hours("Engagement proposé, arrondi, sur toute la durée ; 0 : aucun, trop petit"),
                "classe_montant": column(TEXT, "Classe du montant, milieu de la fourchette (engagement_retro)"),
                "engagement_an": hours("Engagement proposé, par an"),
                "engagement_mois": hours("Engagement proposé, par mois du marché"),
                "appris": column(TEXT, f"{LEARNT} ; dessous : un montant plus petit que tous ceux de ces opérations"),
                "montant_appris": _euros("Plus petit montant de ces opérations, à deux chiffres", nullable=True),
                "manuel": hours("Heures de la règle du manuel, 50 % × 5 % / 30 €"),
                "etp": column(
                    NUMBER,
                    "Médiane d'une année / 1607, ou du marché / (1607 × mois / 12) s'il dure moins",
                    unit="ETP",
                    ge=0,
                ),
                "etp_engagement": column(NUMBER, "Engagement, de même", unit="ETP", ge=0),
                "heures_etp": hours("Heures d'une année à temps plein, par lesquelles sont divisés les deux ETP"),
                "personnes": column(NUMBER, "Médiane d'une année / 377 heures par personne", unit="personne", ge=0),
                "facteur": column(
                    TEXT, "Facteur du calcul qui fait le plus varier les heures du segment", nullable=True
                ),
                "facteur_part": _part(
                    "Part de la variance des heures du segment qui lui est due, si une clause est demandée",
                    nullable=True,
                ),
                "propre_part": _part("Part de cette variance propre à chaque marché", nullable=True),
                "structures": column(
                    "int64", "Structures d'insertion à portée qui servent le segment : du secteur, ou de tous", ge=0
                ),
                "dont_secteur": column("int64", "dont du secteur même", ge=0),
                "dont_iae": column(
                    "int64", "dont du secteur même, hors groupements d'employeurs : celles d'un lot réservé", ge=0
                ),
                "capacite": hours("Capacité supposée de celles-ci en un an"),
                "heures_offre": hours("Heures de clause que cette capacité permet en un an"),
                "deld": column(
                    NUMBER, "Demandeurs d'emploi de plus d'un an du territoire", unit="personne", nullable=True, ge=0
                ),
                "heures_public": hours("Heures que les publics joignables permettent en un an", nullable=True),
                "portee": column(TEXT, "SUFFIT, OFFRE, PUBLIC : ce que les heures médianes dépassent ; INCONNU"),
            },
        ),
        published_table(
            "remarques",
            "Ce qui ne va pas dans un achat demandé ; une erreur rend sa fiche impossible",
            ["achat_id", "ordre"],
            {
                "achat_id": _ACHAT,
                "ordre": _ORDER,
                "programme": _PROGRAMME,
                "objet": column(TEXT, "Objet", nullable=True),
                "gravite": column(TEXT, "erreur ou avertissement"),
                "message": column(TEXT, "Ce qui ne va pas, ce qui est attendu, et dans quel fichier"),
                "phrase": column(TEXT, "Le même en mots, pour la page"),
            },
        ),
        published_table(
            "programmes",
            "Le programme d'achats d'un acheteur, en tout",
            ["programme"],
            {
                "programme": _PROGRAMME,
                "acheteur_nom": _BUYER,
                "acheteur_type": column(TEXT, "Catégorie de l'acheteur", nullable=True),
                "annonces": column("int64", "Achats annoncés", unit="achat", ge=0),
                "achats": column("int64", "dont ont une fiche", unit="achat", ge=0),
                "refuses": column("int64", "dont la fiche est impossible", unit="achat", ge=0),
                "montant_min": _euros("Somme des montants les plus bas"),
                "montant_max": _euros("Somme des montants les plus hauts"),
                "atteignent": column("int64", "Achats qui atteignent le seuil européen", unit="achat", ge=0),
                "selon_montant": column(
                    "int64", "Achats que le haut de leur fourchette seul y amène", unit="achat", ge=0
                ),
                "engagement": hours("Somme des engagements proposés"),
                **_HOURS,
            },
        ),
        published_table(
            "constats",
            "Ce que la loi demande d'un achat le jour de sa consultation ; aide à la décision, non avis juridique",
            ["achat_id", "ordre"],
            {
                "achat_id": _ACHAT,
                "ordre": _ORDER,
                "code": column(TEXT, "Constat"),
                "libelle": column(TEXT, "Son nom"),
                "cas": column(TEXT, "Lequel de ses cas"),
                "phrase": column(TEXT, "Ce qui en est dit"),
                "article": column(TEXT, "Article", nullable=True),
                "source": _SOURCE,
            },
        ),
        published_table(
            "exceptions",
            "Les exceptions à l'obligation d'une condition sociale, comme des questions ; les mêmes pour tous",
            ["ordre"],
            {
                "ordre": _ORDER,
                "code": column(TEXT, "Exception"),
                "libelle": column(TEXT, "Ce qu'elle est"),
                "question": column(TEXT, "Question à laquelle l'acheteur répond"),
                "source": _SOURCE,
            },
        ),
        published_table(
            "voies",
            "Pourquoi chaque mécanisme convient à un achat, ou non",
            ["achat_id", "ordre"],
            {
                "achat_id": _ACHAT,
                "ordre": _ORDER,
                "mecanisme": column(TEXT, "Mécanisme", codelist="mecanismes"),
                "libelle": column(TEXT, "Son nom"),
                "verdict": column(TEXT, "Verdict"),
                "verdict_libelle": column(TEXT, "Verdict, en mots"),
                "critere": column(TEXT, "Ce qui est regardé"),
                "effet": column(TEXT, "bloquant, indicatif ou information"),
                "favorable": column(FLAG, "Le critère est rempli ; vide quand rien ne le dit", nullable=True),
                "phrase": column(TEXT, "Ce qui en est dit"),
                "article": column(TEXT, "Article", nullable=True),
                "source": _SOURCE,
            },
        ),
        published_table(
            "parts",
            "Part des marchés semblables qui portent une clause, du plus près au pays",
            ["achat_id", "ordre"],
            {
                "achat_id": _ACHAT,
                "ordre": _ORDER,
                "niveau": column(TEXT, "epci, departement, region ou pays"),
                "territoire": column(TEXT, "Code du territoire"),
                "nom": column(TEXT, "Son nom"),
                "segment": column(TEXT, "Segment, ou ensemble"),
                "edition": column(WHOLE, "Année de notification des marchés", nullable=True),
                "renseignes": column(WHOLE, "Marchés dont le champ social est clair", unit="marché", nullable=True),
                "avec_clause": column(WHOLE, "dont avec clause ou réservés", unit="marché", nullable=True),
                "part": _part("Part avec clause", nullable=True),
                "part_bas": _part("Borne basse", nullable=True),
                "part_haut": _part("Borne haute", nullable=True),
                "methode": column(TEXT, "Intervalle, ou source"),
            },
        ),
        published_table(
            "semblables",
            "Les marchés publics les plus proches d'un achat, du même segment",
            ["achat_id", "rang"],
            {
                "achat_id": _ACHAT,
                "rang": column("int64", "Rang, du plus proche", ge=1),
                "uid": column(TEXT, "Marché des données essentielles"),
                "objet": column(TEXT, "Objet"),
                "acheteur_nom": _BUYER,
                "edition": column("int64", "Année de notification"),
                "montant": _euros("Montant, hors taxes", nullable=True),
                "lieu": column(TEXT, "Intercommunalité d'exécution, à défaut département", nullable=True),
                "km": column(NUMBER, "Distance par la route, supposée", unit="kilomètre", nullable=True, ge=0),
                "proximite": column(NUMBER, "Objet, montant et lieu communs, de 0 à 1", ge=0, le=1),
                **_OF_CONTRACT,
            },
            controle="indicateur",
            values=["heures", "realisation"],
        ),
        published_table(
            "offre",
            "Structures d'insertion à portée d'un achat, par type",
            ["achat_id", "genre"],
            {
                "achat_id": _ACHAT,
                "genre": column(TEXT, "Type : ACI, AI, EI, ETTI, GEIQ"),
                "structures": column("int64", "Structures, de tous secteurs", ge=0),
                "servent": column("int64", "dont servent le segment : du secteur, ou de tous", ge=0),
                "dont_secteur": column("int64", "dont du secteur même", ge=0),
                "capacite": hours("Capacité supposée en un an de celles qui servent le segment"),
                "km_min": column(NUMBER, "Distance de la plus proche", unit="kilomètre", nullable=True, ge=0),
            },
        ),
        published_table(
            "contacts",
            "Qui appeler pour un achat",
            ["achat_id", "rang"],
            {
                "achat_id": _ACHAT,
                "rang": column("int64", "Rang ; 1 : y consacre le plus de temps", ge=1),
                "structure_id": column(TEXT, "Structure"),
                "nom": column(TEXT, "Son nom"),
                "nature_porteuse": column(TEXT, "Nature du porteur", codelist="porteurs"),
                "commune": column(TEXT, "Commune de son siège", nullable=True),
                "contact": column(TEXT, "Contact, si la structure est d'accord", nullable=True),
                "minutes": column(
                    NUMBER,
                    "Trajet, quand aucune structure ne déclare le territoire",
                    unit="minute",
                    nullable=True,
                    ge=0,
                ),
            },
        ),
        published_table(
            "etapes",
            "Les étapes d'un achat et leurs dates, d'après la notification prévue et la durée",
            ["achat_id", "ordre"],
            {
                "achat_id": _ACHAT,
                "ordre": _ORDER,
                "code": column(TEXT, "Étape"),
                "libelle": column(TEXT, "Son nom"),
                "attendu": column(TEXT, "Ce qui est attendu"),
                "livrable": column(TEXT, "Ce qui en sort"),
                "debut": column(DAY, "Premier jour"),
                "fin": column(DAY, "Dernier jour"),
                "source": _SOURCE,
            },
        ),
        published_table(
            "arguments",
            "Les arguments d'un achat, chacun avec un nombre de la région",
            ["achat_id", "ligne", "ordre"],
            {
                "achat_id": _ACHAT,
                "ligne": column(TEXT, "STRATEGIQUE, TECHNIQUE ou ENTREPRENEURIAL"),
                "ordre": _ORDER,
                "phrase": column(TEXT, "L'argument"),
                "table": column(TEXT, "Table publiée d'où vient son nombre"),
                "source": _SOURCE,
            },
        ),
        published_table(
            "engagement_retro",
            "Rétro-test : engagements qui auraient été proposés à des opérations closes, et ce qu'elles ont réalisé",
            ["periode", "classe", "methode"],
            {
                "periode": column(TEXT, "choix : années dont le quantile est tiré ; epreuve : dernières années"),
                "classe": column(TEXT, "Classe de montant des opérations ; ENSEMBLE : toutes"),
                "de_euros": _euros("Plus petit montant de la classe", nullable=True),
                "methode": column(TEXT, "modele, ou manuel (50 % × 5 % / 30 €)"),
                "quantile": _part("Quantile des heures possibles qu'est l'engagement", nullable=True),
                "operations": column("int64", "Opérations closes de ces années", unit="opération", ge=0),
                "couverture": _part("Part dans la fourchette à 80 %", nullable=True),
                "couverture_bas": _part("Bas de son intervalle à 95 %", nullable=True),
                "couverture_haut": _part("Haut de son intervalle à 95 %", nullable=True),
                "proposes": column("int64", "dont un engagement serait proposé", unit="opération", ge=0),
                "faisables": _part("Part de celles-ci qui ont réalisé au moins 90 % de cet engagement", nullable=True),
                "faisables_bas": _part("Bas de son intervalle à 95 %", nullable=True),
                "faisables_haut": _part("Haut de son intervalle à 95 %", nullable=True),
                "mediane": column(
                    NUMBER, "Engagement / heures réalisées, médiane ; d'ENSEMBLE seul", unit="part", nullable=True, ge=0
                ),
                "part_engagee": column(
                    NUMBER, "Engagements / heures réalisées, en tout ; ENSEMBLE seul", unit="part", nullable=True, ge=0
                ),
            },
        ),
        published_table(
            "marches",
            "Marchés publics de la région auxquels un achat est comparé : ceux dont le champ social est clair, et ceux "
            "qu'une opération close a suivis",
            ["uid"],
            {
                "uid": column(TEXT, "Marché des données essentielles"),
                "edition": column("int64", "Année de notification"),
                "acheteur_siren": column(TEXT, "SIREN de l'acheteur", nullable=True),
                "acheteur_nom": _BUYER,
                "objet": column(TEXT, "Objet"),
                "segment": column(TEXT, "Segment", codelist="segments"),
                "segment_source": column(TEXT, "D'où vient le segment", codelist="sources_segment"),
                "segment_cpv": column(TEXT, "Segment du code CPV", codelist="segments"),
                "montant": _euros("Montant, hors taxes", nullable=True),
                "departement": column(TEXT, "Département d'exécution", nullable=True),
                "epci_siren": column(TEXT, "SIREN de l'intercommunalité d'exécution", nullable=True),
                **_OF_CONTRACT,
            },
            controle="indicateur",
            values=["heures", "realisation"],
        ),
    )
} | guide.SCHEMAS
