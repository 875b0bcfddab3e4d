"""Published tables on the law: public data, no disclosure control needed."""

from __future__ import annotations

from analysis.schemas.build import DAY, FLAG, NUMBER, TEXT, column, published_table

SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "droit_besoins",
            "Besoins plus probablement au-dessus du seuil européen qu'au-dessous, tous lots dits sans clause",
            ["uid"],
            {
                "periode": column(TEXT, "obligation (depuis son entrée en vigueur) ou année de notification"),
                "uid": column(TEXT, "Marché du plus grand lot"),
                "acheteur_siren": column(TEXT, "SIREN de l'acheteur"),
                "acheteur_nom": column(TEXT, "Acheteur", nullable=True),
                "objet": column(TEXT, "Objet"),
                "categorie": column(TEXT, "Catégorie d'acheteurs ; INCONNUE : aucune source ne la dit"),
                "nature": column(TEXT, "TRAVAUX, ou FOURNITURES_SERVICES"),
                "notification": column(DAY, "Première notification"),
                "montant": column(
                    NUMBER, "Somme des montants plausibles des lots, hors taxes", unit="euro", nullable=True
                ),
                "seuil": column(NUMBER, "Seuil européen applicable, hors taxes", unit="euro"),
                "p_seuil": column(NUMBER, "Probabilité que le besoin soit au-dessus", unit="part", ge=0, le=1),
                "exception": column(FLAG, "Travaux de moins de six mois : exception possible"),
            },
        ),
        published_table(
            "droit_seuils",
            "Besoins au-dessus des seuils européens, d'une période et d'une catégorie d'acheteurs",
            ["periode", "categorie"],
            {
                "periode": column(TEXT, "obligation (depuis son entrée en vigueur) ou année de notification"),
                "categorie": column(TEXT, "Catégorie d'acheteurs ; INCONNUE : aucune source ne la dit"),
                "besoins": column("int64", "Besoins jugés : montant connu, seuils connus", unit="besoin", ge=0),
                "au_dessus": column(NUMBER, "Somme des probabilités d'être au-dessus du seuil", unit="besoin", ge=0),
                "avec": column(NUMBER, "dont un lot déclare une clause ou une réservation", unit="besoin", ge=0),
                "sans": column(NUMBER, "dont tous les lots déclarent n'avoir aucune clause", unit="besoin", ge=0),
                "sans_exception": column(NUMBER, "dont sans, hors travaux de moins de six mois", unit="besoin", ge=0),
                "inconnu": column(NUMBER, "dont le champ ne permet pas de le dire", unit="besoin", ge=0),
            },
        ),
        published_table(
            "droit_pnad",
            "Marchés qui déclarent une considération sociale, d'une année",
            ["edition"],
            {
                "edition": column("int64", "Année de notification des marchés"),
                "renseignes": column("int64", "Marchés dont le champ social est clair", unit="marché"),
                "avec_consideration": column("int64", "dont avec clause, critère ou réservation", unit="marché"),
                "part": column(NUMBER, "avec_consideration / renseignes", unit="part", ge=0, le=1),
                "objectif": column(NUMBER, "Objectif du PNAD 2022-2025", unit="part", ge=0, le=1),
            },
        ),
        published_table(
            "droit_spaser",
            "Acheteur dont les marchés de la dernière année dépassent le seuil du SPASER",
            ["acheteur_siren"],
            {
                "annee": column("int64", "La dernière année dont des marchés sont exécutés dans la région"),
                "acheteur_siren": column(TEXT, "SIREN de l'acheteur"),
                "acheteur_nom": column(TEXT, "Nom de l'acheteur, le dernier reçu", nullable=True),
                "marches": column("int64", "Marchés notifiés dans l'année", unit="marché"),
                "montant": column(NUMBER, "Somme des montants plausibles notifiés dans l'année", unit="euro", ge=0),
            },
        ),
    )
}
