"""What the sheet of a territory shows, each part read from the protected table of the deliverable that makes it."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import pandas as pd

from analysis.consolidation.inhabitants import RATE
from analysis.consolidation.views.common import hides, of_all_hours, with_shares
from analysis.consolidation.views.common import source_line as exports_line
from analysis.consolidation.views.evolution import breaks
from analysis.consolidation.views.volumes import without_rate
from analysis.core import reference
from analysis.core.numbers import MISSING, about, between, french, french_date, likely, number_of, percent
from analysis.core.reference import HOURS, WHOLE
from analysis.core.texts import together
from analysis.publishing.content import (
    NOT_TOLD,
    PERCENT,
    SECRET,
    Card,
    Column,
    Content,
    DataTable,
    Figure,
    Prose,
    Strip,
    millions,
)
from analysis.publishing.maps import SOURCE, locator
from analysis.publishing.page import Page
from analysis.publishing.style import line_chart
from analysis.segments.views.common import left_out, quarter
from analysis.segments.views.needs import TABLE, expected, subscribed

# Listed; the CSV files have them all.
SEGMENTS, NEEDS, STRUCTURES = 6, 4, 8
BACKGROUND = SOURCE.removeprefix("Fond : ")
NARROW = 9  # letters of a line beside a break: the next one is near
HALF = 5.2  # inches: a figure in one of the two columns of a sheet
INDICATORS, ZONES = "consolidation/indicateurs", "facilitators/zones"
EDITIONS = "consolidation/editions"
SEGMENTS_HERE, PLACES = "segments/segments", "segments/epci"
NEED = "Heures possibles par an"
# What is no audience, told after those: a sex, a kind of employer.
APART = {"F": "Femmes", "IAE": "Chez un employeur de l'IAE"}
AMONG = "parmi les marchés qui renseignent ce champ"
NO_RATE = "non publié : le taux de réponse de l'édition n'est pas connu"
CARDS = (  # and what is said of none
    (HOURS, "Heures d'insertion", "aucune"),
    ("beneficiaires", "Bénéficiaires", "aucun"),
    ("operations", "Opérations suivies", "aucune"),
)


def headline(page: Page) -> Content:
    """Hours, persons and operations of the edition, the share of contracts with a clause, the need and its service."""
    cells = _cells(page, edition=page.year).set_index("indicateur")
    if without_rate(page.read(EDITIONS), page.year):
        cards = [Card(label, None, note=NO_RATE) for _, label, _ in CARDS]
    else:
        note = {HOURS: _per_inhabitant(page)}
        cards = [_card(page, cells, *about_it, note=note.get(about_it[0], "")) for about_it in CARDS]
    return Strip([*cards, _clause(page), *_need(page)])


def hours(page: Page) -> Content:
    """The hours of each edition, and where the territory is."""
    told = _cells(page, indicateur=HOURS)
    rows = told.set_index("edition")
    # Every year of the range, those without a figure too: what is not known is seen, and not drawn over.
    rows = rows.reindex(pd.RangeIndex(rows.index.min(), page.year + 1, name="edition")) if len(rows) else rows
    rows = rows.reset_index()
    editions = page.read(EDITIONS).set_index("edition")
    rows = rows.join(editions["base_legale"], on="edition").assign(lieu=page.territory_name)
    known = rows.dropna(subset="valeur")
    if known.empty:
        return Prose(_without_hours(page, told))
    last = int(known["edition"].iloc[-1])
    # The last edition, the one before it, the first of the same law.
    alike = known.loc[known["base_legale"].eq(known["base_legale"].iloc[-1]), "edition"]
    told = known[known["edition"].isin([last, last - 1, alike.iloc[0]])].iloc[::-1]
    laws = {year: fill(law, NARROW) for year, law in breaks(known).items()}
    by_year = rows.set_index("edition")
    drawn, rounded = (by_year[[name]].set_axis(["Heures"], axis=1) for name in ("valeur", "valeur_arrondi"))
    pointless = by_year.loc[by_year["valeur"].isna(), "secret"].fillna("")
    unsaid = {int(year): SECRET if reason else MISSING for year, reason in pointless.items()}
    return Figure(
        line_chart(drawn, breaks=laws, rounded=rounded, unsaid=unsaid, height=2.0, width=HALF),
        title="Heures d'insertion réalisées, par édition",
        alt=together([_in_year(row, "" if place else " heures") for place, row in enumerate(told.itertuples())]) + ".",
        table=DataTable(
            rows,
            columns={"edition": Column("Édition"), "base_legale": Column("Base légale"), "valeur": Column("Heures", 0)},
            caption="Heures d'insertion réalisées, par édition",
            scope=f"{page.territory_name}, champ juridique de chaque édition",
            csv=page.csv(INDICATORS),
            note="Le champ juridique et la région changent d'une édition à l'autre : voir la page de consolidation."
            + (_without_point(rows, _heard(page)) if rows["valeur"].isna().any() else ""),
        ),
        source=exports_line(page),
    )


def _without_hours(page: Page, told: pd.DataFrame) -> str:
    """Why no hours of any edition are shown, from the rows of the hours here: one for each edition that has some."""
    hidden = hides(told)
    if len(told) and not hidden:
        return "Les heures d'ici ne se calculent pas : il manque ce qu'en diraient des structures à totaux."
    if hidden:
        return "Les heures d'ici relèvent du secret statistique."
    return (
        "Aucune heure n'est déclarée ici, dans aucune édition."
        if _heard(page)
        else "Aucune heure n'est connue : les structures n'ont rien envoyé."
    )


def _without_point(rows: pd.DataFrame, heard: list[int]) -> str:
    """Why the curve lacks some years, as a sentence after a space: those hidden, those that declare no hours."""
    hidden = rows["secret"].fillna("").ne("")
    absent = rows["valeur"].isna() & ~hidden
    none = absent & rows["secret"].isna() & rows["edition"].isin(heard)  # no row at all in an edition that has some
    reasons = {
        "secret statistique": hidden,
        "aucune heure déclarée (n.d.)": none,
        "pas de chiffre (n.d.)": absent & ~none,
    }
    said = [reason for reason, found in reasons.items() if found.any()]
    return f" Une année sans point : {' ou '.join(said)}."


def _heard(page: Page) -> list[int]:
    """The editions in which the region has hours: there, a place without any has none declared."""
    editions = page.read(EDITIONS)
    places = dict(zip(editions["edition"], editions["territoire"], strict=True))
    rows = page.read(INDICATORS, indicateur=HOURS, modalite=WHOLE, territoire=sorted(set(places.values())))
    return sorted(rows.loc[rows["edition"].map(places).eq(rows["territoire"]), "edition"])


def _in_year(row: Any, unit: str) -> str:
    """Hours of an edition: `101 160 heures en 2025`."""
    return f"{about(row.valeur, row.valeur_arrondi)}{unit} en {row.edition}"


def audiences(page: Page) -> Content:
    """The audiences' shares of the hours; those of the department for an intercommunalité, where they are too few."""
    asked = page.department
    rows = page.read(INDICATORS, edition=page.year, territoire=asked)
    names = {**reference.labels("publics"), **APART}
    asked_for = ["part_heures", "part_heures_totales", "beneficiaires"]
    rows = rows[rows["modalite"].isin(names) & rows["indicateur"].isin(asked_for)]
    if rows.empty:
        return Prose("Aucun public n'est connu ici.")
    wide = rows.pivot(index="modalite", columns="indicateur", values="valeur").reindex(columns=asked_for)
    reasons = rows.pivot(index="modalite", columns="indicateur", values="secret").add_suffix("__secret")
    frame, instead = with_shares(wide.join(reasons).reset_index())
    frame = frame.assign(libelle=frame["modalite"].map(names))
    apart = of_all_hours(frame.loc[instead, "libelle"])
    frame = frame.assign(ordre=frame["modalite"].map({code: n for n, code in enumerate(APART, 1)}).fillna(0))
    frame = frame.sort_values(["ordre", "part_heures"], ascending=[True, False], kind="stable")
    place = reference.department_names()[asked]
    note = (
        ""
        if page.is_department
        else f" Ceux du département {asked} : dans la plupart des intercommunalités, ils seraient trop peu nombreux."
    )
    return DataTable(
        frame,
        columns={
            "libelle": Column("Public, sexe ou employeur"),
            "part_heures": Column("Part des heures", **PERCENT),
            "beneficiaires": Column("Bénéficiaires", 0),
        },
        caption="Publics, femmes et employeurs de l'insertion par l'activité économique (IAE), part des heures, "
        f"{place}",
        scope=f"{place}, édition {page.year}",
        csv=page.csv(INDICATORS),
        method="part_heures",
        note="Part des heures au statut connu ; les lignes se recoupent." + note + apart,
    )


