"""What `dvc.yaml` declares: its stages, and the files of one, its templates filled in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from analysis.core.files import files_under, read_yaml
from analysis.core.paths import project_root


def stages(path: Path, dataset: str) -> dict[str, dict[str, Any]]:
    """The stages of a `dvc.yaml` for one dataset, by their full name: `site@demo`."""
    found = {}
    for name, stage in read_yaml(path)["stages"].items():
        matrix = {**stage.get("matrix", {})} | ({"dataset": [dataset]} if "matrix" in stage else {})
        plain = {key: value for key, value in stage.items() if key != "matrix"}
        for values in product(*matrix.values()):
            full = f"{name}@{'-'.join(values)}" if matrix else name
            found[full] = _filled(plain, dict(zip(matrix, values, strict=True)))
    return found


@dataclass(frozen=True)
class Declared:
    """What a stage says that it reads: its files, the locked libraries among them, and names in params.yaml."""

    files: list[Path]
    settings: list[str]


def declared(command: str, dataset: str) -> Declared | None:
    """What the stage that runs `command` for `dataset` reads; None where no stage of `dvc.yaml` does."""
    root = project_root()
    stage = next((one for one in stages(root / "dvc.yaml", dataset).values() if one["cmd"] == command), None)
    if stage is None:
        return None
    names = [*stage["deps"], "requirements.lock"]
    return Declared([file for name in names for file in files_under(root / name)], stage.get("params", []))


def _filled(value: Any, item: dict[str, str]) -> Any:
    """`value` with what each `${item.key}` in its texts stands for."""
    if isinstance(value, dict):
        return {_filled(key, item): _filled(kept, item) for key, kept in value.items()}
    if isinstance(value, list):
        return [_filled(kept, item) for kept in value]
    if isinstance(value, str):
        for key, text in item.items():
            value = value.replace(f"${{item.{key}}}", text)
    return value
