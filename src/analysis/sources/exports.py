"""Facilitators' yearly exports into clean tables, through mapping files.

    exports/<structure_id>/<files>  +  structures.csv  +  mappings/<mapping>.yaml

Names, birth dates and social security numbers stop here. A row without its key, its link or
its hours is refused and kept in the quality table; any other unreadable value becomes null.
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from analysis.core import reference
from analysis.core.dataset import Dataset, load_dataset
from analysis.core.errors import DataError
from analysis.core.files import received_files, write_table
from analysis.core.numbers import hundredths
from analysis.core.params import ExportParams, load_params
from analysis.core.paths import clean_dir, fingerprints_dir, quality_dir, raw_dir
from analysis.core.quality_log import collect, fatal
from analysis.schemas.build import conform
from analysis.schemas.canonical import EXPORTS, TOTALS, Table
from analysis.schemas.exports import SCHEMAS
from analysis.schemas.fingerprints import OF_BENEFICIARIES
from analysis.sources import parts, totals
from analysis.sources.checks import check
from analysis.sources.corrections import apply_corrections, load_corrections
from analysis.sources.listing import LIST
from analysis.sources.mapping import Mapping, TableMapping, of_year, said_year
from analysis.sources.near_persons import near
from analysis.sources.persons import fingerprints, load_secret, person_keys
from analysis.sources.rows import (
    EXAMPLE,
    SEND,
    answers,
    as_received,
    bounded,
    keyed,
    linked,
    once,
    tell_unread,
    with_key,
)
from analysis.sources.senders import EARLIER, Layouts, layouts_by_structure
from analysis.sources.spreadsheet import Sheet, Workbook, csv_sheet, open_archive, told_headings
from analysis.sources.typer import Typer, stripped
from analysis.sources.years import of_their_year

SOURCE = "exports"
HOURS_SAID = ("heures_prevues_init", "heures_prevues", "heures_realisees_origine")  # of operations, commitments
ANY_MAPPING = "le fichier de correspondance"  # what a sentence on a file says of the one that describes it
_OF_A_PERSON = ("nom", "prenom", "date_naissance")


def build(dataset: str) -> None:
    """Read all exports of `dataset`; write its clean tables, `quality/exports.parquet` and persons' fingerprints."""
    described = load_dataset(dataset)
    typer = Typer(SOURCE)
    layouts = layouts_by_structure(raw_dir(dataset))
    received = read_exports(raw_dir(dataset), layouts, described, typer)
    secret = load_secret(dataset) if len(received["beneficiaires"]) else b""
    marks = conform(OF_BENEFICIARIES, _fingerprints(received["beneficiaires"], secret))
    write_table(marks, fingerprints_dir(dataset) / f"{OF_BENEFICIARIES.name}.parquet")
    corrections = load_corrections(raw_dir(dataset) / "decisions" / "corrections.csv")
    received = {
        name: apply_corrections(rows, EXPORTS[name], corrections, typer, layouts) for name, rows in received.items()
    }
    limits = load_params().exports
    tables = clean(received, typer, secret, limits, dataset=described, layouts=layouts)
    check(tables, typer, limits, described, _regional_key(received["heures"], "ctr_id"))
    for name, frame in tables.items():
        write_table(frame, clean_dir(dataset, "exports") / f"{name}.parquet")
    write_table(collect(typer.breaches), quality_dir(dataset) / "exports.parquet")
    typer.tell(answers(frame, EXPORTS[name].key[0]) for name, frame in received.items())


# --- reading -----------------------------------------------------------------------------------


