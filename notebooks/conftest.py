"""nbval compares the text forms of the outputs only: the page's HTML and images are made anew each time."""

from __future__ import annotations

from collections.abc import Iterable

SKIPPED = ("text/html", "image/png", "image/svg+xml", "image/jpeg")


def pytest_collectstart(collector: object) -> None:
    """Tell nbval's collector of a notebook which kinds of output it leaves out."""
    skipped: Iterable[str] | None = getattr(collector, "skip_compare", None)
    if skipped is not None:
        collector.skip_compare = (*skipped, *SKIPPED)  # type: ignore[attr-defined]