def segments(page: Page) -> Content:
    """The segments with most contracts, and how many of them carry a clause."""
    if page.is_department:
        table, share = SEGMENTS_HERE, "part_clause"
        rows = page.read(table, edition=page.year, territoire=page.territory)
    else:
        table, share = "segments/segments_epci", "part_lissee"
        rows = page.read(table, edition=page.year, epci_siren=page.territory)
    if rows.empty:
        return Prose(f"Aucun marché notifié en {page.year} n'est connu ici.")
    rows = rows.assign(libelle=rows["segment"].map(reference.labels("segments")))
    rows = rows.sort_values(["montant", "segment"], ascending=[False, True])
    smoothed = "Part lissée : rapprochée de celle du segment dans la région quand les marchés sont peu nombreux."
    return DataTable(
        rows.head(SEGMENTS),
        columns={
            "libelle": Column("Segment"),
            "marches": Column("Marchés", 0),
            "montant": Column("Montant", **millions(2)),
            "avec_clause": Column("Avec clause", 0),
            share: Column("Part" if page.is_department else "Part lissée", **PERCENT),
            f"{share}_bas": Column("de", **PERCENT),
            f"{share}_haut": Column("à", **PERCENT),
        },
        caption="Les premiers segments par montant",
        scope=f"{page.territory_name}, marchés notifiés en {page.year} ; part : {AMONG}",
        csv=page.csv(table),
        method="marches",
        note=f"{'' if page.is_department else smoothed}{left_out(rows)}".strip() or None,
    )