def read_exports(folder: Path, layouts: dict[str, Layouts], dataset: Dataset, typer: Typer) -> dict[str, pd.DataFrame]:
    """Every canonical table as text, rows of all structures and years together; sheets that nobody reads are flagged.

    Columns beside the canonical ones: structure_id, annee, fichier, ligne, decimale, format_date, titre (of the column
    of hours, where each month has one).
    Raises one DataError with a sentence for each file that cannot be read.
    """
    received: dict[tuple[str, str], list[list]] = defaultdict(list)
    sends, problems = _sends(folder / "exports", layouts)
    for structure, year in sends:
        mapping = layouts[structure].of(year)
        try:
            edition = _edition(structure, year, dataset)
            for table, rows in _read_send(folder / "exports", structure, edition, mapping, typer):
                received[mapping.nom, table] += rows
        except DataError as error:
            problems.append(str(error).replace(ANY_MAPPING, f"{ANY_MAPPING} mappings/{mapping.nom}.yaml"))
    if problems:
        raise DataError("\n".join(sorted(problems)))
    known = {mapping.nom: mapping for mine in layouts.values() for mapping in mine}
    found: dict[str, list[pd.DataFrame]] = {table: [] for table in EXPORTS}
    for (name, table), rows in sorted(received.items()):
        found[table].append(_to_canonical(rows, known[name], known[name].tables[table]))
    tables = {table: _together(frames, EXPORTS[table]) for table, frames in found.items()}
    _refuse_totals_beside_rows(tables)
    return tables


def _refuse_totals_beside_rows(received: dict[str, pd.DataFrame]) -> None:
    """Raise DataError for each structure and year with both: nobody could say what its totals count already."""
    filled = {
        name: {
            (row.structure_id, row.annee)
            for row in answers(rows, EXPORTS[name].key[0])[["structure_id", "annee"]].itertuples()
        }
        for name, rows in received.items()
    }
    detailed = set().union(*(sends for name, sends in filled.items() if name != TOTALS))
    both = sorted(filled[TOTALS] & detailed)
    if both:
        reason = "des totaux et des lignes"
        raise DataError("\n".join(str(fatal("agregat_et_detail", f"exports/{s}, {y}", reason)) for s, y in both))


def _sends(exports: Path, layouts: dict[str, Layouts]) -> tuple[list[tuple[str, str]], list[str]]:
    """The structures and years that sent something, and a sentence for each file that would not be read."""
    sends: set[tuple[str, str]] = set()
    lost: set[tuple[str, str, str]] = set()
    for path in received_files(exports):
        structure, _, name = path.relative_to(exports).as_posix().partition("/")
        if name and structure not in layouts:
            detail = "" if layouts else f"{LIST} absent, ou sans aucune ligne"
            lost.add((f"exports/{structure}", "structure_inconnue", detail))
        elif name and (year := _year(name, layouts[structure])):
            sends.add((structure, year))
        else:
            detail = _place(structure, name, layouts[structure]) if name else ""
            lost.add((f"exports/{path.relative_to(exports).as_posix()}", "export_mal_place", detail))
    return sorted(sends), [str(fatal(rule, called, detail)) for called, rule, detail in sorted(lost)]


def _year(name: str, layouts: Layouts) -> str | None:
    """The year that a file of a structure's folder is read for; None when no mapping of that year reads it."""
    years = [_year_in(name, mapping) for mapping in layouts]
    return next((year for year in years if year and name in layouts.of(year).files(year)), None)


def _year_in(name: str, mapping: Mapping) -> str | None:
    """The year that a file of a structure's folder is of: as its mapping says, else the folder it is in."""
    folder, _, rest = name.partition("/")
    return mapping.year_of(name) or (folder if rest else None)


def _place(structure: str, name: str, layouts: Layouts) -> str:
    """Where a file that is not read would be, with the mapping of its year where it is of another; "" if nowhere."""
    places = [(mapping, mapping.place_of(name.rpartition("/")[2])) for mapping in layouts]
    for mapping, place in places:
        year = _year_in(name, mapping)
        if place and year and layouts.of(year) is not mapping:
            return (
                f"« {mapping.nom} » ne lit pas {year}, « {layouts.of(year).nom} » le fait : structures.csv et {EARLIER}"
            )
    return next((f"sa place : exports/{structure}/{place}" for _, place in places if place), "")


def _edition(structure: str, year: str, dataset: Dataset) -> int:
    """The year of a send, which must be one of the dataset's editions."""
    years = [edition.annee for edition in dataset.editions]
    if not year.isdigit() or int(year) not in years:
        reason = f"année « {year} », éditions : {', '.join(map(str, sorted(years)))}"
        raise fatal("annee_hors_edition", f"exports/{structure}", reason)
    return int(year)


