"""One visual style for all figures, and the two charts that most sections need.

Importing this module applies the style sheet. Colours (dark blue, vermilion, green, purple, ochre, light
blue) have a contrast of at least 3 to 1 with the page. Most are as dark as one another: what stays apart without
colour is a line's marker and dashes, the steps of a ramp, the white between two parts.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline
from matplotlib.ticker import Formatter, MaxNLocator

from analysis.core.numbers import about, round_half_up
from analysis.publishing.templating import number

SHEET = Path(__file__).with_name("report.mplstyle")
WIDTH = 8.2  # inches: the width of a page's column
YEAR, NAMES = 0.42, 2.0  # inches: a year below an axis, the names of lines and of ticks beside a plot
TICKS, MOST_DIGITS = 5, 6  # of an axis at most, of a tick
INK, SOFT, ACCENT, QUIET, CONTRAST = "#1a1c20", "#4c535d", "#14406b", "#a9b4c0", "#c2530a"

# Marker and dashes of each line, in the order of the colours of the style sheet.
LINES: tuple[tuple[str, Any], ...] = (
    ("o", "solid"),
    ("s", (0, (5, 1.5))),
    ("^", (0, (1.5, 1.2))),
    ("D", (0, (6, 1.5, 1.5, 1.5))),
    ("v", (0, (3, 1))),
    ("P", (0, (8, 1, 1, 1, 1, 1))),
)

plt.style.use(SHEET)


def figure(height: float = 4.2, width: float = WIDTH) -> tuple[Figure, Axes]:
    """A figure of one plot, by default as wide as the page's column; sizes in inches."""
    fig, ax = plt.subplots(figsize=(width, height))
    return fig, ax


class FrenchTicks(Formatter):
    """Ticks in French, all with the decimals that tell them apart, and no more: 2,5 is not 3."""

    def __init__(self, unit: str = "", factor: float = 1) -> None:
        self.unit, self.factor, self.digits = unit, factor, 0

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        exact = [round_half_up(float(value) * self.factor, MOST_DIGITS).normalize() for value in values]
        self.digits = max([0, *(-int(value.as_tuple().exponent) for value in exact)])
        return [self(value) for value in values]

    def __call__(self, x: float, pos: int | None = None) -> str:
        return number(x, self.digits, self.unit, self.factor)


def french_axis(axis: Axis, unit: str = "", factor: float = 1, *, whole: bool = False) -> None:
    """Round numbers of ticks on `axis`, written in French; `whole` ones where what is drawn is counted."""
    axis.set_major_locator(MaxNLocator(TICKS, steps=[1, 2, 2.5, 5, 10], integer=whole))
    axis.set_major_formatter(FrenchTicks(unit, factor))


def bar_chart(
    values: pd.Series,
    *,
    unit: str = "",
    digits: int = 0,
    factor: float = 1,
    highlight: Sequence[str] = (),
) -> Figure:
    """Horizontal bars, one per index label, in the order given from the top, each with its number.

    `values` is a Series of numbers by label; `highlight` names the labels that the message is about.
    """
    fig, ax = figure(height=0.55 + 0.32 * len(values))
    labels = [str(label) for label in values.index]
    colours = [CONTRAST if label in highlight else ACCENT for label in labels]
    bars = ax.barh(range(len(values)), values.to_numpy(float), color=colours, height=0.68)
    texts = [number(value, digits, unit, factor) for value in values]
    ax.bar_label(bars, texts, padding=4, fontsize=9, color=INK)
    ax.set_yticks(range(len(values)), labels, color=INK)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_visible(False)
    ax.spines["bottom"].set_visible(False)
    ax.margins(x=0.12, y=0.02)
    if values.min() < 0:  # its number stands to the left of the bar
        ax.spines["left"].set_visible(False)
        room = 0.03 * max(len(text) for text, value in zip(texts, values, strict=True) if value < 0)
        ax.set_xlim(values.min() - room * (values.max() - values.min()))
    ax.axvline(0, color=SOFT, linewidth=0.8)
    return fig


