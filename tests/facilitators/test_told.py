"""What a department's page says of the whole region, and what posts beyond the need would change."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from analysis.facilitators.views.common import of_region
from analysis.facilitators.views.organisation import _least


def test_a_department_says_what_is_of_the_whole_region() -> None:
    assert of_region(SimpleNamespace(regional=True), "Ces postes suffisent.") == "Ces postes suffisent."
    told = of_region(SimpleNamespace(regional=False), "Ces postes suffisent.")
    assert told == "Dans toute la région, ces postes suffisent."


def test_the_first_posts_that_leave_nothing_are_told() -> None:
    rows = pd.DataFrame({"etp_ajoutes": [0.0, 40.0, 50.0, 60.0], "non_servi": [9e5, 4e5, 2e-11, 1e-11]})
    assert _least(rows)["etp_ajoutes"] == 50.0
