"""Where the clause stands: by segment, place and kind of buyer, and what the data do not tell."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure as MplFigure

from analysis.core import reference
from analysis.core.numbers import french, number_of, percent, round_half_up
from analysis.core.params import load_params
from analysis.core.texts import QUOTED, ahead, leaders, named, together
from analysis.publishing.content import (
    PERCENT,
    Card,
    Column,
    Content,
    DataTable,
    Figure,
    Prose,
    Strip,
    Warning,
    millions,
)
from analysis.publishing.maps import bounds_around, choropleth
from analysis.publishing.page import Page, on_region_page
from analysis.publishing.style import bar_chart, figure
from analysis.publishing.templating import alphabetical, number
from analysis.segments.contracts import OTHER
from analysis.segments.views.common import (
    buyer_names,
    first_and_last,
    labels,
    left_out,
    legible,
    min_known,
    scope,
    shades,
    source_line,
)

NONE = "–"
PLACES_DRAWN = 40  # at most, in the heat map: what one printed page holds; the CSV file has them all

STATES = {
    "marches": Column("Marchés", 0),
    "montant": Column("Montant connu", **millions(1)),
    "renseignes": Column("Renseignés", 0),
    "avec_clause": Column("Avec clause", 0),
    "part_clause": Column("Part", **PERCENT),
    "part_clause_bas": Column("de", **PERCENT),
    "part_clause_haut": Column("à", **PERCENT),
}


def headline(page: Page) -> Content:
    """How many contracts, how many say whether they carry a clause, how many carry one."""
    now = _segments(page)
    if now.empty:
        return Warning(f"Aucun marché notifié en {page.year} n'est connu pour ce territoire.")
    clear = int(now["renseignes"].sum())
    share = 100 * now["avec_clause"].sum() / clear if clear else None
    csv, carrying = page.csv("segments"), ("avec_clause", "renseignes")
    amount = float(now["montant"].sum())
    cards = [
        Card("Marchés notifiés dans l'année", float(now["marches"].sum()), csv=csv, total=("marches",)),
        Card("Montant connu, hors taxes", amount, "M€", factor=1e-6, csv=csv, total=("montant",)),
        Card("Marchés dont le champ social est renseigné", float(clear), csv=csv, total=("renseignes",)),
        Card("Part avec clause, parmi les renseignés", share, "%", digits=1, csv=csv, total=carrying),
    ]
    return Strip(cards)


def message(page: Page) -> Content:
    """The sentence a reader takes away, or what the data cannot tell."""
    now = _segments(page)
    if now.empty:
        return Prose(_nothing(page))
    total, clear = int(now["marches"].sum()), int(now["renseignes"].sum())
    if not clear:
        return Warning(
            f"Le champ des considérations sociales n'est renseigné pour {_none_of(total)} de "
            f"{page.year} : il n'existe que dans le format en vigueur depuis 2024, où il n'est pas toujours rempli. "
            "Les marchés, leurs segments et leurs lieux sont ceux que les acheteurs déclarent ; **la part des marchés "
            "avec clause ne peut pas être dite**, ce qui n'est pas un zéro."
        )
    known = now[(now["renseignes"] >= min_known()) & (now["segment"] != OTHER)].set_index("libelle")
    first = leaders(known["part_clause"].rename(QUOTED))
    say = "disent s'ils portent" if clear > 1 else "dit s'il porte"
    text = (
        f"Sur {number_of(total, 'marché')}, {french(clear)} {say} une considération sociale ; "
        f"{_carrying(int(now['avec_clause'].sum()), clear)}."
    )
    if first:
        row = known.loc[known["part_clause"].idxmax()]
        of = f"{french(row['renseignes'])} marchés" if len(first) < 2 else "leurs marchés renseignés"
        text += (
            f" Parmi les segments d'au moins {min_known()} marchés renseignés, {named(first)} en "
            f"{'porte' if len(first) < 2 else 'portent'} le plus souvent "
            f"({number(row['part_clause'], **PERCENT)} de {of})."
        )
    return Prose(text)


def _nothing(page: Page) -> str:
    """Why the edition shows nothing here: of which years contracts are known, of the place, else of the region."""
    rows = page.read("segments")
    if rows.empty:
        return "Aucun fichier de marchés n'a été déposé, ou aucun n'a de marché exécuté dans la région."
    own = rows[rows["territoire"] == page.territory]
    if own.empty:
        return f"Aucun marché exécuté ici n'est connu ; ceux de la région sont {_years(rows['edition'])}."
    return f"Rien à montrer pour cette édition : les marchés connus ici sont {_years(own['edition'])}."


def _years(years: pd.Series) -> str:
    known = sorted(set(years))
    if len(known) > 2 and known[-1] - known[0] == len(known) - 1:
        return f"de {known[0]} à {known[-1]}"
    return f"de {together([str(year) for year in known])}"


def _none_of(total: int) -> str:
    return f"aucun des {french(total)} marchés" if total > 1 else "le seul marché"


def _carrying(carrying: int, clear: int) -> str:
    """How many of the contracts that say so have a clause."""
    if clear == 1:
        return "il a une clause ou est réservé" if carrying else "il n'a pas de clause et n'est pas réservé"
    return f"{percent(carrying / clear)} d'entre eux ont une clause ou sont réservés"


def by_segment(page: Page) -> Content:
    """Share of contracts with clause by segment; number of contracts where no share is known."""
    now = _segments(page)
    if now.empty:
        return Prose("Aucun marché.")
    table = _segment_table(now, page)
    shares = now.dropna(subset="part_clause")
    shares = shares[shares["renseignes"] >= min_known()].sort_values("part_clause", ascending=False, kind="stable")
    if len(shares):
        values = shares.set_index("libelle")["part_clause"]
        return Figure(
            bar_chart(values, **PERCENT),
            title="Part des marchés avec une clause sociale, par segment",
            alt=first_and_last(values.drop(index=labels()[OTHER], errors="ignore")),
            table=table,
            source=source_line(page),
        )
    values = now.sort_values("marches", ascending=False, kind="stable").set_index("libelle")["marches"]
    return Figure(
        bar_chart(values),
        title="Marchés par segment",
        alt=_most(values.drop(index=labels()[OTHER], errors="ignore").rename(QUOTED), "Aucun segment"),
        table=table,
        source=source_line(page),
    )


def by_epci(page: Page) -> Content:
    """Map and table by EPCI of execution: share with clause where it is known, else contracts."""
    now = page.read("epci")
    now = now[now["edition"] == page.year]
    if page.department:
        now = now[now["departement"] == page.department]
    if now.empty:
        return Prose("Aucun marché n'a pu être rattaché à une intercommunalité.")
    table = _epci_table(now, page)
    known = now[now["renseignes"] >= min_known()].set_index("epci_siren")["part_lissee"]
    names = now.set_index("epci_siren")["nom"]
    if len(known):
        region = _of_region(page)
        title = "Part des marchés avec une clause sociale, par intercommunalité d'exécution"
        chart = choropleth(
            known,
            legend_label=f"Part lissée des marchés (région : {number(region, **PERCENT)})",
            bins=bounds_around(region, known),
            missing="trop peu de marchés renseignés",
            departments=page.departments,
            **PERCENT,
        )
        low, high = number(known.min(), **PERCENT), number(known.max(), **PERCENT)
        span = (
            f"va de {low} ({names[known.idxmin()]}) à {high} ({names[known.idxmax()]})"
            if low != high
            else f"est partout de {low}"
        )
        alt = (
            f"Parmi les {len(known)} intercommunalités qui ont au moins {min_known()} marchés renseignés, "
            f"la part lissée {span}."
            if len(known) > 1
            else f"Une seule intercommunalité a au moins {min_known()} marchés renseignés : "
            f"{names[known.index[0]]}, dont la part lissée est de {low}."
        )
    else:
        title = "Marchés par intercommunalité d'exécution"
        counts = now.set_index("epci_siren")["marches"]
        chart = choropleth(counts, legend_label="Marchés", missing="aucun marché", departments=page.departments)
        alt = _most(counts.rename(names), "Aucune intercommunalité")
    return Figure(chart, title=title, alt=alt, table=table, source=source_line(page))


def _most(counts: pd.Series, kind: str) -> str:
    """Which of `counts` (contracts) is the largest; where none is, that no `kind` is."""
    return f"{ahead(counts, number_of(counts.max(), 'marché') if len(counts) else '', kind)}."


def _of_region(page: Page) -> float:
    """The region's share of contracts with clause, among those that say, as its page prints it."""
    rows = page.read("segments")
    rows = rows[(rows["edition"] == page.year) & (rows["territoire"] == page.dataset.region)]
    return float(round_half_up(rows["avec_clause"].sum() / rows["renseignes"].sum(), 3))


