"""What the segments notebook shows: each function takes the page and returns one figure, table or sentence."""

from analysis.segments.views.segments import confusion, corrected, origins, reliability
from analysis.segments.views.state import (
    by_buyer,
    by_epci,
    by_segment,
    headline,
    heat_map,
    message,
    places,
    segments_by_department,
    segments_by_epci,
    sources,
)
from analysis.segments.views.territories import change, concentration, specialisation

__all__ = [
    "by_buyer",
    "by_epci",
    "by_segment",
    "change",
    "concentration",
    "confusion",
    "corrected",
    "headline",
    "heat_map",
    "message",
    "origins",
    "places",
    "reliability",
    "segments_by_department",
    "segments_by_epci",
    "sources",
    "specialisation",
]
