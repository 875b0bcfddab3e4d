"""Hours that contracts without clause could bear, how sure they are, and where to look first."""

from __future__ import annotations

import pandas as pd
import seaborn as sns

from analysis.core import reference
from analysis.core.numbers import french, percent, plural, round_half_up
from analysis.core.params import load_params
from analysis.core.reference import WHOLE
from analysis.publishing.content import PERCENT, Card, Column, Content, DataTable, Figure, Prose, Strip, Warning
from analysis.publishing.page import Page
from analysis.publishing.style import figure
from analysis.publishing.templating import number
from analysis.segments.potential.caps import CAPPED
from analysis.segments.views.common import (
    full_time_digits,
    full_time_unit,
    legible,
    min_known,
    quarter,
    shades,
    whole_region,
)
from analysis.segments.views.intervals import BAR, interval_chart
from analysis.sources import publics

FACTORS = {
    "depense": "Part dépensée",
    "main_oeuvre": "Main-d'œuvre",
    "insertion": "Taux d'insertion",
    "reprise": "Reprise du personnel",
    "cout_horaire": "Coût horaire",
    "ecart_modele": "Ce que la règle manque",
    "eligibilite": "Éligibilité",
    "propre_aux_marches": "Propre aux marchés",
}
WITHOUT = "ni clause déclarée, ni opération suivie à coup sûr ; hors marchés subséquents"
MILLION = 1_000_000
METHODS = {
    "modele": "Ce modèle",
    "manuel": "Règle du manuel",
    "fournisseurs": "Règle du nombre de fournisseurs",
}
QUANTILES = {
    "p10": Column("une chance sur dix d'avoir moins", 0),
    "p50": Column("Heures (médiane)", 0),
    "p90": Column("une chance sur dix d'avoir plus", 0),
}


def headline(page: Page) -> Content:
    """Hours of the year's contracts without clause, gross and capped."""
    rows = _territory(page)
    whole = rows[rows["segment"] == WHOLE]
    if whole.empty:
        return Warning("Le potentiel de ce territoire n'a pas été calculé pour cette année.")
    now = whole.iloc[0]
    alone = "" if _any_linked(page) else " ; hypothèses seules : aucune opération close n'est rattachée"
    csv, enough = page.csv("potentiel"), _unbound(whole)
    of_all = "sur toute la vie des marchés" + (
        " ; l'offre et les publics y suffiraient, s'ils ne servaient qu'à eux" if enough else ""
    )
    return Strip(
        [
            Card("Marchés sans clause connue", float(now["marches"]), note=WITHOUT, csv=csv),
            _possible("Heures possibles, médiane", now, "", csv, f"{of_all}{alone}"),
            Card(
                "Équivalents temps plein",
                float(now["etp"]),
                full_time_unit(),
                digits=full_time_digits(now["etp"]),
                note="années de travail à temps plein, réparties sur toute la vie des marchés",
                csv=csv,
            ),
            *([] if enough else [_possible("Heures, offre et publics compris", now, CAPPED, csv, "")]),
        ]
    )


def _possible(label: str, row: pd.Series, suffix: str, csv: str, note: str) -> Card:
    """The median of hours with its range, in millions from one on: an estimate has no units."""
    low, middle, high = (float(row[f"{name}{suffix}"]) for name in ("p10", "p50", "p90"))
    large = middle >= MILLION
    digits, factor = (1, 1 / MILLION) if large else (0, 1.0)
    bounds = f"de {french(low * factor, digits)} à {french(high * factor, digits)}, huit fois sur dix"
    unit = plural("million d'heures", round_half_up(middle * factor, digits)) if large else "h"
    return Card(label, middle, unit, " ; ".join(filter(None, (bounds, note))), digits, factor, csv=csv)


def counts(page: Page) -> Content:
    """What each count of possible hours is of: three figures that bear nearly the same name."""
    rows = reference.table("publication/heures_possibles")
    listed = "\n".join(f"- **{row.libelle}** : {row.compte}." for row in rows.itertuples())
    return Prose(f"Trois comptes d'heures possibles, qui ne s'additionnent pas. Ce que pourraient porter :\n\n{listed}")


