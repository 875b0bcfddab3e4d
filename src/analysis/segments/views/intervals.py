"""A number with its interval, one line per label: how far the eye may trust the order."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from analysis.publishing.style import ACCENT, QUIET, figure, french_axis

BAR = "Barre grise : huit fois sur dix."


def interval_chart(frame: pd.DataFrame, *, unit: str, log: bool = False) -> Figure:
    """A point and its interval for each index label, in the order given from the top.

    The columns are the middle, the low and the high end; what the grey bar is, `BAR` says in the figure's sentence.
    `log` draws ratios: a step to the right multiplies.
    """
    fig, ax = figure(height=0.9 + 0.27 * len(frame))
    middle, low, high = (frame.iloc[:, n].to_numpy(dtype=float) for n in range(3))
    rows = np.arange(len(frame))
    ax.hlines(rows, low, high, color=QUIET, linewidth=5, zorder=1)
    ax.plot(middle, rows, "o", color=ACCENT, markersize=5)
    ax.set_yticks(rows, [str(label) for label in frame.index])
    ax.set_ylim(len(frame) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="x")
    if log:
        ax.set_xscale("log")
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:g}".replace(".", ","))
    else:
        ax.set_xlim(left=0)
        french_axis(ax.xaxis)
    ax.set_xlabel(unit)
    return fig