def line_chart(
    frame: pd.DataFrame,
    *,
    unit: str = "",
    digits: int = 0,
    factor: float = 1,
    breaks: Mapping[int, str] | None = None,
    hollow: Mapping[str, Sequence[int]] | None = None,
    bands: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    rounded: pd.DataFrame | None = None,
    unsaid: Mapping[int, str] | None = None,
    height: float = 3.8,
    width: float = WIDTH,
) -> Figure:
    """One line per column over the years of the index, named at its end with its last number; sizes in inches.

    A year that is missing, or whose value is, leaves a gap: nothing is drawn over what is not known. `breaks` maps a
    year to the name of a break in the series, drawn just before that year; `hollow` maps a column to the years whose
    point is an empty circle, such as provisional figures; `bands` are the low and the high ends of each one's interval;
    `rounded` says to what values were rounded for the sake of hidden ones, in the columns where any was; `unsaid` maps
    a year without a point to what stands on the axis in its place.
    """
    fig, ax = figure(height, width=width)
    frame = frame.reindex(pd.RangeIndex(frame.index.min(), frame.index.max() + 1))
    years = frame.index.to_numpy()
    lines = {
        str(name): ax.plot(years, frame[name], marker=marker, markersize=4.5, linestyle=dashes)[0]
        for name, (marker, dashes) in zip(frame.columns, cycle(LINES), strict=False)
    }
    if bands is not None:
        low, high = (ends.reindex(years) for ends in bands)
        for name in frame.columns:
            ax.fill_between(years, low[name], high[name], color=lines[str(name)].get_color(), alpha=0.16, linewidth=0)
    for name, unsure in (hollow or {}).items():
        style: dict[str, Any] = {
            "marker": lines[name].get_marker(),
            "markersize": 6.5,
            "markerfacecolor": "white",
            "linestyle": "none",
            "zorder": 3,
        }
        ax.plot(list(unsure), frame.loc[list(unsure), name], markeredgecolor=lines[name].get_color(), **style)
    for year, sign in (unsaid or {}).items():
        ax.update_datalim([(year, 0)], updatey=False)  # a year that no line reaches is on the axis too
        ax.annotate(sign, (year, 0), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=8, color=SOFT)
    ax.autoscale_view()
    units = pd.DataFrame() if rounded is None else rounded
    known = frame.dropna(axis=1, how="all")
    ends = {str(name): int(known[name].last_valid_index()) for name in known.columns}
    texts = {
        name: about(frame.loc[end, name], units.loc[end, name])
        if name in units and pd.notna(units.loc[end, name])
        else number(frame.loc[end, name], digits, unit, factor)
        for name, end in ends.items()
    }
    _name_lines(ax, frame, lines, ends, texts)
    step = math.ceil(len(years) * YEAR / (width - NAMES))
    named = years[(len(years) - 1) % step :: step]  # the last one always
    ax.set_xticks(named, [str(year) for year in named])
    low, high = ax.get_ylim()
    ax.set_ylim(min(0, low), high + 0.08 * (high - min(0, low)) if breaks else high)
    ax.grid(axis="y")
    french_axis(ax.yaxis, unit, factor, whole=digits == 0 and factor == 1)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    middle = (years[0] + years[-1]) / 2
    for row, (year, name) in enumerate((breaks or {}).items()):
        ax.axvline(year - 0.5, color=SOFT, linewidth=0.9, linestyle=(0, (4, 3)))
        late = year - 0.5 > middle  # what comes late is named to its left, each on a line of its own
        ax.annotate(
            name, (year - 0.5, 1), xycoords=("data", "axes fraction"), xytext=(-3 if late else 3, -2 - 11 * row * late),
            textcoords="offset points", va="top", ha="right" if late else "left", fontsize=8, color=SOFT,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.5},
        )  # fmt: skip
    return fig


def vintage_chart(frame: pd.DataFrame) -> Figure:
    """One mark per column and year of the index, a thin line between those of a year: how far a figure moved.

    The columns are given from the oldest to the newest: an empty circle, a full one, then a bar. The axis does not
    start at zero, as positions are compared, not lengths.
    """
    fig, ax = figure(height=3.8)
    years = frame.index.to_numpy()
    ax.vlines(years, frame.min(axis=1), frame.max(axis=1), color=QUIET, linewidth=1.2, zorder=1)
    marks: tuple[dict[str, Any], ...] = (
        {"marker": "o", "markersize": 7, "markerfacecolor": "white", "color": SOFT},
        {"marker": "o", "markersize": 5, "color": ACCENT},
        {"marker": "_", "markersize": 15, "markeredgewidth": 2.2, "color": CONTRAST},
    )
    for name, mark in zip(frame.columns, marks, strict=False):
        ax.plot(years, frame[name], linestyle="none", label=str(name), **mark)
    ax.set_xticks(years, [str(year) for year in years])
    ax.margins(y=0.12)
    ax.grid(axis="y")
    french_axis(ax.yaxis)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    fig.legend(loc="outside lower center", ncols=3, fontsize=9)
    return fig


def stacked_chart(frame: pd.DataFrame, *, unit: str = "", digits: int = 0, factor: float = 1) -> Figure:
    """One horizontal bar per column, cut into the rows of `frame`, which are parts of a whole.

    A part is labelled where its number fits; the legend names the parts in their order. ValueError when shares add
    up to more than the whole: what overlaps is never stacked (domain rule W14).
    """
    if factor == 100 and (over := float(frame.sum().max())) > 1 + 1e-6:
        raise ValueError(f"shares that overlap cannot be stacked: they add up to {over:.3f} of the whole")
    fig, ax = figure(height=1.3 + 0.5 * len(frame.columns))
    colours = plt.get_cmap("cividis")([n / max(1, len(frame) - 1) for n in range(len(frame))])
    left = [0.0] * len(frame.columns)
    whole = float(frame.sum().max())
    for (name, parts), colour in zip(frame.iterrows(), colours, strict=True):
        bars = ax.barh(
            range(len(parts)),
            parts.to_numpy(float),
            left=left,
            color=colour,
            label=str(name),
            height=0.62,
            ec="white",
            lw=0.8,
        )
        texts = [number(value, digits, unit, factor) if value > 0.055 * whole else "" for value in parts]
        light = sum(colour[:3]) > 1.5
        ax.bar_label(bars, texts, label_type="center", fontsize=8, color=INK if light else "white")
        left = [start + float(value) for start, value in zip(left, parts, strict=True)]
    if factor == 100:  # what the parts leave of the whole is seen
        ax.barh(range(len(frame.columns)), 1, color="none", height=0.62, ec=QUIET, lw=0.8, zorder=0)
    ax.set_yticks(range(len(frame.columns)), [str(name) for name in frame.columns], color=INK)
    ax.invert_yaxis()
    ax.xaxis.set_visible(False)
    ax.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        ax.spines[side].set_visible(False)
    fig.legend(loc="outside lower center", ncols=3, fontsize=8)
    return fig


