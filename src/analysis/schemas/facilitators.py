"""Published tables of the facilitators: inventory, zones blanches, needs not met."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.schemas.build import DAY, FLAG, NUMBER, ROUNDED, SECRET, TEXT, WHOLE, column, published_table

DATE = column(DAY, "Inventaire à cette date")
EDITION = column("int64", "Année")
DELD = column(NUMBER, "Demandeurs d'emploi de plus d'un an (table publics)", unit="personne")
RSA = column(NUMBER, "Allocataires du RSA (table publics)", unit="personne", nullable=True)
TERRITORY = column(TEXT, "Code de la région ou du département")
EPCI = column(TEXT, "SIREN de l'intercommunalité")
STRUCTURE = column(TEXT, "Identifiant de la structure")
STRUCTURES = column("int64", "Structures distinctes", unit="structure")
HOST = column(TEXT, "Nature de la structure porteuse", codelist="porteurs")
GAP = column(NUMBER, "Écart prouvé à l'optimum", unit="part")
CLASS = column(TEXT, "Classe de l'intercommunalité", codelist="classes_zone")
# Told of the region alone: of a smaller whole it would say whose time the others are.
UNKNOWN = column("int64", "dont personnes dont le temps n'est pas connu, compté pour 0", unit="personne")
_STAFF = {
    "personnes": column(WHOLE, "Personnes distinctes en poste", unit="personne", nullable=True),
    "etp": column(NUMBER, "Temps consacré à la clause", unit="ETP", nullable=True),
    "secret": SECRET,
}


def _counted(name: str, description: str, key: dict[str, pa.Column]) -> pa.DataFrameSchema:
    """A table of structures, persons and ETP on a day, by `key`."""
    return published_table(
        name,
        description,
        ["jour", *key],
        {"jour": DATE, **key, "structures": STRUCTURES, **_STAFF, "etp_arrondi": ROUNDED},
        controle="porteurs",
        values=["etp"],
    )


def _part(of: str) -> pa.Column:
    return column(NUMBER, f"Part {of} du territoire", unit="part", nullable=True)


SCHEMAS = {
    schema.name: schema
    for schema in (
        _counted(
            "porteurs",
            "Structures facilitatrices, personnes et ETP par nature de la structure porteuse",
            {"nature_porteuse": HOST},
        ),
        _counted(
            "departements",
            "Structures facilitatrices, personnes et ETP par département du siège",
            {"departement": column(TEXT, "Code du département du siège, ou inconnu")},
        ),
        published_table(
            "evolution",
            "Structures facilitatrices, personnes et ETP de la région",
            ["jour"],
            {"jour": DATE, "structures": STRUCTURES, **_STAFF, "sans_etp": UNKNOWN, "etp_arrondi": ROUNDED},
            controle="porteurs",
            values=["etp"],
        ),
        _counted(
            "roles",
            "Structures facilitatrices, personnes et ETP par rôle",
            {"role": column(TEXT, "Rôle de la personne", codelist="roles")},
        ),
        _counted(
            "financements",
            "Structures, personnes et ETP par financement ; qui en a plusieurs compte dans chacun",
            {"financement": column(TEXT, "Financement", codelist="financements")},
        ),
        _counted(
            "autres_acteurs",
            "Autres acteurs que les structures facilitatrices : structures, personnes et ETP par nature",
            {"nature_porteuse": HOST},
        ),
        published_table(
            "structures",
            "Une structure facilitatrice ; ETP masqués quand elle n'a qu'une personne, sauf accord",
            ["jour", "structure_id"],
            {
                "jour": DATE,
                "structure_id": STRUCTURE,
                "nom": column(TEXT, "Nom de la structure", nullable=True),
                "nature_porteuse": column(TEXT, "Nature de la structure porteuse", nullable=True, codelist="porteurs"),
                "departement": column(TEXT, "Département du siège", nullable=True),
                **_STAFF,
            },
            controle="indicateur",
            values=["etp"],
        ),
        published_table(
            "couverture",
            "Une intercommunalité et le nombre de structures qui déclarent y intervenir",
            ["jour", "epci_siren"],
            {
                "jour": DATE,
                "epci_siren": EPCI,
                "nom": column(TEXT, "Nom de l'intercommunalité"),
                "departement": column(TEXT, "Département où vit la plus grande part de ses habitants"),
                "population_region": column("int64", "Habitants de ses communes de la région", unit="habitant"),
                "structures": column("int64", "Structures qui déclarent y intervenir", unit="structure"),
                "sans_facilitateur": column(FLAG, "Aucune structure ne déclare y intervenir"),
            },
        ),
        published_table(
            "reponses",
            "Une structure de l'inventaire, ou dont un export est attendu : sa réponse et son dernier export",
            ["structure_id"],
            {
                "structure_id": STRUCTURE,
                "nom": column(TEXT, "Nom de la structure"),
                "type_acteur": column(TEXT, "Facilitateur ou autre acteur", codelist="types_acteur"),
                "nature_porteuse": HOST,
                "departement": column(TEXT, "Département du siège", nullable=True),
                "date_reponse": column(DAY, "Date de la dernière réponse", nullable=True),
                "reponse": column(TEXT, "État de la réponse", codelist="reponses_inventaire"),
                "dernier_export": column(WHOLE, "Année du dernier envoi, export ou totaux", nullable=True),
            },
        ),
        published_table(
            "contradictions",
            "Écarts entre les zones déclarées et les opérations suivies en 24 mois, à reprendre avec la structure",
            ["structure_id", "epci_siren"],
            {
                "structure_id": STRUCTURE,
                "epci_siren": EPCI,
                "constat": column(TEXT, "Ce qui est constaté", codelist="constats_zone"),
                "operations": column(
                    "int64", "Opérations suivies dans l'intercommunalité, ou envoyées sans lieu", unit="opération"
                ),
            },
        ),
        published_table(
            "ratios",
            "Ce que suit un ETP, tous mécanismes : quartiles entre structures, par nature de la structure porteuse",
            ["nature_porteuse", "indicateur"],
            {
                "nature_porteuse": column(TEXT, "Nature de la structure porteuse, ou ensemble"),
                "indicateur": column(TEXT, "Rapport (facilitateurs/reperes)"),
                "structures": STRUCTURES,
                "q1": column(NUMBER, "Premier quartile", nullable=True),
                "mediane": column(NUMBER, "Médiane", nullable=True),
                "q3": column(NUMBER, "Troisième quartile", nullable=True),
                "part_plausible": column(
                    NUMBER, "Part des structures dans l'ordre de grandeur connu", unit="part", nullable=True
                ),
                "au_dessous": column(WHOLE, "Structures au-dessous de lui", unit="structure", nullable=True),
                "au_dessus": column(WHOLE, "Structures au-dessus de lui", unit="structure", nullable=True),
                "secret": SECRET,
            },
            controle="ratios",
            values=["q1", "mediane", "q3", "part_plausible", "au_dessous", "au_dessus"],
        ),
        published_table(
            "zones",
            "Une intercommunalité : sa classe, ce qui y est suivi, ce dont elle aurait besoin",
            ["epci_siren"],
            {
                "edition": EDITION,
                "epci_siren": EPCI,
                "nom": column(TEXT, "Nom de l'intercommunalité"),
                "departement": column(TEXT, "Département où vit la plus grande part de ses habitants"),
                "a_cheval": column(FLAG, "Une partie de ses communes est dans une autre région"),
                "population": column("int64", "Habitants de ses communes de la région", unit="habitant"),
                "deld": DELD,
                "rsa": RSA,
                "qpv": column("int64", "Quartiers prioritaires (2024)", unit="quartier"),
                "montant": column(
                    NUMBER, "Montant annuel des marchés qui peuvent porter une clause", unit="euro", nullable=True
                ),
                "besoin_p10": column(NUMBER, "Heures de clause possibles en un an, décile bas", unit="heure"),
                "besoin_p50": column(NUMBER, "Heures de clause possibles en un an, médiane", unit="heure"),
                "besoin_p90": column(NUMBER, "Heures de clause possibles en un an, décile haut", unit="heure"),
                "origine_besoin": column(TEXT, "De quoi le besoin est tiré : marches ou habitants"),
                "structures": column("int64", "Structures qui déclarent y intervenir", unit="structure"),
                "vacantes": column(
                    "int64", "Structures facilitatrices qui la déclarent, sans personne en poste", unit="structure"
                ),
                "operations": column(
                    "int64", "Opérations suivies en 24 mois ; saisie par deux structures : une fois", unit="opération"
                ),
                "exports_recus": column(FLAG, "Chaque structure qui la déclare a envoyé son export, avec chaque lieu"),
                "classe": CLASS,
                "etp": column(NUMBER, "Temps des structures consacré à l'intercommunalité", unit="ETP", nullable=True),
                "etp_retenu": column(
                    NUMBER,
                    "Temps dont suit la classe : celui d'une personne seule sans accord y est une moyenne",
                    unit="ETP",
                ),
                "p_sous_servie": column(
                    NUMBER, "Probabilité d'être sous-servie", unit="part", ge=0, le=1, nullable=True
                ),
                "secret": SECRET,
            },
            controle="porteurs",
            values=["etp"],
        ),
        published_table(
            "publics",
            "Ce que sont les nombres de personnes éloignées de l'emploi par intercommunalité",
            ["public"],
            {
                "public": column(TEXT, "Public"),
                "libelle": column(TEXT, "En clair"),
                "millesime": column(TEXT, "Année", nullable=True),
                "source": column(TEXT, "Source ou hypothèse"),
                "epci": column("int64", "Intercommunalités dont le nombre est donné", unit="EPCI"),
            },
        ),
        published_table(
            "zones_synthese",
            "Les quatre classes d'intercommunalités, par territoire : ce qu'elles pèsent",
            ["territoire", "classe"],
            {
                "territoire": TERRITORY,
                "classe": CLASS,
                "epci": column("int64", "Intercommunalités", unit="EPCI"),
                "epci_attendus": column(NUMBER, "Intercommunalités attendues, somme des probabilités", unit="EPCI"),
                "part_epci": _part("des intercommunalités"),
                "population": column("int64", "Habitants", unit="habitant"),
                "part_population": _part("des habitants"),
                "montant": column(NUMBER, "Montant annuel qui peut porter une clause", unit="euro", nullable=True),
                "part_montant": _part("du montant"),
                "deld": DELD,
                "part_deld": _part("des demandeurs d'emploi de plus d'un an"),
                "rsa": RSA,
                "part_rsa": _part("des allocataires du RSA"),
                "besoin": column(NUMBER, "Somme des besoins médians", unit="heure"),
                "part_besoin": _part("du besoin"),
            },
        ),
        published_table(
            "zones_sensibilite",
            "Les quatre classes selon la part du besoin à couvrir et les heures que suit un ETP",
            ["delta", "heures_par_etp", "classe"],
            {
                "delta": column(NUMBER, "Part du besoin à couvrir", unit="part"),
                "heures_par_etp": column(NUMBER, "Heures que suit un ETP en un an", unit="heure par ETP"),
                "classe": CLASS,
                "epci": column("int64", "Intercommunalités", unit="EPCI"),
                "part_population": column(NUMBER, "Part des habitants de la région", unit="part", nullable=True),
            },
        ),
        published_table(
            "sites",
            "Où siègent les facilitateurs ; le temps d'une personne seule sans accord est remplacé par une moyenne",
            ["epci_siren"],
            {
                "epci_siren": EPCI,
                "structures": STRUCTURES,
                "noms": column(TEXT, "Noms de ces structures"),
                "etp": column(NUMBER, "Temps consacré à la clause, tel que les scénarios le prennent", unit="ETP"),
            },
        ),
        published_table(
            "annuaire",
            "Qui appeler pour une intercommunalité ; le contact là où la structure est d'accord",
            ["epci_siren", "rang"],
            {
                "epci_siren": EPCI,
                "rang": column("int64", "1 : la structure qui y consacre le plus de temps"),
                "structure_id": STRUCTURE,
                "nom": column(TEXT, "Nom de la structure"),
                "nature_porteuse": HOST,
                "commune": column(TEXT, "Commune du siège", nullable=True),
                "contact": column(TEXT, "Contact public", nullable=True),
                "minutes": column(
                    NUMBER,
                    "Temps de trajet de la plus proche, là où aucune structure ne déclare l'intercommunalité",
                    unit="minute",
                    nullable=True,
                ),
                "vacante": column(
                    TEXT, "Là où personne n'est en poste, les structures qui la déclarent pourtant", nullable=True
                ),
            },
        ),
        published_table(
            "temps_trajet",
            "Temps de trajet d'une intercommunalité à une autre",
            ["origine", "destination"],
            {
                "origine": column(TEXT, "SIREN de l'intercommunalité de départ (sa commune la plus peuplée)"),
                "destination": column(TEXT, "SIREN de l'intercommunalité d'arrivée (ses habitants)"),
                "minutes": column(NUMBER, "Minutes", unit="minute", ge=0),
            },
        ),
        published_table(
            "hypotheses",
            "Ce que les zones et l'organisation supposent : réglages et constantes",
            ["nom"],
            {
                "nom": column(TEXT, "Réglage ou constante"),
                "valeur": column(NUMBER, "Valeur"),
                "unite": column(TEXT, "Unité"),
                "source": column(TEXT, "D'où elle vient"),
            },
        ),
        published_table(
            "organisation_postes",
            "Où iraient les postes du scénario publié et ce qu'ils changent, par intercommunalité et ensemble",
            ["epci_siren"],
            {
                "epci_siren": column(TEXT, "SIREN de l'intercommunalité, ou ensemble"),
                "postes": column("int64", "Postes ajoutés", unit="poste"),
                "etp": column(NUMBER, "Temps de qui y siège, tel que les scénarios le prennent", unit="ETP"),
                "besoin": column(NUMBER, "Besoin à suivre", unit="heure"),
                "suivi_aujourdhui": column(NUMBER, "Besoin suivi par le temps déclaré aujourd'hui", unit="heure"),
                "suivi_avant": column(
                    NUMBER, "Besoin suivi sans les postes, temps d'aujourd'hui réaffecté au mieux", unit="heure"
                ),
                "suivi_apres": column(NUMBER, "Besoin suivi avec les postes", unit="heure"),
                "part_aujourdhui": column(NUMBER, "Part suivie par le temps déclaré aujourd'hui", unit="part"),
                "part_avant": column(
                    NUMBER, "Part suivie sans les postes, temps d'aujourd'hui réaffecté au mieux", unit="part"
                ),
                "part_apres": column(NUMBER, "Part suivie avec les postes", unit="part"),
                "ecart": GAP,
            },
        ),
        published_table(
            "organisation_obstacles",
            "Ce qui empêche le scénario de suivre tout le besoin, chaque intercommunalité ayant un seul site pilote",
            ["rang"],
            {"rang": column("int64", "Ordre"), "obstacle": column(TEXT, "Obstacle, en clair")},
        ),
        published_table(
            "organisation_frontiere",
            "Ce que laisse non servi le temps déclaré aujourd'hui, et ce que laisseraient des postes ajoutés",
            ["est_declaree", "postes"],
            {
                "est_declaree": column(
                    FLAG, "Le temps tel qu'il est déclaré aujourd'hui ; sinon réaffecté au mieux, avec les postes"
                ),
                "postes": column("int64", "Postes ajoutés", unit="poste"),
                "etp_ajoutes": column(NUMBER, "Temps ajouté", unit="ETP"),
                "non_servi": column(NUMBER, "Besoin à suivre que personne ne suit", unit="heure"),
                "non_servi_p10": column(NUMBER, "Décile bas sur les tirages du besoin", unit="heure"),
                "non_servi_p90": column(NUMBER, "Décile haut sur les tirages du besoin", unit="heure"),
                "part_non_servie": column(NUMBER, "Part du besoin à suivre", unit="part"),
                "epci_sans_suivi": column("int64", "Intercommunalités dont rien du besoin n'est servi", unit="EPCI"),
                "epci_moins_servi": column(NUMBER, "Part servie dans l'intercommunalité la moins servie", unit="part"),
                "gini": column(
                    NUMBER, "Inégalité de la part servie d'une intercommunalité à l'autre, selon le besoin (Gini)"
                ),
                "ecart": GAP,
                "cout": column(NUMBER, "Coût annuel des postes", unit="euro"),
            },
        ),
        published_table(
            "organisation_seuil",
            "Le moins de postes qui suivraient tout le besoin médian, selon les heures que suit un ETP",
            ["heures_par_etp"],
            {
                "heures_par_etp": column(NUMBER, "Heures que suit un ETP en un an", unit="heure par ETP"),
                "postes": column("int64", "Postes ajoutés au moins", unit="poste"),
                "etp_ajoutes": column(NUMBER, "Temps ajouté au moins", unit="ETP"),
                "cout": column(NUMBER, "Coût annuel des postes", unit="euro"),
                "ecart": GAP,
            },
        ),
        published_table(
            "organisation_stabilite",
            "Où placer les postes du scénario, et combien de tirages du besoin et des heures par ETP le confirment",
            ["epci_siren"],
            {
                "epci_siren": EPCI,
                "postes": column("int64", "Postes que demande le besoin médian", unit="poste"),
                "tirages": column("int64", "Tirages où un poste au moins y est placé", unit="tirage"),
                "part_tirages": column(NUMBER, "Part des tirages", unit="part", ge=0, le=1),
                "postes_moyens": column(NUMBER, "Postes, moyenne des tirages", unit="poste"),
            },
        ),
        published_table(
            "organisation_options",
            "Des sièges possibles, selon ce qu'on cherche et selon que ceux d'aujourd'hui restent",
            ["option"],
            {
                "option": column(TEXT, "Ce qu'on cherche", codelist="options_sites"),
                "sites": column("int64", "Sites", unit="site"),
                "minutes": column(NUMBER, "Temps de trajet moyen, selon le besoin", unit="minute", nullable=True),
                "part_atteinte": column(NUMBER, "Part du besoin à portée", unit="part"),
                "ecart": GAP,
            },
        ),
        published_table(
            "organisation_sites",
            "Les sites de chaque option",
            ["option", "epci_siren"],
            {
                "option": column(TEXT, "Ce qu'on cherche", codelist="options_sites"),
                "epci_siren": EPCI,
                "est_actuel": column(FLAG, "Quelqu'un y siège aujourd'hui"),
            },
        ),
        published_table(
            "organisation_secteurs",
            "Quel site mènerait chaque intercommunalité une fois les postes du scénario placés",
            ["epci_siren"],
            {
                "epci_siren": EPCI,
                "pilote_siren": column(TEXT, "Intercommunalité du site pilote", nullable=True),
                "minutes": column(NUMBER, "Temps de trajet du pilote", unit="minute", nullable=True),
                "charge": column(NUMBER, "Heures demandées au site du pilote", unit="heure"),
                "capacite": column(NUMBER, "Heures que ce site peut suivre", unit="heure"),
                "surcharge": column(
                    NUMBER, "Heures demandées au site du pilote au-delà de ce qu'il peut", unit="heure"
                ),
                "est_detachee": column(FLAG, "N'est pas d'un seul tenant avec le secteur du pilote"),
                "ecart": column(NUMBER, "Écart prouvé à l'optimum, de la surcharge ou du trajet", unit="part"),
            },
        ),
        published_table(
            "besoins",
            "Besoins d'appui des acheteurs de l'État, par type et suite donnée",
            ["edition", "territoire", "type", "reponse"],
            {
                "edition": column("int64", "Année du besoin"),
                "territoire": TERRITORY,
                "type": column(TEXT, "Type de besoin", codelist="besoins"),
                "reponse": column(TEXT, "Suite donnée", codelist="reponses_besoin"),
                "besoins": column("int64", "Besoins exprimés", unit="besoin"),
                "delai_median": column(NUMBER, "Délai médian de la réponse", unit="jour", nullable=True),
            },
        ),
        published_table(
            "besoins_acheteurs",
            "Acheteurs de l'État qui ont exprimé un besoin d'appui, et ceux qui notifient des marchés",
            ["edition", "territoire"],
            {
                "edition": column("int64", "Année du besoin"),
                "territoire": TERRITORY,
                "acheteurs": column("int64", "Acheteurs distincts (SIREN) qui ont exprimé un besoin", unit="acheteur"),
                "connus": column(
                    WHOLE,
                    "Acheteurs de l'État qui ont notifié un marché dans l'année ; la région seulement",
                    unit="acheteur",
                    nullable=True,
                ),
            },
        ),
        published_table(
            "besoins_remedes",
            "Besoins non satisfaits des acheteurs de l'État et ce qui y aurait répondu",
            ["edition", "territoire", "classe", "remede"],
            {
                "edition": column("int64", "Année du besoin"),
                "territoire": TERRITORY,
                "classe": CLASS,
                "remede": column(TEXT, "Ce qui y aurait répondu"),
                "besoins": column("int64", "Besoins non satisfaits", unit="besoin"),
                "motif": column(TEXT, "Motif le plus souvent donné"),
            },
        ),
        published_table(
            "etat_sans_facilitateur",
            "Marchés d'acheteurs de l'État qui déclarent une clause et qu'aucune opération ne suit",
            ["edition", "territoire"],
            {
                "edition": column("int64", "Année de notification"),
                "territoire": TERRITORY,
                "declarent": column("int64", "Marchés qui déclarent une clause", unit="marché"),
                "sans_operation": column("int64", "dont sans opération liée", unit="marché"),
                "reserves_sans_operation": column(
                    "int64", "dont réservés, exécutables sans facilitateur", unit="marché"
                ),
                "montant_sans_operation": column(NUMBER, "Montants connus et vraisemblables de ceux-ci", unit="euro"),
                "montant_reserves_sans_operation": column(NUMBER, "dont ceux des marchés réservés", unit="euro"),
                "montant_le_plus_grand": column(NUMBER, "dont celui du plus gros marché", unit="euro"),
                "montants_invraisemblables": column(
                    "int64", "dont montant invraisemblable pour leur segment, non compté", unit="marché"
                ),
            },
        ),
    )
}
