"""How sure intervals are, the same on all pages of the segments: eight times in ten."""

LEVEL = 0.80
