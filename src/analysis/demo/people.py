"""Names of persons (Faker, French) and the ways in which two structures write the same name."""

from __future__ import annotations

import numpy as np
import pandas as pd
from faker import Faker

from analysis.core.texts import unaccented
from analysis.demo.knowledge import Draw
from analysis.demo.operations import shape

POOL = 4000


def name_persons(seed: int, persons: pd.DataFrame, names: Faker) -> pd.DataFrame:
    """Adds nom and prenom. Two persons never share name, first name and birth date; a few share the names."""
    draw = Draw(seed, "noms")
    size = len(persons)
    last = np.array([names.last_name() for _ in range(POOL)], dtype=object)
    nom = last[draw.rng.integers(0, POOL, size)]
    second = draw.chance(0.22, size)
    nom[second] = [f"{a}-{b}" for a, b in zip(nom[second], last[draw.rng.integers(0, POOL, second.sum())], strict=True)]
    prenom = np.empty(size, dtype=object)
    for sex, make in (("F", names.first_name_female), ("M", names.first_name_male)):
        pool = np.array([make() for _ in range(POOL)], dtype=object)
        here = np.flatnonzero((persons["sexe"] == sex).to_numpy())
        prenom[here] = pool[draw.rng.integers(0, POOL, len(here))]
        middle = here[draw.chance(0.12, len(here))]
        prenom[middle] = [
            first if "-" in first else f"{first}-{other}"
            for first, other in zip(prenom[middle], pool[draw.rng.integers(0, POOL, len(middle))], strict=True)
        ]
    # Homonyms: another person's names, the birth date being one's own.
    same = np.flatnonzero(draw.chance(shape("homonymes", "part"), size))
    for i in same.tolist():
        alike = np.flatnonzero((persons["sexe"] == persons["sexe"].iloc[i]).to_numpy())
        other = alike[int(draw.rng.integers(len(alike)))]
        nom[i], prenom[i] = nom[other], prenom[other]
    out = persons.assign(nom=nom, prenom=prenom)
    key = [simplified(n, p) for n, p in zip(nom, prenom, strict=True)]
    twice = pd.DataFrame({"key": key, "jour": out["naissance"]}).duplicated().to_numpy()
    nom[twice] = [f"{name}-{chr(65 + i % 26)}el" for i, name in enumerate(nom[twice])]
    return out.assign(nom=nom)


def simplified(nom: str, prenom: str) -> str:
    """Names without case, accents, hyphens or blanks: what all the spellings of one person share."""
    return "|".join("".join(filter(str.isalnum, unaccented(part).lower())) for part in (nom, prenom))


def spelled(names: np.ndarray, style: np.ndarray) -> np.ndarray:
    """Each name in one of six spellings that differ by case, accents, hyphens and blanks only."""
    changes = [
        lambda name: name,
        str.upper,
        lambda name: unaccented(name).upper(),
        lambda name: name.replace("-", " "),
        unaccented,
        lambda name: f"{name.upper().replace('-', ' - ')} ",
    ]
    return np.array([changes[k](name) for name, k in zip(names, style, strict=True)], dtype=object)


def contact_details(seed: int, persons: pd.DataFrame) -> pd.DataFrame:
    """nir, courriel, telephone: for about half of the persons; the NIR's department is one that never was."""
    draw = Draw(seed, "coordonnees")
    size = len(persons)
    birth = pd.DatetimeIndex(persons["naissance"])
    stems = [
        f"{1 if sex == 'M' else 2}{year % 100:02d}{month:02d}00{town:03d}{rank:03d}"
        for sex, year, month, town, rank in zip(
            persons["sexe"],
            birth.year,
            birth.month,
            draw.rng.integers(1, 999, size),
            draw.rng.integers(1, 999, size),
            strict=True,
        )
    ]
    given = draw.chance(0.5, size)
    mail = [
        f"{unaccented(f'{first}.{last}').lower().replace(' ', '')}@exemple.invalid"
        for first, last in zip(persons["prenom"], persons["nom"], strict=True)
    ]
    # 06 39 98 xx xx: the range that the regulator keeps for fiction.
    phone = [f"06 39 98 {a:02d} {b:02d}" for a, b in draw.rng.integers(0, 100, (size, 2)).tolist()]
    nir = [f"{stem}{97 - int(stem) % 97:02d}" for stem in stems]
    return pd.DataFrame(
        {
            "nir": np.where(given, nir, ""),
            "courriel": np.where(draw.chance(0.4, size), mail, ""),
            "telephone": np.where(draw.chance(0.6, size), phone, ""),
        }
    )
