"""What the notebook shows of the watch: what is coming, when, for which trades, and how far it can be trusted."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import french, french_date, number_of, round_half_up
from analysis.core.params import load_params
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Figure, Format, Prose, Warning, millions
from analysis.publishing.page import Page
from analysis.publishing.style import ACCENT, CONTRAST, INK, SOFT, bar_chart, figure, french_axis
from analysis.publishing.templating import alphabetical, number
from analysis.segments.views.common import KINDS, quarter, quarter_in_full, source_line
from analysis.segments.views.needs import likeliest, scope, subscribed, tried
from analysis.segments.watch.skills import REST

MONTHS: Format = {"factor": 1, "digits": 1, "unit": "mois"}
TRADES = 12  # drawn and listed; the CSV file has them all


def message(page: Page) -> Content:
    """What is expected, how to subscribe to it, or what is missing to say anything."""
    now = _own(page, "veille_trimestres")
    steps = page.read("veille_couverture").set_index("etape")["valeur"]
    if not steps.get("fins_apprises", 0):
        past = int(steps.get("fins_passees", 0))
        shown = (
            f"montrent {number_of(past, 'besoin')} dont la fin est"
            if past
            else "ne montrent aucun besoin dont la fin soit"
        )
        return Warning(
            f"Les fichiers reçus {shown} assez ancienne pour qu'un renouvellement se voie ; "
            f"il en faut {french(load_params().segments.watch.least_past_ends)} "
            "pour en apprendre des probabilités. **Aucun renouvellement n'est donc prévu ici**, ce qui ne veut pas "
            "dire qu'il n'y en aura pas : déposez les marchés des années précédentes."
        )
    if now.empty:
        return Prose("Aucun besoin n'est attendu dans ce territoire pendant les trimestres à venir.")
    first = now.iloc[0]
    if now["attendus_haut"].max() < 1:
        return Prose(
            "Moins d'un besoin est attendu par trimestre dans ce territoire : aucun nouveau marché n'y est probable "
            "pendant les trimestres à venir."
        )
    return Prose(
        f"Au {quarter_in_full(first['trimestre'])}, {_expected(first['attendus'])} donner lieu à un nouveau marché "
        f"(de {french(first['attendus_bas'])} à {french(first['attendus_haut'])}, huit fois sur dix). "
        f"{subscribed(page, _needs(page))} Une clause se prépare avant la publication de l'avis, soit environ six mois "
        "avant la notification."
    )


def _expected(needs: float) -> str:
    """How many needs should come, as a sum of probabilities can say it."""
    return f"{_about(needs)} {'devrait' if round_half_up(needs) < 2 else 'devraient'}"


def _about(needs: float) -> str:
    count = int(round_half_up(needs))
    return f"environ {number_of(count, 'besoin')}" if count else "moins d'un besoin"


def quarters(page: Page) -> Content:
    """Expected needs by quarter, with their interval."""
    now = _own(page, "veille_trimestres")
    if now.empty:
        return Prose("Aucun besoin attendu.")
    fig, ax = figure(height=3.4)
    at = range(len(now))
    bars = ax.bar(at, now["attendus"], color=ACCENT, width=0.62)
    low, high = now["attendus"] - now["attendus_bas"], now["attendus_haut"] - now["attendus"]
    ax.errorbar(at, now["attendus"], yerr=[low.clip(lower=0), high.clip(lower=0)], fmt="none", ecolor=CONTRAST,
                elinewidth=1.6, capsize=5)  # fmt: skip
    ax.bar_label(bars, [french(value, 0) for value in now["attendus"]], label_type="center", color="white", fontsize=9)
    ax.set_xticks(list(at), now["trimestre"].map(quarter).tolist(), color=INK)
    french_axis(ax.yaxis)
    ax.set_ylim(0, 1.08 * max(float(now["attendus_haut"].max()), 1.0))
    ax.grid(axis="y")
    ax.set_axisbelow(True)
    top = now.loc[now["attendus"].idxmax()]
    return Figure(
        fig,
        title="Besoins dont un nouveau marché est attendu, par trimestre de notification",
        alt=f"Le plus grand nombre est attendu au {quarter_in_full(top['trimestre'])} : {_about(top['attendus'])}, "
        f"de {french(top['attendus_bas'])} à {french(top['attendus_haut'])} huit fois sur dix (traits orange).",
        table=DataTable(
            now.assign(trimestre=now["trimestre"].map(quarter)),
            columns={
                "trimestre": Column("Trimestre"),
                "attendus": Column("Attendus", 0),
                "attendus_bas": Column("attendus : de", 0),
                "attendus_haut": Column("attendus : à", 0),
                "dont_projets": Column("dont annoncés", 0),
                "montant_attendu": Column("Montant attendu", **millions(2)),
                **_hour_columns(now),
                **({"heures_p50_plafonne": Column("Heures plafonnées", 0)} if _capped(now) else {}),
            },
            caption="Besoins attendus par trimestre de notification",
            scope=scope(page),
            csv=page.csv("veille_trimestres"),
            note="Un besoin réunit les lots d'une même consultation. Les derniers trimestres sont sous-estimés : des "
            "marchés courts qui s'y termineront ne sont pas encore notifiés. L'intervalle dit le hasard de chaque "
            "besoin, non l'erreur du modèle."
            + ("" if now["heures_p50"].isna().all() else " Heures : des besoins qui se prêtent à une clause.")
            + (
                " Heures plafonnées : la médiane de ce que permettent en un an les structures d'insertion et les "
                "publics du territoire, que les trimestres de l'année se partagent."
                if _capped(now)
                else ""
            ),
        ),
        source=_source(page),
    )


def segments(page: Page) -> Content:
    """Expected needs by segment and quarter."""
    now = _own(page, "veille_calendrier")
    if now.empty:
        return Prose("Aucun besoin attendu.")
    wide = now.pivot(index="segment", columns="trimestre", values="attendus").fillna(0.0)
    wide = wide.loc[wide.sum(axis=1).sort_values(ascending=False, kind="stable").index].reset_index()
    wide["libelle"] = wide["segment"].map(reference.labels("segments"))
    return DataTable(
        wide,
        columns={"libelle": Column("Segment"), **{name: Column(quarter(name), 0) for name in _names(now)}},
        caption="Besoins attendus par segment et trimestre de notification, par nombre décroissant",
        scope=scope(page),
        csv=page.csv("veille_calendrier"),
    )


def places(page: Page) -> Content:
    """Expected needs by EPCI and quarter."""
    rows = page.read("veille_trimestres")
    known = reference.epci().rename(columns={"epci_siren": "territoire"})
    if page.department:
        known = known[known["departement"] == page.department]
    rows = rows[(rows["territoire_type"] == "epci") & rows["territoire"].isin(known["territoire"])]
    if rows.empty:
        return Prose("Aucun besoin attendu n'est rattaché à une intercommunalité.")
    wide = rows.pivot(index="territoire", columns="trimestre", values="attendus").fillna(0.0).reset_index()
    wide = wide.merge(known[["territoire", "nom"]], on="territoire").sort_values("nom", key=alphabetical)
    return DataTable(
        wide,
        columns={"nom": Column("Intercommunalité"), **{name: Column(quarter(name), 0) for name in _names(rows)}},
        caption="Besoins attendus par intercommunalité et trimestre de notification",
        scope=scope(page),
        csv=page.csv("veille_trimestres"),
        note="Un besoin dont seul le département est connu compte dans le département et la région. "
        "Le fichier CSV donne les intervalles et les montants.",
    )


def answering(page: Page) -> Content:
    """What each EPCI has to answer what is coming with: insertion companies by kind, audiences."""
    known = reference.epci().rename(columns={"departement": "dep"})
    if page.department:
        known = known[known["dep"] == page.department]
    rows = page.read("veille_territoires").merge(known[["epci_siren", "nom"]], on="epci_siren")
    if rows.empty:
        return Prose("Ce que le territoire a pour répondre n'est pas connu.")
    return DataTable(
        rows.sort_values("nom", key=alphabetical),
        columns={
            "nom": Column("Intercommunalité"),
            "siae": Column("Structures d'insertion", 0),
            "siae_aci": Column("ACI", 0),
            "siae_ai": Column("AI", 0),
            "siae_ei": Column("EI", 0),
            "siae_etti": Column("ETTI", 0),
            "siae_geiq": Column("GEIQ", 0),
            "deld": Column("Demandeurs d'emploi > 1 an", 0),
            **({} if rows["rsa"].isna().all() else {"rsa": Column("Allocataires du RSA", 0)}),
            "qpv": Column("Quartiers prioritaires", 0),
            "habitants": Column("Population municipale (région)", 0),
        },
        caption="Avec qui répondre : structures d'insertion et publics",
        scope=f"{page.territory_name} ; structures de 2019-2020, quartiers de 2024, communes de 2026",
        csv=page.csv("veille_territoires"),
        note=f"{KINDS} {_publics_told(page, rows)} D'une intercommunalité que deux régions se partagent, habitants et "
        "quartiers sont ceux de ses communes d'ici. Les heures par métier de chaque intercommunalité sont dans les "
        "données à télécharger.",
    )


def _publics_told(page: Page, rows: pd.DataFrame) -> str:
    """Where the numbers of job-seekers come from, and whether recipients of the RSA are known."""
    source = page.read("offre").dropna(subset="deld_source")["deld_source"].iloc[0]
    missing = " Les allocataires du RSA ne sont pas connus." if rows["rsa"].isna().all() else ""
    return f"Demandeurs d'emploi de plus d'un an : {source}.{missing}"


def next_needs(page: Page) -> Content:
    """The needs most likely to come back within the horizon."""
    rows = _needs(page)
    if rows.empty:
        return Prose("Aucun besoin attendu.")
    found = likeliest(rows, load_params().segments.watch.rows_shown)
    rows = found.assign(
        segment=rows["segment"].map(reference.labels("segments")),
        origine=rows["origine"].map(reference.labels("veille_origines")),
    )
    return DataTable(
        rows,
        columns={
            "objet": Column("Objet"),
            "acheteur_nom": Column("Acheteur"),
            "segment": Column("Segment"),
            "fenetre_debut": Column("Du"),
            "fenetre_fin": Column("au"),
            "p_horizon": Column("Probabilité", **PERCENT),
            "montant": Column("Montant", **millions(2)),
            **_hour_columns(rows),
            "origine": Column("Origine"),
        },
        caption="Les besoins dont un nouveau marché est le plus probable",
        scope=scope(page),
        csv=page.csv("veille_besoins"),
        note=" ".join(
            filter(
                None,
                (
                    "La fenêtre tient huit chances sur dix de la date de notification, si le besoin revient.",
                    "" if rows["heures_p50"].isna().all() else "Heures : s'il porte une clause.",
                    tried(page, found),
                    "Le fichier CSV donne tous les besoins attendus.",
                ),
            )
        ),
    )


def trades(page: Page) -> Content:
    """The trades that the expected needs call for, by quarter."""
    rows = _own(page, "veille_metiers")
    if rows.empty:
        return Prose("Aucun besoin attendu.")
    named = rows[rows["rome"] != REST].assign(metier=lambda t: t["libelle"] + " (" + t["rome"] + ")")
    if named.empty:
        return Prose("Les besoins attendus sont trop peu nombreux pour être partagés entre métiers.")
    measure = "heures" if named["heures"].gt(0).any() else "besoins_attendus"
    one, unit = (
        ("heure d'insertion possible", "heures d'insertion possibles")
        if measure == "heures"
        else ("besoin attendu", "besoins attendus")
    )
    wide = named.pivot(index="metier", columns="trimestre", values=measure).fillna(0.0)
    wide = wide.loc[wide.sum(axis=1).sort_values(ascending=False, kind="stable").index].head(TRADES)
    first = str(wide.columns[wide.gt(0).any()][0])  # where few needs come, a quarter may have none of its own
    order = wide[first].sort_values(ascending=False, kind="stable")
    digits = 0 if measure == "heures" else 1
    most = round_half_up(order.iloc[0], digits)
    return Figure(
        bar_chart(order, digits=digits),
        title=f"Métiers appelés par les marchés attendus au {quarter_in_full(first)} ({unit})",
        alt=f"« {order.index[0]} » vient en tête avec {french(most, digits)} {one if most < 2 else unit}.",
        table=DataTable(
            wide.reset_index(),
            columns={"metier": Column("Métier"), **{name: Column(quarter(name), digits) for name in _names(named)}},
            caption=f"Métiers appelés par les marchés attendus, par trimestre ({unit})",
            scope=scope(page),
            csv=page.csv("veille_metiers"),
            note="Chaque segment est partagé entre métiers comme les recrutements de 2021 dans ses activités ; "
            "les métiers au-delà de 80 % des recrutements n'y sont pas. Codes ROME de 2021.",
        ),
        source="recrutements par activité et métier (NAF × ROME, 2021).",
    )


def calibration(page: Page) -> Content:
    """Announced probabilities against what happened."""
    rows = page.read("veille_calibration")
    if rows.empty:
        return Prose("Aucune année ne peut être mise à l'épreuve : trop peu de fins passées sont connues.")
    fig, ax = figure(height=3.8)
    ax.plot([0, 1], [0, 1], color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)))
    ax.scatter(rows["predit"], rows["observe"], s=12 + 120 * rows["besoins"] / rows["besoins"].max(), color=ACCENT)
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="Probabilité annoncée", ylabel="Part renouvelée")
    french_axis(ax.xaxis, "%", 100)
    french_axis(ax.yaxis, "%", 100)
    ax.set_aspect("equal")
    gap = rows.loc[(rows["observe"] - rows["predit"]).abs().idxmax()]
    return Figure(
        fig,
        title="Ce qui était annoncé et ce qui est arrivé",
        alt=f"Le plus grand écart : {number(gap['predit'], **PERCENT)} annoncés, "
        f"{number(gap['observe'], **PERCENT)} observés, pour {number_of(gap['besoins'], 'besoin')}. Un point sur la "
        "ligne dit juste ; sa taille dit le nombre de besoins.",
        table=DataTable(
            rows.sort_values("classe"),
            columns={
                "predit": Column("Annoncé, en moyenne", **PERCENT),
                "observe": Column("Observé", **PERCENT),
                "besoins": Column("Besoins", 0),
                "renouveles": Column("Renouvelés", 0),
            },
            caption="Probabilités annoncées la veille de chaque année, et part observée de besoins renouvelés",
            scope=_tested(page),
            csv=page.csv("veille_calibration"),
        ),
        source=_source(page),
    )


def backtest(page: Page) -> Content:
    """The model year by year, beside its baselines."""
    rows = page.read("veille_epreuve")
    if rows.empty:
        return Prose("Aucune année ne peut être mise à l'épreuve : trop peu de fins passées sont connues.")
    rows = rows.sort_values("annee", key=lambda year: year.where(year > 0, 9999))
    shown = rows.assign(an=rows["annee"].astype("str").where(rows["annee"] > 0, "Ensemble"))
    top = load_params().segments.watch.top
    whole = rows[rows["annee"] == 0].iloc[0]
    return DataTable(
        shown,
        columns={
            "an": Column("Année"),
            "besoins": Column("Besoins", 0),
            "renouveles": Column("Renouvelés", 0),
            "brier": Column("Brier, modèle", 3),
            "brier_base": Column("taux passé", 3),
            "brier_fin": Column("tous à la fin", 3),
            "precision_k": Column(f"Justes sur {top}", **PERCENT),
            "rappel_k": Column("Rappel", **PERCENT),
            "rappel_k_max": Column("au mieux", **PERCENT),
            "avance_mediane": Column("Avance", **MONTHS),
            "erreur_moyenne": Column("Écart, modèle", 2, "mois"),
            "erreur_moyenne_fin": Column("date de fin", 2, "mois"),
        },
        caption="Le modèle à l'épreuve : ce qui a été prédit la veille de chaque année",
        scope=_tested(page),
        csv=page.csv("veille_epreuve"),
        takeaway=f"Sur les {french(top)} marchés jugés les plus probables chaque année, "
        f"{round_half_up(10 * whole['precision_k'])} sur 10 ont bien été renouvelés"
        + _dated(whole["erreur_moyenne"], whole["erreur_moyenne_fin"]),
        note="Score de Brier : moyenne des carrés des écarts entre la probabilité annoncée et ce qui est arrivé (0 : "
        f"sans erreur ; 0,25 : une chance sur deux partout) ; {french(whole['brier'], 3)} ici, contre "
        f"{french(whole['brier_base'], 3)} pour le taux passé et {french(whole['brier_fin'], 3)} si tout marché était "
        "renouvelé à sa fin. Taux passé : le même taux pour tous. Justes : part de renouvelés parmi les "
        f"{french(top)} premiers ; rappel : part qu'ils sont de tous les renouvelés, au mieux ce que leur nombre "
        "permet. Avance : de la veille de l'année à leur notification, médiane. Écart : de la date annoncée à la "
        "vraie, en moyenne.",
    )


def _dated(model: float, end: float) -> str:
    """How the date is told, beside the end of the contract: in months, as printed; nothing without any renewal."""
    if pd.isna(model):
        return "."
    said, rule = round_half_up(model, 2), round_half_up(end, 2)
    better = "guère mieux prévue" if 10 * said > 9 * rule else "mieux prévue"
    how = better if said < rule else "aussi bien prévue" if said == rule else "moins bien prévue"
    not_ = "n'" if how.startswith("guère") else ""
    return (
        f" ; la date {not_}est {how} que par la fin du marché : {french(said, 2)} mois d'écart moyen contre "
        f"{french(rule, 2)}."
    )


def coverage(page: Page) -> Content:
    """What the watch was made from."""
    rows = page.read("veille_couverture")
    order = list(reference.labels("veille_etapes"))
    return DataTable(
        rows.sort_values("etape", key=lambda step: step.map(order.index)),
        columns={"libelle": Column("Étape"), "valeur": Column("Nombre", 0)},
        caption="Ce dont la veille est faite",
        scope="Tous les fichiers du jeu de données, toutes les années et tous les lieux ; projets rapprochés : région",
        csv=page.csv("veille_couverture"),
    )


def _needs(page: Page) -> pd.DataFrame:
    """The needs of the page's territory."""
    return page.read("veille_besoins", **({"departement": page.department} if page.department else {}))


def _own(page: Page, table: str) -> pd.DataFrame:
    kind = "region" if page.regional else "departement"
    rows = page.read(table, territoire_type=kind, territoire=page.territory)
    return rows.sort_values("trimestre", kind="stable", ignore_index=True)


def _names(rows: pd.DataFrame) -> list[str]:
    return sorted(rows["trimestre"].unique())


def _hour_columns(rows: pd.DataFrame) -> dict[str, Column]:
    """The columns of hours, where they are estimated."""
    if rows["heures_p50"].isna().all():
        return {}
    return {
        "heures_p50": Column("Heures", 0),
        "heures_p10": Column("heures : de", 0),
        "heures_p90": Column("heures : à", 0),
    }


def _capped(rows: pd.DataFrame) -> bool:
    """Whether what companies and people can do limits the hours of any row as printed."""
    if rows["heures_p50_plafonne"].isna().all():
        return False
    return bool((rows["heures_p50"].map(french) != rows["heures_p50_plafonne"].map(french)).any())


def _tested(page: Page) -> str:
    return f"Tous les acheteurs des fichiers reçus, fins jugées au {french_date(page.dataset.date_observation)}"


def _source(page: Page) -> str:
    return source_line(page, "renouvellements appris du passé")
