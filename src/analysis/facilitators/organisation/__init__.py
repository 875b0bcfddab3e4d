"""Ways to organise facilitators over the territory: decision support from published tables, never one answer."""
