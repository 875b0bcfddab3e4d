"""What sets territories apart: specialisation, concentration, and why their contracts with clause change."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.numbers import french, round_half_up
from analysis.core.texts import becomes
from analysis.publishing.content import Column, Content, DataTable, Figure, Prose
from analysis.publishing.page import Page
from analysis.publishing.style import line_chart
from analysis.publishing.templating import alphabetical
from analysis.segments.contracts import OTHER
from analysis.segments.views.common import labels, min_known, source_line

SHOWN = 3  # segments of each place


def specialisation(page: Page) -> Content:
    """The segments that each EPCI buys more than the region does."""
    cells = page.read("segments_epci").query("edition == @page.year").dropna(subset="specialisation")
    every = page.read("epci").query("edition == @page.year")[["epci_siren", "nom", "departement"]]
    places = every[every["departement"] == page.department] if page.department else every
    cells = cells[cells["epci_siren"].isin(places["epci_siren"])]
    if cells.empty:
        return Prose(f"Aucune intercommunalité n'a {min_known()} marchés dans l'année.")
    if len(every) == 1:
        return Prose(
            f"Une seule intercommunalité a des marchés dans l'année, {every['nom'].iloc[0]} : il n'y en a pas d'autre "
            "à qui la comparer."
        )
    # What is printed as 1,0 is no more than the region.
    more = cells["specialisation"].map(lambda value: round_half_up(value, 1)) > 1
    cells = cells[more & (cells["segment"] != OTHER)]
    if cells.empty:
        return Prose(
            f"Aucune intercommunalité d'au moins {min_known()} marchés n'achète un segment nettement plus que la "
            "région."
        )
    cells = cells.assign(libelle=cells["segment"].map(labels()))
    cells = cells.sort_values(["epci_siren", "specialisation", "segment"], ascending=[True, False, True])
    cells["rang"] = cells.groupby("epci_siren").cumcount() + 1
    cells["texte"] = cells["libelle"] + " (" + cells["specialisation"].map(lambda value: french(value, 1)) + ")"
    wide = cells[cells["rang"] <= SHOWN].pivot(index="epci_siren", columns="rang", values="texte")
    wide = wide.reindex(columns=range(1, SHOWN + 1)).astype("object").fillna("–")
    wide.columns = [f"rang_{rank}" for rank in wide.columns]
    frame = places.merge(wide.reset_index(), on="epci_siren").sort_values("nom", key=alphabetical)
    return DataTable(
        frame,
        columns={
            "nom": Column("Intercommunalité"),
            "rang_1": Column("Premier segment (indice)"),
            "rang_2": Column("Deuxième"),
            "rang_3": Column("Troisième"),
        },
        caption="Ce que chaque intercommunalité achète plus que la région",
        scope=f"{page.territory_name}, marchés notifiés en {page.year} ; au moins {min_known()} marchés",
        csv=page.csv("segments_epci"),
        note="Indice : part du segment dans les marchés du lieu, rapportée à sa part dans la région, rapprochée de "
        "1 d'autant plus que les marchés sont peu nombreux. 2 : deux fois la part de la région. Les marchés de segment "
        "inconnu n'y sont pas.",
    )


def concentration(page: Page) -> Content:
    """Effective numbers of segments and buyers, of all contracts and of those with clause."""
    rows = page.read("concentration")
    rows = rows[rows["territoire"].eq(page.territory) & (rows["edition"] <= page.year)].sort_values("edition")
    if rows.empty:
        return Prose("Aucun marché.")
    last = rows.iloc[-1]
    lines = rows.set_index("edition")[["segments", "segments_clause"]].dropna(axis=1, how="all")
    lines.columns = ["tous les marchés", "marchés avec clause"][: len(lines.columns)]
    clause = (
        f" ; ceux qui portent la clause, entre {french(last['segments_clause'], 1)}"
        if pd.notna(last["segments_clause"])
        else ""
    )
    table = DataTable(
        rows,
        columns={
            "edition": Column("Année"),
            "segments": Column("Segments, tous marchés", 1),
            "segments_clause": Column("Segments, avec clause", 1),
            "acheteurs": Column("Acheteurs, tous marchés", 1),
            "acheteurs_clause": Column("Acheteurs, avec clause", 1),
        },
        caption="Nombres effectifs de segments et d'acheteurs",
        scope=f"{page.territory_name}, marchés notifiés ; la clause n'est connue que depuis 2024",
        csv=page.csv("concentration"),
        note="Nombre effectif : combien de segments de même taille donneraient la même concentration (inverse de "
        "l'indice de Herfindahl).",
    )
    spread = french(last["segments"], 1)
    equals = "segments" if last["segments"] >= 2 else "segment"
    alt = (
        f"En {last['edition']}, les marchés sont aussi dispersés que s'ils se partageaient également entre {spread} "
        f"{equals}{clause}."
    )
    if len(lines) < 2:
        return table
    ruptures = reference.table("ruptures")
    known = ruptures[ruptures["objet"].eq("segments") & ruptures["annee"].isin(lines.index[1:])]
    breaks = dict(zip(known["annee"], known["libelle"], strict=True))
    return Figure(
        line_chart(lines, breaks=breaks, digits=1),
        title="Nombre effectif de segments",
        alt=alt,
        table=table,
        source=source_line(page),
    )


def change(page: Page) -> Content:
    """Why the contracts with clause of each department rose or fell: region, segments, its own."""
    rows = page.read("dynamique")
    rows = rows[rows["edition"] == page.year]
    if not page.regional:
        rows = rows[rows["territoire"] == page.territory]
    if rows.empty:
        return Prose("Il faut deux années où le champ social est renseigné pour dire ce qui change.")
    names = reference.department_names()
    before = rows["edition_precedente"].iloc[0]
    note = (
        "Tendance de la région : ce que le département aurait gagné en la suivant. Ses segments : ce que les "
        "segments qu'il achète ont gagné de plus qu'elle. Le reste lui est propre, hasard compris."
    )
    if len(rows) == 1:
        row = rows.iloc[0]
        return Prose(
            f"De {before} à {page.year}, les marchés avec clause "
            f"{becomes(french(row['avant']), french(row['apres']), several=True)}. "
            f"Tendance de la région : {french(row['effet_region'], 1)} ; ses segments : "
            f"{french(row['effet_segments'], 1)} ; le département lui-même : {french(row['effet_propre'], 1)}. {note}"
        )
    return DataTable(
        rows.assign(nom=rows["territoire"].map(names)).sort_values("territoire"),
        columns={
            "nom": Column("Département"),
            "avant": Column(f"Avec clause en {before}", 0),
            "apres": Column(f"en {page.year}", 0),
            "variation": Column("Variation", 0),
            "effet_region": Column("dont tendance de la région", 1),
            "effet_segments": Column("dont ses segments", 1),
            "effet_propre": Column("dont le département lui-même", 1),
        },
        caption="Pourquoi le nombre de marchés avec clause change",
        scope=f"{page.dataset.territory_name}, marchés notifiés en {before} et en {page.year}, département connu",
        csv=page.csv("dynamique"),
        note=note,
    )
