"""Releases: what readers already have, kept beside the data so that each new publication is attacked with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.core.files import read_table
from analysis.core.paths import releases_dir

MANIFEST = "manifeste.json"


def release_folders(dataset: str) -> list[Path]:
    """The releases of `dataset`, the oldest first."""
    found = [path.parent for path in releases_dir(dataset).glob(f"*/{MANIFEST}")]
    return sorted(found, key=lambda folder: (manifest(folder)["date"], folder.name))


def manifest(folder: Path) -> dict[str, Any]:
    """What a release was made from (see `analysis.release`)."""
    return json.loads((folder / MANIFEST).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def published_before(dataset: str) -> list[dict[str, pd.DataFrame]]:
    """The tables of every release, by `livrable.table`, the oldest release first."""
    return [tables(folder) for folder in release_folders(dataset)]


def tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables of one release (or of the protected layer), by `livrable.table`."""
    return {f"{path.parent.name}.{path.stem}": read_table(path) for path in sorted(folder.glob("*/*.parquet"))}
