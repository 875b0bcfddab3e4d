"""`params.yaml`, typed. A key nobody reads is a mistake, so it is refused with its line."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from analysis.core.errors import DataError
from analysis.core.files import YAML_LOADER
from analysis.core.paths import project_root


class Block(BaseModel):
    """A block of settings: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _ordered(**pairs: str) -> Any:
    """A check of a whole block: the value of each first key is at most that of its second, which is said as it is
    written."""

    def check(block: Any) -> Any:
        for low, high in pairs.items():
            least, most = getattr(block, low), getattr(block, high)
            if least > most:
                raise ValueError(f"« {low} » au plus égal à « {high} » ({most}), au lieu de {least}")
        return block

    return model_validator(mode="after")(check)


class DemoParams(Block):
    seed: int
    contracts_per_year: int


class DecpParams(Block):
    first_date: dt.date
    max_amount: float
    warn_amount: float
    low_amount: float
    max_months: int
    memory_mb: int
    tabular_memory_mb: int

    _amounts_in_order = _ordered(low_amount="warn_amount", warn_amount="max_amount")


class ExportParams(Block):
    max_month_hours: float
    warn_month_hours: float
    contract_margin_days: int
    min_age: int
    max_age: int
    first_date: dt.date
    min_realisation: float
    max_realisation: float
    max_unknown_status: float
    min_status_contracts: int
    near_letters: float = Field(gt=0, lt=1)
    near_known: int = Field(ge=1)
    near_prior: float = Field(gt=0, lt=0.5)
    near_prior_pairs: float = Field(gt=0)
    near_seed: int
    near_floor: float = Field(gt=0, le=1)

    _in_order = _ordered(min_age="max_age", warn_month_hours="max_month_hours", min_realisation="max_realisation")


class ClassifierParams(Block):
    min_p: float = Field(ge=0, le=1)
    folds: int = Field(ge=2)
    most_taught: int = Field(gt=0)
    shortest: int = Field(ge=1)
    longest: int = Field(ge=1)
    rarest: int = Field(ge=1)
    penalty: float = Field(gt=0)
    passes: int = Field(ge=1)

    _lengths_in_order = _ordered(shortest="longest")


class LinkParams(Block):
    days_before: int = Field(ge=0)
    days_after: int = Field(ge=0)
    prior: float = Field(gt=0, lt=0.5)
    prior_pairs: float = Field(gt=0)
    threshold: float = Field(ge=0.5, le=1)
    seed: int
    draws: int = Field(gt=0)
    min_operations: int = Field(gt=1)


class CaptureParams(Block):
    amount_classes: list[Annotated[float, Field(gt=0)]]
    min_matched: int = Field(ge=1)
    odds_ratios: list[Annotated[float, Field(gt=0)]] = Field(min_length=1)
    declared_true: list[Annotated[float, Field(gt=0, le=1)]] = Field(min_length=1)


class PotentialParams(Block):
    seed: int
    draws: int = Field(ge=50)
    single_draws: int = Field(ge=50)
    single_own_draws: int = Field(ge=1)
    years: int = Field(ge=1)
    prior_operations: float = Field(gt=0)
    min_new_hours: float = Field(ge=0)
    dependency: float = Field(gt=0, le=1)
    radius_km: float = Field(gt=0)
    holdout_years: int = Field(ge=1)


class AmountParams(Block):
    spreads: float = Field(gt=0)
    least: int = Field(ge=2)


class WatchParams(Block):
    horizon_months: int = Field(gt=0)
    least_past_ends: int = Field(gt=0)
    draws: int = Field(ge=500)
    seed: int
    top: int = Field(gt=0)
    event_probability: float = Field(ge=0, le=1)
    events: int = Field(gt=0)
    rows_shown: int = Field(gt=0)


