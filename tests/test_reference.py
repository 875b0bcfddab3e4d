from __future__ import annotations

import pandas as pd
import pytest

from analysis.core import reference
from analysis.core.codes import by_prefix
from analysis.core.errors import DataError


def test_a_value_is_read_by_its_name_and_an_unknown_one_is_told() -> None:
    assert reference.value("droit/parametres", "objectif_pnad") == "0.30"
    assert float(reference.value("veille/hypotheses", "projet_realise")) == 0.8
    with pytest.raises(DataError, match="« realise » manque"):
        reference.value("veille/hypotheses", "realise")


def test_the_longest_known_prefix_tells() -> None:
    known = pd.Series({"90": "a", "9091": "b", "90910000": "c"})
    told = {"90910000": "c", "90911200": "b", "90500000": "a", "45000000": "none", "9": "none", None: "none"}
    codes = pd.Series(list(told), index=list("dbeacf"), dtype="str")
    assert by_prefix(codes, known).fillna("none").to_dict() == dict(zip(codes.index, told.values(), strict=True))
    assert by_prefix(codes, known.iloc[:0]).isna().all()