def _read_send(
    exports: Path, structure: str, year: int, mapping: Mapping, typer: Typer
) -> Iterator[tuple[str, list[list]]]:
    """The rows of each table that one structure sent for one year: the mapped cells, then `_TRACE`.

    A table may be missing when it is optional, or when the structure sent totals: the others are read or refused.
    """
    books: dict[str, Workbook] = {}
    archive = mapping.archive_path(year)
    packed = open_archive(exports / structure / archive, f"exports/{structure}/{archive}") if archive else None
    places = {table: mapping.table(table, year) for table in mapping.tables}
    names = {table: mapping.path(table, year) for table in places}
    paths = {
        table: packed / name.removeprefix(f"{archive}/") if packed else exports / structure / name
        for table, name in names.items()
    }
    if packed:
        _expect_no_folder(packed, f"exports/{structure}/{archive}", {place.fichier for place in places.values()})
        _tell_unread_files(packed, f"exports/{structure}/{archive}", set(names.values()), typer)
    absent = {
        table
        for table, place in places.items()
        if not _is_there(paths[table], f"exports/{structure}/{names[table]}", place, books)
    }
    in_totals = TOTALS in mapping.tables and TOTALS not in absent
    filled: dict[str, bool] = {}
    told: dict[str, str] = {}
    for table, place in places.items():
        if table in absent and (in_totals or EXPORTS[table].optional):
            continue
        sheet, called = _sheet(paths[table], f"exports/{structure}/{names[table]}", mapping, place, books)
        where = _positions(sheet, _headings(place), called, mapping.nom)
        trace = [called, structure, year]
        key = where[list(place.colonnes).index(EXPORTS[table].key[0])]
        told[table], filled[table] = called, any((cells[key] or "").strip() != EXAMPLE for cells in sheet.cells)
        yield (
            table,
            [[*(cells[i] for i in where), line, *trace] for cells, line in zip(sheet.cells, sheet.lines, strict=True)],
        )
    _tell_empty_tables(told, filled, typer)
    for called, book in books.items():
        mine = [mapping.tables[table].feuille for table in places if f"exports/{structure}/{names[table]}" == called]
        # Sheets of other years are read with their own send.
        read = [title for title in book.titles for name in mine if name and said_year(name, title) is not None]
        tell_unread(book, called, read, typer)


_TRACE = ["ligne", "fichier", "structure_id", "annee"]
_NAMES = {column.name for table in EXPORTS.values() for column in table.columns}


def _tell_empty_tables(called: dict[str, str], filled: dict[str, bool], typer: Typer) -> None:
    """Flag the tables of a send that have headings alone: all where nothing is filled, none beside totals."""
    if filled.get(TOTALS):
        return
    nothing = not any(filled.values())
    names = sorted({called[table] for table in called if not filled[table] and (nothing or EXPORTS[table].filled)})
    typer.flag(pd.DataFrame({"fichier": names, "ligne": pd.NA}), "table_vide")


def _expect_no_folder(packed: zipfile.Path, called: str, names: set[str]) -> None:
    """DataError when what is read of an archive is in a folder inside it, where its mapping does not look."""
    inside = [entry.filename for entry in packed.root.infolist() if not entry.is_dir()]
    if names & set(inside):
        return
    for name in sorted(inside):
        folder, _, base = name.rpartition("/")
        if folder and base in names:
            reason = f"« {base} » y est dans {folder}/ ; dans la correspondance, fichier: {name}"
            raise fatal("fichier_absent", called, reason)


def _tell_unread_files(packed: zipfile.Path, called: str, read: set[str], typer: Typer) -> None:
    """Flag each file of an archive that is not `read`, but those that a computer keeps there for itself."""
    inside = [entry.filename for entry in packed.root.infolist() if not entry.is_dir()]
    own = re.compile(r"(.*/)?(__MACOSX/.*|[.~][^/]*|Thumbs\.db|desktop\.ini)")
    names = [name for name in inside if f"{called.split('/', 2)[2]}/{name}" not in read and not own.fullmatch(name)]
    typer.flag(pd.DataFrame({"fichier": called, "ligne": pd.NA, "dit": sorted(names)}), "fichier_non_lu", said="dit")


def _is_there(path: Path | zipfile.Path, called: str, place: TableMapping, books: dict[str, Workbook]) -> bool:
    """Whether a send holds the file of a table, and its sheet in a workbook."""
    if not path.is_file():
        return False
    return place.feuille is None or place.feuille in _book(path, called, books).titles


