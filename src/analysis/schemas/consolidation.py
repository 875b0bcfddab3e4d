"""Published tables of the consolidation."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.schemas.build import DAY, FLAG, NUMBER, TEXT, WHOLE, column, published_table, table

SECRET = column(TEXT, "Motif du secret statistique ; vide quand la valeur est publiée", nullable=True)

_EDITION = column("int64", "Année des données")
_PLACE = column(TEXT, "Code de région ou de département")


def _hours(description: str) -> pa.Column:
    return column(NUMBER, description, nullable=True, unit="heure", ge=0)


def _share(description: str) -> pa.Column:
    return column(NUMBER, description, nullable=True, unit="part", ge=0, le=1)


def _count(description: str, unit: str) -> pa.Column:
    return column(WHOLE, description, nullable=True, unit=unit, ge=0)


def _change(description: str) -> pa.Column:
    return column(NUMBER, description, nullable=True, unit="part")


# A result that is not published: what one structure may show is for its own agreement to say.
STRUCTURES = table(
    "structures",
    "Heures d'une structure dans une édition, celles d'une opération partagée pour sa part",
    ["edition", "structure_id"],
    {
        "edition": _EDITION,
        "structure_id": column(TEXT, "Structure facilitatrice"),
        "operations": column("int64", "Opérations accompagnées, dans le champ ; ne s'additionne pas", unit="opération"),
        "heures": column(NUMBER, "Heures ; la somme des structures est celle de l'édition", unit="heure", ge=0),
        "heures_defaut": column(NUMBER, "dont partagées à parts égales, par défaut", unit="heure", ge=0),
        "heures_totaux": column(NUMBER, "dont envoyées en totaux", unit="heure", ge=0),
    },
)
SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "indicateurs",
            "Un indicateur d'une édition, d'un territoire et d'une modalité (publics non exclusifs)",
            ["edition", "territoire", "indicateur", "modalite"],
            {
                "edition": column("int64", "Année des données"),
                "territoire": column(TEXT, "Code de région, de département ou d'intercommunalité"),
                "indicateur": column(TEXT, "Code de l'indicateur"),
                "modalite": column(TEXT, "ensemble, code du public ou du sexe, IAE, ALTERNANCE, ANRU, TERMINEE"),
                "valeur": column(NUMBER, "Valeur non arrondie", nullable=True),
                "valeur_min": column(NUMBER, "Au moins, quand des totaux cachent la valeur exacte", nullable=True),
                "valeur_max": column(NUMBER, "Au plus, quand des totaux cachent la valeur exacte", nullable=True),
                "unite": column(TEXT, "Unité de la valeur"),
                "secret": SECRET,
            },
            controle="indicateur",
            values=["valeur", "valeur_min", "valeur_max"],
        ),
        published_table(
            "comparaison",
            "Un chiffre publié en face du même chiffre recalculé par la chaîne",
            ["numero"],
            {
                "numero": column("int64", "Numéro du chiffre publié (published.csv)"),
                "edition": column("int64", "Année des données"),
                "territoire": column(TEXT, "Code du territoire"),
                "libelle": column(TEXT, "Chiffre publié, en clair"),
                "indicateur": column(TEXT, "Code de l'indicateur"),
                "modalite": column(TEXT, "Code de la modalité"),
                "publie": column(NUMBER, "Valeur publiée, telle qu'imprimée"),
                "decimales": column("int64", "Décimales imprimées"),
                "recalcule": column(NUMBER, "Valeur recalculée, non arrondie", nullable=True),
                "unite": column(TEXT, "Unité"),
                "verdict": column(TEXT, "egal, arrondi, tronque, ecart ou absent"),
                "secret": SECRET,
            },
            controle="indicateur",
            values=["recalcule"],
        ),
        published_table(
            "doublons_retires",
            "Heures saisies par deux structures et retirées, par édition",
            ["edition"],
            {
                "edition": column("int64", "Année des données"),
                "operations": column("int64", "Opérations retirées comme doublons", unit="opération"),
                "heures": column(NUMBER, "Heures retirées", unit="heure"),
                "a_revoir": column("int64", "Paires qui se ressemblent et que personne n'a tranchées"),
            },
        ),
        published_table(
            "doublons_a_revoir",
            "Paires d'opérations de deux structures, probablement une seule, que personne n'a tranchées",
            ["op_a", "op_b"],
            {
                "edition": column("int64", "Dernière édition où les deux structures l'ont saisie"),
                "op_a": column(TEXT, "Opération, précédée de sa structure"),
                "op_b": column(TEXT, "Opération, précédée de sa structure"),
                "libelle_a": column(TEXT, "Intitulé"),
                "libelle_b": column(TEXT, "Intitulé"),
                "probabilite": column(NUMBER, "Probabilité que les deux ne soient qu'une opération", ge=0, le=1),
                "concordances": column(TEXT, "Ce qui, dans la comparaison, plaide pour une seule opération"),
                "differences": column(TEXT, "Ce qui plaide contre ; vide quand rien ne diffère"),
            },
        ),
        published_table(
            "doublons_sensibilite",
            "Ce que compterait une édition si les paires non tranchées étaient fusionnées à partir d'une probabilité",
            ["edition", "seuil"],
            {
                "edition": column("int64", "Année des données"),
                "seuil": column(NUMBER, "Probabilité à partir de laquelle les paires seraient fusionnées", ge=0, le=1),
                "operations": column("int64", "Opérations du champ qui resteraient", unit="opération"),
                "operations_en_moins": column("int64", "Opérations qui seraient retirées", unit="opération"),
                "heures": column(NUMBER, "Heures du champ qui resteraient", nullable=True, unit="heure"),
                "heures_en_moins": column(NUMBER, "Heures qui seraient retirées", nullable=True, unit="heure"),
                "secret": SECRET,
            },
            controle="heures",
            values=["heures", "heures_en_moins"],
        ),
        published_table(
            "editions",
            "Les éditions et leur champ",
            ["edition"],
            {
                "edition": column("int64", "Année des données"),
                "territoire": column(TEXT, "Code du territoire de l'édition"),
                "territoire_nom": column(TEXT, "Nom du territoire"),
                "base_legale": column(TEXT, "Base légale du champ"),
                "date_observation": column(DAY, "Données observées au"),
                "structures": column("int64", "Structures qui ont envoyé un export ou des totaux"),
                "structures_connues": column(WHOLE, "Structures facilitatrices de l'inventaire à cette date"),
            },
        ),
        published_table(
            "provenance",
            "Sur quoi reposent des heures d'une édition, à côté des lignes qui disent de qui et où elles sont",
            ["edition", "territoire", "origine"],
            {
                "edition": _EDITION,
                "territoire": _PLACE,
                "origine": column(
                    TEXT,
                    "TOTAUX : envoyées en totaux ; TERRITOIRES_DEFAUT : réparties par défaut entre intercommunalités ; "
                    "STRUCTURES : partagées entre structures ; STRUCTURES_DEFAUT : à parts égales, par défaut",
                ),
                "structures": _count("Structures qui ont envoyé des totaux", "structure"),
                "operations": _count("Opérations concernées", "opération"),
                "heures": _hours("Heures concernées ; s'additionne entre territoires"),
                "part_heures": _share("Part des heures du territoire"),
                "secret": SECRET,
            },
            controle="indicateur",
            values=["heures", "part_heures"],
        ),
        published_table(
            "ventilation",
            "Heures d'une catégorie d'un axe (voies d'accès) ; les catégories d'un axe s'excluent et s'additionnent",
            ["edition", "territoire", "axe", "modalite"],
            {
                "edition": _EDITION,
                "territoire": _PLACE,
                "axe": column(TEXT, "mecanisme, employeur, contrat, acheteur ou segment"),
                "modalite": column(TEXT, "Code de la catégorie, ou INCONNU"),
                "champ": column(FLAG, "La catégorie est dans le champ de l'édition"),
                "heures": _hours("Heures réalisées dans l'année ; s'additionne"),
                "part_heures": _share("Part des heures de l'axe"),
                "beneficiaires": _count("Personnes distinctes ; ne s'additionne pas", "personne"),
                "contrats": _count("Contrats de travail distincts", "contrat"),
                "secret": SECRET,
            },
            controle="heures",
            values=["heures", "part_heures", "beneficiaires", "contrats"],
        ),
        published_table(
            "femmes",
            "Part des femmes dans une catégorie d'un axe, toute la région",
            ["edition", "axe", "modalite"],
            {
                "edition": _EDITION,
                "axe": column(TEXT, "employeur, contrat, acheteur ou segment"),
                "modalite": column(TEXT, "Code de la catégorie, ou INCONNU"),
                "heures": _hours("Heures des femmes et des hommes"),
                "heures_femmes": _hours("Heures des femmes"),
                "part_heures_femmes": _share("Part des femmes dans les heures"),
                "part_femmes": _share("Part des femmes dans les personnes"),
                "secret": SECRET,
            },
            controle="heures",
            values=["heures", "heures_femmes", "part_heures_femmes", "part_femmes"],
        ),
        published_table(
            "femmes_ecart",
            "Évolution de la part des femmes dans les heures : ce qui vient des achats et ce qui vient des embauches",
            ["edition", "axe"],
            {
                "edition": _EDITION,
                "edition_depart": column("int64", "Édition de départ : la première du même territoire"),
                "axe": column(TEXT, "employeur, contrat, acheteur ou segment"),
                "part_depart": _share("Part des femmes dans les heures, au départ"),
                "part": _share("Part des femmes dans les heures, dans l'édition"),
                "ecart": _change("Part dans l'édition moins part au départ"),
                "effet_structure": _change("Écart dû aux catégories qui portent les heures"),
                "effet_embauche": _change("Écart dû aux embauches dans chaque catégorie"),
                "secret": SECRET,
            },
            controle="heures",
            values=["part_depart", "part", "ecart", "effet_structure", "effet_embauche"],
        ),
        published_table(
            "profils",
            "Heures d'une combinaison de publics ; les combinaisons s'excluent et s'additionnent",
            ["edition", "profil"],
            {
                "edition": _EDITION,
                "profil": column(TEXT, "Publics réunis par « + », AUCUN, ou INCONNU si un statut manque"),
                "heures": _hours("Heures réalisées dans l'année ; s'additionne"),
                "part_heures": _share("Part des heures"),
                "beneficiaires": _count("Personnes distinctes ; ne s'additionne pas", "personne"),
                "secret": SECRET,
            },
            controle="heures",
            values=["heures", "part_heures", "beneficiaires"],
        ),
        published_table(
            "representation",
            "Part d'un public dans les heures, en face de sa part parmi les demandeurs d'emploi du même territoire",
            ["edition", "territoire", "modalite"],
            {
                "edition": _EDITION,
                "territoire": _PLACE,
                "modalite": column(TEXT, "Code du public"),
                "part_heures": _share("Part des heures dont le statut est connu"),
                "annee_comparateur": column("int64", "Année de la part parmi les demandeurs d'emploi"),
                "comparateur_min": _share(
                    "Part parmi les demandeurs d'emploi ; pour une région, son département le plus bas"
                ),
                "comparateur_max": _share("La même ; pour une région, son département le plus haut"),
                "rapport_min": column(NUMBER, "Part des heures sur comparateur_max", nullable=True),
                "rapport_max": column(NUMBER, "Part des heures sur comparateur_min", nullable=True),
                "population": column(TEXT, "De qui le comparateur est une part"),
                "source": column(TEXT, "Source du comparateur"),
                "secret": SECRET,
            },
            controle="indicateur",
            values=["part_heures", "rapport_min", "rapport_max"],
        ),
        published_table(
            "diversification",
            "Nombre effectif (inverse de l'indice de Herfindahl-Hirschman des heures)",
            ["edition", "territoire", "objet"],
            {
                "edition": _EDITION,
                "territoire": _PLACE,
                "objet": column(TEXT, "segments, donneurs_ordre, employeurs ou publics (combinaisons)"),
                "nombre": _count("Nombre de ceux qui ont des heures", "unité"),
                "nombre_effectif": column(NUMBER, "Nombre d'égaux qui donneraient la même dispersion", nullable=True),
                "secret": SECRET,
            },
            controle="heures",
            values=["nombre_effectif"],
        ),
        published_table(
            "evolution",
            "Croissance d'une édition à la suivante : brute, à structures comparables, effet de couverture",
            ["edition", "territoire"],
            {
                "edition": _EDITION,
                "edition_precedente": column("int64", "Édition de comparaison"),
                "territoire": _PLACE,
                "heures": _hours("Heures de l'édition"),
                "heures_precedentes": _hours("Heures de l'édition précédente, même territoire"),
                "croissance": _change("Croissance brute"),
                "structures": _count("Structures avec des heures", "structure"),
                "structures_precedentes": _count("Structures avec des heures, édition précédente", "structure"),
                "structures_panel": _count("Structures des deux éditions", "structure"),
                "heures_panel": _hours("Heures des structures des deux éditions"),
                "heures_panel_precedentes": _hours("Leurs heures dans l'édition précédente"),
                "croissance_panel": _change("Croissance à structures comparables"),
                "effet_couverture": _change("Croissance brute moins croissance comparable"),
                "rupture": column(TEXT, "Ce qui change du champ, vide sinon"),
                "secret": SECRET,
            },
            controle="indicateur",
            values=[
                "heures",
                "heures_precedentes",
                "croissance",
                "heures_panel",
                "heures_panel_precedentes",
                "croissance_panel",
                "effet_couverture",
            ],
        ),
        published_table(
            "non_reponse",
            "Structures qui n'ont pas répondu, et ce que serait le total sous des hypothèses dites",
            ["edition"],
            {
                "edition": _EDITION,
                "heures": _hours("Heures déclarées"),
                "attendues": _count("Structures facilitatrices en place", "structure"),
                "muettes": _count("dont sans heures déclarées", "structure"),
                "muettes_sans_historique": _count("dont qui n'en ont jamais déclaré", "structure"),
                "bas": _hours("Total si les muettes n'ont rien fait"),
                "central": _hours("Total si elles ont suivi leur dernière déclaration et les comparables"),
                "haut": _hours("Total si elles ont refait leur meilleure année"),
                "secret": SECRET,
            },
            controle="indicateur",
            values=["heures", "bas", "central", "haut"],
        ),
        published_table(
            "sorties",
            "Devenir des personnes après la clause, par année de sortie, échéance et définition",
            ["edition", "horizon_m", "definition", "modalite"],
            {
                "edition": column("int64", "Année de sortie"),
                "horizon_m": column("int64", "Échéance après la sortie", unit="mois"),
                "definition": column(TEXT, "Ce qui compte comme réussite", codelist="definitions_sortie"),
                "modalite": column(TEXT, "ensemble, F ou M"),
                "sortants": _count("Personnes sorties dans l'année", "personne"),
                "dus": _count("dont l'échéance est passée", "personne"),
                "repondants": _count("dont la situation est connue", "personne"),
                "taux_reponse": _share("Répondants sur dus"),
                "reussites": _count("Répondants dans la situation définie", "personne"),
                "taux": _share("Réussites sur répondants"),
                "taux_bas": _share("Intervalle de Wilson à 95 %, bas"),
                "taux_haut": _share("Intervalle de Wilson à 95 %, haut"),
                "borne_basse": _share("Réussites sur dus : si aucun silencieux n'a réussi"),
                "borne_haute": _share("Si tous les silencieux ont réussi"),
                "taux_pondere": _share("Répondants pondérés par l'inverse du taux de réponse de leur groupe"),
                "secret": SECRET,
            },
            controle="sorties",
            values=[
                "sortants",
                "dus",
                "repondants",
                "taux_reponse",
                "reussites",
                "taux",
                "taux_bas",
                "taux_haut",
                "borne_basse",
                "borne_haute",
                "taux_pondere",
            ],
        ),
        published_table(
            "parcours",
            "Ce qui suit un passage en clause, selon son rang dans le parcours de la personne, toutes années",
            ["rang", "issue"],
            {
                "rang": column("int64", "Rang du passage ; 3 : troisième et suivants ; 0 : chaque personne, une fois"),
                "issue": column(TEXT, "retour, durable, transition, positive, aucune, inconnue ou en_cours"),
                "personnes": _count("Personnes distinctes", "personne"),
                "sejours": _count("Passages", "passage"),
                "part": _share("Part des passages de ce rang ; des personnes au rang 0"),
                "contrats_moyens": column(NUMBER, "Contrats par passage", nullable=True),
                "employeurs_moyens": column(NUMBER, "Employeurs par passage", nullable=True),
                "delai_median_m": column(NUMBER, "Délai médian avant le retour", nullable=True, unit="mois"),
                "depuis_median_m": column(
                    NUMBER, "Durée médiane du premier contrat à la fin du passage", nullable=True, unit="mois"
                ),
                "secret": SECRET,
            },
            controle="parcours",
            values=[
                "personnes",
                "sejours",
                "part",
                "contrats_moyens",
                "employeurs_moyens",
                "delai_median_m",
                "depuis_median_m",
            ],
        ),
        published_table(
            "suivi",
            "Dans combien de contrats, d'employeurs, de structures et d'années chaque personne est retrouvée",
            ["unite", "nombre"],
            {
                "unite": column(TEXT, "contrats, employeurs, structures ou annees"),
                "nombre": column("int64", "Nombre où la personne est retrouvée ; 4 : quatre et plus"),
                "personnes": _count("Personnes distinctes", "personne"),
                "part": _share("Part des personnes"),
                "secret": SECRET,
            },
            controle="parcours",
            values=["personnes", "part"],
        ),
    )
}
