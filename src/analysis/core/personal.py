"""What is personal in whatever column or text it stands, by its form alone: told, and masked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from analysis.core.sirene import SIRET_DIGITS

MASKED = "valeur masquée"
# An e-mail; a French telephone number; a social security number of 13 digits, with or without its key (INSEE: sex,
# year, month from 01 to 12 or above 20). The last two are not looked for in a SIRET, which has 14 digits, nor inside
# the digits of a longer or decimal number; a spreadsheet may have made a whole number of them (« .0 »).
E_MAIL = r"\S@\S"
_BEFORE, _AFTER = r"(?<!\d)(?<!\d[.,])", r"(?:\.0)?(?![.,]?\d)"
_BY_TWO, _BY_THREE = r"(?:(?:[\s.-]?\d\d){4}|(?:/\d\d){4})", r"\d\d(?:[\s.-]\d{3}){2}"
PHONE = rf"{_BEFORE}(?:(?:\+|00)33[\s.-]?(?:\(0\)[\s]?)?|0)[1-9](?:{_BY_TWO}|{_BY_THREE}){_AFTER}"
_PARTS = ("[1-478]", r"\d\d", r"(?:0[1-9]|1[0-2]|[2-9]\d)", r"(?:\d\d|2[ABab])", r"\d{3}", r"\d{3}")
# With a point between all parts or none: one alone makes a decimal number.
NIR = "|".join(rf"{_BEFORE}{sign.join(_PARTS)}(?:{sign}\d\d)?{_AFTER}" for sign in (r"[\s-]?", r"\."))
NIR += "|" + rf"{_BEFORE}[1-478]\d\d[\s](?:0[1-9]|1[0-2]|[2-9]\d)\d(?:[\s]\d{{3}}){{3}}{_AFTER}"  # written by thousands
NUMBERS = f"{PHONE}|{NIR}"
TRACE = f"{E_MAIL}|{NUMBERS}"
# Found wherever `TRACE` is, and seldom elsewhere, by an engine that does not look around (RE2); JSON may escape signs.
PERHAPS = TRACE.replace(_BEFORE, r"(?:^|\D)").replace(_AFTER, r"(?:\D|$)").replace(r"[\s", r"[\s\pZ")
PERHAPS += r"|\\u(?:00[aA]0|202[fF]|0040)"
_OF_A_WORD = r"[^\s\"',;|<>(){}\[\]]"

# Columns that hold the number of a company, as flat tables and as nested records name them; of a contract.
_OF_COMPANIES, _OF_CONTRACTS = re.compile(r"siret|\.id$|(?:acheteur|titulaire)_id$"), ("id", "uid", "idAccordCadre")
FOREIGN = re.compile(r"[A-Z]{2}\s?[0-9]")  # BE 0403.091.220


def looks_personal(value: str, column: str) -> bool:
    """Whether a text of a column looks personal: numbers do not where they may be those of a company or a contract."""
    if re.search(E_MAIL, value):
        return True
    if column in _OF_CONTRACTS:
        return False
    if _OF_COMPANIES.search(column) and (FOREIGN.match(value) or len(re.findall("[0-9]", value)) == SIRET_DIGITS):
        return False
    return bool(re.search(NUMBERS, value))


def public(text: str) -> str:
    """A text of the open data without what would be personal in it: e-mails, telephone and social security numbers."""
    return re.sub(rf"{_OF_A_WORD}+@{_OF_A_WORD}+|{NUMBERS}", MASKED, text)


def whole(text: str) -> str:
    """What stands for a text that looks personal, where a name may stand beside what makes it so."""
    return MASKED


def without_traces(record: str, hidden: Callable[[str], str] = whole) -> str:
    """A received record (JSON) whose texts that look personal are `hidden`; one without any as it was.

    Of a line that could not be read as a record, what looks personal is masked alone.
    """
    try:
        held = json.loads(record)
    except ValueError:
        return public(record)
    kept = _hidden(held, "", hidden)
    return record if kept == held else json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _hidden(held: Any, column: str, hidden: Callable[[str], str]) -> Any:
    if isinstance(held, dict):
        return {name: _hidden(value, f"{column}.{name}".lstrip("."), hidden) for name, value in held.items()}
    if isinstance(held, list):
        return [_hidden(value, column, hidden) for value in held]
    return hidden(str(held)) if held is not None and looks_personal(str(held), column) else held