def coming(page: Page) -> Content:
    """How many needs should come back, quarter by quarter."""
    kind = "departement" if page.is_department else "epci"
    table = "segments/veille_trimestres"
    rows = page.read(table, territoire_type=kind, territoire=page.territory).sort_values("trimestre")
    if rows.empty:
        return Prose("Aucun besoin n'est attendu ici pendant les trimestres à venir.")
    hours = {
        "heures_p50": Column("Heures", 0),
        "heures_p10": Column("de", 0),
        "heures_p90": Column("à", 0),
    }
    return DataTable(
        rows.head(4).assign(trimestre=rows["trimestre"].map(quarter)),
        columns={
            "trimestre": Column("Trimestre"),
            "attendus": Column("Marchés attendus", 0),
            "attendus_bas": Column("de", 0),
            "attendus_haut": Column("à", 0),
            **({} if rows["heures_p50"].isna().all() else hours),
        },
        caption="Ce qui vient : marchés qui devraient être renouvelés ou lancés",
        scope=f"{page.territory_name}, marchés en cours et annoncés au {french_date(page.dataset.date_observation)}",
        csv=page.csv(table),
        note="Fourchettes : huit fois sur dix. Heures : ce que ces marchés pourraient porter, sur toute leur vie"
        + (
            "."
            if page.is_department  # whose sheet says no need of a year
            else " ; les heures possibles par an comptent, elles, tous les marchés d'une année qui se prêtent à une "
            "clause."
        ),
    )


def calendar(page: Page) -> Content:
    """The calendar to subscribe to, which every territory has, and whether anything is in it."""
    return Prose(subscribed(page, _expected(page), brief=True))


def next_needs(page: Page) -> Content:
    """The needs most likely to come back."""
    return expected(page, _expected(page), NEEDS, "Aucun marché précis n'est attendu ici.")


def _expected(page: Page) -> pd.DataFrame:
    where = {"departement": page.territory} if page.is_department else {"epci_siren": page.territory}
    return page.read(TABLE, **where)


