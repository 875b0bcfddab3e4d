"""Who sends: the structures of `structures.csv`, each with the mapping file of its software.

The files of years before a structure changed its software stay as it sent them: `mappings/anciennes.csv` says until
which year they are read with which mapping.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis.sources.listing import LIST, texts
from analysis.sources.mapping import Mapping, load_mapping
from analysis.sources.spreadsheet import expect

MAPPINGS = "mappings"
EARLIER = f"{MAPPINGS}/anciennes.csv"
EARLIER_COLUMNS = ["structure_id", "jusqu_en", "mapping"]


@dataclass(frozen=True)
class Layouts:
    """The mappings of one structure: that of its latest files, and of earlier ones until a year, in order of years."""

    latest: Mapping
    earlier: tuple[tuple[int, Mapping], ...] = ()

    def of(self, year: int | str) -> Mapping:
        """The mapping of the files of `year`; the latest for what is no year."""
        if not str(year).isdigit():
            return self.latest
        return next((mapping for until, mapping in self.earlier if int(year) <= until), self.latest)

    def __iter__(self) -> Iterator[Mapping]:
        yield self.latest
        yield from (mapping for _, mapping in self.earlier)


def layouts_by_structure(folder: Path) -> dict[str, Layouts]:
    """The mappings of each structure of the dataset in `folder`; none when it has no `structures.csv`.

    Raises DataError when a structure has no identifier, is listed twice, or for the same years twice, or when a mapping
    that it names does not exist.
    """
    listed = texts(folder, LIST, ["structure_id", "mapping"])
    earlier = texts(folder, EARLIER, EARLIER_COLUMNS)
    expect(listed, LIST, "structure_id", listed["structure_id"].ne(""), "un identifiant de structure")
    again = listed["structure_id"].duplicated()
    expect(listed, LIST, "structure_id", ~again, "une seule ligne par structure")
    sending = earlier["structure_id"].isin(listed["structure_id"])
    expect(earlier, EARLIER, "structure_id", sending, f"une structure de {LIST}")
    years = earlier["jusqu_en"].str.fullmatch("[0-9]{4}")
    expect(earlier, EARLIER, "jusqu_en", years, "la dernière année lue ainsi, par exemple 2021")
    again = earlier.duplicated(["structure_id", "jusqu_en"])
    expect(earlier, EARLIER, "jusqu_en", ~again, "une seule ligne par structure et par année")
    known = {found.stem: found for found in sorted((folder / MAPPINGS).glob("*.yaml"))}
    for rows, name in ((listed, LIST), (earlier, EARLIER)):
        expect(
            rows,
            name,
            "mapping",
            rows["mapping"].isin(known),
            f"le nom d'un fichier de {MAPPINGS}/ ({', '.join(known) or 'aucun pour le moment'})",
        )
    used = sorted({*listed["mapping"], *earlier["mapping"]})
    loaded = {name: load_mapping(known[name]) for name in used}
    before: dict[str, list[tuple[int, Mapping]]] = {structure: [] for structure in listed["structure_id"]}
    for row in earlier.sort_values("jusqu_en").itertuples():
        before[row.structure_id].append((int(row.jusqu_en), loaded[row.mapping]))
    return {
        row.structure_id: Layouts(loaded[row.mapping], tuple(before[row.structure_id])) for row in listed.itertuples()
    }
