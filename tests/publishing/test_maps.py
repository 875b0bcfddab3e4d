from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb

from analysis.core import reference
from analysis.publishing import maps
from analysis.publishing.content import Figure


def test_lambert93_on_its_origin_and_its_standard_parallel() -> None:
    origin = maps.lambert93(np.array([3.0]), np.array([46.5]))
    assert origin == pytest.approx(np.array([[700_000, 6_600_000]]), abs=0.01)
    # On the parallel of 49° the projection keeps lengths: those of the GRS80 ellipsoid.
    a, b = maps.lambert93(np.array([2.999, 3.001]), np.array([49.0, 49.0]))
    latitude = np.radians(49)
    normal = 6_378_137 / np.sqrt(1 - 0.0818191910428158**2 * np.sin(latitude) ** 2)
    assert np.hypot(*(b - a)) == pytest.approx(normal * np.cos(latitude) * np.radians(0.002), rel=1e-6)


def test_power_cells_hold_the_places_of_least_power() -> None:
    rng = np.random.default_rng(3)
    points, weights = rng.uniform(0, 1000, (60, 2)), rng.uniform(0, 4000, 60)
    cells = maps.power_cells(points, weights)
    places = rng.uniform(0, 1000, (400, 2))
    power = ((places[:, None, :] - points[None]) ** 2).sum(axis=2) - weights
    for place, owner in zip(places, power.argmin(axis=1), strict=True):
        assert cells[owner].covers(shapely.Point(place))


def test_the_cells_share_the_region() -> None:
    cells = maps.epci_cells()
    assert sorted(cells) == sorted(reference.epci()["epci_siren"])
    together = shapely.union_all(list(cells.values()))
    apart = sum(cell.area for cell in cells.values())
    assert together.area == pytest.approx(apart, rel=1e-6)
    assert together.area / 1e6 == pytest.approx(reference.communes()["superficie_km2"].sum(), rel=0.03)
    assert all(cell.is_valid and not cell.is_empty for cell in cells.values())
    assert sum(cell.area for cell in maps.department_cells().values()) == pytest.approx(apart, rel=1e-6)


def test_classes_around_a_centre_put_nothing_below_it_in_a_darker_class_than_what_is_above() -> None:
    shares = pd.Series([0.128, 0.17, 0.178, 0.181, 0.209, np.nan])
    bounds = maps.bounds_around(0.179, shares)
    low, centre, high = bounds
    assert centre == 0.179 and high - centre == pytest.approx(centre - low) and low > shares.min()
    assert [int(np.searchsorted(bounds, value, side="right")) for value in (0.17, 0.178, 0.181)] == [1, 1, 2]
    assert maps.bounds_around(0.2, pd.Series([0.2, np.nan])) == [0.2]
    assert maps.bounds_around(0.19, pd.Series([0.1, 0.6])) == pytest.approx([0.19, 0.39]), "no class is below zero"


def test_what_is_secret_is_not_drawn_as_what_is_absent() -> None:
    sirens = sorted(maps.epci_cells())
    figure = maps.choropleth(
        pd.Series({sirens[0]: 1.0}), legend_label="Heures", missing="aucune heure", hidden=[sirens[0], sirens[1]]
    )
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names[-2:] == ["aucune heure", "secret statistique"]
    # A known value is drawn as such, whatever `hidden` says.
    hatches = [patch.get_hatch() for patch in figure.axes[0].patches[: len(sirens)]]
    assert hatches[:2] == [None, "xxxx"] and set(hatches[2:]) == {"////"}


def test_what_is_not_computed_is_not_drawn_as_what_is_absent() -> None:
    sirens = sorted(maps.epci_cells())
    figure = maps.choropleth(
        pd.Series({sirens[0]: 1.0}), legend_label="Heures", missing="aucune heure", hidden=[sirens[1]],
        apart=[sirens[0], sirens[1], sirens[2]], apart_label="non calculé",
    )  # fmt: skip
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names[-3:] == ["aucune heure", "secret statistique", "non calculé"]
    hatches = [patch.get_hatch() for patch in figure.axes[0].patches[: len(sirens)]]
    assert hatches[:4] == [None, "xxxx", "....", "////"]


def test_the_cells_are_the_same_each_time() -> None:
    first = {siren: cell.wkb for siren, cell in maps.epci_cells().items()}
    for made in (maps._communes, maps._pieces, maps.epci_cells):
        made.cache_clear()
    assert {siren: cell.wkb for siren, cell in maps.epci_cells().items()} == first