def contacts(page: Page) -> Content:
    """Whom to call: the structures that declare the intercommunalité, or the nearest one where nobody does."""
    if page.is_department:
        return _structures(page)
    rows = page.read("facilitators/annuaire", epci_siren=page.territory).sort_values("rang")
    if rows.empty:
        return Prose("Aucun facilitateur n'est inventorié.")
    nobody = rows["minutes"].notna().all()
    return DataTable(
        rows.fillna({"contact": NOT_TOLD, "commune": ""}),
        columns={
            "nom": Column("Structure"),
            "commune": Column("Commune"),
            "contact": Column("Contact"),
            **({"minutes": Column("Trajet", 0, "min")} if nobody else {}),
        },
        caption="Structures qui interviennent ici, ou la plus proche",
        scope=f"{page.territory_name}, inventaire au 31 décembre {page.latest}",
        csv=page.csv("facilitators/annuaire"),
        takeaway=_nobody(rows["vacante"].iloc[0]) if nobody else None,
    )


def _nobody(vacant: Any) -> str:
    """That nobody is in post for the place, and which structures declare it all the same."""
    if pd.isna(vacant):
        return "Zone blanche : aucune structure en poste ne déclare intervenir ici. La plus proche :"
    return f"Poste vacant : ce territoire est déclaré par {vacant}, sans personne en poste. La plus proche :"


def _structures(page: Page) -> Content:
    rows = page.read("facilitators/structures", departement=page.territory)
    rows = rows[rows["jour"] == rows["jour"].max()].sort_values(["personnes", "nom"], ascending=[False, True])
    if rows.empty:
        return Prose("Aucune structure facilitatrice n'a son siège dans ce département.")
    told = page.read("facilitators/annuaire", structure_id=list(rows["structure_id"]))
    told = told.drop_duplicates("structure_id").set_index("structure_id")["contact"]
    # That a structure has one person is no secret, only the time that this person gives.
    rows = rows.assign(contact=rows["structure_id"].map(told).astype("str").fillna(NOT_TOLD), personnes__secret="")
    rows["etp"] = rows["etp"].where(rows["etp"] > 0)  # nobody in post gives no time: it is not known
    more = f" {STRUCTURES} sur {len(rows)} ; toutes sont dans le fichier." if len(rows) > STRUCTURES else ""
    return DataTable(
        rows.head(STRUCTURES),
        columns={
            "nom": Column("Structure"),
            "contact": Column("Contact"),
            "personnes": Column("Personnes", 0),
            "etp": Column("ETP", 1),
        },
        caption="Structures facilitatrices qui ont leur siège dans le département, par nombre de personnes",
        scope=f"{page.territory_name}, inventaire au 31 décembre {page.latest}.{more}",
        csv=page.csv("facilitators/structures"),
    )


def where(page: Page) -> Content:
    """Where the territory is in its region; of an EPCI, its inhabitants and what its contracts could bear."""
    alt, table = f"{page.territory_name} ({page.dataset.territory_name})", None
    if not page.is_department and len(zone := page.read(ZONES, epci_siren=page.territory)):
        across = reference.epci().set_index("epci_siren").loc[page.territory, "communes_hors_region"] > 0
        here = " de sa partie régionale" if across else ""
        alt += f", population municipale{here} : {french(float(zone['population'].iloc[0]))}"
        table = DataTable(
            zone.drop(columns="secret"),  # of whom serves it; nothing here is
            columns={
                "nom": Column("Intercommunalité"),
                "population": Column("Population municipale", 0),
                "qpv": Column("Quartiers prioritaires", 0),
                "besoin_p50": Column(NEED, 0),
                "besoin_p10": Column("de", 0),
                "besoin_p90": Column("à", 0),
            },
            caption="Habitants et heures possibles",
            scope=f"{page.territory_name}{', partie régionale seulement' if across else ''}, édition {page.year} ; "
            "communes du code officiel géographique 2026",
            csv=page.csv(ZONES),
            note="Heures possibles : ce que pourraient porter les marchés d'une année qui se prêtent à une clause, "
            "qu'ils en aient une ou non ; ce n'est pas une demande. « de » et « à » : huit fois sur dix."
            + (f" {page.across}" if page.across else ""),
        )
    return Figure(locator(page.territory), title=page.territory_name, alt=f"{alt}.", table=table, source=BACKGROUND)


def _cells(page: Page, **where: object) -> pd.DataFrame:
    return page.read(INDICATORS, territoire=page.territory, modalite=WHOLE, **where)