def flow_chart(frame: pd.DataFrame) -> Figure:
    """What goes through steps, one after another, and where it ends: bands as thick as their numbers.

    A row per step, in order, a column per end; each cell is how many leave the steps there for that end, and all
    the others go on to the next step. Numbers are whole; a missing one is not drawn.
    """
    leaving = frame.fillna(0)
    entering = leaving.sum(axis=1)[::-1].cumsum()[::-1]  # at each step: those that leave there or later
    total, last = float(entering.iloc[0]), len(leaving)
    gap = 0.045 * total
    fig, ax = figure(4.6)
    colours = plt.get_cmap("cividis")([0.1 + 0.65 * n / max(1, last - 1) for n in range(last)])
    tops = {end: float(leaving.iloc[:, :n].to_numpy().sum()) + n * gap for n, end in enumerate(leaving.columns)}
    for n, (step, colour) in reversed(list(enumerate(zip(leaving.index, colours, strict=True)))):
        inside = float(entering.iloc[n])
        below = inside - float(leaving.iloc[n].sum())  # what goes on is drawn above what leaves
        if below:
            _band(ax, (n, 0), (n + 1, 0), below, colour=colour)
        for end, size in leaving.iloc[n].items():
            if size:
                _band(ax, (n, below), (last, tops[end]), float(size), colour=colour, straight_to=last - 1)
            below, tops[end] = below + float(size), tops[end] + float(size)
        ax.add_patch(Rectangle((n - 0.02, 0), 0.04, inside, color=colour, linewidth=0))
        ax.annotate(
            f"{step}\n{number(inside)}", (n - 0.02, 0), xytext=(0, 6), textcoords="offset points",
            fontsize=9, color=INK,
        )  # fmt: skip
    for end, size in leaving.sum().items():
        ax.add_patch(Rectangle((last, tops[end] - size), 0.04, size, color=SOFT, linewidth=0))
        ax.annotate(
            f"{textwrap.fill(str(end), 28)}\n{number(size)}", (last + 0.04, tops[end] - size / 2), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=9, color=INK, annotation_clip=False,
        )  # fmt: skip
    ax.set_xlim(-0.05, last + 0.85)
    ax.set_ylim(max(tops.values()) + gap, -0.1 * total)
    ax.set_axis_off()
    return fig


def _band(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], size: float, *, colour: Any, straight_to: float = 0
) -> None:
    """A band of that thickness, level until `straight_to`, then curved to `end`."""
    (x0, y0), (x1, y1) = start, end
    bend = max(x0, straight_to)
    middle = (bend + x1) / 2
    points = [
        (x0, y0), (bend, y0), (middle, y0), (middle, y1), (x1, y1),
        (x1, y1 + size), (middle, y1 + size), (middle, y0 + size), (bend, y0 + size), (x0, y0 + size),
    ]  # fmt: skip
    curve = [Outline.CURVE4] * 3
    codes = [Outline.MOVETO, Outline.LINETO, *curve, Outline.LINETO, *curve, Outline.LINETO]
    ax.add_patch(PathPatch(Outline(points, codes), facecolor=colour, alpha=0.45, linewidth=0))


def _name_lines(
    ax: Axes, frame: pd.DataFrame, lines: Mapping[str, Any], ends: Mapping[str, int], texts: Mapping[str, str]
) -> None:
    """Write each line's name and its number in `texts` beside its last point, whose year `ends` says, from the lowest
    up, without overlap.

    A line that ends before the others is named above its own last point.
    """
    low, high = ax.get_ylim()
    gap = (high - min(0, low)) * 0.06
    last = {name: float(frame.loc[end, name]) for name, end in ends.items()}
    floor = float("-inf")
    for name, value in sorted(last.items(), key=lambda item: item[1]):
        whole = ends[name] == frame.index[-1]
        floor = max(value, floor + gap) if whole else floor
        ax.annotate(
            f"{name}  {texts[name]}", (ends[name], floor if whole else value), xytext=(8, 0) if whole else (-4, 9),
            textcoords="offset points", va="center", fontsize=9, color=lines[name].get_color(), annotation_clip=False,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 1.5},
        )  # fmt: skip
