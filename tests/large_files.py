"""Pre-commit hook: data do not enter git by accident."""

from __future__ import annotations

import sys
from pathlib import Path

LIMIT = 1_000_000  # bytes


def main(names: list[str]) -> int:
    large = [name for name in names if Path(name).stat().st_size > LIMIT]
    for name in large:
        print(f"{name}: over {LIMIT} bytes; data belong in data/raw/<dataset>/, which git ignores")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
