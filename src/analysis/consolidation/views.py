"""What the consolidation notebook shows: each function takes the page and returns one figure, table or sentence."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from analysis.core import reference
from analysis.core.params import load_params
from analysis.core.reference import WHOLE
from analysis.numbers import french, plural, round_half_up
from analysis.publishing.content import (
    PERCENT,
    SECRET,
    Card,
    Column,
    Content,
    DataTable,
    Figure,
    Format,
    Prose,
    Strip,
    Warning,
)
from analysis.publishing.maps import choropleth
from analysis.publishing.page import Page
from analysis.publishing.style import bar_chart, line_chart, stacked_chart
from analysis.publishing.templating import alphabetical

WAYS = {"IAE": "Insertion par l'activité économique", "ALTERNANCE": "Alternance", "ANRU": "Opérations ANRU"}
POINTS: Format = {"digits": 1, "unit": "points", "factor": 100}
ISSUES = {
    "retour": "Retour en clause",
    "durable": "Emploi durable à six mois",
    "transition": "Emploi de transition",
    "positive": "Formation ou autre insertion",
    "aucune": "Recherche d'emploi ou inactivité",
    "inconnue": "Situation inconnue",
    "en_cours": "Sans fin connue, ou fini depuis moins de six mois",
}
VERDICTS = {
    "arrondi": "égal à l'arrondi",
    "tronqué": "publié tronqué",
    "chiffre perdu": "chiffre perdu à l'impression",
    "écart": "écart",
    "absent": "non recalculé",
}


def headline(page: Page) -> Content:
    """The year's figures as a strip, each with its unit; ETP with every divisor of the edition."""
    cells = _cells(page).query("modalite == @WHOLE").set_index("indicateur")
    if "heures_realisees" not in cells.index:
        return Warning("Aucun export de facilitateur n'est connu pour cette édition et ce territoire.")
    labels = reference.table("publication/indicateurs").set_index("code")
    order = [
        "heures_realisees",
        "beneficiaires",
        "operations",
        "entreprises",
        "donneurs_ordre",
        "heures_par_beneficiaire",
        *(f"etp_{divisor}" for divisor in page.edition.diviseurs_etp),
    ]
    return Strip(
        [
            Card(
                labels.loc[code, "libelle"],
                cells.loc[code, "valeur"],
                "" if cells.loc[code, "secret"] else _unit(code),
                digits=int(labels.loc[code, "decimales"]),
                secret=cells.loc[code, "secret"],
            )
            for code in order
            if code in cells.index
        ]
    )


def message(page: Page) -> Content:
    """The year in a sentence, and how many structures stand behind it."""
    whole = _cells(page).query("modalite == @WHOLE").set_index("indicateur")
    cells = whole["valeur"]
    if whole["secret"].get("heures_realisees"):
        return Prose("Les heures de cette édition et de ce territoire relèvent du secret statistique.")
    if pd.isna(cells.get("heures_realisees")):
        return Prose("Rien à montrer pour cette édition et ce territoire.")
    editions = page.read("editions").set_index("edition").loc[page.year]
    removed = page.read("doublons_retires").set_index("edition").loc[page.year]
    return Prose(
        f"En {page.year}, {french(cells['beneficiaires'])} personnes ont réalisé "
        f"{french(cells['heures_realisees'])} heures d'insertion, soit "
        f"{french(cells['heures_par_beneficiaire'])} heures par personne dans l'année. "
        f"{french(editions['structures'])} structures ont envoyé un export, l'inventaire en compte "
        f"{french(editions['structures_connues'])} en place ; "
        f"{french(removed['operations'])} opérations saisies deux fois ont été comptées une fois "
        f"({french(removed['heures'])} heures retirées, toute la région), "
        f"{french(removed['a_revoir'])} paires restent à examiner."
    )


def audiences(page: Page) -> Content:
    """Share of hours by audience, on the hours whose status is known; audiences overlap and are never stacked."""
    labels = reference.labels("publics")
    wide = _wide(page, list(labels)).assign(libelle=lambda t: t["modalite"].map(labels))
    if wide.empty:
        return Prose("Aucun public à montrer.")
    wide = wide.sort_values(["part_heures", "libelle"], ascending=[False, True])
    shown = wide.dropna(subset="part_heures").set_index("libelle")["part_heures"]
    if shown.empty:
        return Prose("Les publics de ce territoire relèvent du secret statistique.")
    return Figure(
        bar_chart(shown, **PERCENT),
        title="Part des heures réalisées, par public (non exclusifs)",
        alt=f"« {shown.index[0]} » réalise {french(100 * shown.iloc[0], 1, '%')} des heures dont le statut est connu, "
        f"« {shown.index[-1]} » {french(100 * shown.iloc[-1], 1, '%')}. "
        "Une personne relève souvent de plusieurs publics.",
        table=_profile_table(
            wide, page, "Heures et bénéficiaires par public", "Public",
            "Les publics se recoupent : ni les heures ni les parts ne s'additionnent. La part porte sur les heures "
            "dont le statut est connu ; la dernière colonne dit ce qui ne l'est pas.",
        ),
        source=_source(page),
    )  # fmt: skip


