"""What the facilitators notebook shows, a module per section: each function takes the page and returns one figure,
table or sentence."""

from analysis.facilitators.views import inventory, needs, organisation, zones

__all__ = ["inventory", "needs", "organisation", "zones"]
