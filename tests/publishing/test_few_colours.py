"""Images of few colours: what is flat keeps its colour, what is rare takes the nearest."""

from __future__ import annotations

import numpy as np

from analysis.publishing.content import COLOURS, few_colours


def test_few_colours_are_kept_exactly() -> None:
    rgba = np.full((20, 30, 4), 255, dtype=np.uint8)
    rgba[5:9, 3:12, :3] = (18, 52, 86)
    rgba[12, 4, :3] = (200, 10, 1)
    assert (np.asarray(few_colours(rgba).convert("RGB")) == rgba[..., :3]).all()


def test_rare_colours_take_the_nearest_frequent_one() -> None:
    rgba = np.full((40, COLOURS * 2, 4), 255, dtype=np.uint8)
    rgba[..., 0] = 2 * np.arange(COLOURS * 2)  # a ramp of red, of which the left half is frequent
    rgba[1:, COLOURS:] = rgba[1:, :COLOURS]
    made = np.asarray(few_colours(rgba).convert("RGB"))
    assert (made[1:] == rgba[1:, :, :3]).all()
    assert (made[0, COLOURS:, 0] == 2 * (COLOURS - 1)).all()