def women_and_men(page: Page) -> Content:
    """Women and men, by persons and by hours."""
    labels = reference.labels("sexes")
    wide = _wide(page, list(labels)).assign(libelle=lambda t: t["modalite"].map(labels))
    if wide.empty:
        return Prose("Rien à montrer pour ce territoire.")
    return _profile_table(wide, page, "Femmes et hommes, en personnes et en heures", "Sexe")


def volumes(page: Page) -> Content:
    """Every indicator of the year on the whole, with what it is and whether it adds up."""
    labels = reference.table("publication/indicateurs")
    rows = _cells(page).query("modalite == @WHOLE").merge(labels, left_on="indicateur", right_on="code")
    if rows.empty:
        return Prose("Rien à montrer pour cette édition et ce territoire.")
    percent = rows["unite_x"].eq("part")
    rows["valeur_imprimee"] = [
        SECRET if hidden else french(value * (100 if part else 1), int(digits), "%" if part else "")
        for value, part, digits, hidden in zip(
            rows["valeur"], percent, rows["decimales"], rows["secret"].fillna(""), strict=True
        )
    ]
    rows["ordre"] = rows["indicateur"].map({code: n for n, code in enumerate(labels["code"])})
    return DataTable(
        rows.sort_values("ordre"),
        columns={
            "libelle": Column("Indicateur"),
            "valeur_imprimee": Column("Valeur"),
            "additif": Column("S'additionne"),
            "definition": Column("Définition"),
        },
        caption="Les volumes de l'année",
        scope=page.scope,
        csv=page.csv("indicateurs"),
        note="Ce qui s'additionne peut l'être entre territoires d'une même année. Personnes, opérations et "
        "entreprises sont comptées une fois dans chaque territoire : leurs totaux ne sont pas des sommes. "
        f"{SECRET} : secret statistique.",
    )


def by_epci(page: Page) -> Content:
    """Map of the hours by EPCI of execution, and their table."""
    places = reference.epci().set_index("epci_siren")
    rows = page.read("indicateurs")
    rows = rows[(rows["edition"] == page.year) & rows["territoire"].isin(places.index) & rows["modalite"].eq(WHOLE)]
    department = None if page.territory == page.dataset.region else page.territory
    if department:
        rows = rows[rows["territoire"].map(places["departement"]) == department]
    names = ["heures_realisees", "beneficiaires", "operations"]
    wide = rows.pivot(index="territoire", columns="indicateur", values="valeur").reindex(columns=names)
    reasons = rows.pivot(index="territoire", columns="indicateur", values="secret").reindex(columns=names)
    hours = wide["heures_realisees"].dropna()
    if hours.empty:
        return Prose("Aucune heure ne peut être montrée par intercommunalité.")
    frame = wide.join(reasons.add_suffix("__secret")).assign(nom=places["nom"].reindex(wide.index)).reset_index()
    hidden = int(reasons["heures_realisees"].fillna("").ne("").sum())
    return Figure(
        choropleth(hours, legend_label="Heures réalisées", missing="aucune heure, ou secret", department=department),
        title="Heures d'insertion réalisées, par intercommunalité d'exécution",
        alt=f"{places.loc[hours.idxmax(), 'nom']} vient en tête avec {french(hours.max())} heures ; "
        f"{french(hidden)} intercommunalités relèvent du secret statistique.",
        table=DataTable(
            frame.sort_values("nom", key=alphabetical),
            columns={
                "nom": Column("Intercommunalité"),
                "heures_realisees": Column("Heures", 0),
                "beneficiaires": Column("Bénéficiaires", 0),
                "operations": Column("Opérations", 0),
            },
            caption="Heures, bénéficiaires et opérations par intercommunalité d'exécution",
            scope=page.scope,
            csv=page.csv("indicateurs"),
            note="Les heures d'une opération suivent les parts déclarées de chaque intercommunalité ; une personne "
            "compte dans chacune.",
        ),
        source=_source(page),
    )


def profiles(page: Page) -> Content:
    """Which audiences combine: disjoint profiles, which add up where audiences do not."""
    rows = page.read("profils")
    rows = rows[rows["edition"] == page.year]
    if rows.empty or page.territory != page.dataset.region:
        return Prose("Les profils ne sont calculés que pour la région entière.")
    labels = reference.table("nomenclatures/publics").set_index("code")["libelle"]
    words = {"AUCUN": "Aucun de ces publics", "INCONNU": "Un statut au moins inconnu"}
    rows = rows.assign(libelle=rows["profil"].replace(words).str.replace("+", " + "))
    rows = rows.sort_values(["part_heures", "profil"], ascending=[False, True])
    drawn = rows.dropna(subset="part_heures").set_index("libelle")["part_heures"]
    if drawn.empty:
        return Prose("Les profils de cette édition relèvent du secret statistique.")
    audiences = load_params().consolidation.profile_audiences
    several = rows[rows["profil"].str.contains("+", regex=False)]["part_heures"].sum()
    return Figure(
        bar_chart(drawn, **PERCENT),
        title="Part des heures, par combinaison de publics (exclusives)",
        alt=f"Les combinaisons de deux publics ou plus font {french(100 * several, 1, '%')} des heures.",
        table=DataTable(
            rows,
            columns={
                "libelle": Column("Profil"),
                "heures": Column("Heures", 0),
                "part_heures": Column("Part des heures", **PERCENT),
                "beneficiaires": Column("Bénéficiaires", 0),
            },
            caption="Heures et bénéficiaires par combinaison de publics",
            scope=page.scope,
            csv=page.csv("profils"),
            note=" ; ".join(f"{code} : {labels[code]}" for code in audiences) + ".",
        ),
        source=_source(page),
    )