class SegmentParams(Block):
    min_known_contracts: int
    surely: float = Field(gt=0, lt=0.5)
    classifier: ClassifierParams
    links: LinkParams
    capture: CaptureParams
    amounts: AmountParams
    potential: PotentialParams
    watch: WatchParams


def _low_then_high(ends: tuple[float, float]) -> tuple[float, float]:
    if not 0 < ends[0] <= ends[1]:
        raise ValueError("deux nombres de plus de 0, le plus petit d'abord")
    return ends


class FacilitatorParams(Block):
    days: list[dt.date]
    coverage_classes: list[float]
    silent_months: int = Field(gt=0)
    delta: float = Field(gt=0)
    hours_per_etp: Annotated[tuple[float, float], AfterValidator(_low_then_high)]
    deltas: list[float]
    draws: int = Field(gt=0)
    seed: int
    posts_added: int = Field(ge=0)
    post_etp: float = Field(gt=0)
    max_minutes: float = Field(gt=0)
    capacity_hours_per_etp: float = Field(gt=0)
    frontier: list[int]
    surely: float = Field(gt=0, le=1)


class Nearness(Block):
    text: float = Field(ge=0)
    amount: float = Field(ge=0)
    place: float = Field(ge=0)
    half_km: float = Field(gt=0)


class BuyerParams(Block):
    programmes: list[str]
    commitment_quantile: float = Field(gt=0, lt=1)
    contract_years: int = Field(ge=1)
    like: int = Field(ge=1)
    nearness: Nearness
    contacts: int = Field(ge=1)
    seed: int
    draws: int = Field(ge=100)


class QualityParams(Block):
    rows_shown: int


class ConsolidationParams(Block):
    profile_audiences: list[str]
    stay_gap_months: int
    representation_margin: float
    ranked_persons: int = Field(ge=1)
    comparable_structures: int = Field(ge=1)
    share_tolerance: float = Field(ge=0, lt=1)
    response_group: int
    response_audiences: list[str]
    duplicate_review: float = Field(ge=0, le=1)
    duplicate_accept: float | None = Field(ge=0, le=1)
    duplicate_prior: float = Field(gt=0, lt=1)
    duplicate_prior_pairs: float = Field(gt=0)
    duplicate_sensitivity: list[Annotated[float, Field(ge=0, le=1)]]
    person_review: float = Field(ge=0, le=1)
    person_accept: float | None = Field(ge=0, le=1)
    person_sensitivity: list[Annotated[float, Field(ge=0, le=1)]]


class DisclosureParams(Block):
    hidden_share: float = Field(ge=0, le=1)
    rounding_share: float = Field(gt=0, le=0.5)


DELIVERABLES = ("segments", "facilitators", "consolidation", "territory", "buyer", "programme", "guide", "quality")


def _deliverable(name: str) -> str:
    if name not in DELIVERABLES:
        raise ValueError(", ".join(DELIVERABLES))
    return name


class PublishingParams(Block):
    workbook_rows: int = Field(gt=0, lt=1_048_576)  # a sheet has no more rows, one of them the heading
    pages: dict[Annotated[str, AfterValidator(_deliverable)], dict[int, Literal["region", "all"]]]


Engine = Literal["duckdb", "spark"]


class Params(Block):
    datasets: list[str]
    engine: Engine
    demo: DemoParams
    decp: DecpParams
    exports: ExportParams
    segments: SegmentParams
    facilitators: FacilitatorParams
    consolidation: ConsolidationParams
    buyer: BuyerParams
    quality: QualityParams
    disclosure: DisclosureParams
    publishing: PublishingParams


