"""Published tables of the facilitators' inventory."""

from __future__ import annotations

from analysis.schemas.build import FLAG, NUMBER, TEXT, WHOLE, column, published_table

EDITION = column("int64", "Inventaire au 31 décembre de cette année")
SECRET = column(TEXT, "Motif du secret statistique ; vide quand la valeur est publiée", nullable=True)
_STAFF = {
    "personnes": column(WHOLE, "Personnes distinctes en poste", unit="personne", nullable=True),
    "etp": column(NUMBER, "Temps consacré à la clause", unit="ETP", nullable=True),
    "secret": SECRET,
}

SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "porteurs",
            "Structures facilitatrices, personnes et ETP par nature de la structure porteuse",
            ["edition", "nature_porteuse"],
            {
                "edition": EDITION,
                "nature_porteuse": column(TEXT, "Nature de la structure porteuse", codelist="porteurs"),
                "structures": column("int64", "Structures distinctes", unit="structure"),
                **_STAFF,
            },
            controle="porteurs",
            values=["personnes", "etp"],
        ),
        published_table(
            "departements",
            "Structures facilitatrices, personnes et ETP par département du siège",
            ["edition", "departement"],
            {
                "edition": EDITION,
                "departement": column(TEXT, "Code du département du siège"),
                "structures": column("int64", "Structures distinctes", unit="structure"),
                **_STAFF,
            },
            controle="porteurs",
            values=["personnes", "etp"],
        ),
        published_table(
            "evolution",
            "Structures facilitatrices, personnes et ETP de la région au 31 décembre",
            ["edition"],
            {"edition": EDITION, "structures": column("int64", "Structures distinctes", unit="structure"), **_STAFF},
            controle="porteurs",
            values=["personnes", "etp"],
        ),
        published_table(
            "structures",
            "Une structure facilitatrice ; effectifs masqués quand elle n'a qu'une personne, sauf accord",
            ["edition", "structure_id"],
            {
                "edition": EDITION,
                "structure_id": column(TEXT, "Identifiant de la structure"),
                "nom": column(TEXT, "Nom de la structure", nullable=True),
                "nature_porteuse": column(TEXT, "Nature de la structure porteuse", nullable=True, codelist="porteurs"),
                "departement": column(TEXT, "Département du siège", nullable=True),
                **_STAFF,
            },
            controle="porteurs",
            values=["personnes", "etp"],
        ),
        published_table(
            "couverture",
            "Une intercommunalité et le nombre de structures qui déclarent y intervenir",
            ["edition", "epci_siren"],
            {
                "edition": EDITION,
                "epci_siren": column(TEXT, "SIREN de l'intercommunalité"),
                "nom": column(TEXT, "Nom de l'intercommunalité"),
                "departement": column(TEXT, "Département où vit la plus grande part de ses habitants"),
                "population_region": column("int64", "Habitants de ses communes de la région", unit="habitant"),
                "structures": column("int64", "Structures qui déclarent y intervenir", unit="structure"),
                "sans_facilitateur": column(FLAG, "Aucune structure ne déclare y intervenir"),
            },
        ),
        published_table(
            "besoins",
            "Besoins d'appui des acheteurs de l'État, par type et suite donnée",
            ["edition", "type", "reponse"],
            {
                "edition": column("int64", "Année du besoin"),
                "type": column(TEXT, "Type de besoin", codelist="besoins"),
                "reponse": column(TEXT, "Suite donnée", codelist="reponses_besoin"),
                "besoins": column("int64", "Besoins exprimés", unit="besoin"),
            },
        ),
    )
}