def breakdown(page: Page, axis: str) -> Content:
    """Hours by category of one axis (employer, contract, buyer, segment, legal mechanism)."""
    rows = page.read("ventilation")
    rows = rows[(rows["edition"] == page.year) & rows["territoire"].eq(_territory(page)) & rows["axe"].eq(axis)]
    if rows.empty:
        return Prose("Rien à montrer pour ce territoire.")
    about = reference.table("publication/axes").set_index("axe").loc[axis]
    labels = reference.labels(about["nomenclature"])
    rows = rows.assign(libelle=rows["modalite"].map(labels).fillna("Non renseigné"))
    rows = rows.sort_values(["part_heures", "libelle"], ascending=[False, True])
    drawn = rows.dropna(subset="part_heures").set_index("libelle")["part_heures"]
    if drawn.empty:
        return Prose(f"{about['libelle']} : les heures de ce territoire relèvent du secret statistique.")
    outside = rows[~rows["champ"]]["modalite"]
    note = "Les catégories s'excluent : leurs heures s'additionnent, leurs personnes non."
    if len(outside):
        note += (
            " Toutes les clauses suivies sont montrées ici ; l'édition ne retient que "
            + ", ".join(str(labels[code]) for code in page.edition.mecanismes if code in labels)
            + "."
        )
    return Figure(
        bar_chart(drawn, **PERCENT),
        title=f"{about['libelle']} : part des heures réalisées",
        alt=f"« {drawn.index[0]} » fait {french(100 * drawn.iloc[0], 1, '%')} des heures"
        + (f", « {drawn.index[1]} » {french(100 * drawn.iloc[1], 1, '%')}." if len(drawn) > 1 else "."),
        table=DataTable(
            rows,
            columns={
                "libelle": Column(about["libelle"]),
                "heures": Column("Heures", 0),
                "part_heures": Column("Part des heures", **PERCENT),
                "beneficiaires": Column("Bénéficiaires", 0),
                "contrats": Column("Contrats de travail", 0),
            },
            caption=f"Heures réalisées par catégorie : {about['libelle'].lower()}",
            scope=page.scope,
            csv=page.csv("ventilation"),
            note=note,
        ),
        source=_source(page),
    )


def ways_in(page: Page) -> Content:
    """Hours within insertion by economic activity, in work-study contracts, in urban renewal operations."""
    wide = _wide(page, list(WAYS)).assign(libelle=lambda t: t["modalite"].map(WAYS))
    if wide.empty:
        return Prose("Rien à montrer pour ce territoire.")
    return _profile_table(
        wide, page, "Insertion par l'activité économique, alternance, opérations ANRU", "Voie",
        "Nature de l'employeur, type de contrat et financement de l'opération sont trois axes : ils se recoupent.",
    )  # fmt: skip


def growth(page: Page) -> Content:
    """Raw growth beside that of comparable structures, and what coverage adds or hides."""
    rows = page.read("evolution")
    rows = rows[rows["territoire"].eq(page.territory) & (rows["edition"] <= page.year)].sort_values("edition")
    known = rows.dropna(subset=["croissance", "croissance_panel"])
    if known.empty:
        return Prose("Aucune édition comparable : la croissance ne peut pas être dite.")
    last = known.iloc[-1]
    lines = known.set_index("edition")[["croissance_panel", "croissance"]]
    lines.columns = ["structures comparables", "brute"]
    return Figure(
        line_chart(lines, breaks=_law_breaks(known), **PERCENT),
        title="Croissance annuelle des heures : brute, et à structures comparables",
        alt=f"En {last['edition']}, les heures {_moved(last['croissance'])} ; dans les "
        f"{french(last['structures_panel'])} structures qui ont répondu les deux années, elles "
        f"{_moved(last['croissance_panel'])} : l'effet de couverture est de "
        f"{french(100 * last['effet_couverture'], 1)} points.",
        table=DataTable(
            rows,
            columns={
                "edition": Column("Édition"),
                "heures_precedentes": Column("Heures, édition précédente", 0),
                "heures": Column("Heures", 0),
                "croissance": Column("Croissance brute", **PERCENT),
                "structures_panel": Column("Structures comparables", 0),
                "croissance_panel": Column("Croissance comparable", **PERCENT),
                "effet_couverture": Column("Effet de couverture", **POINTS),
                "rupture": Column("Rupture"),
            },
            caption="Croissance des heures et effet de couverture",
            scope=f"{page.territory_name}, mécanismes de chaque édition",
            csv=page.csv("evolution"),
            note="L'effet de couverture est la croissance brute moins la croissance comparable : ce qui vient des "
            "structures qui répondent une année et pas l'autre.",
        ),
        source=_source(page),
    )


