"""What the segments notebook shows, a module per section: each function takes the page and returns one figure, table
or sentence."""

from analysis.segments.views import compliance, links, potential, segments, state, territories, watch

__all__ = ["compliance", "links", "potential", "segments", "state", "territories", "watch"]
