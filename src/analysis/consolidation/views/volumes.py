"""How much: the year's figures, their definitions, and where the hours are done."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.inhabitants import INHABITANTS, RATE
from analysis.consolidation.views.common import across, at_most, counted, page_cells, shown, source_line
from analysis.consolidation.views.evolution import since_last
from analysis.core import reference
from analysis.core.numbers import MISSING, about, french, number_of, percent, plural, round_half_up
from analysis.core.params import load_params
from analysis.core.reference import WHOLE
from analysis.core.texts import ahead
from analysis.publishing.content import SECRET, Card, Column, Content, DataTable, Figure, Prose, Strip, Warning
from analysis.publishing.maps import choropleth, circle_map
from analysis.publishing.page import Page
from analysis.publishing.templating import alphabetical

PER = "mille"  # inhabitants: in words, for it is no figure of a table
UNTOLD = Warning(
    "Le taux de réponse de cette édition n'est pas connu : l'inventaire ne dit pas quelles structures étaient "
    "en place cette année-là. Les chiffres clés ne se publient pas sans lui."
)


def without_rate(editions: pd.DataFrame, year: int) -> bool:
    """Whether the response rate of `year` is not known (table `editions`).

    Its key figures are then told nowhere: neither by cards, sentences and the map of the home page, nor by those of a
    sheet. Tables and curves, which say what they rest on, stay.
    """
    return not editions.set_index("edition").loc[year, "structures_connues"]


def headline(page: Page) -> Content:
    """The year's figures as a strip, each with its unit; ETP with every divisor of the edition."""
    cells = page_cells(page).query("modalite == @WHOLE").set_index("indicateur")
    if "heures_realisees" not in cells.index:
        return Warning("Aucun export de facilitateur n'est connu pour cette édition et ce territoire.")
    if without_rate(page.read("editions"), page.year):
        return UNTOLD
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
                shown(cells, code, int(labels.loc[code, "decimales"])),
                digits=int(labels.loc[code, "decimales"]),
                secret=cells.loc[code, "secret"],
                csv=page.csv("indicateurs"),
            )
            for code in order
            if code in cells.index
        ]
    )


def message(page: Page) -> Content:
    """The year in a sentence, where its key figures may be told, and how many structures stand behind it."""
    whole = page_cells(page).query("modalite == @WHOLE").set_index("indicateur")
    cells = whole["valeur"]
    if whole["secret"].get("heures_realisees"):
        return Prose("Les heures de cette édition et de ce territoire relèvent du secret statistique.")
    if pd.isna(cells.get("heures_realisees")):
        return Prose(f"Aucune heure d'insertion de {page.year} n'est connue pour ce territoire.")
    editions = page.read("editions")
    removed = page.read("doublons_retires").set_index("edition").loc[page.year]
    behind = _behind(editions.set_index("edition").loc[page.year], removed) + _in_totals(page)
    if without_rate(editions, page.year):
        return Prose(f"En {page.year}, {'' if page.regional else 'dans toute la région, '}{behind}")
    hours, persons = counted(whole, "heures_realisees", "heure"), shown(whole, "beneficiaires")
    each = counted(whole, "heures_par_beneficiaire", "heure")
    done = (
        f"{persons} personnes ont réalisé {hours} d'insertion"
        f"{f', soit {each} par personne' if each else ''} dans l'année."
        if persons
        else f"les structures ont déclaré {hours} d'insertion ; le nombre de personnes n'est pas montré."
    )
    return Prose(f"En {page.year}, {done} {'' if page.regional else 'Dans toute la région, '}{behind}")


def brief(page: Page) -> str:
    """The year for who reads no further: persons, hours, what they are worth in jobs, and the change in a year.

    Empty where the hours are hidden or not known.
    """
    whole = page_cells(page).query("modalite == @WHOLE").set_index("indicateur")
    hours, persons = counted(whole, "heures_realisees", "heure"), shown(whole, "beneficiaires")
    if hours is None:
        return ""
    worked = (
        f"{persons} personnes ont travaillé {hours} grâce aux clauses sociales"
        if persons
        else f"les clauses sociales ont donné {hours} de travail"
    )
    divisor = int(reference.constants("potentiel")["etp"])
    etp = f"etp_{divisor}"
    jobs = counted(whole, etp, "emploi")
    each = f" ({french(divisor, 0, 'heures')} chacun)"
    worth = f", l'équivalent de {jobs} à temps plein sur un an{each}" if jobs and at_most(whole, etp) else ""
    return f"En {page.year}, {worked}{worth}.{since_last(page)}"