@pytest.mark.real
def test_agreement_with_the_real_contours(shared: Path) -> None:
    contours = shared / "territory" / "communes-hauts-de-france_2018.geojson"
    communes = reference.communes()
    epci_of = dict(zip(communes["code_insee"], communes["epci_siren"], strict=True))
    former = reference.table("territoire/anciens_codes")
    now = dict(zip(former["ancien_code"], former["code_insee"], strict=True))
    parts: dict[str, list[shapely.Geometry]] = {}
    for feature in json.loads(contours.read_text("utf-8"))["features"]:
        code = feature["properties"]["code"]
        shape = shapely.from_geojson(json.dumps(feature["geometry"]))
        flat = shapely.transform(shape, lambda xy: maps.lambert93(xy[:, 0], xy[:, 1]))
        parts.setdefault(epci_of[code if code in epci_of else now[code]], []).append(shapely.make_valid(flat))
    real = {siren: shapely.union_all(shapes) for siren, shapes in parts.items()}
    drawn = maps.epci_cells()
    assert set(real) == set(drawn)
    agreement = pd.Series(
        {siren: drawn[siren].intersection(real[siren]).area / drawn[siren].union(real[siren]).area for siren in real}
    )
    print(f"intersection over union: median {agreement.median():.4f}, least {agreement.min():.4f}")
    assert agreement.median() >= 0.89
    assert agreement.min() >= 0.75


def test_classes_have_plain_bounds() -> None:
    values = pd.Series(np.arange(1, 101) * 0.00123)
    bounds = maps.class_bounds(values, digits=1, factor=100)
    assert bounds == [0.026, 0.05, 0.074, 0.099]
    counts = pd.Series([1.0, 1, 2, 2, 2, 3, 3, 4, 7, 8, 9, 9])
    assert maps.class_bounds(counts) == [2, 4, 8], "as a legend of whole numbers says them, each once"
    assert maps.class_bounds(pd.Series([0.1, 0.2, 0.3, 0.4, 0.8])) == [], "of which such a legend tells none apart"
    assert maps.class_bounds(pd.Series([3.0, 3.0, 3.0])) == []
    assert maps.class_bounds(pd.Series([np.nan])) == []
    texts = maps._class_texts(bounds[:2], 1, "%", 100)
    assert texts == ["moins de 2,6\xa0%", "2,6 à moins de 5,0\xa0%", "5,0\xa0% et plus"]
    assert maps._count_texts([2, 3, 6]) == ["1", "2", "3 à 5", "6 et plus"]


def luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_classes_stay_apart_in_greyscale(count: int) -> None:
    shades = [luminance(colour) for colour in maps._ramp(count)]
    ratios = [(light + 0.05) / (dark + 0.05) for light, dark in pairwise(shades)]
    assert min(ratios) > 1.3


def test_four_classes_stay_apart_in_greyscale_and_are_named() -> None:
    sirens = list(maps.epci_cells())
    names = {"a": "Aucun", "b": "Rien", "c": "Peu", "d": "Assez"}
    values = pd.Series([list(names)[n % 4] for n in range(len(sirens))], index=sirens).iloc[:-1]
    points = pd.DataFrame({"lon": [3.0], "lat": [50.0]})
    drawn = maps.class_map(values, names, legend_label="Classe", points=points, points_label="poste")
    texts = [text.get_text() for text in drawn.legends[0].get_texts()]
    plt.close(drawn)
    assert texts == [*names.values(), maps.MISSING, "poste"]
    looks = {(round(luminance(str(style["facecolor"])), 1), style.get("hatch")) for style in maps._CLASSES}
    assert len(looks) == 4
    with pytest.raises(ValueError, match="200000000"):
        maps.class_map(pd.Series({"200000000": "a"}), names, legend_label="x")


@pytest.mark.parametrize("departments", [None, ["59"], ["59", "62"]])
def test_a_map_says_what_is_missing_and_is_the_same_each_time(departments: list[str] | None) -> None:
    sirens = list(maps.epci_cells())
    values = pd.Series(np.linspace(0, 1, len(sirens)), index=sirens).iloc[::2]

    def drawn() -> Figure:
        figure = maps.choropleth(values, legend_label="Part", unit="%", factor=100, departments=departments)
        return Figure(figure, title="Part", alt="La part varie.")

    first = drawn()
    legend = [text.get_text() for text in first.fig.legends[0].get_texts()]
    assert legend[-1] == maps.MISSING
    assert any(patch.get_hatch() for patch in first.fig.axes[0].patches)
    assert first.image == drawn().image
    assert not plt.get_fignums()


def test_an_unknown_epci_is_refused() -> None:
    with pytest.raises(ValueError, match="200000000"):
        maps.choropleth(pd.Series({"200000000": 1.0}), legend_label="x")


def test_a_circle_has_the_area_of_its_total_and_nothing_is_drawn_for_zero() -> None:
    sirens = sorted(maps.epci_cells())[:4]
    fig = maps.circle_map(pd.Series([400.0, 100.0, 0.0], index=sirens[:3]), legend_label="Heures", hidden=sirens[3:])
    [circles] = fig.axes[0].collections
    areas = circles.get_sizes()
    assert len(areas) == 2 and areas[0] / areas[1] == pytest.approx(4)
    [signs, sizes] = fig.legends
    assert [text.get_text() for text in sizes.get_texts()] == ["50", "5"]
    assert [text.get_text() for text in signs.get_texts()] == [maps.MISSING, maps.SECRET]
    # The circle of the legend is drawn at the scale of the map.
    drawn = sizes.legend_handles[0].get_markersize() ** 2
    assert drawn / 50 == pytest.approx(areas[0] / 400)