def by_segment(page: Page) -> Content:
    """Hours by segment with their interval."""
    rows = _territory(page)
    labels = reference.labels("segments") | {WHOLE: "Ensemble"}
    rows = rows.assign(libelle=rows["segment"].map(labels)).sort_values(["p50", "segment"], ascending=[False, True])
    drawn = rows[rows["segment"] != WHOLE]
    if drawn.empty:
        return Prose("Aucun marché sans clause n'est connu pour ce territoire et cette année.")
    first = drawn.iloc[0]
    return Figure(
        interval_chart(drawn.set_index("libelle")[["p50", "p10", "p90"]], unit="heures"),
        title="Heures d'insertion que pourraient porter les marchés sans clause, par segment",
        alt=f"« {first['libelle']} » vient en tête : {french(first['p50'])} "
        f"{plural('heure', round_half_up(first['p50']))} en médiane, "
        f"de {french(first['p10'])} à {french(first['p90'])}. {BAR}",
        table=DataTable(
            rows,
            columns={
                "libelle": Column("Segment"),
                "marches": Column("Marchés", 0),
                **QUANTILES,
                "etp": Column(full_time_unit(), full_time_digits(rows["etp"].max())),
                "fournisseurs": Column("Structures d'insertion", 0),
                "p50_plafonne": Column("Heures plafonnées (médiane)", 0),
            },
            caption="Potentiel par segment, par heures décroissantes",
            scope=f"{page.territory_name}, marchés notifiés en {page.year}, heures sur toute leur vie",
            csv=page.csv("potentiel"),
            note=_missing(page)
            + "Une médiane d'ensemble n'est pas la somme des médianes. "
            + ("Aucun plafond ne joue ici. " if _unbound(rows) else "")
            + "Les plafonds tiennent à la capacité supposée "
            "des structures d'insertion, dont le secteur n'est souvent pas connu, et aux publics éligibles"
            f"{_public(page)}. Ce que les clauses d'aujourd'hui occupent n'en est pas déduit.",
        ),
        source="données essentielles, exports des facilitateurs, hypothèses dites par la page de méthode.",
    )


def _public(page: Page) -> str:
    """Who the eligible public is, how many, and where the number comes from."""
    told = page.read("offre")
    row = told[(told["territoire"] == page.territory) & (told["segment"] == WHOLE)].iloc[0]
    reached = percent(reference.constants("potentiel")["part_publics"], 0)
    return (
        f" : {reached} des {french(row['deld'])} {publics.KNOWN[publics.JOBSEEKERS]} ({row['deld_source']}), ceux "
        "qu'une clause peut occuper dans l'année"
    )


def _unbound(rows: pd.DataFrame) -> bool:
    """Whether what companies and people can do limits the hours of no row as printed."""
    return bool((rows["p50"].map(french) == rows["p50_plafonne"].map(french)).all())


def _missing(page: Page) -> str:
    """What the data do not tell, and what stands for it."""
    missing = []
    if not (page.read("capture")["edition"] == page.year).any():
        missing.append(
            "Aucun marché de l'année ne dit clairement s'il porte une clause : la part de ceux qui en portent est "
            "celle des autres années ou, à défaut, celle publiée pour le pays. "
        )
    if not _any_linked(page):
        missing.append("Aucune opération close n'est rattachée : les heures ne reposent que sur des hypothèses. ")
    return "".join(missing)


def _any_linked(page: Page) -> bool:
    """Whether any closed operation is linked to contracts, so that hours rest on more than assumptions."""
    return bool((page.read("heures_par_euro")["operations"].fillna(0) > 0).any())


