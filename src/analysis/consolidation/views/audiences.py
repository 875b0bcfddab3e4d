"""For whom: audiences, how they combine, women and men."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.views.common import (
    hides,
    nothing,
    of_all_hours,
    profile_table,
    source_line,
    wide_table,
    with_shares,
)
from analysis.core import reference
from analysis.core.numbers import between, french, percent, plural, round_half_up
from analysis.core.params import load_params
from analysis.core.texts import NAMED, QUOTED, becomes, inside, opening
from analysis.publishing.content import (
    PERCENT,
    POINTS,
    SECRET,
    SECRET_SUFFIX,
    Column,
    Content,
    DataTable,
    Figure,
    Prose,
)
from analysis.publishing.page import Page, on_region_page
from analysis.publishing.style import bar_chart, line_chart

SHARES = ("part_heures", "part_heures_totales")  # of the hours whose status is known, of all
EFFECTS = {"effet_structure": "heures achetées", "effet_embauche": "embauches"}
# The audiences that a figure has no room to name in full; the others by their code, which readers know (RSA, QPV).
SHORT = {
    "JEUNE": "moins de 26 ans",
    "SENIOR": "50 ans ou plus",
    "DELD": "chômage de longue durée",
    "DETLD": "chômage de plus de 24 mois",
    "TH": "handicap",
    "SANS_DIPLOME": "sans diplôme",
}


def audiences(page: Page) -> Content:
    """Share of hours by audience, on the hours whose status is known; audiences overlap and are never stacked."""
    labels = reference.labels("publics")
    wide = wide_table(page, list(labels)).assign(libelle=lambda t: t["modalite"].map(labels))
    if wide.empty:
        return nothing(page, "Publics")
    wide, instead = with_shares(wide)
    wide, of_persons = with_shares(wide, "part_beneficiaires")
    apart = of_all_hours(wide.loc[instead, "libelle"])
    also = of_all_hours(wide.loc[of_persons, "libelle"], "tous les bénéficiaires")
    wide = wide.sort_values(["part_heures", "libelle"], ascending=[False, True])
    lists = str(page.read("editions").set_index("edition").loc[page.year, "listes_qpv"]).split("|")
    table = profile_table(
        wide, page, "Heures et bénéficiaires par public", "Public",
        "Les publics se recoupent : ni les heures ni les parts ne s'additionnent. La part porte sur les heures "
        "ou les personnes dont le statut est connu ; les dernières colonnes disent ce qui ne l'est pas. Un statut est "
        "celui du jour de "
        "l'embauche"
        + (f" ; quartiers prioritaires : liste de {' ou de '.join(lists)}, selon ce jour." if lists != [""] else ".")
        + apart
        + also,
    )  # fmt: skip
    shown = wide.dropna(subset="part_heures").set_index("libelle")["part_heures"]
    if shown.empty:
        bounded = wide.filter(regex="__(min|max)$").notna().any(axis=None)
        return table if bounded else Prose("Les publics de ce territoire relèvent du secret statistique.")
    return Figure(
        bar_chart(shown, **PERCENT),
        title="Part des heures réalisées, par public (non exclusifs)",
        alt=f"« {shown.index[0]} » : {percent(shown.iloc[0])} des heures dont le statut est connu"
        + (f" ; « {shown.index[-1]} » : {percent(shown.iloc[-1])}" if len(shown) > 1 else "")
        + f". Une personne relève souvent de plusieurs publics.{apart}",
        table=table,
        source=source_line(page),
    )


def profiles(page: Page) -> Content:
    """Which audiences combine: disjoint profiles, which add up where audiences do not."""
    if not page.regional:
        return on_region_page(page, "les profils, combinaisons de publics")
    rows = page.read("profils", edition=page.year)
    if rows.empty:
        return Prose("Aucun profil à montrer.")
    labels = reference.table("nomenclatures/publics").set_index("code")["libelle"]
    words = {"AUCUN": "Aucun de ces publics", "INCONNU": "Un statut au moins inconnu"}
    named = [words.get(code) or " + ".join(_short(one) for one in code.split("+")) for code in rows["profil"]]
    rows = rows.assign(libelle=[opening(name) for name in named])
    rows = rows.sort_values(["part_heures", "profil"], ascending=[False, True])
    drawn = rows.dropna(subset="part_heures").set_index("libelle")["part_heures"]
    if drawn.empty:
        return Prose("Les profils de cette édition relèvent du secret statistique.")
    coded = [code for code in load_params().consolidation.profile_audiences if _short(code) == code]
    several = [
        f"« {row.libelle} » {percent(row.part_heures)}"
        for row in rows.itertuples()
        if "+" in row.profil and pd.notna(row.part_heures)
    ][:2]
    most = (
        "Les combinaisons de deux publics ou plus qui réunissent le plus d'heures : " + ", ".join(several) + "."
        if several
        else "Aucune combinaison de deux publics ou plus ne peut être montrée."
    )
    return Figure(
        bar_chart(drawn, **PERCENT),
        title="Part des heures, par combinaison de publics (exclusives)",
        alt=f"{most} {' ; '.join(f'{code} : {inside(labels[code])}' for code in coded)}{'.' if coded else ''}".strip(),
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
        ),
        source=source_line(page),
    )


def representation(page: Page) -> Content:
    """Whether an audience does more of the hours than its share of job-seekers; those without a comparator told."""
    labels = reference.labels("publics")
    rows = page.read("representation", edition=page.year, territoire=page.place)
    without = [label for code, label in labels.items() if code not in set(rows["modalite"])]
    who = ", ".join(map(QUOTED, without)) if len(without) <= NAMED else f"{len(without)} des {len(labels)} publics"
    unknown = (
        f"Pour {who}, aucune part parmi les demandeurs d'emploi du territoire n'est connue : celle des "
        "habitants n'en tient pas lieu."
        if without
        else ""
    )
    if rows["part_heures"].dropna().empty:
        return Prose(unknown or "Aucune part des heures n'est publiée en face de celle des demandeurs d'emploi.")
    margin = load_params().consolidation.representation_margin
    rows = rows.assign(
        libelle=rows["modalite"].map(labels),
        mot=[_compared(row.rapport_min, row.rapport_max, margin) for row in rows.itertuples()],
    )
    sources = {f"{opening(row.population)} ({row.source})." for row in rows.itertuples()}
    wide = page.regional and (rows["comparateur_min"] < rows["comparateur_max"]).any()
    between_places = "La région est entre son département le plus bas et le plus haut." if wide else ""
    note = " ".join(filter(None, [*sorted(sources), between_places, unknown]))
    if len(rows) == 1:
        row = rows.iloc[0]
        seekers = between(100 * row["comparateur_min"], 100 * row["comparateur_max"], 1, "%")
        return Prose(
            f"« {row['libelle']} » : {percent(row['part_heures'])} des heures ; {seekers} des demandeurs d'emploi du "
            f"territoire ({row['annee_comparateur']}). Comparaison avec sa part des demandeurs d'emploi : {row['mot']}."
            f" {note}"
        )
    return DataTable(
        rows.sort_values("libelle"),
        columns={
            "libelle": Column("Public"),
            "part_heures": Column("Part des heures", **PERCENT),
            "comparateur_min": Column("Part des demandeurs d'emploi, de", **PERCENT),
            "comparateur_max": Column("à", **PERCENT),
            "annee_comparateur": Column("Année du comparateur"),
            "rapport_min": Column("Rapport, de", 2),
            "rapport_max": Column("à", 2),
            "mot": Column("Place dans les heures"),
        },
        caption="Les publics, en face de leur part parmi les demandeurs d'emploi du territoire",
        scope=page.scope,
        csv=page.csv("representation"),
        note=note,
    )


def _compared(low: float, high: float, margin: float) -> str:
    """Whether the ratio, between its bounds, is above one, below, or as good as one."""
    if pd.isna(low):
        return SECRET
    if low > 1 + margin:
        return "plus que sa part"
    if high < 1 - margin:
        return "moins que sa part"
    within = low >= 1 - margin and high <= 1 + margin
    return f"autant, à {percent(margin, 0)} près" if within else "non établie"


def audiences_over_years(page: Page) -> Content:
    """Shares of the main audiences by edition, with the years at which their definition breaks."""
    codes = load_params().consolidation.profile_audiences
    labels = reference.labels("publics")
    rows = page.read("indicateurs", indicateur=list(SHARES), modalite=list(codes), territoire=page.territory)
    rows = _alike(rows[rows["edition"] <= page.year])
    values, reasons = (rows.pivot(index="edition", columns="modalite", values=name) for name in ("valeur", "secret"))
    lines = values.reindex(columns=codes).dropna(axis=1, thresh=2).dropna(how="all")
    if lines.empty:
        return Prose("Aucun public n'a de part publiée dans deux éditions : pas d'évolution à montrer.")
    ruptures = reference.table("ruptures")
    ruptures = ruptures[ruptures["annee"].isin(lines.index[1:])]
    about = ruptures[[bool(set(str(objet).split("|")) & set(codes)) for objet in ruptures["objet"]]]
    breaks = {int(row.annee): f"{str(row.objet).split('|')[0]} : {row.libelle}" for row in about.itertuples()}
    of_all = set(rows.loc[rows["indicateur"].eq(SHARES[1]), "modalite"])
    apart = of_all_hours(pd.Series([labels[code] for code in lines if code in of_all], dtype="str"))
    definitions = " ; ".join(f"{row.annee}, {row.libelle} ({row.source})" for row in about.itertuples())
    shown = []
    for code in lines:
        known = lines[code].dropna()
        first, last = known.index[0], known.index[-1]
        shown.append(
            f"{inside(labels[code])}, {percent(known[last])} en {last} ({french(100 * known[first], 1)} en {first})"
        )
    return Figure(
        line_chart(lines.rename(columns=_short), breaks=breaks, **PERCENT),
        title="Part des heures de chaque public, sur les heures au statut connu",
        alt="Dernière part publiée : " + " ; ".join(shown) + f".{apart}",
        table=DataTable(
            lines.join(reasons.add_suffix(SECRET_SUFFIX)).reset_index(),
            columns={"edition": Column("Édition"), **{code: Column(labels[code], **PERCENT) for code in lines}},
            caption="Part des heures par public et édition",
            scope=f"{page.territory_name}, mécanismes de chaque édition, publics non exclusifs",
            csv=page.csv("indicateurs"),
            method="part_heures",
            note=f"{definitions}{'.' if definitions else ''}{apart}".strip() or None,
        ),
        source=source_line(page),
    )


def _alike(rows: pd.DataFrame) -> pd.DataFrame:
    """Of the two shares of each audience, that which more editions may tell: one line never mixes the two, and the
    share of the hours whose status is known is hidden wherever few are of unknown status."""
    told = rows.dropna(subset="valeur").groupby(["modalite", "indicateur"]).size().unstack().reindex(columns=SHARES)
    known, of_all = (told[share].fillna(0) for share in SHARES)
    whole = rows["modalite"].isin(told.index[of_all > known])
    return rows[rows["indicateur"].eq(SHARES[0]).mask(whole, rows["indicateur"].eq(SHARES[1]))]


def _short(code: str) -> str:
    return SHORT.get(code, code)


def women_and_men(page: Page) -> Content:
    """Women and men, by persons and by hours."""
    labels = reference.labels("sexes")
    wide = wide_table(page, list(labels)).assign(libelle=lambda t: t["modalite"].map(labels))
    if wide.empty:
        return nothing(page, "Femmes et hommes")
    return profile_table(wide, page, "Femmes et hommes, en personnes et en heures", "Sexe")


def women_by_axis(page: Page) -> Content:
    """Women's share of hours by segment, and where it is highest and lowest."""
    if not page.regional:
        return on_region_page(page, "la part des femmes par segment, employeur et type de contrat")
    rows = page.read("femmes", edition=page.year, axe=["segment", "employeur", "contrat"])
    if rows.empty:
        return Prose("Aucune heure de femmes à montrer par segment.")
    about = reference.table("publication/axes").set_index("axe")
    labels = {axis: reference.labels(about.loc[axis, "nomenclature"]) for axis in rows["axe"].unique()}
    rows = rows.assign(
        axe_nom=rows["axe"].map(about["libelle"]),
        libelle=[
            labels[axis].get(code, "Non renseigné") for axis, code in zip(rows["axe"], rows["modalite"], strict=True)
        ],
    )
    segments = rows[rows["axe"] == "segment"]
    drawn = segments.dropna(subset="part_heures_femmes")
    drawn = drawn.sort_values(["part_heures_femmes", "libelle"], ascending=[False, True])
    drawn = drawn.set_index("libelle")["part_heures_femmes"]
    if drawn.empty:
        return Prose("La part des femmes par segment relève du secret statistique.")
    return Figure(
        bar_chart(drawn, **PERCENT),
        title="Part des femmes dans les heures, par segment",
        alt=_range(drawn, _of_many(page, drawn), partly=len(drawn) < len(segments)),
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
        source=source_line(page),
    )


