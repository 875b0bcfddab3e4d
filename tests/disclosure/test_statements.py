"""What a number of a table is called: the cell that it tells of."""

from __future__ import annotations

import pandas as pd

from analysis.disclosure.statements import filled


def test_what_a_table_does_not_say_is_a_part_of_its_total_too() -> None:
    """The seat of a structure: without a cell of its own it would be found as what is left of its nature's total."""
    rows = pd.DataFrame({"structure_id": ["S1", "S2"], "departement": ["59", None], "population": [10.0, None]})
    assert list(filled("etp/structure={structure_id};{departement}", rows)) == [
        "etp/structure=S1;59", "etp/structure=S2;INCONNU",
    ]  # fmt: skip
    assert filled("{population}", rows).isna().tolist() == [False, True], "a number that is missing is no name"
