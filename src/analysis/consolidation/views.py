"""What the consolidation notebook shows: each function takes the page and returns one figure, table or sentence."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd

from analysis.core import reference
from analysis.core.reference import WHOLE
from analysis.numbers import french, plural
from analysis.publishing.content import PERCENT, Card, Column, Content, DataTable, Figure, Prose, Strip, Warning
from analysis.publishing.page import Page
from analysis.publishing.style import bar_chart, line_chart

WAYS = {"IAE": "Insertion par l'activité économique", "ALTERNANCE": "Alternance", "ANRU": "Opérations ANRU"}
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


def ways_in(page: Page) -> Content:
    """Hours within insertion by economic activity, in work-study contracts, in urban renewal operations."""
    wide = _wide(page, list(WAYS)).assign(libelle=lambda t: t["modalite"].map(WAYS))
    if wide.empty:
        return Prose("Rien à montrer pour ce territoire.")
    return _profile_table(
        wide, page, "Insertion par l'activité économique, alternance, opérations ANRU", "Voie",
        "Nature de l'employeur, type de contrat et financement de l'opération sont trois axes : ils se recoupent.",
    )  # fmt: skip


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
    whole = page.read("indicateurs").query("modalite == @WHOLE")
    whole = whole[(whole["edition"] == page.year) & (whole["territoire"] == page.edition.territoire)]
    today = whole.set_index("indicateur")["valeur"]
    if rows.empty:
        return Prose("Rien à montrer pour cette édition.")
    if rows["secret"].ne("").any():
        return Prose("Les heures de cette édition relèvent du secret statistique.")
    most = rows.iloc[-1]
    fewer, hours = today["operations"] - most["operations"], today["heures_realisees"] - most["heures"]
    if not fewer:
        return Prose(
            "Aucune paire d'opérations non tranchée n'est assez probable pour changer les chiffres de cette édition "
            f"(probabilité d'au moins {french(100 * most['seuil'], 0, '%')})."
        )
    return DataTable(
        rows.assign(
            fewer_operations=today["operations"] - rows["operations"],
            fewer_hours=today["heures_realisees"] - rows["heures"],
        ),
        columns={
            "seuil": Column("Paires fusionnées à partir de", 0, "%", 100),
            "operations": Column("Opérations", 0),
            "fewer_operations": Column("Opérations en moins", 0),
            "heures": Column("Heures", 0),
            "fewer_hours": Column("Heures en moins", 0),
        },
        caption="Ce que compterait l'édition si les paires non tranchées étaient fusionnées",
        scope=f"{page.edition.territoire_nom}, {page.edition.base_legale}, {page.year}",
        csv=page.csv("doublons_sensibilite"),
        note=f"Si toutes les paires d'au moins {french(100 * most['seuil'], 0, '%')} étaient des doublons, l'édition "
        f"compterait {french(fewer)} {plural('opération', fewer)} et {french(hours)} {plural('heure', hours)} de "
        f"moins, soit {french(100 * hours / today['heures_realisees'], 2, '%')} des heures publiées.",
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


def _trend(frame: pd.DataFrame) -> str:
    """Rise or fall from the first to the last comparable edition, in words that follow the numbers."""
    first, last = frame.iloc[0], frame.iloc[-1]
    change = 100 * (last["valeur"] / first["valeur"] - 1)
    verb = "augmentent" if change > 0 else "baissent"
    return (
        f"De {first['edition']} à {last['edition']} ({last['lieu']}), les heures {verb} de "
        f"{french(abs(change), 1, '%')}, de {french(first['valeur'])} à {french(last['valeur'])} heures, "
        f"avec {french(first['structures'])} puis {french(last['structures'])} structures répondantes."
    )


def _unit(code: str) -> str:
    return {"heures_realisees": "h", "heures_par_beneficiaire": "h"}.get(code, "")


def _source(page: Page) -> str:
    return "exports synthétiques." if page.dataset.synthetique else "exports des structures facilitatrices."
