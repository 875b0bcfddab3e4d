"""Maps of the intercommunalités (EPCI), drawn without any contour file.

Each commune is known by its centroid and its area. The plane is shared among the communes by a power
diagram, that is Voronoi cells in which a large commune holds more ground than its small neighbour; the cells
are dissolved by EPCI and clipped to where there are communes at all. Against the real contours the
median intersection over union is 0.90 (plain Voronoi cells: 0.87).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
import shapely
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path as Outline
from scipy.spatial import ConvexHull

from analysis.core import reference
from analysis.core.numbers import round_half_up
from analysis.publishing.style import INK, SOFT, figure
from analysis.publishing.templating import number

WEIGHT = 0.8  # of a commune's squared radius in the power diagram; 1 would empty a few cells
REACH = 1.05  # radius of the ground that a commune covers, in radii of the disc of its area
CLOSING = 3_000.0  # metres: gaps and bays narrower than twice that are filled
MAP_WIDTH, MAP_HEIGHT = 6.4, 7.4  # inches, with the legend
DETAIL = 700.0  # metres: bends smaller than about that are straightened
CLASSES = 5  # of a map whose bounds nobody gives
MISSING = "donnée absente ou secrète"
RAMP = ("#eaf1f8", "#bcd3e9", "#7fabd4", "#3d7cb6", "#12385f")
Style = dict[str, Any]
SECRET = "secret statistique"
_ABSENT: Style = {"facecolor": "white", "edgecolor": "#8a929c", "linewidth": 0.6, "hatch": "////"}
_SECRET: Style = {**_ABSENT, "facecolor": "#f4efe6", "hatch": "xxxx"}
_APART: Style = {**_ABSENT, "hatch": "...."}
_GROUND: Style = {"facecolor": "#eef1f5", "edgecolor": "#b9c1cb"}  # under circles
Side = Literal["outside upper left", "outside upper right"]
LEFT: Side = "outside upper left"
RIGHT: Side = "outside upper right"
LEGEND = 9  # points: the size of its letters
LARGEST = 92.0  # points: the diameter of the largest circle
SOURCE = (
    "Fond : contours approchés, tirés des centres et des superficies des communes (code officiel géographique 2026)."
)


def lambert93(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Degrees (RGF93) to metres in Lambert-93, shape (n, 2); constants of IGN's note NT/G 71."""
    excentricity, exponent, scale = 0.0818191910428158, 0.7256077650532670, 11754255.426096
    origin, pole = 700_000.0, 12655612.049876
    sine = np.sin(np.radians(lat))
    latitude = np.arctanh(sine) - excentricity * np.arctanh(excentricity * sine)
    radius = scale * np.exp(-exponent * latitude)
    angle = exponent * np.radians(lon - 3)
    return np.column_stack([origin + radius * np.sin(angle), pole - radius * np.cos(angle)])


@cache
def _communes() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The communes in the order of their codes, their centroids and their cells clipped to the region."""
    communes = reference.communes().sort_values("code_insee", ignore_index=True)
    points = lambert93(communes["lon"].to_numpy(), communes["lat"].to_numpy())
    squared = communes["superficie_km2"].to_numpy() * 1e6 / np.pi
    ground = shapely.union_all(shapely.buffer(shapely.points(points), REACH * np.sqrt(squared), quad_segs=4))
    ground = ground.buffer(CLOSING, quad_segs=4).buffer(-CLOSING, quad_segs=4)
    return communes, points, shapely.intersection(power_cells(points, WEIGHT * squared), ground)


def power_cells(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The cell of each point (shape (n, 2)) in the power diagram of `points` with `weights`, as polygons.

    A place belongs to the point for which squared distance minus weight is least. The cells come from
    the lower hull of the points lifted to z = x² + y² - weight (Aurenhammer 1987); a far ring of
    points closes the outer ones.
    """
    centre = points.mean(axis=0)
    span = np.abs(points - centre).max()
    turns = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    ring = 4 * span * np.column_stack([np.cos(turns), np.sin(turns)])
    # Units of `span` keep the hull's arithmetic well conditioned.
    plane = np.vstack([points - centre, ring]) / span
    lifted = (plane**2).sum(axis=1) - np.concatenate([weights, np.zeros(len(ring))]) / span**2
    hull = ConvexHull(np.column_stack([plane, lifted]))
    lower = hull.equations[:, 2] < 0
    faces, slopes = hull.simplices[lower], hull.equations[lower]
    corners = centre - span * slopes[:, :2] / slopes[:, 2:3] / 2
    owners = pd.Series(np.repeat(np.arange(len(faces)), 3)).groupby(faces.ravel()).indices
    repeated = np.repeat(corners, 3, axis=0)
    return np.array(
        [
            shapely.convex_hull(shapely.multipoints(repeated[owners[i]])) if i in owners else shapely.Polygon()
            for i in range(len(points))
        ]
    )


