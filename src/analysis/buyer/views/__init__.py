"""What the sheet of a planned purchase shows, each part read from a protected table."""

from analysis.buyer.views.evidence import like_contracts, near_shares
from analysis.buyer.views.hours import drivers, enough, hours, kept, within_reach
from analysis.buyer.views.rules import asked, exceptions, ways, why
from analysis.buyer.views.steps import arguments, calendar, contacts, roles, steps
from analysis.buyer.views.summary import headline, purchase, remarks

__all__ = [
    "arguments", "asked", "calendar", "contacts", "drivers", "enough", "exceptions", "headline", "hours", "kept",
    "like_contracts", "near_shares", "purchase", "remarks", "roles", "steps", "ways", "why", "within_reach",
]  # fmt: skip
