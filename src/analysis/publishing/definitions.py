"""Where the method page defines what a page shows: an anchor per published table, indicator and headline figure."""

from __future__ import annotations

from functools import cache

from analysis.core import reference

METHOD = "methode.html"  # in the folder of the site


def of_table(csv: str | None) -> str | None:
    """The anchor that defines the table published under that name, such as `consolidation_evolution`."""
    return _tables().get(csv) if csv else None


def of_figure(label: str) -> str | None:
    """The anchor that defines the headline figure of that label: an indicator's own code, else one of `chiffres`."""
    return _figures().get(label)


def href(anchor: str | None) -> str | None:
    """The address of an anchor from the folder of the site."""
    return f"{METHOD}#{anchor}" if anchor else None


@cache
def _tables() -> dict[str, str]:
    rows = reference.table("publication/definitions")
    return dict(zip(rows["livrable"] + "_" + rows["table"], rows["ancre"], strict=True))


@cache
def _figures() -> dict[str, str]:
    indicators = reference.table("publication/indicateurs")
    others = reference.table("publication/chiffres")
    return dict(zip(indicators["libelle"], indicators["code"], strict=True)) | dict(
        zip(others["libelle"], others["ancre"], strict=True)
    )
