"""By which ways: employers, contracts, buyers, segments, legal mechanisms, and how spread they are."""

from __future__ import annotations

import pandas as pd

from analysis.consolidation.views.common import nothing, profile_table, source_line, wide_table
from analysis.core import reference
from analysis.core.numbers import french, french_date, percent, round_half_up
from analysis.core.params import load_params
from analysis.core.texts import together
from analysis.publishing.content import PERCENT, SECRET_SUFFIX, Column, Content, DataTable, Figure, Prose
from analysis.publishing.page import Page
from analysis.publishing.style import bar_chart, line_chart

UNKNOWN = "Non renseigné"
WAYS = {"IAE": "Insertion par l'activité économique", "ALTERNANCE": "Alternance", "ANRU": "Opérations ANRU"}


def ways_in(page: Page) -> Content:
    """Hours within insertion by economic activity, in work-study contracts, in urban renewal operations."""
    wide = wide_table(page, list(WAYS)).assign(libelle=lambda t: t["modalite"].map(WAYS))
    if wide.empty:
        return nothing(page, "Insertion par l'activité économique, alternance, ANRU")
    return profile_table(
        wide, page, "Insertion par l'activité économique, alternance, opérations ANRU", "Voie",
        "Nature de l'employeur, type de contrat et financement de l'opération sont trois axes : ils se recoupent.",
    )  # fmt: skip


def breakdown(page: Page, axis: str) -> Content:
    """Hours by category of one axis (employer, contract, buyer, segment, legal mechanism)."""
    rows = page.read("ventilation", edition=page.year, territoire=page.place, axe=axis)
    about = reference.table("publication/axes").set_index("axe").loc[axis]
    if rows.empty:
        return nothing(page, about["libelle"])
    labels = reference.labels(about["nomenclature"])
    rows = rows.assign(libelle=rows["modalite"].map(labels).fillna(UNKNOWN))
    rows = rows.sort_values(["part_heures", "libelle"], ascending=[False, True])
    drawn = rows.dropna(subset="part_heures").set_index("libelle")["part_heures"]
    drawn = drawn.sort_index(key=lambda names: names == UNKNOWN, kind="stable")  # no category: it comes last
    if drawn.empty:
        return Prose(f"{about['libelle']} : les heures de ce territoire relèvent du secret statistique.")
    law = _law(axis, page)
    rows = rows.assign(droit=rows["modalite"].map(law)) if law is not None else rows
    if len(rows) == 1:
        article = "" if law is None else f" ({rows['droit'].iloc[0]})"
        return Prose(f"{about['libelle']} : « {rows['libelle'].iloc[0]} »{article}, pour toutes les heures.")
    outside = rows[~rows["champ"]]["modalite"]
    note = "Les catégories s'excluent : leurs heures s'additionnent, leurs personnes non."
    if len(outside):
        note += (
            " Toutes les clauses suivies sont montrées ici ; l'édition ne retient que "
            + ", ".join(str(labels[code]) for code in page.edition.mecanismes if code in labels)
            + "."
        )
    everything = "toutes les clauses suivies, hors du champ de l'édition comprises"
    said = f"{of_hours(drawn)}." + (f" Ce sont les heures de {everything}." if len(outside) else "")
    early = _not_yet(str(about["nomenclature"]), page.year)
    told, unnamed = _told(rows, list(early))
    table = DataTable(
        told,
        columns={
            "libelle": Column(about["libelle"]),
            **({"droit": Column(str(law.name))} if law is not None else {}),
            "heures": Column("Heures", 0),
            "part_heures": Column("Part des heures", **PERCENT),
            "beneficiaires": Column("Bénéficiaires", 0),
            "contrats": Column("Contrats de travail", 0),
        },
        caption=f"Heures réalisées par catégorie : {about['libelle'].lower()}",
        scope=f"{page.territory_name}, édition {page.year} ; {everything}" if len(outside) else page.scope,
        csv=page.csv("ventilation"),
        note=note
        + unnamed
        + _too_early({code: early[code] for code in early if code in set(rows["modalite"])}, labels),
    )
    apart = " Les catégories sous secret statistique ne sont pas dessinées." if len(drawn) < len(rows) else ""
    return Figure(
        bar_chart(drawn, **PERCENT),
        title=f"{about['libelle']} : part des heures réalisées",
        alt=said,
        table=table,
        source=f"{source_line(page)}{apart}",
    )


def _not_yet(codelist: str, year: int) -> dict[str, pd.Timestamp]:
    """The categories of a codelist that did not exist in `year`, each with the day from which it does."""
    codes = reference.table(f"nomenclatures/{codelist}").set_index("code")
    if "debut" not in codes or codelist == "textes":  # texts of the law say their own days
        return {}
    days = pd.to_datetime(codes["debut"]).dropna()
    return dict(days[days.dt.year > year])


