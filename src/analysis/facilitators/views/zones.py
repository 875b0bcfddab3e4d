"""Zones blanches: four classes of EPCI, what they weigh, how sure the last line is, and what moves it."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import french, number_of, percent, plural
from analysis.core.params import load_params
from analysis.facilitators.views.common import here, of_place, of_region, source, untold
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Figure, Prose
from analysis.publishing.maps import class_map
from analysis.publishing.page import Page

NOTHING = Prose("Sans inventaire, ni zones blanches ni besoins couverts ne peuvent être dits.")
VACANT = " (poste vacant)"  # declared by a structure that has nobody in post
OPEN = ("besoin_p10", "besoin_p50", "besoin_p90", "qpv", "operations", "structures", "p_sous_servie")
USUAL = "Classe et probabilité comptent le temps d'une personne seule sans accord pour la moyenne des autres."
ORIGINS = {
    "marches": "heures que pourraient porter les marchés d'une année qui se prêtent à une clause, avec elle ou sans",
    "habitants": "approché par les habitants : aucun marché n'a été reçu",
}


def summary(page: Page) -> Content:
    """The four classes side by side, in EPCI, people, amounts and job-seekers, with their map."""
    rows, places = of_place(page, page.read("zones_synthese")), here(page, page.read("zones"))
    if places.empty:
        return NOTHING
    names = reference.labels("classes_zone")
    order = {code: rank for rank, code in enumerate(names)}
    frame = rows.assign(libelle=rows["classe"].map(names), rank=rows["classe"].map(order)).sort_values("rank")
    by_class = frame.set_index("classe")
    settings = load_params().facilitators
    low, high = settings.hours_per_etp
    return Figure(
        class_map(places.set_index("epci_siren")["classe"], names, legend_label="Classe", departments=page.departments),
        title="Zones blanches : quatre classes d'intercommunalités",
        alt=f"Sur {number_of(len(places), 'intercommunalité')} : "
        + ", ".join(f"{name.lower()} {by_class.loc[code, 'epci']}" for code, name in names.items())
        + ".",
        table=DataTable(
            frame,
            columns={
                "libelle": Column("Classe"),
                "epci": Column("Intercommunalités", 0),
                "epci_attendus": Column("attendues", 0),
                "part_epci": Column("Part", **PERCENT),
                "part_population": Column("des habitants", **PERCENT),
                "part_montant": Column("du montant clausable", **PERCENT),
                "part_deld": Column("des chômeurs de longue durée", **PERCENT),
                **(
                    {"part_rsa": Column("des allocataires du RSA", **PERCENT)} if rows["part_rsa"].notna().any() else {}
                ),
                "part_besoin": Column("du besoin", **PERCENT),
            },
            caption="Les quatre classes : ce qu'elles pèsent",
            scope=f"{page.territory_name}, inventaire au 31 décembre {page.latest}",
            csv=page.csv("zones_synthese"),
            note=f"Sous-servie : moins de {percent(settings.delta, 0)} du besoin, à raison de "
            f"{french(low)} à {french(high)} heures suivies par ETP. Attendues : somme des probabilités. "
            + publics_told(page),
        ),
        source=source(page),
    )


def publics_told(page: Page) -> str:
    """What the numbers of people far from employment are, in sentences."""
    rows = page.read("publics")
    year = rows["millesime"].map(lambda said: "" if pd.isna(said) else f" ({said})")
    told = rows["libelle"].str[:1].str.upper() + rows["libelle"].str[1:] + year + " : " + rows["source"] + "."
    return " ".join(told)


def listed(page: Page) -> Content:
    """Every EPCI with its class, need, time and the probability to be under-served."""
    rows = here(page, page.read("zones"))
    if rows.empty:
        return NOTHING
    names = reference.labels("classes_zone")
    order = {code: rank for rank, code in enumerate(names)}
    unknown = untold(page)
    straddling = rows["a_cheval"].astype("bool")
    vacant = rows["structures"].eq(0) & rows["vacantes"].gt(0)
    frame = rows.assign(
        libelle=rows["classe"].map(names) + pd.Series(VACANT, index=rows.index).where(vacant, ""),
        rank=rows["classe"].map(order),
        # Only what tells somebody's time is secret.
        **{f"{name}__secret": "" for name in OPEN},
        lieu=rows["nom"] + pd.Series(" *", index=rows.index).where(straddling, ""),
    ).sort_values(["rank", "besoin_p50", "epci_siren"], ascending=[True, False, True])
    return DataTable(
        frame,
        columns={
            "lieu": Column("Intercommunalité"),
            "libelle": Column("Classe"),
            "besoin_p50": Column("Heures possibles par an", 0),
            "besoin_p10": Column("de", 0),
            "besoin_p90": Column("à", 0),
            "qpv": Column("Quartiers prioritaires", 0),
            "operations": Column(f"Opérations suivies en {load_params().facilitators.silent_months} mois", 0),
            "structures": Column("Structures qui déclarent y intervenir", 0),
            "etp": Column("leurs ETP ici", 2),
            "p_sous_servie": Column("Probabilité d'être sous-servie", **PERCENT),
        },
        caption="Besoin et temps de facilitateur par intercommunalité, par classe puis par besoin décroissant",
        scope=f"{page.territory_name}, inventaire au 31 décembre {page.latest} ; besoin : "
        f"{ORIGINS[str(rows['origine_besoin'].iloc[0])]} ; quartiers prioritaires de 2024",
        csv=page.csv("zones"),
        note="Besoin : médiane ; « de » et « à » : huit fois sur dix. "
        "* À cheval sur une autre région : sa partie d'ici seulement. Opérations : celle "
        "que deux structures ont saisie comptée une fois."
        + (f" {unknown}." if unknown else "")
        + (f" {USUAL}" if rows["etp"].isna().any() else "")
        + (f" {page.across}" if page.across else ""),
    )


def _range(least: int, most: int) -> str:
    """How many EPCI are under-served under some assumptions or others."""
    if not most:
        return "Quelle que soit l'hypothèse, aucune intercommunalité n'est sous-servie."
    places = f"{plural('intercommunalité', most)} {'est sous-servie' if most < 2 else 'sont sous-servies'}"
    return (
        f"Selon les hypothèses, de {least} à {most} {places} : le classement des plus démunies est plus sûr que leur "
        "nombre."
    )


def sensitivity(page: Page) -> Content:
    """How many EPCI are under-served, as the two assumptions change."""
    rows = page.read("zones_sensibilite")
    if rows.empty or page.read("zones").empty:
        return NOTHING
    under = rows[rows["classe"] == "sous_servie"]
    wide = under.pivot(index="delta", columns="heures_par_etp", values="epci").sort_index()
    columns = {f"h{per_etp:.0f}": Column(f"{french(per_etp)} h par ETP", 0) for per_etp in wide.columns}
    wide.columns = list(columns)
    frame = wide.reset_index().assign(part=lambda found: found["delta"].map(lambda d: percent(d, 0)))
    return DataTable(
        frame,
        columns={"part": Column("Part du besoin à couvrir"), **columns},
        caption="Intercommunalités sous-servies selon les deux hypothèses",
        scope=f"{page.dataset.territory_name}, inventaire au 31 décembre {page.latest}",
        csv=page.csv("zones_sensibilite"),
        takeaway=of_region(page, _range(int(under["epci"].min()), int(under["epci"].max()))),
    )
