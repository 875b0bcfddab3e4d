"""The rules of validation and the shape of the quality table, apart from what needs pandas."""

from __future__ import annotations

import csv
import string
from typing import Any

from analysis.core.numbers import shortest
from analysis.core.params import load_params
from analysis.core.paths import reference_dir

COLUMNS = [
    "source",
    "fichier",
    "ligne",
    "colonne",
    "valeur",
    "regle",
    "gravite",
    "message",
    "enregistrement",
]
SORT = ["source", "fichier", "ligne", "colonne", "regle", "valeur"]


class _French(string.Formatter):
    """Settings in a French sentence: `{exports.max_month_hours}` hours, `{exports.max_unknown_status:%}`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return f"{shortest(100 * value)} %" if format_spec == "%" else shortest(value)


def catalogue() -> list[dict[str, str]]:
    """The rows of `data/raw/reference/regles.csv`; what is expected says the thresholds of `params.yaml`."""
    settings = load_params()
    with (reference_dir() / "regles.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    said = _French()
    return [
        row | {"attendu": said.format(row["attendu"], decp=settings.decp, exports=settings.exports)} for row in rows
    ]