@cache
def _pieces() -> pd.Series:
    """What each EPCI holds of each department, its outline simplified together with its neighbours'.

    A Series of geometries indexed by (epci_siren, departement), from which both maps are made, so that
    their lines coincide.
    """
    communes, _, cells = _communes()
    groups = communes.groupby(["epci_siren", "departement"], sort=True).indices
    pieces = np.array([shapely.union_all(cells[rows]) for rows in groups.values()])
    keys = pd.MultiIndex.from_tuples([tuple(key) for key in groups])  # type: ignore[arg-type]
    return pd.Series(shapely.coverage_simplify(pieces, DETAIL), index=keys)


def _dissolved(level: int) -> dict[str, shapely.Geometry]:
    groups = _pieces().groupby(level=level, sort=True)
    return {str(code): shapely.union_all(pieces.to_numpy()) for code, pieces in groups}


@cache
def epci_cells() -> dict[str, shapely.Geometry]:
    """The region's part of each EPCI by its SIREN, in Lambert-93 metres."""
    return _dissolved(0)


@cache
def department_cells() -> dict[str, shapely.Geometry]:
    """The departments of the region by code, in Lambert-93 metres."""
    return _dissolved(1)


def main_cities(count: int, apart: float) -> pd.DataFrame:
    """The largest communes that lie at least `apart` metres from a larger one: nom, x, y."""
    communes, points, _ = _communes()
    kept: list[int] = []
    for row in communes["population"].sort_values(ascending=False, kind="stable").index:
        if all(np.hypot(*(points[row] - points[other])) >= apart for other in kept):
            kept.append(row)
        if len(kept) == count:
            break
    return pd.DataFrame({"nom": communes.loc[kept, "nom"], "x": points[kept, 0], "y": points[kept, 1]})


def class_bounds(values: pd.Series, digits: int = 0, factor: float = 1) -> list[float]:
    """Bounds between `CLASSES` classes of about the same number of EPCI, at two significant digits, and as a legend
    prints them: times `factor`, with so many `digits`.

    Fewer bounds where the values, or the legend, do not tell so many classes apart.
    """
    known = values.dropna()
    if known.empty:
        return []
    raw = np.quantile(known, np.linspace(0, 1, CLASSES + 1)[1:-1])
    printed = {round_half_up(float(f"{bound:.2g}") * factor, digits) for bound in raw}
    rounded = {float(bound / Decimal(str(factor))) for bound in printed}
    return sorted(bound for bound in rounded if known.min() < bound <= known.max())


def bounds_around(centre: float, values: pd.Series) -> list[float]:
    """Bounds of four classes of which two are below `centre` and two above, as wide on both sides; of three where no
    value is so far below, for none is negative.

    Quantiles would put in the darkest class a place that is below the region, where most are alike.
    """
    reach = (values.dropna() - centre).abs().max()
    step = float(f"{reach / 2:.2g}") if reach > 0 else 0.0
    return [bound for bound in (centre - step, centre, centre + step) if bound > 0] if step else [centre]


