"""The page of a planned purchase: one that was announced, or one that is typed in the notebook."""

from __future__ import annotations

from analysis.publishing.page import Page

NOTEBOOK = "buyer"


def opened(dataset: str, edition: int, achat: str, **typed: object) -> Page:
    """The page of the announced purchase `achat`; without one, that of the purchase that `typed` tells of.

    Raises DataError, in French, when there is no such purchase, or with every fault of what was typed.
    """
    if achat:
        return Page(NOTEBOOK, dataset, edition, achat)
    from analysis.buyer.typed import Typed  # what it needs takes longer to import than a page to make

    return Typed(NOTEBOOK, dataset, edition, typed)