def _of_many(page: Page, shares: pd.Series) -> pd.Series:
    """Those of `shares`, by name of segment, that are of so many persons that one of them is not first by chance."""
    rows = page.read("ventilation", edition=page.year, territoire=page.place, axe="segment")
    many = rows.loc[rows["beneficiaires"] >= load_params().consolidation.ranked_persons, "modalite"]
    return shares[shares.index.isin(list(many.map(reference.labels("segments"))))]


def _range(shares: pd.Series, many: pd.Series, *, partly: bool) -> str:
    """From the lowest to the highest of the `shares` of `many` persons (in order, the highest first), of which others
    may not be shown."""
    if len(shares) < 2:
        only = "dont la part est publiée" if partly else "présent"
        return f"Dans le seul segment {only}, la part des femmes est de {_share(shares, 0)}."
    least = french(load_params().consolidation.ranked_persons)
    if many.empty:
        return f"Aucun segment dont la part est publiée n'a {least} personnes : aucun n'est cité."
    if len(many) < 2:
        return f"Dans le seul segment d'au moins {least} personnes, la part des femmes est de {_share(many, 0)}."
    apart = len(many) < len(shares)
    among = (
        f"Parmi les segments d'au moins {least} personnes{' dont la part est publiée' if partly else ''}, la"
        if apart
        else "Parmi les segments dont la part est publiée, la"
        if partly
        else "La"
    )
    return f"{among} part des femmes va de {_share(many, -1)} à {_share(many, 0)}."