def silent(page: Page) -> Content:
    """The structures that did not answer, and the bracket of the total."""
    rows = page.read("non_reponse")
    now = rows[rows["edition"] == page.year]
    if now.empty or page.territory != page.dataset.region:
        return Prose("Les structures muettes ne sont comptées que pour la région entière.")
    row = now.iloc[0]
    if row["secret"]:
        return Prose("Les heures de cette édition relèvent du secret statistique.")
    missing = int(row["muettes"])
    if not missing:
        return Prose("Toutes les structures en place ont déclaré des heures.")
    return DataTable(
        rows[rows["edition"] <= page.year].sort_values("edition", ascending=False),
        columns={
            "edition": Column("Édition"),
            "attendues": Column("Structures en place", 0),
            "muettes": Column("dont sans heures déclarées", 0),
            "heures": Column("Heures déclarées", 0),
            "central": Column("Total, hypothèse centrale", 0),
            "haut": Column("Total, hypothèse haute", 0),
        },
        caption="Ce que serait le total si les structures muettes avaient répondu",
        scope=f"{page.dataset.region_nom}, mécanismes de chaque édition",
        csv=page.csv("non_reponse"),
        note="Rien n'est ajouté aux totaux publiés. Hypothèse centrale : chaque muette a fait ses dernières heures "
        "déclarées, suivies de la croissance des structures comparables ; celle qui n'a jamais déclaré, la médiane "
        "des autres. Haute : sa meilleure année, ou le troisième quartile.",
    )


def outcomes(page: Page) -> Content:
    """Durable jobs by year of exit at each horizon: rate, interval, response, and bounds that no silence can move."""
    rows = page.read("sorties")
    rows = rows[rows["definition"].eq("DURABLE") & rows["modalite"].eq(WHOLE) & (rows["edition"] <= page.year)]
    rows = rows.sort_values(["edition", "horizon_m"])
    if page.territory != page.dataset.region or rows.empty:
        return Prose("Le devenir des personnes n'est calculé que pour la région entière.")
    known = rows.dropna(subset="taux")
    if known.empty:
        return Prose("Aucune situation après la clause n'est connue.")
    last = known[known["horizon_m"] == 6].iloc[-1]
    lines = known.pivot(index="edition", columns="horizon_m", values="taux").add_prefix("à ").add_suffix(" mois")
    return Figure(
        line_chart(lines, **PERCENT),
        title="Emploi durable après la clause, parmi les personnes dont la situation est connue",
        alt=f"Des {french(last['dus'])} personnes sorties en {last['edition']} depuis plus de six mois, "
        f"{french(100 * last['taux_reponse'], 1, '%')} ont une situation connue, dont "
        f"{french(100 * last['taux'], 1, '%')} en emploi durable (de {french(100 * last['taux_bas'], 1)} à "
        f"{french(100 * last['taux_haut'], 1, '%')}). Selon ce que sont devenues les autres, la part vraie est entre "
        f"{french(100 * last['borne_basse'], 1)} et {french(100 * last['borne_haute'], 1, '%')}.",
        table=DataTable(
            rows.sort_values(["edition", "horizon_m"], ascending=[False, True]),
            columns={
                "edition": Column("Année de sortie"),
                "horizon_m": Column("Échéance (mois)", 0),
                "dus": Column("Personnes dues", 0),
                "taux_reponse": Column("Réponse", **PERCENT),
                "taux": Column("Emploi durable", **PERCENT),
                "taux_bas": Column("de", **PERCENT),
                "taux_haut": Column("à", **PERCENT),
                "taux_pondere": Column("Pondéré", **PERCENT),
                "borne_basse": Column("Borne basse", **PERCENT),
                "borne_haute": Column("Borne haute", **PERCENT),
            },
            caption="Emploi durable à 3, 6 et 12 mois",
            scope=f"{page.dataset.region_nom}, personnes sorties dans l'année, mécanismes de chaque édition",
            csv=page.csv("sorties"),
            note="Emploi durable : CDI, CDD ou intérim de plus de six mois, fonction publique, création d'entreprise. "
            "« de » et « à » : intervalle de Wilson à 95 % sur les répondants. Les bornes n'ont besoin d'aucune "
            "hypothèse sur ceux qui ne répondent pas. Une définition, une série : ne se compare ni aux sorties "
            "dynamiques ni à « en emploi à 12 mois ».",
        ),
        source=_source(page),
    )