def _behind(edition: pd.Series, removed: pd.Series) -> str:
    """Who answered, and what was entered twice, whatever its legal mechanism: told of the whole region alone."""
    sent, twice, left = (int(found) for found in (edition["structures"], removed["operations"], removed["a_revoir"]))
    hidden = pd.isna(removed["heures"])
    hours = 0 if hidden else round_half_up(removed["heures"])
    gone = "" if hidden else f" ({number_of(hours, 'heure')} {plural('retirée', hours)})"
    answered = f"{number_of(sent, 'structure')} {'a' if sent < 2 else 'ont'} envoyé un export ou des totaux"
    merged = (
        f"{number_of(twice, 'opération')} {plural('saisie', twice)} deux fois, tous mécanismes réunis, "
        f"{'a été' if twice < 2 else 'ont été'} {plural('comptée', twice)} une fois{gone}"
        if twice
        else "aucune opération n'a été retirée comme saisie deux fois"
    )
    queue = (
        f"{number_of(left, 'paire')} {'reste' if left < 2 else 'restent'} à examiner"
        if left
        else "aucune paire ne reste à examiner"
    )
    known = int(edition["structures_connues"])  # none where no inventory says who was there
    listed = f", l'inventaire en compte {french(known)} en place" if known else ""
    return f"{answered}{listed} ; {merged}, {queue}."


def _rests_on(page: Page, origin: str, place: str) -> pd.Series | None:
    """The hours of the page's edition and of `place` that rest on `origin` (table `provenance`)."""
    rows = page.read("provenance")
    rows = rows[(rows["edition"] == page.year) & rows["territoire"].eq(place) & rows["origine"].eq(origin)]
    return rows.iloc[0] if len(rows) else None


def _of_the_hours(found: pd.Series) -> str:
    """Which share of the hours it is; nothing when that is hidden."""
    return "" if found["secret"] else f" ({percent(found['part_heures'])} des heures)"


def _in_totals(page: Page) -> str:
    """What totals sent instead of rows keep from being crossed, after a space; nothing when nobody sent any."""
    region = _rests_on(page, "TOTAUX", page.edition.territoire)
    if region is None:
        return ""
    here = _rests_on(page, "TOTAUX", page.place)
    text = f" {number_of(region['structures'], 'structure')} sans export détaillé"
    text += _of_the_hours(region) if page.regional else ""
    text += (
        " : des totaux ont été envoyés à la place des lignes. Ils ne se croisent pas : voies d'accès, profils, part "
        "des femmes par segment, taux de réalisation, devenir et parcours portent sur les autres structures. Qui y "
        "serait compté deux fois ne se voit pas : personnes, opérations et entreprises sont alors entre deux bornes."
    )
    if not page.regional:
        absent = int(region["structures"]) - (0 if here is None else int(here["structures"]))
        text += f" Sans total pour ce département, les heures de {french(absent)} d'entre elles n'y sont pas." * (
            absent > 0
        )
    return text


