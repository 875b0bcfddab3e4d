"""What tables are read back from."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.core.errors import DataError
from analysis.core.files import read_table


def test_a_table_that_no_stage_wrote_yet_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^heures\.parquet : table absente ; attendu : celle qu'écrit une étape"):
        read_table(tmp_path / "heures.parquet")