def outcomes_by_definition(page: Page) -> Content:
    """The same leavers under each definition, at six months, women and men apart."""
    rows = page.read("sorties")
    rows = rows[(rows["edition"] == page.year) & (rows["horizon_m"] == 6)]
    if page.territory != page.dataset.region or rows.empty:
        return Prose("Aucune sortie à six mois n'est connue pour cette édition.")
    labels, people = reference.labels("definitions_sortie"), {WHOLE: "Ensemble", **reference.labels("sexes")}
    order = {code: n for n, code in enumerate(labels)}
    rows = rows.assign(
        libelle=rows["definition"].map(labels), qui=rows["modalite"].map(people), ordre=rows["definition"].map(order)
    )
    return DataTable(
        rows.sort_values(["ordre", "modalite"], ascending=[True, False]),
        columns={
            "libelle": Column("Définition"),
            "qui": Column("Personnes"),
            "repondants": Column("Répondants", 0),
            "reussites": Column("dans cette situation", 0),
            "taux": Column("Part", **PERCENT),
            "taux_bas": Column("de", **PERCENT),
            "taux_haut": Column("à", **PERCENT),
        },
        caption=f"Situation à six mois des personnes sorties en {page.year}, selon la définition",
        scope=f"{page.dataset.region_nom}, personnes sorties dans l'année, situation connue",
        csv=page.csv("sorties"),
    )


def trajectories(page: Page) -> Content:
    """What follows the first, second, third stay in clause contracts."""
    rows = page.read("parcours").sort_values(["rang", "issue"])
    if rows.empty or page.territory != page.dataset.region:
        return Prose("Les parcours ne sont calculés que pour la région entière.")
    ranks = {1: "premier passage", 2: "deuxième", 3: "troisième et plus"}
    wide = rows.pivot(index="issue", columns="rang", values="part").reindex(list(ISSUES))
    wide = wide.rename(index=ISSUES, columns=ranks).fillna(0)
    first = rows[rows["rang"] == 1].set_index("issue")
    back = first.loc["retour"] if "retour" in first.index else None
    return Figure(
        stacked_chart(wide, **PERCENT),
        title="Après un passage en clause : retour, emploi, ou situation inconnue",
        alt="Rien n'est connu des retours."
        if back is None
        else f"Après un premier passage, {french(100 * back['part'], 1, '%')} des personnes reviennent en clause, au "
        f"bout de {french(back['delai_median_m'], 1)} mois pour la moitié d'entre elles.",
        table=DataTable(
            rows.assign(libelle=rows["issue"].map(ISSUES), nom=rows["rang"].map(ranks)),
            columns={
                "nom": Column("Passage"),
                "libelle": Column("Ce qui suit"),
                "personnes": Column("Personnes", 0),
                "part": Column("Part des passages", **PERCENT),
                "contrats_moyens": Column("Contrats par passage", 2),
                "employeurs_moyens": Column("Employeurs par passage", 2),
                "delai_median_m": Column("Délai médian (mois)", 1),
            },
            caption="Ce qui suit chaque passage en clause",
            scope=f"{page.dataset.region_nom}, toutes les années et tous les mécanismes, personnes suivies d'un "
            "employeur, d'une structure et d'une année à l'autre",
            csv=page.csv("parcours"),
            note=f"Un passage réunit les contrats séparés de moins de {load_params().consolidation.stay_gap_months} "
            "mois. Un retour l'emporte sur la situation à six mois.",
        ),
        source=_source(page),
    )


def women_by_axis(page: Page) -> Content:
    """Women's share of hours by segment, and where it is highest and lowest."""
    rows = page.read("femmes")
    rows = rows[(rows["edition"] == page.year) & rows["axe"].isin(["segment", "employeur", "contrat"])]
    if rows.empty or page.territory != page.dataset.region:
        return Prose("La part des femmes par segment n'est calculée que pour la région entière.")
    about = reference.table("publication/axes").set_index("axe")
    labels = {axis: reference.labels(about.loc[axis, "nomenclature"]) for axis in rows["axe"].unique()}
    rows = rows.assign(
        axe_nom=rows["axe"].map(about["libelle"]),
        libelle=[
            labels[axis].get(code, "Non renseigné") for axis, code in zip(rows["axe"], rows["modalite"], strict=True)
        ],
    )
    segments = rows[rows["axe"] == "segment"].dropna(subset="part_heures_femmes")
    drawn = segments.sort_values(["part_heures_femmes", "libelle"], ascending=[False, True])
    drawn = drawn.set_index("libelle")["part_heures_femmes"]
    if drawn.empty:
        return Prose("La part des femmes par segment relève du secret statistique.")
    return Figure(
        bar_chart(drawn, **PERCENT),
        title="Part des femmes dans les heures, par segment",
        alt=f"La part des femmes va de {french(100 * drawn.iloc[-1], 1, '%')} (« {drawn.index[-1]} ») à "
        f"{french(100 * drawn.iloc[0], 1, '%')} (« {drawn.index[0]} »).",
        table=DataTable(
            rows.sort_values(["axe_nom", "part_heures_femmes", "libelle"], ascending=[True, False, True]),
            columns={
                "axe_nom": Column("Axe"),
                "libelle": Column("Catégorie"),
                "heures": Column("Heures", 0),
                "part_heures_femmes": Column("Femmes, part des heures", **PERCENT),
                "part_femmes": Column("Femmes, part des personnes", **PERCENT),
            },
            caption="Part des femmes par segment, employeur et type de contrat",
            scope=page.scope,
            csv=page.csv("femmes"),
        ),
        source=_source(page),
    )


