"""Reading and writing tables so that the same content always gives the same bytes.

A file appears under its name only once it is whole: it is written beside it and then renamed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from analysis.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

# libyaml's reader where it is installed: ten times as quick, which each process that makes pages feels.
YAML_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@contextmanager
def finished(path: Path) -> Iterator[Path]:
    """A scratch path that becomes `path` when the block ends, and vanishes when it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.part")
    try:
        yield scratch
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


@contextmanager
def finished_folder(path: Path) -> Iterator[Path]:
    """An empty scratch folder that replaces `path` when the block ends, and vanishes when it fails."""
    scratch = path.with_name(f".{path.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        yield scratch
        if path.exists():
            shutil.rmtree(path)
        os.replace(scratch, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write `frame`, rows in the order given, to `path` (.parquet or .csv by its suffix)."""
    with finished(path) as scratch:
        if path.suffix == ".parquet":
            frame.to_parquet(scratch, index=False, compression="zstd")
        elif path.suffix == ".csv":
            scratch.write_bytes(as_csv(frame))
        else:
            raise ValueError(f"no writer for {path.suffix} ({path.name})")


def as_csv(frame: pd.DataFrame) -> bytes:
    """The bytes of `frame` in a .csv, rows in the order given."""
    return frame.to_csv(index=False, lineterminator="\n").encode()


def read_table(path: Path, without: Collection[str] = ()) -> pd.DataFrame:
    """Read back what `write_table` wrote as .parquet, except the columns `without`; DataError where it is not there."""
    from pyarrow import parquet

    if not path.is_file():
        raise DataError(f"{path.name} : table absente ; attendu : celle qu'écrit une étape d'avant (« dvc repro »).")
    # The file by itself: as a part of a dataset, which it might be, it takes twice as long.
    with parquet.ParquetFile(path) as file:
        return file.read([name for name in file.schema_arrow.names if name not in without]).to_pandas()


def rows_of(path: Path) -> int:
    """How many rows a table written as .parquet has."""
    from pyarrow import parquet

    return int(parquet.read_metadata(path).num_rows)


def read_yaml(path: Path) -> Any:
    """The values of a YAML file of the project; what users write is read by `core.params`, which says what is wrong."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=YAML_LOADER)


def files_under(path: Path) -> list[Path]:
    """A file, or all files of a folder in order but for what Python and Jupyter keep there for themselves."""
    files = [path] if path.is_file() else sorted(found for found in path.rglob("*") if found.is_file())
    return [file for file in files if not {"__pycache__", ".ipynb_checkpoints"} & set(file.parts)]


def received_files(folder: Path) -> list[Path]:
    """What was put in `folder` and below, in order, but for what systems and office suites leave there; none without
    it."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name[0] not in ".~")


def file_digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digests_under(folder: Path) -> dict[str, str]:
    """The digest of each file under `folder`, by its path there, but for those that systems leave (`.DS_Store`)."""
    return {
        path.relative_to(folder).as_posix(): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def write_text(text: str, path: Path) -> None:
    """Write `text` as UTF-8 with Unix line ends."""
    with finished(path) as scratch:
        scratch.write_text(text, encoding="utf-8", newline="\n")
