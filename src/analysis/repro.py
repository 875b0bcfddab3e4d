"""Whether what the pipeline made is still what it would make: DVC knows, from the digests of `dvc.lock`."""

from __future__ import annotations

import json
import subprocess
import sys

from analysis.core.errors import DataError
from analysis.core.paths import project_root

UNKEPT = "not in cache"  # of an output: a copy that DVC could bring back is missing, nothing else


def outdated(dataset: str) -> list[str]:
    """The stages, up to the site of `dataset`, of which a source, a setting, the code or an output has changed.

    An output that has no copy in the cache is compared where the next stage reads it. Raises DataError where DVC cannot
    tell.
    """
    command = [sys.executable, "-m", "dvc", "status", "--json", "--with-deps", f"site@{dataset}"]
    done = subprocess.run(command, cwd=project_root(), capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [""])[-1]
        raise DataError(
            f"« dvc status » ne dit pas si le site de « {dataset} » est à jour ({said}) ; attendu : un jeu que "
            "params.yaml nomme dans « datasets », et aucun autre « dvc » en cours."
        )
    return sorted(name for name, changes in json.loads(done.stdout).items() if any(map(_counts, changes)))


def _counts(change: str | dict[str, dict[str, str]]) -> bool:
    """Whether a change of a stage, as DVC tells it, is one of what it reads or made."""
    if isinstance(change, str):  # its command
        return True
    return any(state != UNKEPT for files in change.values() for state in files.values())
