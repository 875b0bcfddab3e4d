"""A planned purchase that is right, as text and as read."""

from __future__ import annotations

import datetime as dt
from typing import Any

from analysis.buyer.purchase import Purchase, parse

GOOD = {
    "achat_id": "A1", "objet": "Nettoyage des locaux scolaires", "cpv": "90910000-9", "montant_min": "300 000",
    "montant_max": "", "duree_mois": "48", "lieu": "59350", "acheteur_type": "COMMUNE",
    "date_notification": "2027-01-15", "lots": "",
}  # fmt: skip


def planned(**changes: Any) -> Purchase:
    """The purchase of `GOOD` with fields of another value; dates as text."""
    _, found, faults = parse(GOOD)
    assert found is not None and faults == []
    if isinstance(day := changes.get("date_notification"), str):
        changes["date_notification"] = dt.date.fromisoformat(day)
    return Purchase(**(vars(found) | changes))
