"""From which month to which, in words."""

from __future__ import annotations

import datetime as dt

import pytest

from analysis.segments.views.common import months


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-03-13", "2026-08-11", "mars à août 2026"),
        ("2026-10-31", "2027-04-03", "octobre 2026 à avril 2027"),
        ("2026-05-02", "2026-05-30", "mai 2026"),
        ("2026-05-02", "2027-05-30", "mai 2026 à mai 2027"),
    ],
)
def test_the_year_is_said_once_where_it_is_the_same(start: str, end: str, said: str) -> None:
    assert months(dt.date.fromisoformat(start), dt.date.fromisoformat(end)).replace("\xa0", " ") == said