def _book(path: Path | zipfile.Path, called: str, books: dict[str, Workbook]) -> Workbook:
    """A workbook, opened once for all its sheets."""
    if called not in books:
        books[called] = Workbook(path, called)
    return books[called]


def _sheet(
    path: Path | zipfile.Path, called: str, mapping: Mapping, place: TableMapping, books: dict[str, Workbook]
) -> tuple[Sheet, str]:
    """A table as received and how messages call it."""
    if place.feuille is None:
        return csv_sheet(
            path,
            called,
            encoding=mapping.encodage,
            separator=mapping.separateur,
            heading=place.ligne_entete,
            wanted=_headings(place),
        ), called
    sheet = _book(path, called, books).sheet(
        place.feuille, decimal=mapping.decimale, heading=place.ligne_entete, wanted=_headings(place)
    )
    return sheet, f"{called}[{place.feuille}]"


def _headings(place: TableMapping) -> list[str]:
    return [*place.colonnes.values(), *place.mois]


def _positions(sheet: Sheet, wanted: list[str], called: str, mapping: str) -> list[int]:
    """Where each of the headings that a `mapping` asks for is; DataError names the mapping's file, to be edited."""
    asked = f"correspondance mappings/{mapping}.yaml"
    for column in wanted:
        if (times := sheet.header.count(column)) == 1:
            continue
        if times:
            raise fatal("fichier_illisible", called, f"{times} colonnes « {column} » ; {asked}")
        have = told_headings(sheet.header, wanted, _NAMES)
        raise fatal("colonne_absente", called, f"colonne « {column} » absente, {have} ; {asked}")
    return [sheet.header.index(column) for column in wanted]


def _to_canonical(rows: list[list], mapping: Mapping, place: TableMapping) -> pd.DataFrame:
    """Supplier's headings and spellings into canonical ones; a column per month into a row per month."""
    months = {f"{number:02d}": heading for heading, number in place.mois.items()}
    out = pd.DataFrame(rows, columns=[*place.colonnes, *months, *_TRACE])
    for column, spellings in place.valeurs.items():
        out[column] = out[column].replace(spellings)
    if place.disposition == "large":
        kept = [*place.colonnes, *_TRACE]
        out = out.melt(id_vars=kept, value_vars=list(months), var_name="mois", value_name="heures")
        out = out[out["heures"].notna()]
        titles = zip(out["mois"].map(months), out["annee"], strict=True)
        out["titre"] = [of_year(heading, year) for heading, year in titles]
        out["mois"] = out["annee"].astype("str") + "-" + out["mois"]
    return out.assign(decimale=mapping.decimale, format_date=mapping.format_date)


def _together(frames: list[pd.DataFrame], table: Table) -> pd.DataFrame:
    """All suppliers' rows in the order of structures, years and lines, absent columns empty."""
    columns = [column.name for column in table.columns]
    extra = [*_TRACE, "decimale", "format_date", "titre"]
    rows = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=[*columns, *extra])
    rows = rows.reindex(columns=[*columns, *extra]).astype(
        {**dict.fromkeys([*columns, *extra], "str"), "annee": "int64", "ligne": "int64"}
    )
    return rows.sort_values(["structure_id", "annee", "fichier", "ligne"], kind="stable", ignore_index=True)


# --- cleaning ----------------------------------------------------------------------------------


