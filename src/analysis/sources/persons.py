"""Persons become keys at the door: names and birth dates go in, a keyed hash comes out.

HMAC-SHA-256 of the normalised name, first name and birth date, the secret being kept outside git
and outside every output, as the CNIL's guidance on pseudonyms asks.

The same hash makes fingerprints of names and of birth dates, by which the scan of the finished site finds them again
without any table that says them.
"""

from __future__ import annotations

import hashlib
import hmac
import os

import pandas as pd

from analysis.core.errors import DataError
from analysis.core.paths import raw_dir
from analysis.core.texts import unaccented

SECRET_VARIABLE = "ANALYSIS_SECRET"
SHORTEST_SECRET = 16  # letters: a shorter one could be found by trying
KEY_LENGTH = 32  # hexadecimal digits: 128 bits, no collision among any number of persons
NAME, BIRTH, WITNESS = "nom", "naissance", "temoin"  # the kinds of fingerprints


def load_secret(dataset: str) -> bytes:
    """The secret of the dataset: ANALYSIS_SECRET, else `secret.txt` of its folder (ignored by git).

    DataError, which never quotes it, when there is none, when it is short, or not in UTF-8.
    """
    path = raw_dir(dataset) / "secret.txt"
    value = os.environ.get(SECRET_VARIABLE, "").strip()
    try:
        if not value and path.is_file():
            value = path.read_text(encoding="utf-8").strip()
        if len(value) >= SHORTEST_SECRET:
            return value.encode()
    except UnicodeError:  # whose own words quote the secret
        raise DataError(
            f"secret des pseudonymes illisible ; attendu : un texte en UTF-8 dans data/raw/{dataset}/secret.txt "
            f"(ou dans la variable {SECRET_VARIABLE})."
        ) from None
    raise DataError(
        f"secret des pseudonymes {'trop court' if value else 'absent'} ; attendu : la variable {SECRET_VARIABLE} ou le "
        f"fichier data/raw/{dataset}/secret.txt (hors de git), avec au moins {SHORTEST_SECRET} caractères au hasard."
    )


def normalise_name(name: str) -> str:
    """Letters and digits only, without accents, in lower case: `D'Hé-LÈNE` gives `dhelene`, `Lœtitia` `loetitia`."""
    return "".join(letter for letter in unaccented(name.casefold()) if letter.isalnum())


def person_keys(persons: pd.DataFrame, secret: bytes) -> pd.Series:
    """A key per row of `nom`, `prenom`, `naissance` (day or null) and `reference`.

    Two rows of one person get one key whatever the case, accents, hyphens or blanks of the names.
    Without a birth date or a name a person cannot be told apart across structures: the key
    is then made of the local reference, which only its own structure uses.
    """
    birth = persons["naissance"].dt.strftime("%Y-%m-%d")
    names = (persons[column].fillna("").map(normalise_name) for column in ("nom", "prenom"))  # nothing left of « ? »
    parts = zip(*names, birth.fillna(""), persons["reference"], strict=True)
    keys = []
    for name, first_name, born, local in parts:
        text = f"{name}|{first_name}|{born}" if name and first_name and born else f"ref|{local}"
        keys.append(hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:KEY_LENGTH])
    return pd.Series(keys, index=persons.index, dtype="str")


def fingerprint(kind: str, text: str, secret: bytes) -> str:
    """The keyed hash of a name as `normalise_name` leaves it, or of a birth date in ISO form."""
    return hmac.digest(secret, f"{kind}|{text}".encode(), "sha256").hex()


def fingerprints(persons: pd.DataFrame, births: pd.Series, secret: bytes) -> pd.DataFrame:
    """genre, empreinte: every `nom` and `prenom` of `persons`, in either order, and every day of `births`, once.

    A row `temoin` tells the secret that they were made with from another, under which none would ever be found.
    """
    pairs = persons[["nom", "prenom"]].dropna().drop_duplicates()
    plain = [(normalise_name(last), normalise_name(first)) for last, first in pairs.itertuples(index=False)]
    names = {name for last, first in plain if last and first for name in (last + first, first + last)}
    texts = {NAME: names, BIRTH: set(births.dropna().dt.strftime("%Y-%m-%d"))}
    rows = [(kind, fingerprint(kind, text, secret)) for kind, found in texts.items() for text in found]
    witness = [(WITNESS, fingerprint(WITNESS, "", secret))] if rows else []
    return pd.DataFrame(rows + witness, columns=["genre", "empreinte"], dtype="str")
