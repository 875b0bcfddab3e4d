"""Objects of contracts and labels of operations, and the ways in which two people write the same one."""

from __future__ import annotations

from typing import TypeVar

from analysis.core.texts import unaccented
from analysis.demo.knowledge import Draw, words
from analysis.demo.places import at

T = TypeVar("T")


class Wording:
    """Draws wordings of one stream; every method takes one at a time and is cheap."""

    def __init__(self, seed: int, part: str) -> None:
        self._rng = Draw(seed, f"mots {part}").rng
        self._pool: list[float] = []
        self._normals: list[float] = []

    def draw(self) -> float:
        """A number in [0, 1), drawn in blocks."""
        if not self._pool:
            self._pool = self._rng.random(4096).tolist()
        return self._pool.pop()

    def normal(self) -> float:
        """A standard normal draw, in blocks too."""
        if not self._normals:
            self._normals = self._rng.standard_normal(4096).tolist()
        return self._normals.pop()

    def pick(self, values: list[T]) -> T:
        return values[int(self.draw() * len(values))]

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.draw() * (high - low + 1))

    def subject(self, segment: str, place: str, year: int) -> str:
        """An object of `segment` executed in `place`."""
        known = words()
        return self.pick(known["segments"][segment]["objets"]).format(
            site=self.pick(known["sites"]),
            residence=self.pick(known["residences"]),
            voie=self.pick(known["voies"]),
            a_lieu=at(place),
            n=self.whole(6, 90),
            annee=year,
        )

    def precise(self, subject: str, year: int) -> str:
        """The subject with the part of town and the year, as facilitators name an operation."""
        return f"{subject} - {self.pick(words()['secteurs'])} {year}"

    def lot(self, segment: str) -> str:
        return self.pick(words()["segments"][segment]["lots"])

    def phase(self) -> str:
        return self.pick(words()["tranches"])

    def again(self, subject: str, year: int, months: int) -> str:
        """The object of the contract that follows one with this object."""
        pattern = self.pick(words()["renouvellement"])
        return pattern.format(objet=subject, annee=year, fin=year + max(1, months // 12))

    def prefixed(self, subject: str, year: int) -> str:
        """The object with a procedure number, as some platforms write it."""
        code = self.pick(["MAPA", "TX", "PA", "AO", "FCS"])
        return self.pick(words()["prefixes"]).format(objet=subject, annee=year, code=code, n=self.whole(1, 400))

    def variant(self, label: str) -> str:
        """The label as another structure would type it: one or two of four kinds of change."""
        changes = [self._abbreviated, unaccented, self._turned, self._mistyped]
        first = self.whole(0, 3)
        changed = changes[first](label)
        if self.draw() < 0.5:
            changed = changes[(first + 1 + self.whole(0, 2)) % 4](changed)
        return changed if changed != label else self._mistyped(label)

    def _abbreviated(self, label: str) -> str:
        for long, short in words()["abreviations"].items():
            label = label.replace(long, short)
        return label

    def _turned(self, label: str) -> str:
        """The place first: `Nettoyage des locaux à Lens` becomes `LENS - Nettoyage des locaux`."""
        for link in (" à ", " au ", " aux "):
            head, found, tail = label.rpartition(link)
            if found and head:
                return f"{tail.upper() if self.draw() < 0.5 else tail} - {head}"
        return label

    def _mistyped(self, label: str) -> str:
        spot = self.whole(2, max(2, len(label) - 3))
        if self.draw() < 0.5:
            return label[:spot] + label[spot + 1 :]
        return label[:spot] + label[spot + 1] + label[spot] + label[spot + 2 :]
