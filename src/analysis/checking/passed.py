"""Files that a check found nothing wrong in, and need not be read again.

What a check says of a file follows from its name, its bytes, and the rules of the check: its code and all that the
stage of the site may look at. Both are kept as digests once a check has found nothing; another byte anywhere in the
rules, and every file is read again.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable
from pathlib import Path

from analysis.core.files import file_digest, write_text
from analysis.core.paths import checked_dir, project_root, reports_dir
from analysis.publishing.imports import closure
from analysis.publishing.stages import declared


def check_new(
    check: Callable[[list[Path]], None],
    paths: Iterable[Path],
    *,
    module: str,
    dataset: str,
    folder: Path,
    beside: Iterable[Path] = (),
) -> None:
    """Run `check`, which `module` defines, on those of `paths`, files of `folder`, that did not pass it yet.

    `beside`: what it looks at, too, that is no data of the stage. Raises what the check raises; nothing is kept then.
    """
    record = checked_dir(dataset) / f"{module.rpartition('.')[2]}.json"
    rules, found = _rules(module, dataset, beside), _digests(folder, paths)
    kept = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    passed = kept.get("files", {}) if rules and kept.get("rules") == rules else {}
    check([folder / name for name, digest in found.items() if passed.get(name) != digest])
    write_text(json.dumps({"rules": rules, "files": found}, indent=1) + "\n", record)


def _rules(module: str, dataset: str, beside: Iterable[Path]) -> str:
    """One digest of the code of a check and of all data and settings of the stage of the site; empty where no stage is
    declared, for nothing is known then to be the same."""
    stage = declared(f"analysis site {dataset}", dataset)
    if stage is None:
        return ""
    root, code, site = project_root(), closure([module]), reports_dir(dataset)
    files = [
        file for file in stage.files if site not in file.parents and (file.suffix != ".py" or file.resolve() in code)
    ]
    rules = [platform.python_version(), _digests(root, [*files, root / "params.yaml", *beside])]
    return hashlib.sha256(json.dumps(rules, sort_keys=True).encode()).hexdigest()


def _digests(root: Path, paths: Iterable[Path]) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): file_digest(path) for path in paths}
