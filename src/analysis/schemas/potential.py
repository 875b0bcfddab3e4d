"""Tables of the potential: hours that contracts without clause could bear, and how well such hours are foreseen."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.schemas.build import NUMBER, SECRET, TEXT, WHOLE, column, hours, published_table

_EDITION = column("int64", "Année de notification des marchés")
_PLACE = column(TEXT, "Code de région ou de département")
_SEGMENT = column(TEXT, "Segment de marché", codelist="segments")
_ANY_SEGMENT = column(TEXT, "Segment de marché, ou ensemble")


def _quantiles(what: str, suffix: str = "") -> dict[str, pa.Column]:
    said = {"p10": "une chance sur dix d'être en dessous", "p50": "médiane", "p90": "neuf chances sur dix"}
    return {f"{name}{suffix}": hours(f"{what} : {text} ; ne s'additionne pas") for name, text in said.items()}


_CONTRACTS = {
    "marches": column("int64", "Marchés sans clause connue", unit="marché", ge=0),
    "montant": column(NUMBER, "Somme de leurs montants fiables, hors taxes", unit="euro", ge=0),
}
_FORESEEN = {
    "modele": hours("Heures prévues à ce jour par le modèle ; médiane", nullable=True),
    "manuel": hours("Heures prévues par la règle du manuel", nullable=True),
    "fournisseurs": hours("Heures prévues par la règle du nombre de fournisseurs", nullable=True),
}

LEARNT = (
    "D'où viennent ces heures : segment (opérations rattachées de ce segment), autres (règle du métier et opérations "
    "des autres segments) ou regle (règle du métier seule)"
)

SCHEMAS = {
    schema.name: schema
    for schema in (
        published_table(
            "potentiel_epci",
            "Heures que pourraient porter les marchés sans clause d'un segment, d'un lieu et d'un trimestre",
            ["edition", "segment", "lieu", "departement", "trimestre"],
            {
                "edition": _EDITION,
                "segment": _SEGMENT,
                "lieu": column(TEXT, "SIREN de l'intercommunalité, à défaut département, à défaut inconnu"),
                "departement": column(TEXT, "Département du marché, ou inconnu"),
                "trimestre": column("int64", "Trimestre de notification ; 0 : inconnu", ge=0, le=4),
                **_CONTRACTS,
                **_quantiles("Heures sur toute la vie des marchés"),
                "etp": column(NUMBER, "Médiane / 1607", unit="ETP", ge=0),
                "fournisseurs": column(
                    NUMBER,
                    "Structures d'insertion à portée qui servent ce segment ; ne s'additionne pas",
                    ge=0,
                ),
                "plafond_offre": hours(
                    "Heures de clause que leur capacité permet en un an ; les trimestres d'une année se les partagent"
                ),
                "plafond_public": hours("Heures que les publics du lieu permettent en un an, tous segments ensemble"),
                **_quantiles("Heures plafonnées par l'offre et les publics du lieu, en un an", "_plafonne"),
                "etp_plafonne": column(NUMBER, "p50_plafonne / 1607", unit="ETP", ge=0),
            },
        ),
        published_table(
            "potentiel",
            "Heures que pourraient porter les marchés sans clause d'une année, brutes et plafonnées",
            ["edition", "territoire", "segment"],
            {
                "edition": _EDITION,
                "territoire": _PLACE,
                "segment": _ANY_SEGMENT,
                **_CONTRACTS,
                **_quantiles("Heures sur toute la vie des marchés"),
                "etp": column(NUMBER, "Médiane / 1607", unit="ETP", ge=0),
                "fournisseurs": column(NUMBER, "Structures d'insertion du territoire qui servent ce segment", ge=0),
                "plafond_offre": hours("Heures de clause que leur capacité permet en un an"),
                "plafond_public": hours("Heures que les publics éligibles permettent (ensemble)", nullable=True),
                **_quantiles("Heures plafonnées", "_plafonne"),
            },
        ),
        published_table(
            "potentiel_facteurs",
            "Ce qui fait varier le potentiel d'un segment",
            ["segment", "facteur"],
            {
                "segment": _SEGMENT,
                "facteur": column(TEXT, "Facteur de la formule, ecart_modele, eligibilite ou propre_aux_marches"),
                "part": column(NUMBER, "Part de la variance (corrélation des rangs au carré)", unit="part", ge=0, le=1),
            },
        ),
        published_table(
            "potentiel_retro",
            "Rétro-test : heures des opérations des dernières années, mises de côté puis prévues",
            ["methode"],
            {
                "methode": column(TEXT, "modele, manuel (50 % × 5 % / 30 €) ou fournisseurs"),
                "operations": column("int64", "Opérations prévues", unit="opération", ge=0),
                "heures": hours("Leurs heures réalisées à ce jour", nullable=True),
                "couverture": column(NUMBER, "Part dans l'intervalle à 80 %", unit="part", nullable=True, ge=0, le=1),
                "couverture_bas": column(
                    NUMBER, "Bas de son intervalle à 95 %", unit="part", nullable=True, ge=0, le=1
                ),
                "couverture_haut": column(
                    NUMBER, "Haut de son intervalle à 95 %", unit="part", nullable=True, ge=0, le=1
                ),
                "biais": column(NUMBER, "Heures prévues / réalisées - 1", unit="part", nullable=True),
                "erreur_absolue": hours("Erreur absolue moyenne par opération", nullable=True),
                "erreur_mediane": hours("Erreur absolue médiane par opération", nullable=True),
                "spearman": column(NUMBER, "Corrélation des rangs des segments par heures", nullable=True, ge=-1, le=1),
                "secret": SECRET,
            },
            controle="heures",
            values=[
                "heures",
                "couverture",
                "couverture_bas",
                "couverture_haut",
                "biais",
                "erreur_absolue",
                "erreur_mediane",
                "spearman",
            ],
        ),
        published_table(
            "potentiel_retro_segments",
            "Rétro-test : heures réalisées à ce jour et prévues, par segment",
            ["segment"],
            {
                "segment": _SEGMENT,
                "heures": hours("Heures réalisées à ce jour", nullable=True),
                **_FORESEEN,
                "operations": column(WHOLE, "Opérations", unit="opération", nullable=True, ge=0),
                "secret": SECRET,
            },
            controle="heures",
            values=["heures", *_FORESEEN, "operations"],
        ),
        published_table(
            "segments_nouveaux",
            "Segments à ouvrir d'un territoire, les plus prometteurs d'abord, et pourquoi",
            ["edition", "territoire", "rang"],
            {
                "edition": _EDITION,
                "territoire": _PLACE,
                "rang": column("int64", "Rang par heures attendues", ge=1),
                "segment": _SEGMENT,
                "renseignes": column("int64", "Marchés dont le champ social est clair", unit="marché", ge=0),
                "part_clause": column(NUMBER, "Part avec clause", unit="part", ge=0, le=1),
                "part_reference": column(
                    NUMBER, "La même dans la région, ou le reste du pays", unit="part", ge=0, le=1
                ),
                "p_sous": column(NUMBER, "Probabilité d'être sous la référence", unit="part", ge=0, le=1),
                "fournisseurs": column(NUMBER, "Structures d'insertion qui servent ce segment", ge=0),
                "dont_secteur": column("int64", "dont du secteur même", ge=0),
                "p50_plafonne": hours("Médiane du potentiel plafonné"),
                "heures_attendues": hours("p_sous × p50_plafonne"),
            },
        ),
        published_table(
            "dimensionnement",
            "Heures d'un marché avec clause, tous lots ensemble, selon son montant hors taxes : coefficient × montant "
            "^ exposant, plafond × montant au plus ; à un autre montant que ecart_montant, le coefficient devient "
            "médiane × (coefficient / médiane) ^ s, où s² = 1 - ecart_propre + ecart_propre × (montant ramené entre "
            "ecart_de et ecart_a / ecart_montant) ^ (2 × ecart_exposant)",
            ["segment", "probabilite"],
            {
                "segment": _SEGMENT,
                "probabilite": column(NUMBER, "Probabilité d'être en dessous", unit="part", ge=0.01, le=0.99),
                "coefficient": column(
                    NUMBER, "Heures par euro ^ exposant, au montant ecart_montant ; 6 chiffres significatifs", ge=0
                ),
                "exposant": column(NUMBER, "Exposant du montant", ge=0),
                "plafond": column(
                    NUMBER, "Heures de toute la main-d'œuvre que paie un euro : aucun marché n'en porte plus", ge=0
                ),
                "ecart_exposant": column(
                    NUMBER, "Exposant de l'écart entre marchés : plus le montant est grand, moins ils diffèrent", le=0
                ),
                "ecart_montant": column(NUMBER, "Montant auquel l'écart est celui des coefficients", unit="euro", ge=0),
                "ecart_de": column(NUMBER, "Montant en dessous duquel l'écart ne change plus", unit="euro", ge=0),
                "ecart_a": column(NUMBER, "Montant au-dessus duquel l'écart ne change plus", unit="euro", ge=0),
                "ecart_propre": column(
                    NUMBER, "Part de l'écart propre à chaque marché, que le montant resserre", unit="part", ge=0, le=1
                ),
                "appris": column(TEXT, LEARNT),
                "montant_appris": column(
                    NUMBER,
                    "Plus petit montant des opérations du segment qui l'ont appris, à deux chiffres",
                    unit="euro",
                    ge=0,
                    nullable=True,
                ),
            },
        ),
        published_table(
            "offre",
            "Structures d'insertion d'un territoire, par segment ; d'une intercommunalité : à portée d'elle",
            ["territoire", "segment"],
            {
                "territoire": column(TEXT, "Code de région ou de département, SIREN d'intercommunalité"),
                "segment": _ANY_SEGMENT,
                "fournisseurs": column("int64", "Du secteur ou de tous ; ne s'additionne pas", ge=0),
                "dont_secteur": column("int64", "dont du secteur même", ge=0),
                "capacite": hours("Capacité supposée en un an"),
                "deld": column(
                    NUMBER, "Demandeurs d'emploi de plus d'un an (ensemble)", nullable=True, unit="personne", ge=0
                ),
                "deld_source": column(TEXT, "D'où vient leur nombre (ensemble)", nullable=True),
                "public": column(NUMBER, "dont une clause peut occuper, supposés (ensemble)", nullable=True, ge=0),
            },
        ),
    )
}
