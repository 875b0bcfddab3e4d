"""How the segments were told, and how far they can be believed."""

from __future__ import annotations

from analysis.core import reference
from analysis.core.numbers import french, percent
from analysis.publishing.content import PERCENT, Column, Content, DataTable, Prose
from analysis.publishing.page import Page
from analysis.segments.views.common import labels


def corrected(page: Page) -> Content:
    """Contracts by segment, as told and as corrected for the errors that the audit found."""
    rows = page.read("segments_corriges")
    rows = rows[rows["edition"] == page.year].dropna(subset="marches_corriges")
    if rows.empty:
        return Prose(
            "Aucun marché n'a été relu : les totaux par segment portent l'erreur du classement, qui n'est pas connue."
        )
    rows = rows.assign(libelle=rows["segment"].map(labels())).sort_values(
        ["marches", "segment"], ascending=[False, True]
    )
    return DataTable(
        rows,
        columns={
            "libelle": Column("Segment"),
            "marches": Column("Marchés attribués", 0),
            "marches_corriges": Column("Total corrigé", 0),
            "marches_corriges_bas": Column("de", 0),
            "marches_corriges_haut": Column("à", 0),
        },
        caption="Marchés par segment, et contrôle de ces totaux par la relecture",
        scope=f"{page.dataset.territory_name}, marchés notifiés en {page.year}",
        csv=page.csv("segments_corriges"),
        note="La correction applique à chaque segment attribué ce que les marchés relus montrent de ses erreurs ; "
        "« de » et « à » bornent ce que la taille de cette relecture laisse inconnu (huit fois sur dix). C'est un "
        "contrôle, non un meilleur compte : quand le classement se trompe peu, quelques centaines de marchés relus ne "
        "disent pas mieux que lui combien un segment en a.",
    )


def reliability(page: Page) -> Content:
    """Where segments come from, and how often the classifier is right at each probability it gives."""
    rows = page.read("fiabilite_segments")
    if rows.empty:
        return Prose("Sans marché relu, la part de classements justes n'est pas connue.")
    classes = [
        f"{french(100 * low, 0)} à {percent(high, 0)}" for low, high in zip(rows["p_min"], rows["p_max"], strict=True)
    ]
    return DataTable(
        rows.assign(classe=classes),
        columns={
            "classe": Column("Probabilité annoncée"),
            "marches": Column("Marchés relus", 0),
            "p_moyenne": Column("Annoncée, en moyenne", **PERCENT),
            "part_juste": Column("Classements justes", **PERCENT),
        },
        caption="Le classement tient-il ce qu'il annonce ?",
        scope="Marchés relus par des analystes, toutes années ; chacun classé sans connaître sa relecture",
        csv=page.csv("fiabilite_segments"),
    )


def origins(page: Page) -> Content:
    """What told the segment: the object, the CPV, both, an analyst, or nothing."""
    rows = page.read("origine_segments")
    rows = rows[rows["edition"] == page.year].sort_values("marches", ascending=False, kind="stable")
    if rows.empty:
        return Prose("Aucun marché.")
    return DataTable(
        rows.assign(libelle=rows["segment_source"].map(reference.labels("sources_segment"))),
        columns={
            "libelle": Column("Ce qui dit le segment"),
            "marches": Column("Marchés", 0),
            "part": Column("Part", **PERCENT),
        },
        caption="D'où vient le segment des marchés",
        scope=f"{page.dataset.territory_name}, marchés notifiés en {page.year}",
        csv=page.csv("origine_segments"),
    )


def confusion(page: Page) -> Content:
    """The pairs of segments that the classifier takes for one another."""
    rows = page.read("confusion")
    if rows.empty:
        return Prose("Sans marché relu, les segments pris l'un pour l'autre ne sont pas connus.")
    wrong = rows[rows["segment_attribue"] != rows["segment_audite"]]
    if wrong.empty:
        return Prose("Tous les marchés relus avaient été bien classés.")
    named = wrong.assign(dit=wrong["segment_attribue"].map(labels()), vrai=wrong["segment_audite"].map(labels()))
    return DataTable(
        named.sort_values(["marches", "segment_attribue", "segment_audite"], ascending=[False, True, True]),
        columns={
            "dit": Column("Segment attribué"),
            "vrai": Column("Segment relu"),
            "marches": Column("Marchés relus", 0),
            "part": Column("Part du segment attribué", **PERCENT),
        },
        caption="Les segments que le classement confond",
        scope="Marchés relus par des analystes, toutes années",
        csv=page.csv("confusion"),
    )
