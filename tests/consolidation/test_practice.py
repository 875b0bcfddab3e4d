from __future__ import annotations

import pandas as pd
import pytest

from analysis.consolidation.practice import OTHERS, SHOWN, mechanisms, practices
from analysis.core.reference import WHOLE


def contracts() -> pd.DataFrame:
    """Cleaning: 8 kinds of employers with 800, 700 ... 100 hours; guarding: one, whose trade is not known."""
    kinds = ["DIRECT", "ETTI", "ACI", "AI", "EI", "GEIQ", "EA", "REGIE"]
    rows = [("PROPRETE", kind, "K2204", 100 * (8 - n)) for n, kind in enumerate(kinds)]
    rows += [("SECURITE", "DIRECT", None, 500)]
    frame = pd.DataFrame(rows, columns=["segment", "employeur_kind", "metier_rome", "heures"])
    units = {name: range(len(frame)) for name in ("personne", "employeur", "entreprise")}
    return frame.assign(centiheures=100 * frame["heures"], **units)


def test_categories_beyond_the_first_are_together_and_shares_add_up() -> None:
    table = practices(contracts())
    own = table[(table["segment"] == "PROPRETE") & (table["axe"] == "employeur")].set_index("modalite")
    assert len(own) == SHOWN + 1 and {"EA", "REGIE"}.isdisjoint(own.index)
    assert own.loc["DIRECT", "part_heures"] == 0.222, "800 / 3600, of which 0.2222222222222222 would tell 2 / 9"
    assert own.loc[OTHERS, "part_heures"] == 0.083 and own.loc[OTHERS, "_personnes"] == 2
    assert table.groupby(["segment", "axe"])["part_heures"].sum().tolist() == pytest.approx([1] * 6, abs=0.002)
    assert "heures" not in table, "shares alone"


def test_a_share_is_rounded_once_half_up() -> None:
    rows = contracts().iloc[:2].assign(centiheures=[625, 9_375])
    table = practices(rows).set_index(["axe", "modalite"])
    assert table.loc[("employeur", "DIRECT"), "part_heures"] == 0.063, "0.0625, which is 0.062 half to even"


def test_the_whole_of_a_segment_and_a_trade_that_is_not_known() -> None:
    table = practices(contracts()).set_index(["segment", "axe", "modalite"])
    assert table.loc[("PROPRETE", WHOLE, WHOLE), ["part_heures", "_personnes"]].tolist() == [1, 8]
    assert table.loc[("SECURITE", "metier", "INCONNU"), "part_heures"] == 1


def test_an_operation_counts_once_with_its_latest_mechanism() -> None:
    operations = pd.DataFrame(
        {
            "annee": [2024, 2025, 2025, 2025],
            "operation": ["A", "A", "B", "C"],
            "segment": ["PROPRETE"] * 3 + [None],
            "mecanisme": ["EXEC", "RES_IAE", "EXEC", "EXEC"],
        }
    )
    table = mechanisms(operations).set_index(["segment", "mecanisme"])
    assert table["operations"].to_dict() == {("PROPRETE", "EXEC"): 1, ("PROPRETE", "RES_IAE"): 1}
    assert table["part"].tolist() == [0.5, 0.5]