def women_gap(page: Page) -> Content:
    """How much of the change of women's share comes from what is bought, how much from who is hired."""
    rows = page.read("femmes_ecart")
    rows = rows[(rows["edition"] == page.year) & rows["axe"].isin(["segment", "employeur", "contrat"])]
    rows = rows.dropna(subset="part")
    if rows.empty or page.territory != page.dataset.region:
        return Prose("Aucune édition de départ comparable : l'évolution de la part des femmes ne se décompose pas.")
    about = reference.table("publication/axes").set_index("axe")["libelle"]
    return DataTable(
        rows.assign(libelle=rows["axe"].map(about)).sort_values("libelle"),
        columns={
            "libelle": Column("Axe"),
            "edition_depart": Column("Depuis"),
            "part_depart": Column("Part au départ", **PERCENT),
            "part": Column("Part dans l'édition", **PERCENT),
            "ecart": Column("Écart", **POINTS),
            "effet_structure": Column("dû aux heures achetées", **POINTS),
            "effet_embauche": Column("dû aux embauches", **POINTS),
        },
        caption="Pourquoi la part des femmes dans les heures change",
        scope=page.scope,
        csv=page.csv("femmes_ecart"),
        note="Les deux effets s'additionnent : le premier tient aux catégories qui portent plus ou moins d'heures, le "
        "second à qui est embauché dans chacune (décomposition de Kitagawa).",
    )


def diversity(page: Page) -> Content:
    """Effective numbers of segments, buyers and employers over the years."""
    rows = page.read("diversification")
    rows = rows[(rows["territoire"] == page.territory) & (rows["edition"] <= page.year)].dropna(
        subset="nombre_effectif"
    )
    segments = rows[rows["objet"] == "segments"].sort_values("edition").set_index("edition")
    if len(segments) < 2:
        return Prose("Moins de deux éditions : la diversification ne se suit pas.")
    names = {"segments": "Segments", "donneurs_ordre": "Donneurs d'ordre", "employeurs": "Employeurs"}
    first, last = segments.iloc[0], segments.iloc[-1]
    rows = rows.assign(libelle=rows["objet"].map(names))
    return Figure(
        line_chart(segments[["nombre_effectif"]].rename(columns={"nombre_effectif": "segments"}), digits=1),
        title="Nombre effectif de segments qui portent les heures",
        alt=f"Les heures se répartissent comme sur {french(last['nombre_effectif'], 1)} segments égaux en "
        f"{segments.index[-1]}, {french(first['nombre_effectif'], 1)} en {segments.index[0]}, pour "
        f"{french(last['nombre'])} segments présents.",
        table=DataTable(
            rows.sort_values(["edition", "libelle"], ascending=[False, True]),
            columns={
                "edition": Column("Édition"),
                "libelle": Column("Ce qui est compté"),
                "nombre": Column("Présents", 0),
                "nombre_effectif": Column("Nombre effectif", 1),
            },
            caption="Nombre effectif de segments, de donneurs d'ordre et d'employeurs",
            scope=f"{page.territory_name}, mécanismes de chaque édition",
            csv=page.csv("diversification"),
            note="Inverse de la somme des carrés des parts d'heures : le nombre d'égaux qui donneraient la même "
            "dispersion.",
        ),
        source=_source(page),
    )


def audiences_over_years(page: Page) -> Content:
    """Shares of the main audiences by edition, with the years at which their definition breaks."""
    codes = load_params().consolidation.profile_audiences
    labels = reference.labels("publics")
    rows = page.read("indicateurs")
    rows = rows[rows["indicateur"].eq("part_heures") & rows["modalite"].isin(codes) & (rows["edition"] <= page.year)]
    rows = rows[rows["territoire"].eq(page.territory)].dropna(subset="valeur")
    lines = rows.pivot(index="edition", columns="modalite", values="valeur").reindex(columns=codes).dropna(axis=1)
    if len(lines) < 2 or lines.empty:
        return Prose("Moins de deux éditions : pas d'évolution des publics à montrer.")
    ruptures = reference.table("ruptures")
    ruptures = ruptures[ruptures["annee"].isin(lines.index[1:])]
    about = ruptures[[bool(set(str(objet).split("|")) & set(codes)) for objet in ruptures["objet"]]]
    breaks = {int(row.annee): f"{str(row.objet).split('|')[0]} : {row.libelle}" for row in about.itertuples()}
    shown = [f"{labels[code]} : {french(100 * lines[code].iloc[-1], 1, '%')}" for code in lines]
    return Figure(
        line_chart(lines, breaks=breaks, **PERCENT),
        title="Part des heures de chaque public, sur les heures au statut connu",
        alt=f"En {lines.index[-1]} : " + " ; ".join(shown) + ".",
        table=DataTable(
            lines.reset_index(),
            columns={"edition": Column("Édition"), **{code: Column(labels[code], **PERCENT) for code in lines}},
            caption="Part des heures par public et édition",
            scope=f"{page.territory_name}, mécanismes de chaque édition, publics non exclusifs",
            csv=page.csv("indicateurs"),
            note=" ; ".join(f"{row.annee}, {row.libelle} ({row.source})" for row in about.itertuples()) + "."
            if len(about)
            else None,
        ),
        source=_source(page),
    )