def _too_early(days: dict[str, pd.Timestamp], labels: dict[str, str]) -> str:
    """That some categories did not exist yet, after a space: what was sent under their name is not what it says."""
    if not days:
        return ""
    names = together([f"« {labels[code]} » (depuis le {french_date(day)})" for code, day in days.items()])
    return f" N'existaient pas encore, et sont à vérifier si des contrats sont envoyés sous ces noms : {names}."


def _told(rows: pd.DataFrame, apart: list[str]) -> tuple[pd.DataFrame, str]:
    """`rows` that say something and the names of the others, as a sentence, where these are so many that the table
    would be hard to read. Those of `apart` are named elsewhere."""
    hidden = rows["secret"].fillna("").ne("")
    if hidden.mean() <= load_params().disclosure.hidden_share:
        return rows, ""
    names = sorted(rows.loc[hidden & ~rows["modalite"].isin(apart), "libelle"])
    said = f" Sous secret statistique, nulles ou non (le CSV dit pourquoi) : {together([f'« {n} »' for n in names])}."
    return rows[~hidden], said if names else ""


def of_hours(shares: pd.Series) -> str:
    """The two largest categories, and how much has none."""
    known = shares.drop(index=UNKNOWN, errors="ignore")
    parts = [f"« {name} » : {percent(share)}" for name, share in known.head(2).items()]
    if UNKNOWN in shares.index:
        parts.append(f"non renseigné : {percent(shares[UNKNOWN])}")
    first, *others = parts
    return " ; ".join([f"{first} des heures", *others])


def _law(axis: str, page: Page) -> pd.Series | None:
    """What the law says of each category: the article of a mechanism on the day observed, the validity of a text."""
    texts = reference.table("nomenclatures/textes").set_index("code")
    if axis == "texte":
        days = texts[["debut", "fin"]].apply(pd.to_datetime)
        spans = [
            f"du {french_date(row.debut)} au {french_date(row.fin)}"
            if pd.notna(row.fin)
            else f"depuis le {french_date(row.debut)}"
            for row in days.itertuples()
        ]
        return pd.Series(spans, index=texts.index, name="En vigueur")
    if axis != "mecanisme":
        return None
    now = texts[pd.to_datetime(texts["debut"]) <= pd.Timestamp(page.edition.date_observation)].iloc[-1]
    articles = reference.table("nomenclatures/mecanismes").set_index("code")[now["colonne"]]
    return articles.fillna("sans objet").rename(f"Article ({now['libelle']})")


def diversity(page: Page) -> Content:
    """Effective numbers of segments, buyers and employers over the years."""
    rows = page.read("diversification")
    rows = rows[(rows["territoire"] == page.territory) & (rows["edition"] <= page.year)].dropna(
        subset="nombre_effectif"
    )
    segments = rows[rows["objet"] == "segments"].sort_values("edition").set_index("edition")
    if len(segments) < 2:
        return Prose("Moins de deux éditions ont un nombre publié : la diversification ne se suit pas.")
    names = {
        "segments": "Segments",
        "donneurs_ordre": "Donneurs d'ordre",
        "employeurs": "Employeurs",
        "publics": "Combinaisons de publics",
    }
    first, last = segments.iloc[0], segments.iloc[-1]
    present = ""
    if pd.notna(last["nombre"]):
        noun = "segments présents" if last["nombre"] >= 2 else "segment présent"
        present = f", pour {french(last['nombre'])} {noun}"
    untold = rows["nombre"].isna().map({True: "un au moins de ceux qui seraient comptés est caché", False: ""})
    rows = rows.assign(libelle=rows["objet"].map(names), **{f"nombre{SECRET_SUFFIX}": untold})
    return Figure(
        line_chart(segments[["nombre_effectif"]].rename(columns={"nombre_effectif": "segments"})),
        title="Nombre effectif de segments qui portent les heures",
        alt=f"Les heures sont aussi dispersées que si {_equals(last['nombre_effectif'])} en "
        f"{segments.index[-1]}, {french(first['nombre_effectif'])} en {segments.index[0]}{present}.",
        table=DataTable(
            rows.sort_values(["edition", "libelle"], ascending=[False, True]),
            columns={
                "edition": Column("Édition"),
                "libelle": Column("Ce qui est compté"),
                "nombre": Column("Présents", 0),
                "nombre_effectif": Column("Nombre effectif", 0),
            },
            caption="Nombre effectif de segments, de donneurs d'ordre, d'employeurs et de combinaisons de publics",
            scope=f"{page.territory_name}, mécanismes de chaque édition",
            csv=page.csv("diversification"),
            note="Inverse de la somme des carrés des parts d'heures : le nombre d'égaux qui donneraient la même "
            "dispersion.",
        ),
        source=source_line(page),
    )


def _equals(count: float) -> str:
    """How hours of an effective number of segments would be shared, in words."""
    if round_half_up(count) < 2:
        return "un seul segment les portait"
    return f"elles se partageaient également entre {french(count)} segments"
