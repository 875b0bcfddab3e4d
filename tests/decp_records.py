"""Small DECP files written by hand, and one way to ingest them and look at the result."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.schemas.decp import SCHEMAS
from analysis.sources.decp import ingest_files

LAMBERSART = "21590328700013"  # a commune of the Métropole de Lille
MEL = "200093201"


@dataclass
class Result:
    marches: pd.DataFrame
    titulaires: pd.DataFrame
    modifications: pd.DataFrame
    quality: pd.DataFrame

    @property
    def row(self) -> pd.Series:
        assert len(self.marches) == 1
        return self.marches.iloc[0]

    def case(self, number: int) -> pd.Series:
        """The contract of the record of that rank, from 0, in a file that holds one case per record."""
        return self.marches.set_index("source_ligne").loc[number + 1]

    def rules(self, number: int) -> list[str]:
        """The rules that this record broke."""
        return self.quality.loc[self.quality["ligne"] == number + 1, "regle"].tolist()

    def breaches(self, rule: str) -> pd.DataFrame:
        return self.quality[self.quality["regle"] == rule]


def contract(**changes: Any) -> dict:
    """A contract of the 2019 format in which nothing is wrong, but for `changes` (None removes a field)."""
    record = {
        "_type": "Marché",
        "id": "201900000100",
        "acheteur": {"id": LAMBERSART, "nom": "Commune de Lambersart"},
        "nature": "Marché",
        "objet": "Peinture des écoles",
        "codeCPV": "45442100",
        "procedure": "Procédure adaptée",
        "lieuExecution": {"code": "59130", "typeCode": "Code postal", "nom": "Lambersart"},
        "dureeMois": 12,
        "dateNotification": "2019-03-01",
        "datePublicationDonnees": "2019-06-01",
        "montant": 50000,
        "titulaires": [{"typeIdentifiant": "SIRET", "id": "73282932000074", "denominationSociale": "ENTREPRISE"}],
        "modifications": [],
    }
    return {name: value for name, value in {**record, **changes}.items() if value is not None}


def write_2019(path: Path, *records: Any) -> Path:
    path.write_text(json.dumps({"marches": list(records)}, ensure_ascii=False), encoding="utf-8")
    return path


def write_2022(path: Path, *records: Any, concessions: tuple = ()) -> Path:
    wrapped = {"marche": list(records), "contrat-concession": list(concessions)}
    path.write_text(json.dumps({"marches": wrapped}, ensure_ascii=False), encoding="utf-8")
    return path


def cases(changes: list[dict]) -> list[dict]:
    """One contract for each dict of changes, with identifiers that differ."""
    return [contract(**{"id": f"2019{i:06d}00", **change}) for i, change in enumerate(changes)]


def ingest(folder: Path, *files: Path, observed_on: dt.date | None = dt.date(2026, 1, 1)) -> Result:
    """Ingest files, hold the tables against their schemas, and read them back."""
    names = ("marches", "marches_titulaires", "marches_modifications", "quality")
    out = [folder / "out" / f"{name}.parquet" for name in names]
    ingest_files(list(files), out[0], out[3], holders=out[1], modifications=out[2], observed_on=observed_on)
    frames = [pd.read_parquet(path) for path in out]
    for name, frame in zip(names[:3], frames, strict=False):
        SCHEMAS[name].validate(frame)
    return Result(*frames)


def missing(value: Any) -> bool:
    return value is None or bool(pd.isna(value))


def same(value: Any, expected: Any) -> bool:
    return missing(value) if expected is None else value == expected