def choropleth(
    values: pd.Series,
    *,
    legend_label: str,
    bins: Sequence[float] | None = None,
    digits: int = 0,
    unit: str = "",
    factor: float = 1,
    missing: str = MISSING,
    hidden: Collection[str] = (),
    apart: Collection[str] = (),
    apart_label: str = "",
    counts: bool = False,
    departments: list[str] | None = None,
) -> Figure:
    """A map of a number by EPCI.

    `values` is indexed by `epci_siren`; an EPCI that is absent or missing is hatched and called `missing`, one of
    `hidden` is cross-hatched and called secret, one of `apart`, missing for another reason, dotted and called
    `apart_label`.
    A class holds the values from one of `bins` (bounds between classes, in the unit of `values`) up to, and
    without, the next; `counts` names the classes by the whole numbers they hold. `departments` shows their EPCI
    only. Raises ValueError for an unknown EPCI.
    """
    values = _of_epci(values, departments)
    bounds = list(bins) if bins is not None else class_bounds(values, digits, factor)
    colours = _ramp(len(bounds) + 1)
    known = values.dropna()
    fills: dict[str, Style] = {
        str(siren): {"facecolor": colours[int(np.searchsorted(bounds, value, side="right"))]}
        for siren, value in known.items()
    }
    other = sorted(set(apart) & set(values[values.isna()].index) - set(hidden))
    secret, unknown = _untold(values.drop(index=other), hidden, missing)
    fills |= dict.fromkeys(secret, _SECRET) | dict.fromkeys(other, _APART)
    unknown += [Patch(**_APART, label=apart_label)] if other else []
    texts = _count_texts(bounds) if counts else _class_texts(bounds, digits, unit, factor)
    handles = [Patch(facecolor=c, edgecolor=SOFT, linewidth=0.5, label=t) for c, t in zip(colours, texts, strict=True)]
    return _map(fills, [*handles, *unknown], legend_label, departments)


def circle_map(
    values: pd.Series,
    *,
    legend_label: str,
    missing: str = MISSING,
    hidden: Collection[str] = (),
    departments: list[str] | None = None,
) -> Figure:
    """A map of a total by EPCI: a circle at its most populous commune, whose area is in proportion.

    A total that fills a ground would be read as the size of that ground. `values`, `missing`, `hidden` and
    `departments` as for `choropleth`; circles are of what is above zero. Raises ValueError for an unknown EPCI.
    """
    values = _of_epci(values, departments)
    known = values.dropna()
    secret, unknown = _untold(values, hidden, missing)
    fills = {**dict.fromkeys(map(str, known.index), _GROUND), **dict.fromkeys(secret, _SECRET)}
    seats = reference.seats().set_index("epci_siren").loc[known.index]
    drawn = known[known > 0].sort_values(ascending=False, kind="stable")  # the small ones over the large
    points = pd.DataFrame(lambert93(seats["lon"].to_numpy(), seats["lat"].to_numpy()), index=known.index)
    area = LARGEST**2 / drawn.max() if len(drawn) else 0.0  # square points of one unit
    circles = [
        Line2D([], [], marker="o", ls="none", color=RAMP[3], ms=math.sqrt(area * size), label=number(size, 0))
        for size in _sizes(float(drawn.max()) if len(drawn) else 0.0)
    ]
    fig = _map(fills, unknown, "", departments, side=RIGHT)
    places = points.loc[drawn.index].to_numpy()
    fig.axes[0].scatter(
        places[:, 0], places[:, 1], s=area * drawn.to_numpy(float), color=RAMP[3], edgecolors="white", linewidths=0.8,
        zorder=1.5,
    )  # fmt: skip
    if circles:
        wide = circles[0].get_markersize() / LEGEND  # in the size of the letters, as a legend counts
        layout = {"handlelength": wide, "handleheight": wide, "labelspacing": 1.6, "ncols": len(circles)}
        _above(fig, circles, legend_label, LEFT, **layout)
    return fig


def _untold(values: pd.Series, hidden: Collection[str], missing: str) -> tuple[list[str], list[Patch]]:
    """The EPCI without a value that are secret, and what the legend says of those and of the others without one."""
    unknown = set(values[values.isna()].index)
    secret = sorted(set(hidden) & unknown)
    absent = [Patch(**_ABSENT, label=missing)] if len(secret) < len(unknown) else []
    return secret, absent + ([Patch(**_SECRET, label=SECRET)] if secret else [])


def _sizes(most: float) -> list[float]:
    """Round numbers that show how circles grow, the largest a fifth of `most` or so: 250 000, 25 000 of a million."""
    if most <= 0:
        return []
    scale = 10.0 ** math.floor(math.log10(most))
    first = scale / 4 if most < 2 * scale else scale / 2 if most < 5 * scale else scale
    return [size for size in (first, first / 10) if size >= 1] or [most]


