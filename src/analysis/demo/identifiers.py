"""SIRET numbers: of real public bodies from their SIREN, and invented ones that cannot be real.

An invented SIRET has a right key over its 14 digits and a wrong one over its SIREN,
so that software accepts it and no establishment can ever bear it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def luhn(digits: str) -> int:
    """The sum that Luhn's key makes a multiple of 10."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total


def keyed(stem: str) -> str:
    """`stem` and the key digit that makes it pass Luhn's test."""
    return f"{stem}{-luhn(stem + '0') % 10}"


def siret_of(siren: str, establishment: int = 1) -> str:
    """The SIRET of the nth establishment of a SIREN."""
    return keyed(f"{siren}{establishment:04d}")


def wrong_key(siret: str) -> str:
    """The same SIRET with a wrong last digit."""
    return f"{siret[:-1]}{(int(siret[-1]) + 3) % 10}"


def invented_sirets(rng: np.random.Generator) -> Iterator[str]:
    """Distinct SIRET that no establishment can bear."""
    seen: set[str] = set()
    while True:
        for siren in map(str, rng.integers(300_000_000, 960_000_000, 512).tolist()):
            if siren in seen or luhn(siren) % 10 == 0:
                continue
            seen.add(siren)
            yield siret_of(siren, 1 + int(siren[4]) % 5)


def take(source: Iterator[str], count: int) -> list[str]:
    """The next `count` of a source."""
    return [next(source) for _ in range(count)]
