"""Inventory of facilitators and survey of the State's buyers: workbooks with canonical headings.

    inventaire/*.xlsx   sheets structures, facilitateurs, zones   (one workbook for all, or one each; a workbook of
                        other actors alone needs no zones)
    besoins/*.xlsx      sheet besoins

Names of facilitators stop here: a person is `structure_id:fac_ref`, and a fingerprint for the scan of the site.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from analysis.core import reference
from analysis.core.files import received_files, write_table
from analysis.core.paths import clean_dir, fingerprints_dir, quality_dir, raw_dir
from analysis.core.personal import MASKED
from analysis.core.quality_log import collect, fatal
from analysis.core.reference import UNKNOWN_HOST
from analysis.core.results import ALWAYS, PART_TOLERANCE
from analysis.core.texts import words
from analysis.schemas.build import conform
from analysis.schemas.canonical import INVENTORY, NEEDS, Table
from analysis.schemas.fingerprints import OF_FACILITATORS
from analysis.schemas.inventory import SCHEMAS
from analysis.sources.persons import fingerprints, load_secret
from analysis.sources.rows import answers, bounded, keyed, linked, once, tell_unread, with_key
from analysis.sources.spreadsheet import Workbook
from analysis.sources.typer import Typer, listed_number, parts_of

SOURCE = "inventaire"
FRENCH_DAY = "%d/%m/%Y"  # beside AAAA-MM-JJ
# Without it a row cannot be counted: it is refused, as one without its key is.
NEEDED = {"structures": "type_acteur", "facilitateurs": "date_debut", "besoins": "annee"}
PARTS = {"facilitateurs": "etp", "zones": "part_temps"}  # between 0 and 1
COUNTS = {"structures": ("operations_suivies", "acheteurs_suivis"), "besoins": ("delai_j",)}  # never below 0
AREAS = "zones"
WEB = re.compile(r"(?:https?://|www\.)[\w-]+(?:\.[\w-]+)+(?:[/?#]\S*)?", re.IGNORECASE)
E_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def build(dataset: str) -> None:
    """Read the workbooks of `dataset`; write its clean tables, `quality/inventaire.parquet` and the fingerprints."""
    folder = raw_dir(dataset)
    typer = Typer(SOURCE)
    received = read_workbooks(folder / "inventaire", INVENTORY, typer)
    received |= read_workbooks(folder / "besoins", NEEDS, typer)
    people = answers(received["facilitateurs"], "structure_id").reindex(columns=["nom", "prenom"]).dropna()
    secret = load_secret(dataset) if len(people) else b""
    marks = conform(OF_FACILITATORS, fingerprints(people, pd.Series(dtype="datetime64[s]"), secret))
    write_table(marks, fingerprints_dir(dataset) / f"{OF_FACILITATORS.name}.parquet")
    for name, frame in clean(received, typer).items():
        write_table(frame, clean_dir(dataset, "inventory") / f"{name}.parquet")
    write_table(collect(typer.breaches), quality_dir(dataset) / "inventaire.parquet")
    keys = {name: table.key[0] for name, table in (INVENTORY | NEEDS).items()}
    typer.tell(answers(frame, keys[name]) for name, frame in received.items())


def read_workbooks(folder: Path, tables: dict[str, Table], typer: Typer) -> dict[str, pd.DataFrame]:
    """The sheets of every workbook of `folder`, as text, by table; empty where none has it.

    Flags the sheets that it does not read, and a workbook that nobody filled in.
    """
    parts: dict[str, list[pd.DataFrame]] = {name: [_nothing(table)] for name, table in tables.items()}
    for path in received_files(folder):
        if path.parent != folder or path.suffix.lower() != ".xlsx":
            raise fatal("questionnaire_mal_place", f"{folder.name}/{path.relative_to(folder).as_posix()}")
        called = f"{folder.name}/{path.name}"
        book = Workbook(path, called)
        filled = False
        for name, table in tables.items():
            if name == AREAS and name not in book.titles and _of_others(book, called):
                continue
            _expect_headings(book, table, f"{called}[{name}]")
            rows = book.sheet(name).frame(f"{called}[{name}]")
            filled |= not answers(rows, table.key[0]).empty
            known = [column.name for column in table.columns if column.name in rows]
            parts[name].append(rows[[*known, "ligne"]].assign(fichier=f"{called}[{name}]"))
        if not filled:
            typer.flag(pd.DataFrame({"fichier": [called], "ligne": pd.NA}), "table_vide")
        tell_unread(book, called, tables, typer)
    return {name: pd.concat(found, ignore_index=True) for name, found in parts.items()}


def _expect_headings(book: Workbook, table: Table, called: str) -> None:
    """DataError when the required headings of a table are not on the first line of its sheet.

    It says which they are, and nothing of what that line holds: it may be a person.
    """
    first, *below = book.headings(table.name) or [[]]
    missing = [column for column in table.required if column not in first]
    if missing:
        line = next((n for n, found in enumerate(below, start=2) if set(table.required) <= set(found)), None)
        there = f"titres à la ligne {line}" if line else f"« {missing[0]} » n'est pas à la première ligne"
        raise fatal("titres_absents", called, f"{there} ; titres obligatoires : {', '.join(table.required)}")


def _of_others(book: Workbook, called: str) -> bool:
    """Whether a workbook is the questionnaire of other actors, who declare no area of intervention."""
    rows = book.sheet("structures").frame(f"{called}[structures]").reindex(columns=["structure_id", "type_acteur"])
    return bool(answers(rows, "structure_id")["type_acteur"].str.strip().str.upper().eq("AUTRE").all())


def clean(received: dict[str, pd.DataFrame], typer: Typer) -> dict[str, pd.DataFrame]:
    """Typed tables, each sorted by its key; rows of unknown structures are refused."""
    tables = INVENTORY | NEEDS
    whole = {name: keyed(rows, tables[name], typer) for name, rows in received.items()}
    whole["zones"] = _in_region(whole["zones"], typer)
    typed = {
        name: once(typer.table(rows.assign(format_date=FRENCH_DAY), tables[name]), tables[name], typer, within=[])
        for name, rows in whole.items()
    }
    for name, column in NEEDED.items():
        typed[name] = with_key(typed[name], column, typer)
    for name, columns in COUNTS.items():
        for column in columns:
            typed[name] = bounded(typed[name], column, float("inf"), "nombre_negatif", typer)
    hosts = typed["structures"]
    personal = hosts["contact_public"].notna() & ~_generic_contacts(hosts["contact_public"])
    typer.flag(hosts[personal].assign(contact_public=MASKED), "contact_personnel", "contact_public")
    hosts["contact_public"] = hosts["contact_public"].mask(personal)
    hosts["nom"] = hosts["nom"].fillna(hosts["structure_id"])
    hosts["nature_porteuse"] = hosts["nature_porteuse"].fillna(UNKNOWN_HOST)
    for name, column in PARTS.items():
        rows = linked(typed[name], ["structure_id"], hosts, typer)
        typer.flag(rows[rows["date_fin"] < rows["date_debut"]], "dates_inversees", "date_fin")
        typed[name] = bounded(rows, column, 1, f"{column}_invalide", typer)
    people = typed["facilitateurs"]
    people["fac_ref"] = people["structure_id"] + ":" + people["fac_ref"]
    people["financements"] = _fundings(people, typer)
    _more_than_one(people, "fac_ref", "etp", "etp_somme", typer)
    _more_than_one(typed["zones"], "structure_id", "part_temps", "part_temps_somme", typer)
    return {name: conform(SCHEMAS[name], frame) for name, frame in typed.items()}


def _in_region(zones: pd.DataFrame, typer: Typer) -> pd.DataFrame:
    """Areas that are an EPCI of the region; the others are refused, since they cover nothing of ours.

    One that is no more is refused too: what took it over is larger, and nobody said to work in all of it.
    """
    known = listed_number(zones["epci_siren"].str.strip()).isin(reference.epci()["epci_siren"])
    typer.flag_epci(zones[~known], "epci_siren", record="enregistrement")
    return zones[known]


def _fundings(people: pd.DataFrame, typer: Typer) -> pd.Series:
    """Fundings parted by a bar, whatever sign parts those of the list in the answer; flags rows with another one."""
    parted = people["financements"].map(_parted, na_action="ignore").astype("str")
    given = parted.str.split("|").explode().astype("str").str.strip().str.casefold()
    stray = given.fillna("").ne("") & ~given.isin(list(reference.spellings("financements")))
    among = list(reference.labels("financements"))
    typer.flag(people.loc[given.index[stray].unique()], "financement_inconnu", "financements", among=among)
    return parted


def _parted(text: str) -> str:
    return "|".join("|".join(parts_of(part, "financements")) or part for part in text.split("|"))


def _generic_contacts(contacts: pd.Series) -> pd.Series:
    """Whether each contact may be published: a web address, or the e-mail address of a service and not of a person."""
    services = tuple(reference.table("nomenclatures/adresses_generiques")["code"])
    generic = [
        bool(WEB.fullmatch(text))
        or (bool(E_MAIL.fullmatch(text)) and any(word.startswith(services) for word in words(text.split("@")[0])))
        for text in contacts.fillna("")
    ]
    return pd.Series(generic, index=contacts.index, dtype="bool")


def _more_than_one(rows: pd.DataFrame, owner: str, column: str, rule: str, typer: Typer) -> None:
    """E1: an owner whose parts (`column`) sum to more than 1 on the day that one of them starts."""
    dated = rows.assign(start=rows["date_debut"].fillna(ALWAYS), end=rows["date_fin"]).reset_index(names="row")
    pairs = dated[["row", owner, "start"]].merge(dated, on=owner, suffixes=("", "_other"))
    together = pairs[(pairs["start_other"] <= pairs["start"]) & ~(pairs["end"] < pairs["start"])]
    sums = together.groupby("row")[column].sum().reindex(rows.index)
    over = sums > 1 + PART_TOLERANCE
    typer.flag(rows[over].assign(**{column: sums[over].round(6).astype("str")}), rule, column)


def _nothing(table: Table) -> pd.DataFrame:
    names = [column.name for column in table.columns]
    return pd.DataFrame({name: pd.Series(dtype="str") for name in [*names, "fichier"]}).assign(
        ligne=pd.Series(dtype="int64")
    )