# Apart from one another in greyscale as in colour: dark, dotted, hatched, light.
_CLASSES: tuple[Style, ...] = (
    {"facecolor": "#12385f", "edgecolor": "white"},
    {"facecolor": "#ffffff", "edgecolor": "#12385f", "hatch": "...."},
    {"facecolor": "#7fabd4", "edgecolor": "#12385f", "hatch": "//"},
    {"facecolor": "#eaf1f8", "edgecolor": "#8a929c"},
)


def class_map(
    values: pd.Series,
    names: Mapping[str, str],
    *,
    legend_label: str,
    departments: list[str] | None = None,
    points: pd.DataFrame | None = None,
    points_label: str = "",
) -> Figure:
    """A map of up to four classes by EPCI, told apart in greyscale too.

    `values` gives the code of a class by `epci_siren`, `names` the classes' names by code, from the one that must
    stand out to the quietest; `points` (lon, lat, in degrees) are drawn as squares. Raises ValueError for an unknown
    EPCI.
    """
    values = _of_epci(values, departments).dropna()
    styles = dict(zip(names, _CLASSES, strict=False))
    handles = [Patch(**styles[code], linewidth=0.6, label=name) for code, name in names.items()]
    fills = {str(siren): styles[code] for siren, code in values.items()}
    if len(fills) < len(_sirens(departments)):
        handles.append(Patch(**_ABSENT, label=MISSING))
    marks = None if points is None else lambert93(points["lon"].to_numpy(), points["lat"].to_numpy())
    return _map(fills, handles, legend_label, departments, marks=marks, marks_label=points_label)


def locator(territory: str) -> Figure:
    """Where a department or an EPCI is in its region: a small map of the departments, the territory filled."""
    fig, ax = figure(height=2.6, width=2.6)
    places = department_cells()
    shape = places[territory] if territory in places else epci_cells()[territory]
    _draw(ax, shape, facecolor=RAMP[3], edgecolor="none")
    for cell in places.values():
        _draw(ax, cell, facecolor="none", edgecolor=SOFT, linewidth=1.0)
    _frame(ax, list(places.values()))
    _cities(ax, shapely.union_all(list(places.values())), 6, apart=45_000)
    _scale(ax)
    return fig


def _of_epci(values: pd.Series, departments: list[str] | None) -> pd.Series:
    """`values` of the EPCI that are drawn; ValueError for one that is not of the region."""
    unknown = sorted(set(values.index) - set(epci_cells()))
    if unknown:
        raise ValueError(f"not EPCI of the region: {', '.join(map(str, unknown[:5]))}")
    return values.reindex(_sirens(departments))


def _map(
    fills: Mapping[str, Style],
    handles: list[Any],
    legend_label: str,
    departments: list[str] | None,
    *,
    marks: np.ndarray | None = None,
    marks_label: str = "",
    side: Side = LEFT,
) -> Figure:
    """The EPCI shown, each with its style (hatched where `fills` has none), departments, cities, scale and legend."""
    cells, shown = epci_cells(), _sirens(departments)
    fig, ax = figure(height=MAP_HEIGHT, width=MAP_WIDTH)
    for siren in shown:
        _draw(ax, cells[siren], **{"edgecolor": "white", "linewidth": 0.6, **fills.get(siren, _ABSENT)})
    for code, cell in department_cells().items():
        if departments is None or code in departments:
            _draw(ax, cell, facecolor="none", edgecolor=SOFT, linewidth=1.1)
    _frame(ax, [cells[siren] for siren in shown])
    _cities(ax, shapely.union_all([cells[siren] for siren in shown]))
    _scale(ax)
    if marks is not None:
        mark: Style = {
            "marker": "s",
            "markersize": 6,
            "color": "#b3123c",
            "markeredgecolor": "white",
            "linestyle": "none",
        }
        [drawn] = ax.plot(marks[:, 0], marks[:, 1], zorder=5, label=marks_label, **mark)
        handles = [*handles, drawn]
    if handles:
        _above(fig, handles, legend_label, side, ncols=2 if side == LEFT else 1)
    fig.supxlabel(SOURCE, x=0.01, ha="left", fontsize=7.5, color=SOFT)
    return fig


