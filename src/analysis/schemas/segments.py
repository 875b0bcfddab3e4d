"""Published tables of the segments: where the clause stands (public data), and those of its other parts."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.core import reference
from analysis.schemas import compliance, links, potential, watch
from analysis.schemas.build import NUMBER, TEXT, column, published_table

_EDITION = column("int64", "Année de notification des marchés")
_SEGMENT = column(TEXT, "Segment de marché", codelist="segments")
_EPCI = column(TEXT, "SIREN de l'intercommunalité d'exécution")

_STATES = {
    "marches": column("int64", "Marchés", unit="marché"),
    "montant": column(NUMBER, "Somme des montants connus et vraisemblables, hors taxes", unit="euro"),
    "montants_connus": column("int64", "Marchés dont le montant est connu et vraisemblable", unit="marché"),
    "montants_invraisemblables": column(
        "int64", "Marchés dont le montant, invraisemblable pour leur segment, n'est pas compté", unit="marché"
    ),
    "renseignes": column("int64", "Marchés dont le champ social dit quelque chose de clair", unit="marché"),
    "avec_clause": column("int64", "Marchés avec clause d'exécution ou réservés", unit="marché"),
    **{
        f"statut_{code}": column("int64", f"Marchés au statut : {label}", unit="marché")
        for code, label in reference.labels("statuts_sociaux").items()
    },
}
_SHARE = {
    "part_clause": column(NUMBER, "avec_clause / renseignes", unit="part", nullable=True),
    "part_clause_bas": column(NUMBER, "Borne basse, intervalle de Wilson à 95 %", unit="part", nullable=True),
    "part_clause_haut": column(NUMBER, "Borne haute, intervalle de Wilson à 95 %", unit="part", nullable=True),
}

_SMOOTHED = {
    "part_lissee": column(NUMBER, "part_clause rapprochée de celle des autres territoires", unit="part", nullable=True),
    "part_lissee_bas": column(NUMBER, "Borne basse, intervalle à 80 %", unit="part", nullable=True),
    "part_lissee_haut": column(NUMBER, "Borne haute, intervalle à 80 %", unit="part", nullable=True),
    "p_sous": column(
        NUMBER, "Probabilité que la part soit sous celle de la région", unit="part", nullable=True, ge=0, le=1
    ),
}
_PLACE = column(TEXT, "Code de région ou de département d'exécution")
_TOLD = column("int64", "Marchés", unit="marché")


def _number(of: str) -> pa.Column:
    return column(NUMBER, f"Nombre effectif {of} : 1 / somme des carrés des parts", nullable=True, ge=1)


def _effect(text: str) -> pa.Column:
    return column(NUMBER, text, unit="marché", nullable=True)


_STATE = {
    schema.name: schema
    for schema in (
        published_table(
            "segments",
            "Marchés d'un segment, d'un territoire (région ou département) et d'une année",
            ["edition", "territoire", "segment"],
            {
                "edition": _EDITION,
                "territoire": column(TEXT, "Code de région ou de département d'exécution"),
                "segment": _SEGMENT,
                **_STATES,
                **_SHARE,
            },
        ),
        published_table(
            "epci",
            "Marchés d'une intercommunalité et d'une année",
            ["edition", "epci_siren"],
            {
                "edition": _EDITION,
                "epci_siren": _EPCI,
                "nom": column(TEXT, "Nom de l'intercommunalité"),
                "departement": column(TEXT, "Département où vit la plus grande part de ses habitants"),
                **_STATES,
                **_SHARE,
                **_SMOOTHED,
            },
        ),
        published_table(
            "segments_epci",
            "Marchés d'un segment, d'une intercommunalité et d'une année",
            ["edition", "segment", "epci_siren"],
            {
                "edition": _EDITION,
                "segment": _SEGMENT,
                "epci_siren": _EPCI,
                **_STATES,
                **_SMOOTHED,
                "specialisation": column(
                    NUMBER,
                    "Part du segment dans les marchés du lieu / de la région, rapprochée de 1 ; vide si trop peu",
                    nullable=True,
                    ge=0,
                ),
            },
        ),
        published_table(
            "segments_ailleurs",
            "Marchés d'un segment (celui de leur code CPV) exécutés dans d'autres régions, d'acheteurs de tout le pays",
            ["edition", "segment"],
            {"edition": _EDITION, "segment": _SEGMENT, **_STATES, **_SHARE},
        ),
        published_table(
            "acheteurs",
            "Marchés d'une catégorie d'acheteur et d'une année",
            ["edition", "categorie"],
            {
                "edition": _EDITION,
                "categorie": column(TEXT, "Catégorie d'acheteurs ; INCONNUE : aucune source ne la dit"),
                **_STATES,
                **_SHARE,
                "acheteurs": column("int64", "Acheteurs distincts (SIREN) de ces marchés", unit="acheteur", ge=0),
            },
        ),
        published_table(
            "concentration",
            "Nombres effectifs de segments et d'acheteurs, de tous les marchés et de ceux avec clause",
            ["edition", "territoire"],
            {
                "edition": _EDITION,
                "territoire": _PLACE,
                "segments": _number("de segments"),
                "acheteurs": _number("d'acheteurs"),
                "segments_clause": _number("de segments, marchés avec clause"),
                "acheteurs_clause": _number("d'acheteurs, marchés avec clause"),
            },
        ),
        published_table(
            "dynamique",
            "Pourquoi le nombre de marchés avec clause d'un département change d'une année comparable à la suivante",
            ["edition", "territoire"],
            {
                "edition": _EDITION,
                "edition_precedente": column("int64", "Année de comparaison"),
                "territoire": _PLACE,
                "avant": _effect("Marchés avec clause, année de comparaison"),
                "apres": _effect("Marchés avec clause"),
                "variation": _effect("apres - avant"),
                "effet_region": _effect("Ce que le département aurait gagné en suivant la région"),
                "effet_segments": _effect("Ce que ses segments ont gagné de plus que la région"),
                "effet_propre": _effect("Le reste : ce que le département fait autrement"),
            },
        ),
        published_table(
            "origine_segments",
            "D'où vient le segment des marchés",
            ["edition", "segment_source"],
            {
                "edition": _EDITION,
                "segment_source": column(TEXT, "Ce qui a dit le segment", codelist="sources_segment"),
                "marches": _TOLD,
                "part": column(NUMBER, "Part des marchés de l'année", unit="part", ge=0, le=1),
            },
        ),
        published_table(
            "confusion",
            "Ce que le classement dit des marchés relus",
            ["segment_attribue", "segment_audite"],
            {
                "segment_attribue": column(TEXT, "Segment attribué sans la relecture", codelist="segments"),
                "segment_audite": column(TEXT, "Segment relu", codelist="segments"),
                "marches": column("int64", "Marchés relus", unit="marché"),
                "part": column(NUMBER, "Part, pondérée, des marchés du segment attribué", unit="part", ge=0, le=1),
            },
        ),
        published_table(
            "fiabilite_segments",
            "Probabilité annoncée et part de classements justes, parmi les marchés relus",
            ["p_min"],
            {
                "p_min": column(NUMBER, "Probabilité annoncée, à partir de", unit="part", ge=0, le=1),
                "p_max": column(NUMBER, "jusqu'à", unit="part", ge=0, le=1),
                "marches": column("int64", "Marchés relus", unit="marché"),
                "p_moyenne": column(NUMBER, "Probabilité annoncée, en moyenne", unit="part", ge=0, le=1),
                "part_juste": column(NUMBER, "Part, pondérée, de classements justes", unit="part", ge=0, le=1),
                "part_juste_bas": column(NUMBER, "Bas de son intervalle à 95 %", unit="part", ge=0, le=1),
                "part_juste_haut": column(NUMBER, "Haut de son intervalle à 95 %", unit="part", ge=0, le=1),
            },
        ),
        published_table(
            "segments_corriges",
            "Marchés de la région par segment, et leur contrôle : corrigés des erreurs vues à la relecture",
            ["edition", "segment"],
            {
                "edition": _EDITION,
                "segment": _SEGMENT,
                "marches": _TOLD,
                "marches_corriges": _effect("Total corrigé ; vide sans marché relu"),
                "marches_corriges_bas": _effect("Borne basse, intervalle à 80 %"),
                "marches_corriges_haut": _effect("Borne haute, intervalle à 80 %"),
            },
        ),
        published_table(
            "lieux",
            "Comment l'intercommunalité d'exécution a été trouvée",
            ["edition", "epci_methode"],
            {
                "edition": _EDITION,
                "epci_methode": column(TEXT, "Méthode", codelist="epci_methodes"),
                "marches": column("int64", "Marchés", unit="marché"),
                "part": column(NUMBER, "Part des marchés de l'année", unit="part", ge=0, le=1),
            },
        ),
        published_table(
            "sources",
            "Ce qu'un fichier reçu apporte et ce qu'il ne dit pas",
            ["source_fichier"],
            {
                "source_fichier": column(TEXT, "Fichier reçu"),
                "format": column(TEXT, "Format DECP reconnu"),
                "marches": column("int64", "Marchés retenus", unit="marché"),
                "sans_annee": column("int64", "dont sans aucune date", unit="marché"),
                "marches_region": column("int64", "Marchés exécutés dans la région", unit="marché"),
                "sans_epci": column("int64", "dont sans intercommunalité connue", unit="marché"),
                "sans_objet": column("int64", "dont sans objet", unit="marché"),
                "sans_montant": column("int64", "dont sans montant exploitable", unit="marché"),
                "sans_champ_social": column("int64", "dont champ social non renseigné", unit="marché"),
            },
        ),
    )
}

SCHEMAS = {**_STATE, **links.SCHEMAS, **potential.SCHEMAS, **watch.SCHEMAS, **compliance.SCHEMAS}
