"""The weights of trades follow from the hires that they say they come from."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.core import reference
from checkout import CHECKOUT

pytestmark = pytest.mark.real
PART = 0.8


def test_weights_are_the_hires_of_the_segments_activities() -> None:
    source = CHECKOUT.parent / "shared" / "data" / "nomenclature" / "rome_naf_mapping_2021.csv"
    if not source.is_file():
        pytest.skip("the real data (../shared) is not beside this checkout")
    hires = pd.read_csv(source, dtype={"rome_id": "str", "naf_id": "str"})
    weights = reference.table("nomenclatures/segments_metiers")
    for segment, classes in reference.table("nomenclatures/segments_naf").groupby("segment"):
        inside = hires[hires["naf_id"].str.startswith(tuple(classes["prefixe_naf"]))]
        trades = inside.groupby("rome_id")["hirings"].sum().sort_values(ascending=False, kind="stable")
        mine = weights[weights["segment"] == segment].set_index("rome")
        assert mine["recrutements"].to_dict() == trades[mine.index].to_dict()
        told = mine["recrutements"].sum() / trades.sum()
        assert told >= PART and told - mine["recrutements"].iloc[-1] / trades.sum() < PART
        assert mine["poids"].to_numpy() == pytest.approx(mine["recrutements"] / mine["recrutements"].sum(), abs=6e-4)
