"""Committed notebooks in one form: what nbval compares is kept, whatever changes by itself is dropped.

Kept: sources, tags, text outputs, execution counts (renumbered from the top). Dropped: images and
HTML, timings, the identity of the kernel beyond its name, and random cell ids, which become
digests of the cells' contents.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from analysis.core.errors import DataError
from analysis.core.files import write_text
from analysis.publishing.render import KERNEL, execute, nbformat, refuse_outputs

NotebookNode = nbformat.NotebookNode

KERNELSPEC = {"name": KERNEL, "display_name": "Python 3", "language": "python"}


def normalised(notebook: NotebookNode) -> NotebookNode:
    """A copy of `notebook` in its committed form; applied twice it changes nothing more."""
    numbers, seen = count(1), dict[str, int]()
    cells = []
    for cell in notebook.cells:
        kept = {"cell_type": cell.cell_type, "source": cell.source, "id": _id(cell, seen), "metadata": {}}
        if cell.metadata.get("tags"):
            kept["metadata"] = {"tags": list(cell.metadata["tags"])}
        if "attachments" in cell:
            kept["attachments"] = cell["attachments"]
        if cell.cell_type == "code":
            ran = cell.get("execution_count") is not None
            kept["execution_count"] = next(numbers) if ran else None
            kept["outputs"] = _outputs(cell.outputs, kept["execution_count"])
        cells.append(kept)
    metadata = {"kernelspec": dict(KERNELSPEC)}
    return nbformat.from_dict({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5})


def normalise_file(path: Path, *, check: bool = False) -> bool:
    """Bring the notebook at `path` to its committed form, or only look; whether it differed from it."""
    before = path.read_text(encoding="utf-8")
    try:
        after = nbformat.writes(normalised(nbformat.reads(before, as_version=4))) + "\n"
    except (nbformat.reader.NotJSONError, nbformat.ValidationError):
        raise DataError(f"{path.name} : ce n'est pas un notebook Jupyter lisible.") from None
    if after != before and not check:
        write_text(after, path)
    return after != before


def run_notebooks(paths: Sequence[Path]) -> None:
    """Execute notebooks at their default parameters and store their text outputs, in place.

    Raises PageError, leaving the notebook as it was, when a cell fails or warns.
    """
    for path in paths:
        executed = execute(path, {})
        refuse_outputs(path, executed)
        write_text(nbformat.writes(normalised(executed)) + "\n", path)


def _id(cell: NotebookNode, seen: dict[str, int]) -> str:
    """An id from the cell's content, and from its turn among cells of the same content."""
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
    seen[digest] = seen.get(digest, 0) + 1
    return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def _outputs(outputs: Sequence[NotebookNode], number: int | None) -> list[dict]:
    kept: list[dict] = []
    for output in outputs:
        if output.output_type == "stream" and output.name == "stdout":
            if kept and kept[-1]["output_type"] == "stream":
                kept[-1]["text"] += output.text
            else:
                kept.append({"output_type": "stream", "name": "stdout", "text": output.text})
        elif output.output_type in ("execute_result", "display_data") and "text/plain" in output.data:
            data = {"text/plain": output.data["text/plain"]}
            result: dict = {"output_type": output.output_type, "data": data, "metadata": {}}
            if output.output_type == "execute_result":
                result["execution_count"] = number
            kept.append(result)
    return kept