def by_place(page: Page) -> Content:
    """The segments, places and quarters with most hours."""
    rows = page.read("potentiel_epci")
    rows = rows[rows["edition"] == page.year]
    if page.department:
        rows = rows[rows["departement"] == page.department]
    held = rows["p50_plafonne"].map(french) != rows["p50"].map(french)
    rows = rows.sort_values(["p50", "segment", "lieu", "trimestre"], ascending=[False, True, True, True]).head(15)
    if rows.empty:
        return Prose("Aucun marché sans clause n'est connu pour ce territoire et cette année.")
    names = reference.epci().set_index("epci_siren")["nom"].to_dict()
    names |= reference.department_names().map("{} (département)".format).to_dict()
    rows = rows.assign(
        libelle=rows["segment"].map(reference.labels("segments")), nom=rows["lieu"].map(names).fillna("Lieu inconnu")
    )
    rows["quand"] = [quarter(f"{page.year}-T{number}") if number else "inconnu" for number in rows["trimestre"]]
    return DataTable(
        rows,
        columns={
            "nom": Column("Lieu"),
            "libelle": Column("Segment"),
            "quand": Column("Trimestre"),
            "marches": Column("Marchés", 0),
            **QUANTILES,
            **({} if _unbound(rows) else {"p50_plafonne": Column("Heures plafonnées (médiane)", 0)}),
        },
        caption="Où le potentiel est le plus grand, par heures décroissantes",
        scope=f"{page.territory_name}, marchés notifiés en {page.year}",
        csv=page.csv("potentiel_epci"),
        note=f"Le fichier CSV donne tous les segments, lieux et trimestres, et leurs heures plafonnées. {_held(held)}",
    )


def _held(held: pd.Series) -> str:
    """How many cells have their median capped, and by what."""
    share = held.mean()
    many = "moins de 1 %" if 0 < share < 0.005 else percent(share, 0)
    radius = french(load_params().segments.potential.radius_km)
    return (
        f"Les plafonds abaissent la médiane de {many} des lignes de ce territoire : ce que permettent en un an les "
        f"structures d'insertion à moins de {radius} km de l'intercommunalité (chacune compte pour toutes celles à sa "
        "portée) et ses publics, partagé entre les marchés de l'année."
    )


def drivers(page: Page) -> Content:
    """Which factor makes the hours of each segment vary."""
    rows = page.read("potentiel_facteurs")
    if rows.empty:
        return Prose("Aucun potentiel n'a été calculé.")
    rows = rows.assign(libelle=rows["segment"].map(reference.labels("segments")), nom=rows["facteur"].map(FACTORS))
    wide = rows.pivot(index="libelle", columns="facteur", values="part").reindex(columns=list(FACTORS)).fillna(0)
    means = rows.groupby("facteur")["part"].median().drop("propre_aux_marches", errors="ignore")
    most = str(means.idxmax())
    wide = wide.sort_values(most, ascending=False, kind="stable")
    fig, ax = figure(height=1.3 + 0.27 * len(wide))
    texts = wide.map(lambda share: number(share, factor=100))
    sns.heatmap(
        wide.rename(columns=FACTORS), annot=texts.to_numpy(), fmt="", cmap=shades(), cbar=False, linewidths=0.6, ax=ax,
        annot_kws={"fontsize": 8}, vmin=0, vmax=1,
    )  # fmt: skip
    legible(ax)
    ax.set(xlabel="", ylabel="")
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_xticklabels(list(FACTORS.values()), fontsize=8, rotation=35, ha="left", rotation_mode="anchor")
    return Figure(
        fig,
        title=f"Ce qui fait varier le potentiel de chaque segment, en % de la variance{whole_region(page)}",
        alt=f"Le facteur qui pèse le plus, le plus souvent : « {FACTORS[most].lower()} ».",
        table=DataTable(
            wide.reset_index(),
            columns={"libelle": Column("Segment"), **{f: Column(name, **PERCENT) for f, name in FACTORS.items()}},
            caption="Part de la variance du potentiel due à chaque facteur",
            scope=f"{page.dataset.territory_name}, dernières années de notification",
            csv=page.csv("potentiel_facteurs"),
            note="« Propre aux marchés » se compense d'un marché à l'autre ; le reste non.",
        ),
        source="tirages du modèle.",
    )