def volumes(page: Page) -> Content:
    """Every indicator of the year on the whole, with what it is and whether it adds up."""
    labels = reference.table("publication/indicateurs")
    rows = page_cells(page).query("modalite == @WHOLE").merge(labels, left_on="indicateur", right_on="code")
    if rows.empty:
        return Prose(f"Aucun indicateur de {page.year} n'est connu pour ce territoire.")
    percent = rows["unite_x"].eq("part")
    rows["secret"] = rows["secret"].fillna("")
    cells = rows.set_index("indicateur")
    rows["valeur_imprimee"] = [
        SECRET if hidden else shown(cells, code, int(digits), 100 if part else 1, "%" if part else "") or MISSING
        for code, part, digits, hidden in zip(
            rows["indicateur"], percent, rows["decimales"], rows["secret"], strict=True
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
        note="Ce qui s'additionne peut l'être entre territoires d'une même année ; les heures d'une opération sans "
        "lieu connu ne sont que dans celles de la région. Personnes, opérations et entreprises sont comptées une fois "
        "dans chaque territoire : leurs totaux ne sont pas des sommes. "
        f"{SECRET} : secret statistique.{_shared_by_default(page)}",
    )


def _shared_by_default(page: Page) -> str:
    """What is shared equally between structures for want of declared parts, after a space."""
    found = _rests_on(page, "STRUCTURES_DEFAUT", page.place)
    if found is None:
        return ""
    several = number_of(found["operations"], "opération")
    entered = plural("saisie", found["operations"])
    return (
        f" Sans parts déclarées, les heures de {several} que plusieurs structures ont {entered}{_of_the_hours(found)} "
        "sont partagées entre elles également ; le total du territoire n'en dépend pas."
    )


def _of_all(page: Page, hours: pd.Series) -> str:
    """Which share of the hours of the page's territory the largest of `hours` is, in brackets; nothing when hidden."""
    whole = page_cells(page).query("modalite == @WHOLE").set_index("indicateur")["valeur"].get("heures_realisees")
    where = "de la région" if page.regional else "du département"
    return "" if pd.isna(whole) else f", {percent(hours.max() / whole, 0)} de celles {where}"


def _of_epci(page: Page, indicators: list[str]) -> pd.DataFrame:
    """The indicators of the page's edition as columns with their companions (see `across`), by EPCI, and its `nom`."""
    places = reference.epci().set_index("epci_siren")
    rows = page.read("indicateurs", edition=page.year, territoire=list(places.index), modalite=WHOLE)
    if page.department:
        rows = rows[rows["territoire"].map(places["departement"]) == page.department]
    wide = across(rows[rows["indicateur"].isin(indicators)], "territoire")
    absent = [name for name in indicators if name not in wide]
    return wide.assign(**dict.fromkeys(absent, float("nan")), nom=places["nom"].reindex(wide.index))


def _first(wide: pd.DataFrame, indicator: str, what: str, hidden: int, among: str = "") -> str:
    """Which EPCI has most, `what` being how much, and how many are hidden: a sentence; `among` says of which others
    than those whose figure is published it is the first."""
    known = wide.dropna(subset=indicator)
    secret = f"{number_of(hidden, 'intercommunalité')} {'relève' if hidden < 2 else 'relèvent'} du secret statistique"
    among = among or ("Parmi les intercommunalités dont le chiffre est publié, " if hidden else "")
    return (
        among
        + ahead(known.set_index("nom")[indicator], what, "aucune" if among else "Aucune intercommunalité")
        + (f" ; {secret}." if hidden else ".")
    )


def by_epci(page: Page) -> Content:
    """Map of the hours by EPCI of execution, and their table."""
    wide = _of_epci(page, ["heures_realisees", "beneficiaires", "operations"])
    if wide["heures_realisees"].isna().all():
        return Prose("Aucune heure ne peut être montrée par intercommunalité.")
    hours = wide["heures_realisees"].dropna()
    secret = wide.index[_secret(wide, "heures_realisees")]
    most = about(hours.max(), wide.loc[hours.idxmax(), "heures_realisees_arrondi"])
    most = f"{most} {plural('heure', round_half_up(hours.max()))}"
    return Figure(
        circle_map(
            hours,
            legend_label="Heures réalisées",
            missing="aucune heure déclarée",
            hidden=secret,
            departments=page.departments,
        ),
        title=f"Heures d'insertion réalisées en {page.year}, par intercommunalité d'exécution",
        alt=_first(wide, "heures_realisees", f"{most}{_of_all(page, hours)}", len(secret)),
        table=DataTable(
            wide.sort_values("nom", key=alphabetical),
            columns={
                "nom": Column("Intercommunalité"),
                "heures_realisees": Column("Heures", 0),
                "beneficiaires": Column("Bénéficiaires", 0),
                "operations": Column("Opérations", 0),
            },
            caption="Heures, bénéficiaires et opérations par intercommunalité d'exécution",
            scope=page.scope,
            csv=page.csv("indicateurs"),
            method="territoires",
            note="Les heures d'une opération suivent les parts déclarées de chaque intercommunalité ; une personne "
            f"compte dans chacune.{_placed_by_default(page)}",
        ),
        source=source_line(page),
    )


def per_inhabitant(page: Page) -> Content:
    """Map of the hours per 1,000 inhabitants by EPCI, beside those of the page's territory, and their table."""
    wide = _of_epci(page, [RATE, INHABITANTS, "beneficiaires", "heures_realisees"])
    whole = shown(page_cells(page).query("modalite == @WHOLE").set_index("indicateur"), RATE)
    if wide[RATE].isna().all():
        return Prose("Aucune heure ne peut être rapportée aux habitants par intercommunalité.")
    rates = wide[RATE].dropna()
    secret = wide.index[_secret(wide, RATE)]
    beside = f" {page.territory_name} : {whole} pour {PER} habitants." if whole else ""
    title = f"Heures d'insertion pour {PER} habitants en {page.year}, par intercommunalité d'exécution"
    return Figure(
        choropleth(
            rates.reindex(wide.index),
            legend_label=f"Heures pour {PER} habitants",
            missing="aucune heure déclarée",
            hidden=secret,
            apart=wide.index[_shared(wide)],
            apart_label="partagée avec une autre région, non calculé",
            departments=page.departments,
        ),
        title=title,
        alt=_first_of_many(wide, len(secret)) + beside,
        table=DataTable(
            wide.sort_values("nom", key=alphabetical),
            columns={
                "nom": Column("Intercommunalité"),
                RATE: Column(f"Heures pour {PER} habitants", 0),
                INHABITANTS: Column("Habitants", 0),
                "beneficiaires": Column("Bénéficiaires", 0),
            },
            caption=title,
            scope=page.scope,
            csv=page.csv("indicateurs"),
            method="territoires",
            note="Heures des structures qui ont répondu, des marchés exécutés là, pas celles des habitants. Population "
            "municipale, la même pour toutes les éditions. Une intercommunalité dont des communes sont dans une autre "
            "région n'a pas de chiffre : ses heures peuvent être celles de toutes, les habitants d'ici d'une partie.",
        ),
        source=source_line(page),
    )


def _shared(wide: pd.DataFrame) -> pd.Series:
    """Which EPCI have hours and no rate, for another region shares them; those that it shares and that have none are
    no different from the others without any."""
    across_regions = reference.epci().set_index("epci_siren")["communes_hors_region"] > 0
    some = wide["heures_realisees"].notna() | _secret(wide, "heures_realisees")
    return some & across_regions.reindex(wide.index)


def _secret(wide: pd.DataFrame, indicator: str) -> pd.Series:
    """Which EPCI have a figure that disclosure control hides."""
    return wide.get(f"{indicator}__secret", pd.Series("", wide.index)).fillna("").ne("")


def _first_of_many(wide: pd.DataFrame, hidden: int) -> str:
    """Which EPCI has most hours by inhabitant, of those with so many persons that the first is not so by chance."""
    least = load_params().consolidation.ranked_persons
    many = wide[(wide["beneficiaires"] >= least) & wide[RATE].notna()]
    if many.empty:
        said = f"Aucune intercommunalité dont le chiffre est publié n'a {french(least)} bénéficiaires : "
        return said + "aucune n'est citée en tête."
    if len(many) < 2:
        return (
            f"Seule intercommunalité d'au moins {french(least)} bénéficiaires, {many['nom'].iloc[0]} : "
            f"{number_of(round_half_up(many[RATE].iloc[0]), 'heure')} pour {PER} habitants."
        )
    most = f"{number_of(round_half_up(many[RATE].max()), 'heure')} pour {PER} habitants"
    return _first(many, RATE, most, hidden, f"Parmi les intercommunalités d'au moins {french(least)} bénéficiaires, ")


def _placed_by_default(page: Page) -> str:
    """Which hours have their place by default, and which have none, after a space."""
    found = _rests_on(page, "TERRITOIRES_DEFAUT", page.place)
    text = ""
    if found is not None:
        several = number_of(found["operations"], "opération")
        text = (
            f" Faute de parts déclarées, celles de {several}{_of_the_hours(found)} sont réparties également entre "
            f"{'ses' if found['operations'] < 2 else 'leurs'} intercommunalités."
        )
    if _rests_on(page, "TOTAUX", page.edition.territoire) is not None:
        text += " Les heures envoyées en totaux n'y sont que si leur structure les a dites par intercommunalité."
    return text
