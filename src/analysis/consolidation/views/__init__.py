"""What the consolidation notebook shows: each function takes the page and returns one figure, table or sentence."""

from analysis.consolidation.views.audiences import (
    audiences,
    audiences_over_years,
    profiles,
    representation,
    women_and_men,
    women_by_axis,
    women_gap,
    women_parity,
)
from analysis.consolidation.views.duplicates import duplicates_sensitivity, review
from analysis.consolidation.views.evolution import evolution, growth, silent
from analysis.consolidation.views.outcomes import (
    followed,
    outcomes,
    outcomes_by_definition,
    outcomes_elsewhere,
    trajectories,
)
from analysis.consolidation.views.persons import persons_review, persons_sensitivity
from analysis.consolidation.views.reconciliation import reconciliation, sums
from analysis.consolidation.views.vintages import national, vintages
from analysis.consolidation.views.volumes import brief, by_epci, headline, message, per_inhabitant, volumes
from analysis.consolidation.views.ways_in import breakdown, diversity, ways_in

__all__ = [
    "audiences",
    "audiences_over_years",
    "breakdown",
    "brief",
    "by_epci",
    "diversity",
    "duplicates_sensitivity",
    "evolution",
    "followed",
    "growth",
    "headline",
    "message",
    "national",
    "outcomes",
    "outcomes_by_definition",
    "outcomes_elsewhere",
    "per_inhabitant",
    "persons_review",
    "persons_sensitivity",
    "profiles",
    "reconciliation",
    "representation",
    "review",
    "silent",
    "sums",
    "trajectories",
    "vintages",
    "volumes",
    "ways_in",
    "women_and_men",
    "women_by_axis",
    "women_gap",
    "women_parity",
]