def _share(shares: pd.Series, at: int) -> str:
    return f"{percent(shares.iloc[at])} (« {shares.index[at]} »)"


def women_parity(page: Page) -> Content:
    """Which segments keep women's share of hours from a half: by how much they weigh, and whom they hire."""
    if not page.regional:
        return on_region_page(page, "ce qui éloigne la part des femmes de la parité, par segment")
    rows = page.read("femmes", edition=page.year, axe="segment")
    known = rows.dropna(subset="ecart_parite")
    if known.empty:
        return Prose("Ce que chaque segment retire à la parité relève du secret statistique, ou n'est pas connu.")
    labels = reference.labels("segments")
    rows = rows.assign(libelle=rows["modalite"].map(labels).fillna("Non renseigné"))
    rows = rows.sort_values(["ecart_parite", "libelle"], ascending=[False, True])
    drawn = rows.dropna(subset="ecart_parite").set_index("libelle")["ecart_parite"]
    first = rows.iloc[0]
    partly = "" if len(known) == len(rows) else " parmi ceux dont le chiffre est publié,"
    return Figure(
        bar_chart(drawn, digits=1, factor=100),
        title="Ce qui éloigne de la parité, par segment, en points",
        alt=f"Le segment qui éloigne le plus de la parité est,{partly} « {first['libelle']} » : "
        f"{percent(first['part_heures'])} des heures, dont {percent(first['part_heures_femmes'])} de femmes, soit "
        f"{_points(first['ecart_parite'])}."
        if first["ecart_parite"] > 0
        else f"Aucun segment{' dont le chiffre est publié' if partly else ''} n'éloigne de la parité.",
        table=DataTable(
            rows,
            columns={
                "libelle": Column("Segment"),
                "part_heures": Column("Part des heures", **PERCENT),
                "part_heures_femmes": Column("Femmes, part des heures", **PERCENT),
                "ecart_parite": Column("Retiré à la parité", **POINTS),
            },
            caption="D'où vient l'écart à la parité, par segment",
            scope=page.scope,
            csv=page.csv("femmes"),
            note="Part des heures du segment × (50 % − part des femmes) : la somme des segments, cachés compris, "
            "est l'écart de la part des femmes à 50 %. Un segment pèse par ce qu'il porte d'heures et par qui y est "
            "embauché ; en dessous de zéro, il rapproche de la parité. Heures des personnes dont le sexe est connu.",
        ),
        source=source_line(page),
    )