def segments_by_department(page: Page) -> Content:
    """Heat map of the contracts of each segment in each department of execution."""
    rows = page.read("segments")
    names = reference.department_names()[page.dataset.departements]
    rows = rows[(rows["edition"] == page.year) & rows["territoire"].isin(names.index)]
    if rows.empty:
        return Prose("Aucun marché n'a pu être rattaché à un département.")
    rows = rows.assign(libelle=rows["segment"].map(labels()), departement=rows["territoire"].map(names))
    wide = rows.pivot(index="libelle", columns="departement", values="marches").fillna(0)
    wide = wide.loc[wide.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    shares = wide / wide.sum()
    fig, ax = figure(height=0.9 + 0.27 * len(wide))
    texts = shares.map(lambda share: number(share, factor=100))
    blues, small = shades(), {"fontsize": 8}
    sns.heatmap(shares, annot=texts, fmt="", cmap=blues, cbar=False, linewidths=0.6, ax=ax, annot_kws=small)
    legible(ax)
    ax.set(xlabel="", ylabel="")
    ax.set_xticklabels([f"{name}\n({french(count)})" for name, count in wide.sum().items()], fontsize=8)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    # « Autres » is no segment, and of a few contracts a share says nothing.
    told = shares.drop(index=labels()[OTHER], errors="ignore").where(wide >= min_known()).stack().dropna()
    top = told.idxmax() if len(told) else None
    return Figure(
        fig,
        title="Part de chaque segment dans les marchés de chaque département (en %, nombre de marchés en tête)",
        alt=f"La plus forte part est celle de « {top[0]} » ({top[1]}) : {french(wide.loc[top])} marchés."
        if top
        else f"Aucun segment n'a {min_known()} marchés dans un département.",
        table=DataTable(
            wide.reset_index(),
            columns={"libelle": Column("Segment"), **{name: Column(name, 0) for name in wide.columns}},
            caption="Marchés par segment et département d'exécution, du segment le plus fréquent au plus rare",
            scope=scope(page),
            csv=page.csv("segments"),
        ),
        source=source_line(page),
    )


def segments_by_epci(page: Page) -> Content:
    """The three segments with most contracts in each EPCI, with their number of contracts."""
    cells = page.read("segments_epci")
    places = page.read("epci")
    places = places[places["edition"] == page.year]
    if not page.regional:
        places = places[places["departement"] == page.territory]
    cells = cells[(cells["edition"] == page.year) & cells["epci_siren"].isin(places["epci_siren"])]
    if cells.empty:
        return Prose("Aucun marché n'a pu être rattaché à une intercommunalité.")
    cells = cells.assign(libelle=cells["segment"].map(labels()))
    cells = cells.sort_values(["epci_siren", "marches", "segment"], ascending=[True, False, True])
    text = cells["libelle"] + " (" + cells["marches"].map(french) + ")"
    rank = cells.groupby("epci_siren").cumcount() + 1
    wide = pd.DataFrame({"epci_siren": cells["epci_siren"], "rang": rank, "text": text})[rank <= 3]
    wide = wide.pivot(index="epci_siren", columns="rang", values="text").reindex(columns=[1, 2, 3]).fillna("")
    frame = places[["epci_siren", "nom"]].merge(wide, on="epci_siren").sort_values("nom", key=alphabetical)
    frame = frame.rename(columns={1: "premier", 2: "deuxieme", 3: "troisieme"})
    return DataTable(
        frame,
        columns={
            "nom": Column("Intercommunalité"),
            "premier": Column("Premier segment (marchés)"),
            "deuxieme": Column("Deuxième"),
            "troisieme": Column("Troisième"),
        },
        caption="Les trois premiers segments de chaque intercommunalité, par nombre de marchés",
        scope=page.scope,
        csv=page.csv("segments_epci"),
        method="marches",
        note="Le fichier CSV donne tous les segments de toutes les intercommunalités.",
    )


def heat_map(page: Page) -> Content:
    """Share with clause of each segment in each EPCI, drawn towards the others', as a heat map."""
    names = page.read("epci")
    names = names[names["edition"] == page.year]
    if page.department:
        names = names[names["departement"] == page.department]
    cells = page.read("segments_epci")
    cells = cells[cells["edition"] == page.year].dropna(subset="part_lissee")
    cells = cells.merge(names[["epci_siren", "nom"]], on="epci_siren")
    if cells.empty:
        return Prose("La part des marchés avec clause ne peut pas être dite : le champ social n'est pas renseigné.")
    cells = cells.assign(libelle=cells["segment"].map(labels()))
    ranked = names.sort_values(["marches", "epci_siren"], ascending=[False, True])["nom"]
    wide = cells.pivot(index="nom", columns="libelle", values="part_lissee")
    wide = wide.reindex(index=ranked[ranked.isin(wide.index)], columns=_by_share(cells))
    surely = load_params().segments.surely
    # Where no contract says anything, only what is known of the other places is left.
    known = cells[cells["renseignes"] > 0]
    below, above = known[known["p_sous"] >= 1 - surely], known[known["p_sous"] <= surely]
    frame = pd.DataFrame(
        {
            "nom": wide.index,
            "dessous": [_listed(below, name) for name in wide.index],
            "dessus": [_listed(above, name) for name in wide.index],
        }
    )
    frame = frame[frame[["dessous", "dessus"]].ne(NONE).any(axis=1)]
    told = cells[(cells["segment"] != OTHER) & (cells["renseignes"] >= min_known())]
    told = told.sort_values(["part_lissee", "epci_siren", "segment"], ascending=[False, True, True])
    first = (
        f" La part la plus forte est celle de « {told['libelle'].iloc[0]} » ({told['nom'].iloc[0]}), parmi les cases "
        f"d'au moins {min_known()} marchés renseignés."
        if len(told)
        else ""
    )
    count = f"{french(PLACES_DRAWN)} " if len(wide) > PLACES_DRAWN else ""
    alike = " Aucune intercommunalité ne s'écarte de la région plus que le hasard ne l'expliquerait."
    return Figure(
        _heat(wide.head(PLACES_DRAWN)),
        title="Part lissée des marchés avec clause, par intercommunalité et segment",
        alt=f"De gauche à droite, les segments qui portent le plus souvent la clause ; de haut en bas, les "
        f"{count}intercommunalités qui ont le plus de marchés ; une case blanche n'en a aucun.{first}"
        f"{'' if len(frame) else alike}",
        method="part-lissee",
        table=DataTable(
            frame,
            columns={
                "nom": Column("Intercommunalité"),
                "dessous": Column("Segments sous la région"),
                "dessus": Column("Segments au-dessus"),
            },
            caption="Segments où une intercommunalité s'écarte de la région plus que le hasard ne l'expliquerait",
            scope=scope(page),
            csv=page.csv("segments_epci"),
            note="Un segment est dit sous la région, ou au-dessus, quand la probabilité qu'il le soit atteint "
            f"{percent(1 - surely, 0)}. Les autres intercommunalités ({french(len(wide) - len(frame))} sur "
            f"{french(len(wide))}) ne s'en écartent nulle part plus que le hasard. Un segment dont un marché de la "
            "région au plus a une clause, ou un au plus n'en a pas, n'y est pas. Case blanche : aucun marché. Toutes "
            "les parts sont dans le CSV.",
        )
        if len(frame)
        else None,
        source=source_line(page),
    )


def _heat(wide: pd.DataFrame) -> MplFigure:
    fig, ax = figure(height=2.6 + 0.17 * len(wide))
    bar = {"format": lambda value, _: percent(value, 0), "shrink": 0.3, "label": "Part lissée"}
    blues = shades(0.15)  # never white, which is no contract
    sns.heatmap(wide, cmap=blues, vmin=0, linewidths=0.3, ax=ax, yticklabels=True, xticklabels=True, cbar_kws=bar)
    ax.set(xlabel="", ylabel="")
    ax.xaxis.tick_top()
    ax.tick_params(length=0, labelsize=7)
    ax.set_xticklabels(ax.get_xticklabels(), rotation=90, ha="center", va="bottom", fontsize=7.5)
    return fig


def _by_share(cells: pd.DataFrame) -> list[str]:
    """Segments by their share with clause, the largest first."""
    sums = cells.groupby("libelle")[["avec_clause", "renseignes"]].sum()
    return list((sums["avec_clause"] / sums["renseignes"]).sort_values(ascending=False, kind="stable").index)


def _listed(cells: pd.DataFrame, name: str) -> str:
    return ", ".join(sorted(cells.loc[cells["nom"] == name, "libelle"])) or NONE


def by_buyer(page: Page) -> Content:
    """Share with clause by kind of buyer, over the years that say it."""
    if not page.regional:
        return on_region_page(page, "la part par catégorie d'acheteur")
    rows = page.read("acheteurs")
    rows = rows.assign(libelle=buyer_names(rows["categorie"]))
    rows = rows[rows["edition"] <= page.year]
    known = rows[rows["renseignes"] >= min_known()]
    if not rows["renseignes"].any():
        return Prose(
            "La part par catégorie d'acheteur n'est donnée que les années où les marchés disent s'ils ont une clause."
        )
    if known.empty:
        return Prose(
            f"La part par catégorie d'acheteur n'est donnée qu'à partir de {min_known()} marchés de l'année qui disent "
            "s'ils ont une clause : aucune catégorie n'en a autant."
        )
    year = int(known["edition"].max())
    last = known[known["edition"] == year].sort_values(["part_clause", "libelle"], ascending=[False, True])
    shares = last.set_index("libelle")["part_clause"]
    return Figure(
        bar_chart(shares, **PERCENT),
        title=f"Part des marchés avec une clause sociale, par catégorie d'acheteur, en {year}",
        alt=first_and_last(shares),
        table=DataTable(
            known.sort_values(["edition", "libelle"]),
            columns={"edition": Column("Année"), "libelle": Column("Acheteur"), **STATES},
            caption="Marchés, montants et clause sociale par catégorie d'acheteur",
            scope=f"{page.dataset.territory_name}, marchés notifiés, tous montants ; années où le champ est renseigné",
            csv=page.csv("acheteurs"),
            note="La catégorie suit le SIREN de l'acheteur, qui ne dit pas celle d'une société ou d'une association.",
        ),
        source=source_line(page),
    )


def places(page: Page) -> Content:
    """How the EPCI of execution was found, and how often it was not."""
    rows = page.read("lieux")
    rows = rows[rows["edition"] == page.year].sort_values("marches", ascending=False, kind="stable")
    if rows.empty:
        return Prose("Aucun marché.")
    labels = reference.labels("epci_methodes")
    frame = rows.assign(methode=rows["epci_methode"].map(labels))
    return DataTable(
        frame,
        columns={
            "methode": Column("Méthode"),
            "marches": Column("Marchés", 0),
            "part": Column("Part", **PERCENT),
        },
        caption="Comment l'intercommunalité d'exécution a été trouvée",
        scope=f"{page.dataset.territory_name}, marchés notifiés en {page.year}",
        csv=page.csv("lieux"),
        note="Un marché dont seul le département est connu compte dans la région et le département, "
        "dans aucune intercommunalité.",
    )


def sources(page: Page) -> Content:
    """What each received file brought and what it does not say."""
    return DataTable(
        page.read("sources"),
        columns={
            "source_fichier": Column("Fichier"),
            "format": Column("Format"),
            "marches": Column("Marchés", 0),
            "marches_region": Column("dont région", 0),
            "sans_epci": Column("sans intercommunalité", 0),
            "sans_objet": Column("sans objet", 0),
            "sans_montant": Column("sans montant", 0),
            "sans_champ_social": Column("sans champ social", 0),
        },
        caption="Ce que disent les fichiers reçus",
        scope="Tous les fichiers du jeu de données, toutes les années ; les manques sont comptés dans la région",
        csv=page.csv("sources"),
    )


def _segments(page: Page) -> pd.DataFrame:
    rows = page.read("segments")
    rows = rows[(rows["edition"] == page.year) & (rows["territoire"] == page.territory)]
    return rows.assign(libelle=rows["segment"].map(labels()))


def _segment_table(now: pd.DataFrame, page: Page) -> DataTable:
    return DataTable(
        now.sort_values(["marches", "segment"], ascending=[False, True]),
        columns={"libelle": Column("Segment"), **STATES},
        caption="Marchés, montants et clause sociale par segment, du plus fréquent au plus rare",
        scope=scope(page),
        csv=page.csv("segments"),
        note="La part porte sur les marchés renseignés ; « de » et « à » bornent ce que le hasard seul ferait varier "
        "(intervalle de Wilson à 95 %). Les montants, souvent des maximums, ne se divisent pas en heures."
        f"{left_out(now)}",
    )


def _epci_table(now: pd.DataFrame, page: Page) -> DataTable:
    return DataTable(
        now.sort_values("nom", key=alphabetical),
        columns={
            "nom": Column("Intercommunalité"),
            **STATES,
            "part_lissee": Column("Part lissée", **PERCENT),
            "p_sous": Column("Probabilité d'être sous la région", **PERCENT),
        },
        caption="Marchés, montants et clause sociale par intercommunalité d'exécution",
        scope=scope(page),
        csv=page.csv("epci"),
        note="La part lissée est rapprochée de celle des autres intercommunalités, d'autant plus que les marchés sont "
        "peu nombreux ; tant que la probabilité n'est proche ni de 0 ni de 100 %, l'écart à la région peut être dû au "
        f"hasard. Sur la carte, les intercommunalités de moins de {min_known()} marchés "
        "renseignés sont sans couleur.",
    )