def clean(
    received: dict[str, pd.DataFrame],
    typer: Typer,
    secret: bytes,
    limits: ExportParams,
    *,
    dataset: Dataset,
    layouts: dict[str, Layouts],
) -> dict[str, pd.DataFrame]:
    """Typed, linked, pseudonymised tables, each sorted by its key; `layouts` are those of the structures that may send.

    Identifiers of a structure are made unique in the region by its prefix: `S07:OP-12`.
    """
    rows = {name: _regional(frame, EXPORTS[name], typer) for name, frame in received.items()}
    years = [edition.annee for edition in dataset.editions]
    whole = {(name, year) for name, mine in layouts.items() for year in years if mine.of(year).toutes_annees}
    rows = of_their_year(rows, whole, typer)
    people = rows["beneficiaires"]
    rows["beneficiaires"] = people.assign(**{f"{name}_recu": stripped(people[name]) for name in _OF_A_PERSON})
    typed = {
        name: once(typer.table(frame, EXPORTS[name]), EXPORTS[name], typer, within=SEND) for name, frame in rows.items()
    }

    operations = _planned(typed["operations"], typer)
    engagements = linked(_planned(typed["engagements"], typer), ["annee", "op_id"], operations, typer)
    persons = _persons(typed["beneficiaires"], secret, typer, limits)
    contracts = linked(typed["contrats"], ["annee", "eng_id"], engagements, typer)
    contracts = linked(contracts, ["annee", "ben_ref"], persons, typer)
    contracts = _contracts(contracts, persons, typer)
    hours = _hours(linked(typed["heures"], ["annee", "ctr_id"], contracts, typer), typer, limits)
    places = linked(typed["territoires"], ["annee", "op_id"], operations, typer)
    placed = pd.MultiIndex.from_frame(places.loc[~places["part"].le(0), ["annee", "op_id"]])
    somewhere = pd.MultiIndex.from_frame(operations[["annee", "op_id"]]).isin(placed)
    typer.flag(operations[~somewhere], "parts_absentes", "op_id")
    outcomes = _outcomes(with_key(typed["sorties"], "horizon_m", typer), contracts, rows, typer)
    tables = {
        "operations": operations,
        "territoires": _between_places(places, typer),
        "accompagnements": _between_structures(typed["accompagnements"], operations, set(layouts), typer),
        "engagements": engagements,
        "beneficiaires": persons.drop(columns=["ben_ref", "naissance"])
        .groupby(["annee", "ben_id"], as_index=False)
        .first(),
        "contrats": contracts.drop(columns="ben_ref"),
        "heures": hours,
        "sorties": outcomes,
        TOTALS: totals.checked(typed[TOTALS], dataset, typer),
        "personnes_proches": near(_named(persons, typed["beneficiaires"]), limits),
    }
    return {name: conform(SCHEMAS[name], frame) for name, frame in tables.items()}


def _regional(rows: pd.DataFrame, table: Table, typer: Typer) -> pd.DataFrame:
    """Rows with their whole key; identifiers of a structure made unique by its prefix."""
    rows = keyed(rows, table, typer)
    if "nature_heures" in rows:
        rows = rows.assign(nature_heures=rows["nature_heures"].fillna("TRAVAIL"))
    for column in ("op_id", "eng_id", "ctr_id", "ben_ref"):
        if column in rows:
            rows[column] = _regional_key(rows, column)
    return rows


def _regional_key(rows: pd.DataFrame, column: str) -> pd.Series:
    return rows["structure_id"] + ":" + rows[column].str.strip()


def _persons(rows: pd.DataFrame, secret: bytes, typer: Typer, limits: ExportParams) -> pd.DataFrame:
    """A row per received person: the key `ben_id` in the place of the names, birth year, sex, EPCI of residence.

    The whole birth date (`naissance`) and the structure's own reference (`ben_ref`) are there still: they give the age
    at hiring and link the contracts. `clean` drops both from the tables that it returns.
    """
    for column in ("nom", "prenom"):
        typer.flag(rows[rows[f"{column}_recu"].isna()], "valeur_obligatoire", column)
    age = rows["annee"] - rows["date_naissance"].dt.year
    right = age.between(limits.min_age, limits.max_age)
    wrong = rows[~right]  # said as received: a date that could not be read is not an empty cell
    typer.flag(wrong.assign(date_naissance=wrong["date_naissance_recu"]), "naissance_invalide", "date_naissance")
    rows = rows.assign(date_naissance=rows["date_naissance"].where(right))
    asked = rows[["nom", "prenom"]].assign(naissance=rows["date_naissance"], reference=rows["ben_ref"])
    epci = reference.communes().set_index("code_insee")["epci_siren"]
    out = pd.DataFrame(
        {
            **{c: rows[c] for c in ("structure_id", "annee", "fichier", "ligne", "ben_ref", "sexe", "niveau")},
            "ben_id": person_keys(asked, secret),
            "annee_naissance": rows["date_naissance"].dt.year.astype("Int64"),
            "epci_siren": rows["commune_insee"].map(epci).astype("str"),
            "naissance": rows["date_naissance"],
        }
    )
    sexes = out.dropna(subset="sexe").groupby("ben_id")["sexe"].nunique()
    typer.flag(out[out["ben_id"].isin(sexes.index[sexes > 1])], "personne_sexe", "sexe")
    # Two birth years under one key: the person is followed by the local reference, which served twice.
    years = out.groupby("ben_id")["annee_naissance"].nunique()
    two = out[out["ben_id"].isin(years.index[years > 1])]
    typer.flag(two.rename(columns={"naissance": "date_naissance"}), "personne_naissance", "date_naissance")
    return out.sort_values(["annee", "ben_id", "structure_id", "ben_ref"], ignore_index=True)