def women_gap(page: Page) -> Content:
    """How much of the change of women's share comes from what is bought, how much from who is hired."""
    if not page.regional:
        return on_region_page(page, "pourquoi la part des femmes change")
    found = page.read("femmes_ecart", edition=page.year, axe=["segment", "employeur", "contrat"])
    rows = found.dropna(subset="part")
    if rows.empty and hides(found):
        return Prose("L'évolution de la part des femmes relève du secret statistique.")
    if rows.empty:
        return Prose("Aucune édition de départ comparable : l'évolution de la part des femmes ne se décompose pas.")
    about = reference.table("publication/axes").set_index("axe")["libelle"]
    rows = rows.assign(libelle=rows["axe"].map(about)).sort_values("libelle")
    drawn = rows.set_index("libelle")[["effet_structure", "effet_embauche"]].stack()
    drawn.index = [f"{axis} : {EFFECTS[name]}" for axis, name in drawn.index]
    row = rows[rows["axe"] == "segment"].iloc[0] if "segment" in set(rows["axe"]) else rows.iloc[0]
    return Figure(
        bar_chart(drawn, digits=1, factor=100),
        title="Pourquoi la part des femmes dans les heures change, en points",
        alt=f"De {row['edition_depart']} à {page.year}, la part des femmes dans les heures "
        f"{becomes(percent(row['part_depart']), percent(row['part']))}. Par {row['libelle'].lower()}, {_because(row)}.",
        table=DataTable(
            rows,
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
            note="Les deux effets s'additionnent : le premier tient aux catégories qui portent plus ou moins d'heures, "
            "le second à qui est embauché dans chacune (décomposition de Kitagawa). Les catégories que l'une des deux "
            "éditions cache comptent ensemble pour une.",
        ),
        source=source_line(page),
    )


def _because(row: pd.Series) -> str:
    """The two effects; where their sum is printed as none, there is no gap to explain by them."""
    bought, hired = _points(row["effet_structure"]), _points(row["effet_embauche"])
    if percent(row["part_depart"]) == percent(row["part"]):
        return f"l'effet de ce qui est acheté est de {bought}, celui de qui est embauché de {hired}"
    return f"cet écart tient pour {bought} à ce qui est acheté et pour {hired} à qui est embauché"


def _points(share: float) -> str:
    return f"{french(100 * share, 1)} {plural('point', round_half_up(100 * share, 1))}"
