"""The clauses that an edition counts, in words that need no lawyer."""

from __future__ import annotations

from analysis.core import reference
from analysis.core.dataset import Edition


def clauses(edition: Edition) -> str:
    """What the clauses of `edition` ask for, then the articles of its legal scope."""
    plain = reference.table("nomenclatures/mecanismes").set_index("code")["en_clair"]
    return f"{', '.join(plain[code] for code in edition.mecanismes)} ({edition.base_legale})"