def _card(page: Page, cells: pd.DataFrame, code: str, label: str, none: str, *, note: str) -> Card:
    """A figure of the edition; where there is none: nobody declared any, it is secret, or it has bounds only."""
    if code not in cells.index:
        heard = HOURS not in cells.index and page.year in _heard(page)
        why = "rien n'est déclaré ici, dans le champ de l'édition" if heard and code == HOURS else ""
        return Card(label, none if heard else None, note=why)
    row = cells.loc[code]
    secret = "" if pd.isna(row["secret"]) else str(row["secret"])
    low, high = (float(row[name]) for name in ("valeur_min", "valeur_max"))
    value = between(low, high) if pd.isna(row["valeur"]) and not (pd.isna(low) and pd.isna(high)) else row["valeur"]
    return Card(label, value, note=note, secret=secret, rounded=row["valeur_arrondi"], csv=page.csv(INDICATORS))


def _per_inhabitant(page: Page) -> str:
    """The hours per 1,000 inhabitants here, in the department and the region; nothing where those here are hidden."""
    rows = page.read(INDICATORS, edition=page.year, indicateur=RATE).set_index("territoire")["valeur"].dropna()
    if page.territory not in rows.index:
        return ""
    wider = {page.department: f"département {page.department}", page.edition.territoire: "région"}
    told = [
        f"{name} : {french(rows[place])}" for place, name in wider.items() if place != page.territory and place in rows
    ]
    return " ; ".join([f"{french(rows[page.territory])} pour mille habitants", *told])


def _clause(page: Page) -> Card:
    """The share of contracts with a clause, among those that say."""
    label = "Marchés avec clause"
    if page.is_department:
        rows = page.read(SEGMENTS_HERE, edition=page.year, territoire=page.territory)
        known, carrying = rows["renseignes"].sum(), rows["avec_clause"].sum()
        share = carrying / known if known else None
        total, csv = ("avec_clause", "renseignes"), page.csv(SEGMENTS_HERE)
        return Card(label, share, "%", AMONG, 1, 100, csv=csv, total=total)
    rows = page.read(PLACES, edition=page.year, epci_siren=page.territory)
    if rows.empty or not rows["renseignes"].iloc[0]:
        return Card(label, None, "%")
    row = rows.iloc[0]
    bounds = f"de {french(100 * row['part_lissee_bas'], 1)} à {percent(row['part_lissee_haut'])}"
    return Card(
        label,
        row["part_lissee"],
        "%",
        f"part lissée, {bounds}, {AMONG}",
        1,
        100,
        csv=page.csv(PLACES),
    )


def _need(page: Page) -> list[Card]:
    """The hours that the contracts of an intercommunalité could bear in a year, and how well it is served."""
    if page.is_department:
        return []
    rows = page.read(ZONES, epci_siren=page.territory)
    if rows.empty:
        return []
    row = rows.iloc[0]
    bounds = f"de {french(row['besoin_p10'])} à {french(row['besoin_p90'])}"
    kind, csv = reference.labels("classes_zone")[row["classe"]], page.csv(ZONES)
    plain = reference.table("nomenclatures/classes_zone").set_index("code")["en_clair"]
    service = f"{plain[row['classe']]}{_chance(row['p_sous_servie'])}"
    return [
        Card(
            NEED,
            row["besoin_p50"],
            note=f"si tous les marchés d'une année qui s'y prêtent portaient une clause ; {bounds}",
            csv=csv,
        ),
        Card(
            "Accompagnement",
            kind,
            note=f"{service} ; {_declared(int(row['structures']), int(row['vacantes']))}",
            csv=csv,
        ),
    ]


def _chance(under: float) -> str:
    """The probability that the time there is too short, where the class follows from it."""
    return "" if pd.isna(under) else f" ({likely(under)})"


def _declared(structures: int, vacant: int = 0) -> str:
    """How many structures declare the place, in words; where none does with somebody in post, who does without."""
    if structures:
        return _said_by(structures)
    return f"poste vacant : {_said_by(vacant)}, sans personne en poste" if vacant else "aucune structure n'y intervient"


def _said_by(structures: int) -> str:
    """How many structures, whatever their persons and posts, say that they work there."""
    return f"{number_of(structures, 'structure')} {'déclare' if structures < 2 else 'déclarent'} y intervenir"