def evolution(page: Page) -> Content:
    """Hours of each edition; a change of perimeter or of law is drawn as a break and never joined."""
    rows = page.read("indicateurs")
    rows = rows[(rows["indicateur"] == "heures_realisees") & (rows["modalite"] == WHOLE)]
    editions = page.read("editions").set_index("edition")
    if page.territory == page.dataset.region:
        own = rows[rows["territoire"] == rows["edition"].map(editions["territoire"])]
    else:
        own = rows[rows["territoire"] == page.territory]
    own = own.dropna(subset="valeur").sort_values("edition").set_index("edition")
    if len(own) < 2:
        return Prose("Moins de deux éditions : pas d'évolution à montrer.")
    frame = own.join(editions[["territoire_nom", "base_legale", "structures"]]).reset_index()
    regional = page.territory == page.dataset.region
    names = frame["territoire_nom"] if regional else pd.Series(page.territory_name, index=frame.index)
    frame = frame.assign(lieu=names)
    lines = frame.pivot(index="edition", columns="lieu", values="valeur")
    latest = frame.iloc[-1]["lieu"]
    lines = lines[[latest, *[name for name in lines.columns if name != latest]]]
    return Figure(
        line_chart(lines, breaks=_breaks(frame)),
        title="Heures d'insertion réalisées par édition",
        alt=_trend(frame[frame["lieu"] == latest]),
        table=DataTable(
            frame,
            columns={
                "edition": Column("Édition"),
                "lieu": Column("Périmètre"),
                "base_legale": Column("Base légale"),
                "valeur": Column("Heures réalisées", 0),
                "structures": Column("Structures répondantes", 0),
            },
            caption="Heures réalisées, périmètre et réponses de chaque édition",
            scope=f"{page.dataset.region_nom}, mécanismes de chaque édition ; le nombre de structures change",
            csv=page.csv("indicateurs"),
            note="Une hausse mêle l'activité et le nombre de structures qui répondent.",
        ),
        source=_source(page),
    )


def published_beside(page: Page) -> Content:
    """What the observatory really published, beside what the pipeline finds."""
    rows = page.read("comparaison")
    rows = rows[(rows["edition"] == page.year) & (rows["territoire"] == page.territory)].sort_values("numero")
    if rows.empty:
        return Prose(f"Aucun chiffre publié n'est connu pour cette édition et ce territoire ({page.year}).")
    percent = rows["unite"].eq("part")
    digits = rows["decimales"].where(~percent, rows["decimales"] - 2)
    factor = percent.map({True: 100.0, False: 1.0})
    units = rows["unite"].where(~percent, "%")
    printed = [french(v * f, int(d)) for v, f, d in zip(rows["publie"], factor, digits, strict=True)]
    finer = [french(v * f, int(d) + 1) for v, f, d in zip(rows["recalcule"], factor, digits, strict=True)]
    frame = rows.assign(printed=printed, finer=finer, unit=units, word=rows["verdict"].map(VERDICTS))
    return DataTable(
        frame,
        columns={
            "libelle": Column("Publié par l'ORCP"),
            "printed": Column("Publié"),
            "finer": Column("Recalculé (une décimale de plus)"),
            "unit": Column("Unité"),
            "word": Column("Verdict"),
        },
        caption="Les chiffres réellement publiés, en face de ceux de la chaîne",
        scope=f"{page.territory_name}, {page.edition.base_legale}, {page.year}",
        csv=page.csv("comparaison"),
        note="Les parts publiées portent sur toutes les heures, statut inconnu compris ; celles du tableau par public, "
        "sur les heures au statut connu."
        + (" Les publiés sont réels, les recalculés synthétiques." if page.dataset.synthetique else ""),
    )


def review(page: Page) -> Content:
    """Pairs of operations that are probably one and that nobody has decided, likeliest first."""
    rows = page.read("doublons_a_revoir")
    rows = rows[rows["edition"] == page.year]
    if rows.empty:
        return Prose("Aucune paire d'opérations n'est en attente de décision pour cette édition.")
    return DataTable(
        rows.sort_values(["probabilite", "op_a", "op_b"], ascending=[False, True, True]),
        columns={
            "op_a": Column("Opération"),
            "libelle_a": Column("Intitulé"),
            "op_b": Column("Opération"),
            "libelle_b": Column("Intitulé"),
            "probabilite": Column("Probabilité", **PERCENT),
            "differences": Column("Ce qui diffère"),
        },
        caption="Paires d'opérations à examiner",
        scope=f"Toute la région, édition {page.year}, deux structures",
        csv=page.csv("doublons_a_revoir"),
        note="La probabilité que les deux ne soient qu'une opération est apprise de toutes les paires des exports : "
        "intitulé, dates, heures prévues, segment, mécanisme, donneur d'ordre, entreprises, intercommunalités. Le CSV "
        "dit aussi ce qui concorde. La décision se note dans decisions/doublons_operations.csv et sert toutes les "
        "années suivantes.",
    )


