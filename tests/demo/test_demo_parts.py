from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from analysis.cli import main
from analysis.core.params import DemoParams, load_params
from analysis.demo.build import generate_into
from analysis.demo.calibration import FLAGS, calibrate
from analysis.demo.employment import younger_than
from analysis.demo.identifiers import invented_sirets, luhn, siret_of, take, wrong_key
from analysis.demo.knowledge import MONTH_CAP, mappings, segments, table, words
from analysis.demo.layouts import _spelled
from analysis.demo.people import simplified, spelled
from analysis.demo.places import at, of
from analysis.demo.wording import Wording
from analysis.sources.typer import valid_siret


def test_invented_sirets_pass_the_key_and_cannot_be_real() -> None:
    sirets = take(invented_sirets(np.random.default_rng(1)), 500)
    assert len(set(sirets)) == 500
    assert valid_siret(pd.Series(sirets)).all()
    assert all(luhn(siret[:9]) % 10 for siret in sirets)


def test_siret_of_a_real_commune() -> None:
    assert siret_of("215903501") == "21590350100017"  # Lille
    siret = siret_of("200053742")
    assert valid_siret(pd.Series([siret, wrong_key(siret)])).tolist() == [True, False]


def test_place_names_take_their_article() -> None:
    assert [at(p) for p in ("Roubaix", "Le Quesnoy", "Les Attaques")] == ["à Roubaix", "au Quesnoy", "aux Attaques"]
    names = [of(p) for p in ("Roubaix", "Le Quesnoy", "Les Attaques", "Étaples", "Halluin")]
    assert names == ["de Roubaix", "du Quesnoy", "des Attaques", "d'Étaples", "de Halluin"]


def test_a_birthday_is_not_before_itself() -> None:
    birth = np.array(["1990-03-15"] * 3, dtype="datetime64[D]")
    day = np.array(["2016-03-14", "2016-03-15", "2016-03-16"], dtype="datetime64[D]")
    assert younger_than(birth, day, 26).tolist() == [True, False, False]


def test_spellings_of_a_person_share_their_simplified_name() -> None:
    names = np.array(["Lefèvre-Noël"] * 6, dtype=object)
    variants = spelled(names, np.arange(6))
    assert len(set(variants)) == 6
    assert {simplified(v, "x") for v in variants} == {"lefevrenoel|x"}


def test_a_second_entry_is_worded_otherwise() -> None:
    wording = Wording(1, "test")
    label = "Réhabilitation de 40 logements, résidence Les Tilleuls à Lens"
    assert all(wording.variant(label) != label for _ in range(200))


def test_articles_follow_the_law_of_the_year() -> None:
    spellings = {"Art. 14": "EXEC", "Art. 38": "EXEC", "L2112-2": "EXEC", "Clause privée": "PRIVE"}
    codes = np.array(["EXEC", "EXEC", "EXEC", "PRIVE"], dtype=object)
    written = _spelled(codes, spellings, np.array([2015, 2016, 2019, 2025]))
    assert written.tolist() == ["Art. 14", "Art. 38", "L2112-2", "Clause privée"]


def example(count: int = 400) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    flags = (rng.random((count, len(FLAGS))) < 0.25).astype(float)
    months = rng.integers(1, 6, count)
    ctr = np.repeat(np.arange(count), months)
    rank = np.arange(len(ctr)) - np.repeat(np.cumsum(months) - months, months)
    hours = pd.DataFrame({"ctr": ctr, "mois": 2016 * 12 + rank, "centi": rng.integers(4000, 13000, len(ctr))})
    return hours, np.ones(count, dtype=bool), flags


def test_calibration_meets_every_total_and_the_cap() -> None:
    hours, counted, flags = example()
    by_contract = np.bincount(hours["ctr"], weights=hours["centi"])
    targets = {"heures": round(by_contract.sum() * 1.07) / 100}
    for k, name in enumerate(FLAGS):
        targets[f"heures_{name}"] = round((by_contract @ flags[:, k]) * (1.03 + 0.01 * k)) / 100
    moved = calibrate(hours, counted, flags, targets)
    after = np.bincount(moved["ctr"], weights=moved["centi"])
    assert after.sum() == round(targets["heures"] * 100)
    assert [after @ flags[:, k] for k in range(len(FLAGS))] == [round(targets[f"heures_{f}"] * 100) for f in FLAGS]
    assert moved["centi"].between(1, MONTH_CAP).all()


def test_calibration_says_when_it_cannot() -> None:
    hours, counted, flags = example(50)
    targets = {"heures": 1e7, **{f"heures_{name}": 10.0 for name in FLAGS}}
    with pytest.raises(ValueError, match="cannot be calibrated"):
        calibrate(hours, counted, flags, targets)


def test_every_segment_has_words_trades_and_weights() -> None:
    codes = set(segments().index)
    assert set(words()["segments"]) == codes
    assert set(table("metiers")["segment"]) == codes
    assert set(table("cpv")["segment"]) == codes - {"AUTRE"}


def test_every_layout_numbers_its_records() -> None:
    known = set(zip(table("identifiants")["mapping"], table("identifiants")["objet"], strict=True))
    assert known == {(m, o) for m in mappings() for o in ("operation", "contrat", "personne")}


def test_the_verb_writes_the_dataset_of_the_project(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("analysis.demo.generate", lambda folder, params: asked.append((folder, params)))
    CliRunner().invoke(main, ["demo"], catch_exceptions=False)
    assert asked == [(project / "data" / "raw" / "demo", load_params().demo)]


def test_a_failed_run_leaves_the_former_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("stop")

    monkeypatch.setattr("analysis.demo.build.build_world", fail)
    former = tmp_path / "demo" / "decp" / "old.json"
    former.parent.mkdir(parents=True)
    former.write_text("{}", encoding="utf-8")
    with pytest.raises(RuntimeError, match="stop"):
        generate_into(tmp_path / "demo", DemoParams(seed=1, contracts_per_year=10))
    assert [path.name for path in tmp_path.rglob("*")] == ["demo", "decp", "old.json"]