def _above(fig: Figure, handles: list[Any], title: str, side: Side, **layout: float) -> None:
    """A legend above the map, where a narrow screen, which scrolls to the right of a figure, has it whole."""
    legend = fig.legend(handles=handles, title=title, loc=side, alignment="left", **layout)
    legend.get_title().set_fontsize(LEGEND)


def _sirens(departments: list[str] | None) -> list[str]:
    return sorted(set(reference.epci(departments)["epci_siren"]) & set(epci_cells()))


def _ramp(count: int) -> list[str]:
    """`count` blues from light to dark, evenly spread, so that they stay apart in greyscale."""
    from matplotlib.colors import LinearSegmentedColormap

    scale = LinearSegmentedColormap.from_list("clauses", RAMP)
    return [to_hex(scale(step)) for step in (np.linspace(0, 1, count) if count > 1 else [0.75])]


def _class_texts(bounds: Sequence[float], digits: int, unit: str, factor: float) -> list[str]:
    def write(value: float) -> str:
        return number(value, digits, unit, factor)

    if not bounds:
        return ["valeur connue"]
    between = [f"{number(low, digits, '', factor)} à moins de {write(high)}" for low, high in pairwise(bounds)]
    return [f"moins de {write(bounds[0])}", *between, f"{write(bounds[-1])} et plus"]


def _count_texts(bounds: Sequence[float]) -> list[str]:
    """Classes of whole numbers from 1 on, each by the counts that it holds."""
    if not bounds:
        return ["1 et plus"]
    ends = [(int(low), int(high) - 1) for low, high in pairwise([1, *bounds])]
    return [str(low) if low == high else f"{low} à {high}" for low, high in ends] + [f"{int(bounds[-1])} et plus"]


def _outline(shape: shapely.Geometry) -> Outline:
    rings = [
        np.asarray(ring.coords)
        for part in shapely.get_parts(shape)
        if isinstance(part, shapely.Polygon)
        for ring in (part.exterior, *part.interiors)
    ]
    return Outline.make_compound_path(*(Outline(ring, closed=True) for ring in rings))


def _draw(ax: Axes, shape: shapely.Geometry, **style: object) -> None:
    ax.add_patch(PathPatch(_outline(shape), joinstyle="round", **style))  # type: ignore[arg-type]


def _frame(ax: Axes, shapes: Sequence[shapely.Geometry]) -> None:
    left, bottom, right, top = shapely.total_bounds(np.array(shapes))
    margin = 0.02 * (right - left)
    ax.set_xlim(left - margin, right + margin)
    ax.set_ylim(bottom - margin, top + margin)
    ax.set_aspect("equal")
    ax.set_axis_off()


def _cities(ax: Axes, ground: shapely.Geometry, count: int = 12, apart: float = 22_000.0) -> None:
    from matplotlib.patheffects import withStroke

    cities = main_cities(count, apart)
    inside = cities[shapely.contains_xy(ground, cities["x"], cities["y"])]
    halo = [withStroke(linewidth=2.2, foreground="white")]
    ax.plot(inside["x"], inside["y"], "o", color=INK, markersize=3, markeredgecolor="white", markeredgewidth=0.6)
    for city in inside.itertuples():
        ax.annotate(
            str(city.nom), (city.x, city.y), xytext=(0, 4), textcoords="offset points", ha="center",
            fontsize=8, color=INK, path_effects=halo,
        )  # fmt: skip


def _scale(ax: Axes) -> None:
    """A bar of 50 km, or 20 km on the map of one department, in the lower left corner."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    length = 50_000 if right - left > 150_000 else 20_000
    x, y = left + 0.02 * (right - left), bottom + 0.02 * (top - bottom)
    ax.plot([x, x + length], [y, y], color=INK, linewidth=1.6, solid_capstyle="butt")
    ax.annotate(
        f"{length // 1000} km", (x + length / 2, y), xytext=(0, 3), textcoords="offset points",
        ha="center", fontsize=8, color=INK,
    )  # fmt: skip
