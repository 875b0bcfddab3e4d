"""How much: the year's figures, their definitions, and where the hours are done."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.views.common import page_cells, source_line
from analysis.core import reference
from analysis.core.reference import WHOLE
from analysis.numbers import french
from analysis.publishing.content import SECRET, Card, Column, Content, DataTable, Figure, Prose, Strip, Warning
from analysis.publishing.maps import choropleth
from analysis.publishing.page import Page
from analysis.publishing.templating import alphabetical


def headline(page: Page) -> Content:
    """The year's figures as a strip, each with its unit; ETP with every divisor of the edition."""
    cells = page_cells(page).query("modalite == @WHOLE").set_index("indicateur")
    if "heures_realisees" not in cells.index:
        return Warning("Aucun export de facilitateur n'est connu pour cette édition et ce territoire.")
    if not page.read("editions").set_index("edition").loc[page.year, "structures_connues"]:
        return Warning(
            "Le taux de réponse de cette édition n'est pas connu : l'inventaire ne dit pas quelles structures étaient "
            "en place cette année-là. Les chiffres clés ne se publient pas sans lui."
        )
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
    whole = page_cells(page).query("modalite == @WHOLE").set_index("indicateur")
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


def volumes(page: Page) -> Content:
    """Every indicator of the year on the whole, with what it is and whether it adds up."""
    labels = reference.table("publication/indicateurs")
    rows = page_cells(page).query("modalite == @WHOLE").merge(labels, left_on="indicateur", right_on="code")
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
    if page.department:
        rows = rows[rows["territoire"].map(places["departement"]) == page.department]
    names = ["heures_realisees", "beneficiaires", "operations"]
    wide = rows.pivot(index="territoire", columns="indicateur", values="valeur").reindex(columns=names)
    reasons = rows.pivot(index="territoire", columns="indicateur", values="secret").reindex(columns=names)
    hours = wide["heures_realisees"].dropna()
    if hours.empty:
        return Prose("Aucune heure ne peut être montrée par intercommunalité.")
    frame = wide.join(reasons.add_suffix("__secret")).assign(nom=places["nom"].reindex(wide.index)).reset_index()
    hidden = int(reasons["heures_realisees"].fillna("").ne("").sum())
    return Figure(
        choropleth(
            hours, legend_label="Heures réalisées", missing="aucune heure ou secret", department=page.department
        ),
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
        source=source_line(page),
    )


def _unit(code: str) -> str:
    return {"heures_realisees": "h", "heures_par_beneficiaire": "h"}.get(code, "")
