"""Figures can be read without colours, or with those that a colour-blind reader sees."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from analysis.publishing import style

# Machado, Oliveira and Fernandes (2009), severity 1.0: what linear RGB becomes.
BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)
APART = 10  # of 100 in lightness: twice what side by side patches need
CYCLE = plt.rcParams["axes.prop_cycle"].by_key()["color"]


def linear(colour: str) -> np.ndarray:
    rgb = np.array(to_rgb(colour if colour.startswith("#") else f"#{colour}"))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB."""
    ratio = TO_XYZ @ np.clip(rgb, 0, 1) / WHITE
    x, y, z = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def lightness(colour: str) -> float:
    return float(lab(linear(colour))[0])


def test_colours_stand_out_on_the_page() -> None:
    for colour in [*CYCLE, style.INK, style.SOFT, style.ACCENT, style.CONTRAST]:
        assert 1.05 / (float(TO_XYZ[1] @ linear(colour)) + 0.05) >= 3, colour


def test_colours_that_stand_alone_are_apart_in_greyscale() -> None:
    shades = sorted(map(lightness, [style.ACCENT, style.CONTRAST, style.QUIET, "#ffffff"]))
    assert min(high - low for low, high in pairwise(shades)) >= APART


@pytest.mark.parametrize("kind", BLIND)
def test_the_first_lines_keep_colours_of_their_own_for_colour_blind_readers(kind: str) -> None:
    """With six lines or less, by marker and dashes too; four by their colour already."""
    seen = [lab(np.array(BLIND[kind]) @ linear(colour)) for colour in CYCLE[:4]]
    assert min(float(np.linalg.norm(a - b)) for a, b in combinations(seen, 2)) >= APART


def test_lines_differ_in_marker_and_in_dashes() -> None:
    assert len(CYCLE) == len(style.LINES)
    for marks in zip(*style.LINES, strict=True):
        assert len(set(map(str, marks))) == len(style.LINES)
    years = pd.Index([2014, 2015, 2016])
    chart = style.line_chart(pd.DataFrame({name: [1.0, 2, 3] for name in "abcdef"}, index=years))
    drawn = {(line.get_marker(), line.get_linestyle(), line.get_color()) for line in chart.axes[0].lines}
    assert len({marker for marker, _, _ in drawn}) == len({colour for _, _, colour in drawn}) == len(style.LINES)


def test_a_line_is_not_drawn_over_a_year_that_is_missing() -> None:
    chart = style.line_chart(pd.DataFrame({"heures": [1.0, None, 3, 4]}, index=[2016, 2017, 2019, 2020]))
    line = chart.axes[0].lines[0]
    drawn = [year for year, value in zip(line.get_xdata(), line.get_ydata(), strict=True) if np.isfinite(value)]
    assert list(line.get_xdata()) == [2016, 2017, 2018, 2019, 2020] and drawn == [2016, 2019, 2020]


def test_what_a_missing_year_is_stands_on_the_axis_in_its_place() -> None:
    frame = pd.DataFrame({"heures": [None, 9.0, None, 4]}, index=[2016, 2017, 2018, 2019])
    axes = style.line_chart(frame, unsaid={2016: "s", 2018: "n.d."}).axes[0]
    signs = {text.get_text(): text.xy for text in axes.texts}
    assert signs["s"] == (2016, 0) and signs["n.d."] == (2018, 0)
    assert axes.get_xlim()[0] <= 2016 and axes.get_ylim()[0] == 0


@pytest.mark.parametrize(
    ("top", "factor", "unit", "shown"),
    [
        (11, 1, "", ["0,0", "2,5", "5,0", "7,5", "10,0"]),
        (0.4, 100, "%", ["0\xa0%", "10\xa0%", "20\xa0%", "30\xa0%", "40\xa0%"]),
        (1_100_000, 1, "", ["0", "250\u202f000", "500\u202f000", "750\u202f000", "1\u202f000\u202f000"]),
    ],
)
def test_ticks_have_the_decimals_that_tell_them_apart_and_no_more(
    top: float, factor: float, unit: str, shown: list[str]
) -> None:
    fig, ax = style.figure()
    ax.set_ylim(0, top)
    style.french_axis(ax.yaxis, unit, factor)
    fig.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()][: len(shown)] == shown
    plt.close(fig)


def test_what_is_counted_has_whole_ticks() -> None:
    chart = style.line_chart(pd.DataFrame({"segments": [9.0, 11.0]}, index=[2016, 2017]))
    chart.canvas.draw()
    assert [label.get_text() for label in chart.axes[0].get_yticklabels()][:4] == ["0", "5", "10", "15"]


def test_a_line_is_drawn_within_the_band_of_its_interval() -> None:
    middle = pd.DataFrame({"à 6 mois": [0.3, 0.4]}, index=[2024, 2025])
    chart = style.line_chart(middle, bands=(middle - 0.1, middle + 0.1))
    [band] = chart.axes[0].collections
    low, high = band.get_paths()[0].get_extents().get_points()[:, 1]
    assert (low, high) == pytest.approx((0.2, 0.5))


def test_the_last_number_of_a_line_says_that_it_was_rounded() -> None:
    lines = pd.DataFrame({"ETP": [30.0, 33.0], "personnes": [46.0, 49.0]}, index=[2015, 2016])
    chart = style.line_chart(lines, rounded=pd.DataFrame({"ETP": [None, 1.0]}, index=[2015, 2016]))
    named = [text.get_text().split("  ") for text in chart.axes[0].texts]
    assert named == [["ETP", "≈\xa033"], ["personnes", "49"]]


def test_what_parts_leave_of_the_whole_is_seen() -> None:
    chart = style.stacked_chart(pd.DataFrame({"2025": [0.4, 0.2]}, index=["emploi", "formation"]), factor=100)
    ends = [bar.get_x() + bar.get_width() for bar in chart.axes[0].patches]
    assert ends == pytest.approx([0.4, 0.6, 1.0])


@pytest.mark.parametrize("parts", range(2, 8))
def test_parts_of_a_whole_go_from_dark_to_light_with_white_between_them(parts: int) -> None:
    frame = pd.DataFrame({"2025": [1 / parts] * parts}, index=[f"part {n}" for n in range(parts)])
    bars = style.stacked_chart(frame, factor=100).axes[0].patches[:parts]
    shades = [float(lab(linear(plt.matplotlib.colors.to_hex(bar.get_facecolor())))[0]) for bar in bars]
    assert min(high - low for low, high in pairwise(shades)) >= APART
    assert all(bar.get_edgecolor() == (1, 1, 1, 1) and bar.get_linewidth() > 0 for bar in bars)
