"""Disclosure control: what may leave the observatory, decided before any notebook reads it."""
