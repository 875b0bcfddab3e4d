"""How sure intervals are, the same on all pages of the segments."""

LEVEL = 0.90