def _named(persons: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """`persons` with the names that they were received with, as `near` compares them."""
    return persons.merge(rows[["annee", "ben_ref", "nom", "prenom"]], on=["annee", "ben_ref"], validate="one_to_one")


def _fingerprints(rows: pd.DataFrame, secret: bytes) -> pd.DataFrame:
    """Fingerprints of all persons as received, those of refused rows included."""
    rows = answers(rows, "ben_ref")
    births = rows.assign(date_naissance=rows["date_naissance"].str.strip())
    return fingerprints(rows, Typer(SOURCE).date(births, "date_naissance"), secret)


def _contracts(rows: pd.DataFrame, persons: pd.DataFrame, typer: Typer) -> pd.DataFrame:
    """Contracts with the person's key and the audiences that follow from age at hiring."""
    who = persons[["annee", "ben_ref", "ben_id", "naissance"]].drop_duplicates(["annee", "ben_ref"])
    rows = rows.merge(who, on=["annee", "ben_ref"], how="left", validate="many_to_one")
    known = rows["naissance"].notna() & rows["date_debut"].notna()
    ages = reference.table("nomenclatures/publics").set_index("code")
    rows["jeune"] = _younger(rows, ages.loc["JEUNE", "age_max_exclu"]).where(known).astype("boolean")
    rows["senior"] = (~_younger(rows, ages.loc["SENIOR", "age_min"])).where(known).astype("boolean")
    typer.flag(rows[rows["qpv"].eq(True) & rows["qpv_millesime"].isna()], "qpv_sans_millesime", "qpv_millesime")
    typer.flag(rows[~_known_districts(rows)], "qpv_inconnu", "qpv_code")
    only_iae = rows["contrat_type"].isin(reference.codes_with("contrats", "est_reserve_iae"))
    inclusive = rows["employeur_kind"].isin(reference.codes_with("employeurs", "est_iae"))
    typer.flag(rows[only_iae & ~inclusive], "iae_incoherent", "contrat_type")
    training = rows["contrat_type"].isin(reference.codes_with("contrats", "est_alternance"))
    temporary = rows["employeur_kind"].isin(reference.codes_with("employeurs", "est_interim"))
    typer.flag(rows[training & temporary], "alternance_interim", "contrat_type")
    for column, codelist in (("employeur_kind", "employeurs"), ("contrat_type", "contrats")):
        since = pd.to_datetime(reference.table(f"nomenclatures/{codelist}").set_index("code")["debut"])
        typer.flag(rows[rows["date_debut"] < rows[column].map(since)], "code_anachronique", column)
    return rows.drop(columns="naissance")


def _known_districts(rows: pd.DataFrame) -> pd.Series:
    """Whether each code of a priority district is written as its list writes it, and is on it where we have the list:
    that of 2024, for the region's departments. No code is no mistake."""
    lists = reference.table("nomenclatures/millesimes_qpv").set_index("code")["forme"]
    ours = reference.table("territoire/qpv")["code_qpv"]
    code = rows["qpv_code"].str.upper()
    forms = rows["qpv_millesime"].map(lists).astype("str").fillna("|".join(lists))
    shaped = [bool(re.fullmatch(form, text)) for form, text in zip(forms, code.fillna(""), strict=True)]
    listed = code.isin(ours) | ~code.str.slice(0, 5).isin(set(ours.str.slice(0, 5)))
    return code.isna() | (pd.Series(shaped, index=rows.index) & listed)


def _younger(rows: pd.DataFrame, age: float) -> pd.Series:
    """Whether the person had not yet reached `age` on the day of hiring."""
    return rows["naissance"] + pd.DateOffset(years=int(age)) > rows["date_debut"]


def _hours(rows: pd.DataFrame, typer: Typer, limits: ExportParams) -> pd.DataFrame:
    """Hours of the months of the edition's year, rounded to the hundredth of an hour, neither negative nor absurd."""
    outside = rows["mois"].isna() | (rows["mois"].str.slice(0, 4) != rows["annee"].astype("str"))
    said = rows[outside].assign(mois=as_received(rows[outside], "mois"))
    typer.flag(said, "mois_invalide", "mois", record="enregistrement")
    rows = rows[~outside]
    typer.refuse(rows[rows["heures"].isna()], "heures")
    typer.flag(rows[rows["heures"] < 0], "heures_negatives", "heures", record="enregistrement")
    typer.flag(rows[rows["heures"] > limits.max_month_hours], "heures_absurdes", "heures", record="enregistrement")
    rows = rows[rows["heures"].between(0, limits.max_month_hours)]
    typer.flag(rows[rows["heures"] > limits.warn_month_hours], "heures_elevees", "heures")
    return rows.assign(heures=hundredths(rows["heures"]) / 100)


def _planned(rows: pd.DataFrame, typer: Typer) -> pd.DataFrame:
    """Planned hours, and those since the origin, that are not negative."""
    for column in [name for name in HOURS_SAID if name in rows]:
        rows = bounded(rows, column, float("inf"), "heures_dites_negatives", typer)
    return rows


def _outcomes(rows: pd.DataFrame, contracts: pd.DataFrame, sent: dict[str, pd.DataFrame], typer: Typer) -> pd.DataFrame:
    """Outcomes of the clean `contracts` of any year: what became of a person may be known a year after. The others are
    refused.

    One of a contract that no send holds (`sent`, the rows with their key) is no error of a structure where it may be
    older than all that it sent: the exit was before the year of its first send, or is not dated in that first send.
    """
    first = pd.concat([table[SEND] for table in sent.values()]).groupby("structure_id")["annee"].min()
    start = rows["structure_id"].map(first).astype("int64")
    # A survey comes no sooner than its horizon after the exit.
    month = _month(rows["date_sortie"]).fillna(_month(rows["date_enquete"]) - rows["horizon_m"])
    vague = rows["date_sortie"].isna() & rows["annee"].eq(start)
    older = (month < 12 * start) | vague
    unsent = ~rows["ctr_id"].isin(sent["contrats"]["ctr_id"])
    known = rows["ctr_id"].isin(contracts["ctr_id"])
    typer.flag(rows[unsent & older], "sortie_ancienne", "ctr_id", record="enregistrement")
    typer.flag(rows[~known & ~(unsent & older)], "sortie_sans_contrat", "ctr_id", record="enregistrement")
    return rows[known].reset_index(drop=True)


def _month(days: pd.Series) -> pd.Series:
    """The number of each day's month: those of a year are 12 times the year and the eleven that follow."""
    return 12 * days.dt.year + days.dt.month - 1


def _between_places(rows: pd.DataFrame, typer: Typer) -> pd.DataFrame:
    """Shares of an operation's EPCI that sum to 1."""
    # What is executed outside the region keeps its share, which counts in no EPCI of ours.
    rows = parts.completed(rows, typer)
    return rows[rows["epci_siren"].notna()]


def _between_structures(rows: pd.DataFrame, operations: pd.DataFrame, senders: set[str], typer: Typer) -> pd.DataFrame:
    """Shares of the structures of an operation that sum to 1, the sender's included: what its partners leave."""
    rows = linked(rows, ["annee", "op_id"], operations, typer)
    known = rows["partenaire_id"].isin(list(senders))
    typer.flag(rows[~known], "partenaire_inconnu", "partenaire_id", record="enregistrement")
    rows = rows[known]
    own = rows.drop_duplicates(["annee", "op_id"]).assign(part=float("nan"))
    own["partenaire_id"] = own["structure_id"]
    rows = pd.concat([rows, own]).drop_duplicates(["annee", "op_id", "partenaire_id"], ignore_index=True)
    return parts.completed(rows, typer)