def duplicates_sensitivity(page: Page) -> Content:
    """What the edition would count if the pairs that nobody decided were merged, from several probabilities on."""
    rows = page.read("doublons_sensibilite")
    rows = rows[rows["edition"] == page.year].sort_values("seuil", ascending=False)
    if rows.empty:
        return Prose("Rien à montrer pour cette édition.")
    if rows["secret"].ne("").any():
        return Prose("Les heures de cette édition relèvent du secret statistique.")
    most = rows.iloc[-1]
    fewer, hours = most["operations_en_moins"], most["heures_en_moins"]
    if not fewer:
        return Prose(
            "Aucune paire d'opérations non tranchée n'est assez probable pour changer les chiffres de cette édition "
            f"(probabilité d'au moins {french(100 * most['seuil'], 0, '%')})."
        )
    return DataTable(
        rows,
        columns={
            "seuil": Column("Paires fusionnées à partir de", 0, "%", 100),
            "operations": Column("Opérations", 0),
            "operations_en_moins": Column("Opérations en moins", 0),
            "heures": Column("Heures", 0),
            "heures_en_moins": Column("Heures en moins", 0),
        },
        caption="Ce que compterait l'édition si les paires non tranchées étaient fusionnées",
        scope=f"{page.edition.territoire_nom}, {page.edition.base_legale}, {page.year}",
        csv=page.csv("doublons_sensibilite"),
        note=f"Si toutes les paires d'au moins {french(100 * most['seuil'], 0, '%')} étaient des doublons, l'édition "
        f"compterait {french(fewer)} {plural('opération', fewer)} et {french(hours)} {plural('heure', hours)} "
        "de moins.",
    )


def _cells(page: Page) -> pd.DataFrame:
    rows = page.read("indicateurs")
    return rows[(rows["edition"] == page.year) & (rows["territoire"] == _territory(page))]


def _territory(page: Page) -> str:
    """The region's page of an edition shows that edition's own territory (the old region in 2015)."""
    return page.edition.territoire if page.territory == page.dataset.region else page.territory


def _wide(page: Page, modalities: list[str]) -> pd.DataFrame:
    """A row per modality with its indicators as columns, and each one's reason when it is hidden."""
    rows = _cells(page)
    rows = rows[rows["modalite"].isin(modalities)]
    wide = rows.pivot(index="modalite", columns="indicateur", values="valeur")
    reasons = rows.pivot(index="modalite", columns="indicateur", values="secret").add_suffix("__secret")
    return wide.join(reasons).reindex([m for m in modalities if m in wide.index]).reset_index()


def _profile_table(wide: pd.DataFrame, page: Page, caption: str, first: str, note: str | None = None) -> DataTable:
    columns = {
        "libelle": Column(first),
        "heures_realisees": Column("Heures", 0),
        "part_heures": Column("Part des heures", **PERCENT),
        "beneficiaires": Column("Bénéficiaires", 0),
        "part_beneficiaires": Column("Part des bénéficiaires", **PERCENT),
        "heures_par_beneficiaire": Column("Heures par bénéficiaire", 0),
        "part_heures_statut_inconnu": Column("Heures au statut inconnu", **PERCENT),
    }
    kept = {name: column for name, column in columns.items() if name in wide.columns}
    return DataTable(wide, columns=kept, caption=caption, scope=page.scope, csv=page.csv("indicateurs"), note=note)


def _breaks(frame: pd.DataFrame) -> dict[int, str]:
    """The years at which the perimeter or the legal base differs from the year before, and what came."""
    rows = list(frame[["edition", "lieu", "base_legale"]].itertuples(index=False))
    return {
        int(now.edition): "\n".join(
            new for old, new in ((was.lieu, now.lieu), (was.base_legale, now.base_legale)) if new != old
        )
        for was, now in pairwise(rows)
        if (was.lieu, was.base_legale) != (now.lieu, now.base_legale)
    }


def _law_breaks(rows: pd.DataFrame) -> dict[int, str]:
    """The years whose scope differs from the year before, and what came."""
    changed = rows[rows["rupture"].ne("")]
    return {int(row.edition): str(row.rupture).split(" puis ")[-1] for row in changed.itertuples()}


def _moved(change: float) -> str:
    """A growth in words that follow its sign."""
    if round_half_up(100 * change, 1) == 0:
        return "sont stables"
    return f"{'augmentent' if change > 0 else 'baissent'} de {french(abs(100 * change), 1, '%')}"


def _trend(frame: pd.DataFrame) -> str:
    """Rise or fall from the first to the last comparable edition, in words that follow the numbers."""
    first, last = frame.iloc[0], frame.iloc[-1]
    verb = "augmentent" if last["valeur"] > first["valeur"] else "baissent"
    return (
        f"De {first['edition']} à {last['edition']} ({last['lieu']}), les heures {verb}, de "
        f"{french(first['valeur'])} à {french(last['valeur'])} heures, "
        f"avec {french(first['structures'])} puis {french(last['structures'])} structures répondantes."
    )


def _unit(code: str) -> str:
    return {"heures_realisees": "h", "heures_par_beneficiaire": "h"}.get(code, "")


def _source(page: Page) -> str:
    return "exports synthétiques." if page.dataset.synthetique else "exports des structures facilitatrices."
