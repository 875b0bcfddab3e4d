"""How a check refuses a site: the first of what it found, and how many more there are."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.core.errors import DataError
from analysis.core.texts import others

SHOWN = 5  # problems named in the error


def refuse(what: str, problems: Sequence[object]) -> None:
    """Raise DataError when there are `problems`: `what` is wrong, in French, then a line for each of the first."""
    if not problems:
        return
    rest = len(problems) - SHOWN
    more = f" ({others(rest)})" if rest > 0 else ""
    raise DataError(f"{what}{more} :\n" + "\n".join(map(str, problems[:SHOWN])))
