"""Tables of the guide by segment, among those of the deliverable `buyer`."""

from __future__ import annotations

from analysis.schemas.build import NUMBER, TEXT, column, hours, published_table

_SEGMENT = column(TEXT, "Segment de marché", codelist="segments")
_RANK = column("int64", "Ordre d'affichage", ge=1)


SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "guide_tailles",
            "Un marché petit, médian ou grand d'un segment, et les heures d'insertion qu'il peut porter",
            ["segment", "taille"],
            {
                "segment": _SEGMENT,
                "taille": column(TEXT, "petit, median, grand : quartiles des montants connus des marchés de la région"),
                "marches": column("int64", "Marchés dont le montant est connu ; sans aucun, les montants sont ceux de "
                                  "tous les segments", unit="marché", ge=0),
                "montant": column(NUMBER, "Montant hors taxes, à deux chiffres", unit="euro", ge=0),
                "duree_mois": column(NUMBER, "Durée médiane", unit="mois", ge=0),
                "heures_p10": hours("Heures sur toute la durée : une chance sur dix d'être en dessous"),
                "heures_p50": hours("Heures sur toute la durée : médiane"),
                "heures_p90": hours("Heures sur toute la durée : neuf chances sur dix d'être en dessous"),
                "engagement": hours("Engagement proposé, arrondi en dessous ; 0 : aucun"),
                "heures_an": hours("Médiane, par an ou sur la durée si elle est plus courte"),
                "etp": column(NUMBER, "heures_an / 1607, ou / (1607 x mois / 12) sous un an", unit="ETP", ge=0),
                "personnes": column(NUMBER, "heures_an / 377", unit="personne", ge=0),
            },
        ),
        published_table(
            "guide_exemples",
            "Un marché réel d'un segment, avec clause, du plus petit au plus grand",
            ["segment", "rang"],
            {
                "segment": _SEGMENT,
                "rang": _RANK,
                "uid": column(TEXT, "Identifiant du marché"),
                "edition": column("int64", "Année de notification"),
                "acheteur_nom": column(TEXT, "Acheteur, tel que reçu"),
                "objet": column(TEXT, "Objet, tel que reçu"),
                "montant": column(NUMBER, "Montant hors taxes, souvent un maximum", unit="euro", ge=0),
                "statut_social": column(TEXT, "Ce que dit le champ social", codelist="statuts_sociaux"),
                "departement": column(TEXT, "Département d'exécution", nullable=True),
            },
        ),
        published_table(
            "guide_offre",
            "Structures d'insertion d'un département qui servent un segment, par type",
            ["segment", "departement", "genre"],
            {
                "segment": _SEGMENT,
                "departement": column(TEXT, "Département du siège"),
                "genre": column(TEXT, "ACI, AI, EI, ETTI, GEIQ ..."),
                "entreprises": column("int64", "Du secteur, ou de tous les secteurs", unit="entreprise", ge=0),
                "dont_secteur": column("int64", "dont du secteur même", unit="entreprise", ge=0),
            },
        ),
        published_table(
            "guide_pieges",
            "Ce à quoi prendre garde dans un segment, et que faire",
            ["segment", "rang"],
            {
                "segment": _SEGMENT,
                "rang": _RANK,
                "piege": column(TEXT, "Ce qui peut mal tourner"),
                "que_faire": column(TEXT, "Ce que l'acheteur peut faire"),
                "source": column(TEXT, "D'où on le sait ; hypothèse où rien ne le dit"),
            },
        ),
    )
}  # fmt: skip
