"""A new dataset: its folder, a README in French, questionnaires to send and a mapping to edit."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

import jinja2
import pandas as pd
import xlsxwriter
import yaml

from analysis.consolidation.duplicates import COLUMNS as DECISION_COLUMNS
from analysis.consolidation.persons import COLUMNS as PERSON_COLUMNS
from analysis.consolidation.persons import FILE as PERSONS
from analysis.core import reference
from analysis.core.errors import DataError
from analysis.core.files import write_text
from analysis.core.paths import raw_dir
from analysis.facilitators.organisation.router import COLUMNS as TRAVEL_COLUMNS
from analysis.facilitators.organisation.router import FILE as TRAVEL
from analysis.schemas.canonical import EXPORTS, INVENTORY, LISTS, NEEDS, TOTALS, Column, Table
from analysis.segments.telling.audit import COLUMNS as AUDIT_COLUMNS
from analysis.segments.telling.audit import FILE as AUDITS
from analysis.sources.corrections import COLUMNS as CORRECTION_COLUMNS
from analysis.sources.inventory import AREAS
from analysis.sources.projects import COLUMNS as PROJECT_COLUMNS
from analysis.sources.projects import FILE as PROJECTS
from analysis.sources.publications import COLUMNS as PUBLICATION_COLUMNS
from analysis.sources.publications import FILE as PUBLICATIONS
from analysis.sources.publics import COLUMNS as PUBLIC_COLUMNS
from analysis.sources.publics import FILE as PUBLICS
from analysis.sources.rows import EXAMPLE
from analysis.sources.senders import EARLIER, EARLIER_COLUMNS

YEARS = range(2000, 2100)  # of data: 25 or 20255 is a slip of the hand
LAST_ROW = 2000  # of the lists and checks of a questionnaire
CHOICES = {"oui_non": ["oui", "non", "inconnu"], "booleen": ["oui", "non"]}  # where a kind of column has no codelist
EXAMPLES: dict[str, str | dt.date] = {
    "date": dt.date(2025, 1, 15), "mois": "2025-01", "booleen": "oui", "oui_non": "inconnu",
    "siret": "21590350100017", "epci": "200093201", "commune": "59350",
}  # fmt: skip
SETTINGS_HEAD = """\
# Ce qu'est ce jeu de données. À relire avant le premier `dvc repro`, puis chaque année.
# titre : qui publie ; il est imprimé en tête et au pied de chaque page, fiches sur papier comprises.
# editions : une par année de données. Pour en ajouter une, recopiez le bloc et changez :
#   annee             l'année des heures ; les exports de l'année vont dans exports/<structure_id>/<annee>/
#   date_observation  jusqu'à quel jour les données sont connues
#   territoire        code de la région ; departements : ceux qui comptent cette année-là
#   mecanismes        codes de data/raw/reference/nomenclatures/mecanismes.csv qui entrent dans le périmètre
#   base_legale       le périmètre en clair, imprimé sous chaque table ; un autre quand les mécanismes changent
#   diviseurs_etp     heures annuelles d'un équivalent temps plein, une colonne chacun
#   qpv_millesime     liste des quartiers prioritaires (2015 ou 2024) ; cog_millesime : liste des communes
"""


def new_dataset(name: str, region: str, year: int | str) -> Path:
    """Create data/raw/<name>/ with the edition `year`; DataError when it exists, or the name or the year is odd."""
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name) or name in ("reference", "open"):
        raise DataError(
            f"nom de jeu de données « {name} » ; attendu : des minuscules, des chiffres et des tirets, "
            "une lettre d'abord."
        )
    folder = raw_dir(name)
    if folder.exists():
        raise DataError(f"jeu de données « {name} » : le dossier data/raw/{name} existe déjà.")
    regions = reference.table("territoire/regions").set_index("code_region")["nom"]
    if region not in regions:
        raise DataError(f"région « {region} » inconnue ; attendu : un code de région, par exemple 32.")
    if not reference.communes()["departement"].isin(reference.departments(region)["code_departement"]).any():
        raise DataError(
            f"région « {region} » : ses communes ne sont pas dans data/raw/reference/territoire/ ; attendu : 32."
        )
    settings = _settings(name, region, str(regions[region]), _data_year(year))
    for part in ("decp", "exports", "inventaire", "besoins", "mappings", "decisions", "questionnaires"):
        (folder / part).mkdir(parents=True)
    write_text(SETTINGS_HEAD + yaml.safe_dump(settings, allow_unicode=True, sort_keys=False), folder / "dataset.yaml")
    write_text(_readme(name, str(regions[region])), folder / "LISEZMOI.md")
    write_text("structure_id,nom,siret,mapping\n", folder / "structures.csv")
    write_text(",".join(DECISION_COLUMNS) + "\n", folder / "decisions" / "doublons_operations.csv")
    write_text(",".join(PERSON_COLUMNS) + "\n", folder / "decisions" / PERSONS)
    write_text(",".join(PUBLICATION_COLUMNS) + "\n", folder / PUBLICATIONS)
    write_text(",".join(CORRECTION_COLUMNS) + "\n", folder / "decisions" / "corrections.csv")
    write_text(",".join(AUDIT_COLUMNS) + "\n", folder / "decisions" / AUDITS)
    write_text(",".join(PROJECT_COLUMNS) + "\n", folder / PROJECTS)
    write_text(",".join(PUBLIC_COLUMNS) + "\n", folder / PUBLICS)
    write_text(",".join(TRAVEL_COLUMNS) + "\n", folder / TRAVEL)
    write_text(model_mapping(), folder / "mappings" / "modele.yaml")
    write_text(",".join(EARLIER_COLUMNS) + "\n", folder / EARLIER)
    write_text(secrets.token_hex(32) + "\n", folder / "secret.txt")
    questionnaire(folder / "questionnaires" / "inventaire.xlsx", INVENTORY.values())
    others = [table for name, table in INVENTORY.items() if name != AREAS]
    questionnaire(folder / "questionnaires" / "autres_acteurs.xlsx", others)
    questionnaire(folder / "questionnaires" / "besoins.xlsx", NEEDS.values())
    questionnaire(folder / "questionnaires" / "export.xlsx", [EXPORTS[name] for name in EXPORTS if name != TOTALS])
    questionnaire(folder / "questionnaires" / "totaux.xlsx", [EXPORTS[TOTALS]])
    return folder


def _data_year(year: int | str) -> int:
    """The year of data that `year`, which may be as somebody typed it, is; DataError when it is none."""
    if str(year) not in map(str, YEARS):
        raise DataError(
            f"année « {year} » ; attendu : quatre chiffres, de {YEARS[0]} à {YEARS[-1]}, par exemple 2025 pour les "
            "données de 2025."
        )
    return int(year)


def _settings(name: str, region: str, region_name: str, year: int) -> dict:
    return {
        "nom": name,
        "titre": "Observatoire régional de la commande publique",
        "synthetique": False,
        "region": region,
        "region_nom": region_name,
        "date_observation": dt.date(year, 12, 31),
        "editions": [
            {
                "annee": year,
                "date_observation": dt.date(year, 12, 31),
                "territoire": region,
                "territoire_nom": region_name,
                "departements": list(reference.departments(region)["code_departement"]),
                "mecanismes": ["EXEC", "EXEC_CRIT"],
                "base_legale": "L2112-2 et L2152-7",
                "diviseurs_etp": [1600, 1607, 1820],
                "qpv_millesime": 2024,
                "cog_millesime": 2026,
            }
        ],
    }


def _readme(name: str, region: str) -> str:
    template = Path(__file__).with_name("scaffold_lisezmoi.md.j2").read_text(encoding="utf-8")
    tables = {"Export annuel": EXPORTS, "Inventaire": INVENTORY, "Besoins": NEEDS}
    return jinja2.Template(template, undefined=jinja2.StrictUndefined).render(name=name, region=region, tables=tables)


def model_mapping() -> str:
    """The mapping of the model workbooks, one heading per canonical column: the one to copy and edit."""
    head = (
        "# Correspondance entre les colonnes d'un fichier reçu (à droite) et les colonnes attendues (à gauche).\n"
        "# Copiez ce fichier sous un autre nom par logiciel, changez la partie droite, donnez ce nom dans\n"
        "# structures.csv. `valeurs` traduit les libellés du fichier en codes (data/raw/reference/nomenclatures).\n"
    )
    tables = {
        name: {
            "fichier": "totaux.xlsx" if name == TOTALS else "export.xlsx",
            "feuille": name,
            "colonnes": {column.name: column.name for column in table.columns},
        }
        for name, table in EXPORTS.items()
    }
    settings = {"nom": "modele", "decimale": ",", "format_date": "%d/%m/%Y", "tables": tables}
    return head + yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)


def questionnaire(path: Path, tables: Iterable[Table]) -> None:
    """A workbook to fill in: a sheet per table, headings with their meaning, lists to choose from,
    an example line that the importer leaves out, and the codes with their labels in a last sheet.
    """
    tables = list(tables)
    book = xlsxwriter.Workbook(str(path))
    book.set_properties({"created": dt.datetime(2000, 1, 1)})
    bold = book.add_format({"bold": True, "bg_color": "#dfe7ef", "border": 1, "text_wrap": True})
    needed = book.add_format({"bold": True, "bg_color": "#f6dfc9", "border": 1, "text_wrap": True})
    example = {"italic": True, "font_color": "#5b6570"}
    grey, grey_day = book.add_format(example), book.add_format({**example, "num_format": "dd/mm/yyyy"})
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    lists = _code_lists(tables)
    keys = {table.key[0] for table in tables}
    for table in tables:
        sheet = book.add_worksheet(table.name)
        sheet.freeze_panes(1, 1)
        for number, column in enumerate(table.columns):
            sheet.write(0, number, column.name, needed if column.required else bold)
            sheet.write_comment(0, number, _meaning(column))
            is_day = column.kind == "date"
            sheet.write(1, number, _example(column, keys), grey_day if is_day else grey)
            sheet.set_column(number, number, max(14, len(column.name) + 2), day if is_day else None)
            if rule := _rule(column, lists):
                sheet.data_validation(1, number, LAST_ROW, number, rule)
    _write_lists(book, lists, bold)
    book.close()


def _meaning(column: Column) -> str:
    choices = f" ({', '.join(CHOICES[column.kind])})" if column.kind == "oui_non" else ""
    return f"{column.description}{choices}{' (obligatoire)' if column.required else ''}"


def _code_lists(tables: list[Table]) -> dict[str, pd.DataFrame]:
    names = sorted({c.codelist for table in tables for c in table.columns if c.codelist})
    return {name: reference.table(f"nomenclatures/{name}")[["code", "libelle"]] for name in names}


def _rule(column: Column, lists: dict[str, pd.DataFrame]) -> dict | None:
    if column.codelist and not column.several:  # a list to choose from takes one code only
        place = list(lists).index(column.codelist) * 2
        letter = xlsxwriter.utility.xl_col_to_name(place)
        last = len(lists[column.codelist]) + 2
        return {"validate": "list", "source": f"={LISTS}!${letter}$3:${letter}${last}", "ignore_blank": True}
    if column.kind in CHOICES:
        return {"validate": "list", "source": CHOICES[column.kind], "ignore_blank": True}
    if column.numeric:
        return {"validate": "decimal", "criteria": ">=", "value": 0, "ignore_blank": True,
                "error_title": "Nombre attendu", "error_message": column.description}  # fmt: skip
    return None


def _example(column: Column, keys: set[str]) -> str | float | dt.date:
    if column.name in keys:
        return EXAMPLE
    if column.example is not None:
        return column.example
    if column.codelist:
        return str(reference.table(f"nomenclatures/{column.codelist}")["code"].iloc[0])
    return EXAMPLES.get(column.kind, "exemple")


def _write_lists(book: xlsxwriter.Workbook, lists: dict[str, pd.DataFrame], bold: object) -> None:
    sheet = book.add_worksheet(LISTS)
    for number, (name, codes) in enumerate(lists.items()):
        sheet.write(0, 2 * number, name, bold)
        sheet.write_row(1, 2 * number, ["code", "libellé"], bold)
        for row, (code, label) in enumerate(codes.itertuples(index=False), start=2):
            sheet.write_row(row, 2 * number, [code, label])
        sheet.set_column(2 * number + 1, 2 * number + 1, 40)