def new_segments(page: Page) -> Content:
    """Segments to open in the territory, the most promising first, with the evidence."""
    rows = page.read("segments_nouveaux")
    rows = rows[(rows["edition"] == page.year) & (rows["territoire"] == page.territory)]
    if rows.empty:
        if page.regional:
            country = page.read("segments_ailleurs")
            known = (country["edition"].eq(page.year) & country["renseignes"].ge(min_known())).any()
            said = (
                "Aucun segment n'est en retard sur le reste du pays avec une offre et un volume suffisants."
                if known
                else "Le jeu de données contient trop peu de marchés d'autres régions pour comparer la région au reste "
                "du pays."
            )
            return Prose(f"{said} La page de chaque département compare les siens à ceux de la région.")
        return Prose("Aucun segment n'est en retard sur la région avec une offre et un volume suffisants.")
    families = reference.table("nomenclatures/segments").set_index("code")["famille"]
    rows = rows.assign(libelle=rows["segment"].map(reference.labels("segments")), famille=rows["segment"].map(families))
    return DataTable(
        rows.sort_values("rang").head(12),
        columns={
            "libelle": Column("Segment"),
            "famille": Column("Famille"),
            "part_clause": Column("Part avec clause", **PERCENT),
            "part_reference": Column("Référence", **PERCENT),
            "p_sous": Column("Probabilité d'être en dessous", **PERCENT),
            "fournisseurs": Column("Structures d'insertion", 0),
            "dont_secteur": Column("dont du secteur", 0),
            "p50_plafonne": Column("Heures possibles, plafonnées", 0),
            "heures_attendues": Column("Heures × probabilité", 0),
        },
        caption="Segments à ouvrir, par heures possibles × probabilité",
        scope=f"{page.territory_name}, marchés notifiés en {page.year}",
        csv=page.csv("segments_nouveaux"),
        note="Une structure d'insertion qui met des personnes à disposition sert tous les segments.",
    )


def backtest(page: Page) -> Content:
    """How well hours are foreseen, beside two rules of the field."""
    rows = page.read("potentiel_retro")
    if rows.empty or not rows["operations"].any():
        return Prose("Aucune opération récente n'est rattachée à un marché : le modèle n'a pas pu être éprouvé.")
    if rows["heures"].isna().all():
        return Prose("Les heures des opérations récentes sont secrètes : ce que vaut le modèle n'est pas dit.")
    rows = rows.assign(nom=rows["methode"].map(METHODS), ordre=rows["methode"].map(list(METHODS).index))
    ours = rows.set_index("methode").loc["modele"]
    others = rows[rows["methode"] != "modele"]
    verdict = _verdict(
        {
            "pour l'erreur moyenne": bool(ours["erreur_absolue"] < others["erreur_absolue"].min()),
            "pour le rang des segments par heures": bool(ours["spearman"] > others["spearman"].max()),
        }
    )
    return DataTable(
        rows.sort_values("ordre"),
        columns={
            "nom": Column("Méthode"),
            "operations": Column("Opérations", 0),
            "erreur_absolue": Column("Erreur moyenne", 0, "h"),
            "erreur_mediane": Column("Erreur médiane", 0, "h"),
            "biais": Column("Biais", **PERCENT),
            "spearman": Column("Rang des segments", 2),
            "couverture": Column("Dans l'intervalle", **PERCENT),
        },
        caption=f"Heures prévues d'opérations mises de côté{whole_region(page)}",
        scope=f"{page.dataset.territory_name}, opérations commencées les dernières années, heures à ce jour",
        csv=page.csv("potentiel_retro"),
        note=f"{verdict}. L'intervalle devrait contenir quatre opérations sur cinq.",
    )


def _verdict(beaten: dict[str, bool]) -> str:
    """In what the model does better than both rules, and in what it does not."""
    better, others = ([what for what, is_better in beaten.items() if is_better is told] for told in (True, False))
    if not better:
        return f"Le modèle ne fait pas mieux que les deux règles, ni {' ni '.join(others)}"
    left = "".join(f", mais pas {what}" for what in others)
    return f"Le modèle fait mieux que les deux règles, {' et '.join(better)}{left}"


def _territory(page: Page) -> pd.DataFrame:
    rows = page.read("potentiel")
    return rows[(rows["edition"] == page.year) & (rows["territoire"] == page.territory)]
