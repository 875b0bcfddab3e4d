"""`constraints.txt`: the versions of `requirements.lock` without their hashes, which conda's pip step refuses."""

from __future__ import annotations

from pathlib import Path


def constraints(lock: str) -> str:
    """The lines of a lock that pin a version, markers kept, hashes and comments dropped."""
    pins = [line.rstrip(" \\") for line in lock.splitlines() if "==" in line and not line.startswith((" ", "#"))]
    return "# Written from requirements.lock by `make lock`.\n" + "\n".join(pins) + "\n"


def write(root: Path) -> None:
    """Write `constraints.txt` beside the lock of `root`."""
    lock = (root / "requirements.lock").read_text(encoding="utf-8")
    (root / "constraints.txt").write_text(constraints(lock), encoding="utf-8")
