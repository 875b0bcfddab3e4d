"""Where the checkout is, for tests that read what it holds."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SHARED = CHECKOUT.parent / "shared"  # real data, beside some checkouts only