# What to say of pydantic's errors, by the beginning of their type.
EXPECTED = {
    "int": "un nombre entier",
    "float": "un nombre (point décimal)",
    "bool": "true ou false",
    "date": "une date AAAA-MM-JJ",
    "string_too_long": "au plus {max_length} signe",
    "string_too_short": "au moins {min_length} signe",
    "string": "un texte (entre guillemets s'il ressemble à un nombre)",
    "list": "une liste (une ligne « - valeur » par élément)",
    "dict": "un bloc de lignes « clé: valeur »",
    "model": "un bloc de lignes « clé: valeur »",
    "literal_error": "{expected}",
    "too_short": "au moins {min_length} élément",
    "finite_number": "un nombre fini",
    "invalid_key": "un texte entre guillemets",
    "greater_than_equal": "au moins {ge}",
    "greater_than": "plus de {gt}",
    "less_than_equal": "au plus {le}",
    "less_than": "moins de {lt}",
    "value_error": "{error}",
}

Settings = TypeVar("Settings", bound=BaseModel)


def load_params(path: Path | None = None) -> Params:
    """The parameters of the project; DataError names the line and key of the first mistake."""
    return load_settings(path or project_root() / "params.yaml", Params)


def load_settings(path: Path, model: type[Settings]) -> Settings:
    """Read a YAML file as `model`.

    Raises DataError, one French sentence with file, line, key, value and what is expected,
    when the file is missing, is not YAML, or does not fit the model.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{path.name} : fichier absent ; attendu dans le dossier {path.parent.name}/.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path.name} : texte illisible ; attendu : un fichier enregistré en UTF-8.") from None
    try:
        tree, values = _parsed(text)
        again = _repeated(tree)
    except (ValueError, KeyError, AttributeError):  # the reader makes dates itself, and says no line
        raise DataError(f"{path.name}, {_unmade(yaml.compose(text, Loader=yaml.SafeLoader))}.") from None
    except RecursionError:
        raise DataError(
            f"{path.name} : un bloc qui se contient lui-même ; attendu : un bloc sans « & » ni « * »."
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise DataError(
            f"{path.name}, ligne {line} : YAML illisible ; attendu : des lignes « clé: valeur » alignées par des "
            "espaces (sans tabulation), des crochets et des guillemets fermés."
        ) from None
    if again:
        line, key = again.start_mark.line + 1, again.value
        raise DataError(f"{path.name}, ligne {line}, clé « {key} » : écrite deux fois ; attendu : une fois.")
    try:
        return model.model_validate(values)
    except ValidationError as error:
        # A key that nobody knows explains the one that is missing better than the other way round.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        line, key = _where(tree, first["loc"])
        if first["loc"][-1:] == ("[key]",) and first["type"] == "value_error":
            line, key = _where(tree, first["loc"][:-1])
            known = first["ctx"]["error"]
            raise DataError(f"{path.name}, ligne {line}, clé « {key} » : clé inconnue ; attendu : {known}.") from None
        if first["loc"][-1:] == ("[key]",):  # what is read as yes, a number or a date
            _, key = _where(tree, first["loc"][:-2])
            raise DataError(
                f"{path.name}, ligne {line}, clé « {key} » : libellé « {first['input']} », qui n'est pas un texte "
                "(mais oui ou non, un nombre, une date) ; attendu : des libellés entre guillemets."
            ) from None
        place = f", clé « {key} »" if key else ""  # none of a file that is no block
        raise DataError(f"{path.name}, ligne {line}{place} : {_explain(first, model)}.") from None


def _unmade(tree: yaml.Node | None, key: str = "") -> str:
    """What is wrong with the first value that is none of its kind (2025-02-30 is no date), and where; else ""."""
    if isinstance(tree, yaml.MappingNode):
        pairs = [(found, key or "") for found, _ in tree.value]
        pairs += [(value, f"{key}.{name.value}".lstrip(".")) for name, value in tree.value]
        return next((said for value, name in pairs if (said := _unmade(value, name))), "")
    if isinstance(tree, yaml.SequenceNode):
        return next((said for value in tree.value if (said := _unmade(value, key))), "")
    if tree is None:
        return ""
    try:
        yaml.SafeLoader("").construct_object(tree)
    except (ValueError, KeyError, AttributeError):
        dated = tree.tag == "tag:yaml.org,2002:timestamp" and tree.value[:1].isdigit()
        wrong, asked = ("une date qui n'existe pas", "AAAA-MM-JJ") if dated else ("illisible", "une valeur sans « !! »")
        return f"ligne {tree.start_mark.line + 1}, clé « {key} » : « {tree.value[:60]} », {wrong} ; attendu : {asked}"
    return ""


def _repeated(tree: yaml.Node | None) -> yaml.Node | None:
    """The first key that a mapping of `tree` has twice: the reader would take the last and say nothing."""
    if isinstance(tree, yaml.MappingNode):
        seen: set[object] = set()
        for key, value in tree.value:
            if key.value in seen:
                return key  # type: ignore[no-any-return]
            seen.add(key.value)
            if inner := _repeated(value):
                return inner
    elif isinstance(tree, yaml.SequenceNode):
        return next((found for value in tree.value if (found := _repeated(value))), None)
    return None


def _parsed(text: str) -> tuple[yaml.Node | None, Any]:
    """The tree of a YAML text, which knows its lines, and its values."""
    try:
        return _read(YAML_LOADER(text))
    except yaml.MarkedYAMLError:
        return _read(yaml.SafeLoader(text))  # the one whose errors say where


def _read(loader: Any) -> tuple[yaml.Node | None, Any]:
    try:
        tree = loader.get_single_node()
        return tree, None if tree is None else loader.construct_document(tree)
    finally:
        loader.dispose()


def _where(node: yaml.Node | None, loc: tuple[int | str, ...]) -> tuple[int, str]:
    """The line of the deepest part of `loc` that the file holds, and `loc` in words."""
    line, key = node.start_mark.line + 1 if node else 1, ""
    for part in loc:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node, key = node.value[part], f"{key} (n° {part + 1})"
            line = node.start_mark.line + 1
            continue
        key = f"{key}.{part}"
        if isinstance(node, yaml.MappingNode):
            found = next((kv for kv in node.value if kv[0].value == str(part)), None)
            line, node = (found[0].start_mark.line + 1, found[1]) if found else (line, None)
    return line, key.lstrip(".")


def _explain(error: ErrorDetails, model: type[BaseModel]) -> str:
    if error["type"] == "extra_forbidden":
        return f"clé inconnue ; attendu : {', '.join(_siblings(model, error['loc']))}"
    if error["type"] == "missing":
        return f"clé absente ; attendu : {_awaited(_level(model, error['loc']).model_fields[str(error['loc'][-1])])}"
    expected = _expected(error)
    if error["type"] == "value_error" and isinstance(error["input"], dict | list | tuple):
        return f"attendu : {expected}"  # of a whole block, whose text would say nothing
    return f"valeur « {str(error['input'])[:60]} » ; attendu : {expected}"


def _expected(error: ErrorDetails) -> str:
    text = next((text for start, text in EXPECTED.items() if error["type"].startswith(start)), error["msg"])
    return text.format(**error.get("ctx", {})).replace(" or ", " ou ")  # of a list of literals


def _awaited(field: FieldInfo) -> str:
    """What is expected of a key that is not there: what would be said of something that no key can hold."""
    try:
        TypeAdapter[Any](field.rebuild_annotation()).validate_python(object())
    except ValidationError as error:
        return _expected(error.errors()[0])
    return "une valeur"


def _siblings(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """The keys that `model` knows at the level of `loc`."""
    return sorted(_level(model, loc).model_fields)


def _level(model: type[BaseModel], loc: tuple[int | str, ...]) -> type[BaseModel]:
    """The block of `model` that holds the key `loc`."""
    level: Any = model
    for part in loc[:-1]:
        if isinstance(level, type) and issubclass(level, BaseModel):
            level = level.model_fields[str(part)].annotation
        else:  # a list or a dict of blocks
            level = get_args(level)[-1]
    return level  # type: ignore[no-any-return]
