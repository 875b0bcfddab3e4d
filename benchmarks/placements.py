"""Posts of the scenario: how many placements at random follow as many hours, by number of posts.

    python benchmarks/placements.py [--dataset demo] [--posts 6 80] [--draws 100] [--seed 1]

It reads the published tables `zones`, `sites` and `temps_trajet` alone. Posts go to places drawn evenly, several to a
place where they fall so; today's time is then given where it serves most, as in the scenario, and the hours that nobody
follows of the median need are held against those of the posts that the scenario places.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from analysis.core.files import read_table
from analysis.core.params import FacilitatorParams, load_params
from analysis.core.paths import protected_dir
from analysis.facilitators.organisation import scenario
from analysis.facilitators.organisation.location import unmet_under

HOUR = 1.0  # of difference, that a solver may leave


def ground(dataset: str, settings: FacilitatorParams) -> scenario.Ground:
    """The EPCI of the published tables."""
    folder = protected_dir(dataset) / "facilitators"
    zones, sites, minutes = (read_table(folder / f"{name}.parquet") for name in ("zones", "sites", "temps_trajet"))
    return scenario.ground(zones, sites, minutes, settings.delta)


def unmet(place: scenario.Ground, asked: scenario.Scenario, posts: np.ndarray) -> float:
    """Hours of the median need that nobody follows with `posts` (m,)."""
    capacity = (place.etp + posts * asked.post_etp) * asked.capacity_hours_per_etp
    found = unmet_under(place.need[:, None], place.minutes, capacity, asked.max_minutes, worth=scenario.worth())
    return float(found[0])


def drawn(place: scenario.Ground, asked: scenario.Scenario, draws: int, seed: int) -> np.ndarray:
    """The same, of each of `draws` placements at random of the posts of the scenario."""
    rng, places = np.random.default_rng(seed), len(place.codes)
    each = (rng.multinomial(asked.posts_added, np.full(places, 1 / places)) for _ in range(draws))
    return np.array([unmet(place, asked, posts) for posts in each])


def main() -> None:
    settings = load_params().facilitators
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--posts", type=int, nargs="+", default=[settings.posts_added, 80])
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    place = ground(asked.dataset, settings)
    for posts in asked.posts:
        wanted = replace(scenario.of_params(settings), posts_added=posts)
        best = unmet(place, wanted, scenario.reinforced(place, wanted).posts)
        left = drawn(place, wanted, asked.draws, asked.seed)
        print(
            f"{posts} posts: {best:,.0f} hours left by the scenario; at random as few in {(left <= best + HOUR).sum()} "
            f"of {asked.draws}, median {np.median(left):,.0f}, at most {left.max():,.0f}"
        )


if __name__ == "__main__":
    main()
