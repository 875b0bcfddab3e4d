"""The segment of a contract from its object and its CPV; what an audit says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.core import reference
from analysis.core.errors import DataError
from analysis.core.params import ClassifierParams
from analysis.segments.contracts import open_contracts
from analysis.segments.telling import text
from analysis.segments.telling.audit import accuracy, confusion, corrected, load_audits, weights
from analysis.segments.telling.model import Trust, assumed, combined, decided, learnt
from analysis.segments.telling.reader import Reader
from analysis.segments.telling.stage import _asked, classified
from analysis.segments.telling.text import Counted, folds, plain, told_by_others

SETTINGS = ClassifierParams(
    min_p=0.5, folds=3, most_taught=10_000, shortest=4, longest=4, rarest=2, penalty=1e-5, passes=5
)
WORDS = {
    "PROPRETE": ["Nettoyage des locaux", "Entretien ménager des bureaux", "Nettoyage de la vitrerie"],
    "ESPACES_VERTS": ["Tonte des espaces verts", "Élagage des arbres", "Entretien des pelouses et massifs"],
    "TP_RESEAUX": ["Réfection de la chaussée", "Travaux de voirie", "Réseau d'assainissement de la rue"],
    "INFORMATIQUE": ["Maintenance du logiciel", "Acquisition d'ordinateurs", "Hébergement du site internet"],
}


def contracts(count: int = 1200, wrong: float = 0.25, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
    """Contracts whose object tells their segment, and whose CPV names another one in a part `wrong` of them."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(list(WORDS), count)
    objects = [f"{WORDS[s][rng.integers(3)]} {rng.integers(99)} lot n° {rng.integers(9)}" for s in truth]
    coded = np.where(rng.random(count) < wrong, rng.choice(list(WORDS), count), truth)
    frame = pd.DataFrame(
        {
            "uid": [f"m{n:05}" for n in range(count)],
            "objet": objects,
            "acheteur_id": [f"{n:09}00012" for n in rng.integers(0, 60, count)],
            "segment_cpv": coded,
        }
    )
    return frame, pd.Series(truth, index=frame["uid"])


def test_objects_lose_accents_digits_and_signs() -> None:
    found = plain(pd.Series(["Réfection - LOT n° 2 : l'Église", None]))
    assert found.tolist() == ["refection lot n l eglise", ""]


def test_the_contracts_of_one_buyer_are_in_one_fold_whatever_else_is_there() -> None:
    buyers = pd.Series(["21590350100017", "21590350100025", "20009320100016", None])
    found = folds(buyers, 3)
    assert found[0] == found[1]
    assert folds(buyers.iloc[2:], 3).tolist() == found[2:].tolist()


def test_the_object_corrects_wrong_codes_and_the_audit_makes_probabilities_hold() -> None:
    frame, truth = contracts()
    audits = truth.sample(150, random_state=0)
    table, audit, _ = classified(frame, audits, SETTINGS)
    right = table.set_index("uid")["segment"].eq(truth)
    assert frame.set_index("uid")["segment_cpv"].eq(truth).mean() < 0.85
    assert right.mean() > 0.97
    assert table["segment_source"].value_counts()["audit"] == 150
    assert set(table["segment_source"]) <= set(reference.labels("sources_segment"))
    held = accuracy(audit)
    assert held["marches"].sum() == 150
    assert np.average(held["part_juste"], weights=held["marches"]) == pytest.approx(
        np.average(held["p_moyenne"], weights=held["marches"]), abs=0.05
    )


def test_without_any_audit_the_object_still_corrects_most_wrong_codes() -> None:
    frame, truth = contracts()
    table, audit, _ = classified(frame, pd.Series(dtype="str"), SETTINGS)
    assert table.set_index("uid")["segment"].eq(truth).mean() > frame.set_index("uid")["segment_cpv"].eq(truth).mean()
    assert audit.empty and accuracy(audit).empty and confusion(audit).empty


def test_a_contract_without_object_nor_code_has_no_segment() -> None:
    frame, _ = contracts(60)
    frame.loc[0, ["objet", "segment_cpv"]] = [None, "AUTRE"]
    frame.loc[1, "objet"] = None
    table, *_ = classified(frame, pd.Series(dtype="str"), SETTINGS)
    assert table.loc[0, ["segment", "segment_source"]].tolist() == ["AUTRE", "abstention"]
    assert table.loc[1, ["segment", "segment_source"]].tolist() == [frame.loc[1, "segment_cpv"], "cpv"]


def test_what_all_contracts_taught_is_kept_and_tells_other_texts(tmp_path: Path) -> None:
    frame, truth = contracts()
    *_, trust = classified(frame, truth.sample(150, random_state=0), SETTINGS)
    reader = Reader.taught(frame, trust, SETTINGS)
    reader.write(tmp_path / "lecteur.npz")
    reader.write(tmp_path / "encore.npz")
    assert (tmp_path / "lecteur.npz").read_bytes() == (tmp_path / "encore.npz").read_bytes()
    objects, cpv = pd.Series([f"{text} de la ville" for texts in WORDS.values() for text in texts]), pd.Series("AUTRE")
    cpv = cpv.repeat(len(objects)).reset_index(drop=True)
    told = Reader.read(tmp_path / "lecteur.npz").told(objects, cpv, SETTINGS)
    assert told["segment"].tolist() == [name for name, texts in WORDS.items() for _ in texts]
    pd.testing.assert_frame_equal(told, reader.told(objects, cpv, SETTINGS))


def test_nothing_taught_leaves_the_code_alone(tmp_path: Path) -> None:
    frame, _ = contracts(10)
    Reader.taught(frame.assign(segment_cpv="AUTRE"), Trust(1.0, 4.0), SETTINGS).write(tmp_path / "lecteur.npz")
    objects, cpv = pd.Series(["Nettoyage des locaux", None]), pd.Series(["PROPRETE", "AUTRE"])
    told = Reader.read(tmp_path / "lecteur.npz").told(objects, cpv, SETTINGS)
    assert told[["segment", "segment_source"]].to_numpy().tolist() == [["PROPRETE", "cpv"], ["AUTRE", "abstention"]]


def test_a_segment_that_one_buyer_alone_buys_is_told_by_its_code() -> None:
    frame, _ = contracts(300, wrong=0)
    alone = frame["acheteur_id"].eq(frame["acheteur_id"].iloc[0])
    frame.loc[alone, ["objet", "segment_cpv"]] = ["Maintenance de la chaussée des locaux", "BATIMENT_TECHNIQUE"]
    assert told_by_others(frame, SETTINGS)[alone].isna().all(axis=None), "the others have never seen any"
    table, *_ = classified(frame, pd.Series(dtype="str"), SETTINGS)
    assert set(table["segment"][alone]) == {"BATIMENT_TECHNIQUE"}
    assert set(table["segment_source"][alone]) == {"cpv"}


def test_the_same_contracts_in_another_order_are_read_alike(tmp_path: Path) -> None:
    frame, _ = contracts(300)
    places = np.where(np.arange(300) % 3 == 0, "59", "75")
    frame = frame.assign(codeCPV="90910000", departement=places, epci_siren=None).astype({"epci_siren": "str"})
    read = []
    for name, rows in (("sent", frame), ("mixed", frame.sample(frac=1, random_state=0))):
        path = tmp_path / f"{name}.parquet"
        rows.to_parquet(path)
        read.append(_asked(open_contracts(path, "duckdb"), "32", 150))
    pd.testing.assert_frame_equal(read[0][0], read[1][0])
    pd.testing.assert_series_equal(read[0][1], read[1][1])
    assert len(read[0][0]) == 150 and read[0][1].sum() == 100, "all those of the region, others up to 150"


def test_without_an_audit_the_text_is_believed_as_far_as_it_foresees_the_codes() -> None:
    names, rng = list(reference.labels("segments")), np.random.default_rng(0)
    sure = np.full((2000, len(names)), 0.02 / (len(names) - 1))
    sure[np.arange(2000), rng.integers(len(names), size=2000)] = 0.98  # what the text says, always as sure
    text = pd.DataFrame(sure, columns=names)
    said = text.to_numpy().argmax(axis=1)
    trusts = []
    for right in (0.9, 0.5):
        drawn = np.where(rng.random(2000) < right, said, rng.integers(len(names), size=2000))
        trusts.append(assumed(text, pd.Series(np.array(names)[drawn])).text)
    assert trusts[1] < trusts[0]
    assert trusts[1] < 1.0


def test_trust_follows_the_audit() -> None:
    names = list(reference.labels("segments"))
    text = pd.DataFrame(0.02, index=range(200), columns=names)
    text["PROPRETE"] = 0.5
    cpv = pd.Series("DECHETS", index=text.index)
    start = Trust(1.0, 4.0)
    by_text = learnt(text, cpv, pd.Series("PROPRETE", index=text.index), pd.Series(1.0, index=text.index), start)
    by_code = learnt(text, cpv, pd.Series("DECHETS", index=text.index), pd.Series(1.0, index=text.index), start)
    for trust, segment, source in ((by_text, "PROPRETE", "objet"), (by_code, "DECHETS", "cpv")):
        told = decided(combined(text, cpv, trust), text, cpv, 0.5)
        assert told["segment"].eq(segment).all() and told["segment_source"].eq(source).all()


def test_the_model_abstains_between_two_witnesses_of_equal_weight() -> None:
    names = list(reference.labels("segments"))
    text = pd.DataFrame(1e-4, index=[0], columns=names).assign(PROPRETE=1.0)
    cpv = pd.Series(["DECHETS"])
    told = decided(combined(text, cpv, Trust(1.0, -np.log(1e-4))), text, cpv, 0.6)
    half = pytest.approx(0.5, abs=0.01)
    assert told.iloc[0, :3].tolist() == ["AUTRE", half, "abstention"]
    assert told["segment_second"][0] in ("PROPRETE", "DECHETS") and told["second_p"][0] == half


def test_the_second_segment_is_the_likeliest_of_the_others() -> None:
    names = list(reference.labels("segments"))
    text = pd.DataFrame(1e-3, index=[0], columns=names).assign(PROPRETE=0.7, LINGE_SERVICES=0.2)
    told = decided(text.div(text.sum(axis=1), axis=0), text, pd.Series(["AUTRE"]), 0.5)
    assert told.loc[0, ["segment", "segment_second"]].tolist() == ["PROPRETE", "LINGE_SERVICES"]
    assert 0 < told["second_p"][0] < told["segment_p"][0]


# --- the audit -----------------------------------------------------------------------------------


def audited(*rows: tuple[str, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["segment_attribue", "segment_audite", "poids"])
    return frame.assign(segment_p=0.9, uid=[str(n) for n in range(len(frame))])


def test_an_audited_contract_counts_for_those_of_its_code() -> None:
    cpv = pd.Series(["A"] * 10 + ["B"] * 4)
    assert weights(cpv, cpv.iloc[[0, 1, 10]]).tolist() == [5.0, 5.0, 4.0]


def test_confusion_is_a_part_of_what_was_told() -> None:
    table = confusion(audited(("PROPRETE", "PROPRETE", 3.0), ("PROPRETE", "DECHETS", 1.0))).set_index("segment_audite")
    assert table.loc["DECHETS", ["marches", "part"]].tolist() == [1, 0.25]


def test_what_was_not_told_is_neither_right_nor_wrong() -> None:
    rows = audited(*[("PROPRETE", "PROPRETE", 1.0)] * 18, *[("PROPRETE", "DECHETS", 1.0)] * 2)
    untold = audited(*[("AUTRE", "DECHETS", 1.0)] * 5)
    found = accuracy(pd.concat([rows, untold], ignore_index=True))
    assert found["marches"].tolist() == [20] and found["part_juste"].tolist() == [0.9]
    assert found["part_juste_bas"].iloc[0] == pytest.approx(0.699, abs=1e-3), "Wilson, 18 of 20"
    counts = pd.DataFrame({"edition": [2025], "segment": ["AUTRE"], "marches": [1000]})
    table = corrected(counts, untold, ["edition"]).set_index("segment")
    moved = table["marches_corriges"]
    assert moved["DECHETS"] > 600 and moved["AUTRE"] < 100


def test_totals_move_by_what_the_audit_finds_and_their_sum_stays() -> None:
    rows = [("PROPRETE", "PROPRETE", 1.0)] * 80 + [("PROPRETE", "DECHETS", 1.0)] * 20
    counts = pd.DataFrame({"edition": [2025], "segment": ["PROPRETE"], "marches": [1000]})
    table = corrected(counts, audited(*rows), ["edition"]).set_index("segment")
    assert table.loc["PROPRETE", "marches_corriges"] == pytest.approx(800, abs=10)
    low, high = table.loc["DECHETS", ["marches_corriges_bas", "marches_corriges_haut"]]
    assert 120 < low < 200 < high < 280
    assert table["marches_corriges"].sum() == pytest.approx(1000, abs=10), "less segments of under half a contract"


def test_intervals_of_corrected_totals_hold_the_truth_as_often_as_they_say() -> None:
    held = []
    for seed in range(60):
        frame, truth = contracts(600, seed=seed)
        # A classifier that is the CPV itself: 19 % of its segments are wrong.
        counts = frame.groupby("segment_cpv").size().rename_axis("segment").reset_index(name="marches")
        read = frame.sample(120, random_state=seed)
        rows = pd.DataFrame(
            {
                "segment_attribue": read["segment_cpv"],
                "segment_audite": read["uid"].map(truth),
                "segment_p": 0.8,
                "poids": weights(frame["segment_cpv"], read["segment_cpv"]),
            }
        )
        table = corrected(counts.assign(edition=2025), rows, ["edition"]).set_index("segment")
        real = truth.value_counts()
        for segment in WORDS:
            row = table.loc[segment]
            held.append(row["marches_corriges_bas"] <= real[segment] <= row["marches_corriges_haut"])
    assert 0.72 <= np.mean(held) <= 0.90


def test_the_intervals_of_a_classifier_that_is_nearly_always_right_hold_the_truth_too() -> None:
    """An audit that finds no error in most segments does not say that they have none."""
    rng = np.random.default_rng(11)
    names = list(reference.labels("segments"))
    held = []
    for seed in range(25):
        place = rng.integers(0, 20, 20_000)
        told = np.array(names)[place]
        wrong = rng.random(len(told)) < rng.exponential(0.015, 20)[place]  # some segments hardly ever, some often
        frame = pd.DataFrame({"segment_attribue": told, "segment_audite": told})
        frame.loc[wrong, "segment_audite"] = rng.choice(names[:20], wrong.sum())
        read = frame.sample(400, random_state=seed).assign(segment_p=0.985, poids=50.0)
        counts = frame.groupby("segment_attribue").size().rename_axis("segment").reset_index(name="marches")
        table = corrected(counts.assign(edition=2025), read, ["edition"]).set_index("segment")
        real = frame["segment_audite"].value_counts().reindex(table.index).fillna(0)
        held += list(real.between(table["marches_corriges_bas"], table["marches_corriges_haut"])[names[:20]])
    assert 0.72 <= np.mean(held) <= 0.93, np.mean(held)


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        (["a,JARDINS,x,2026-01-01"], "ligne 2, colonne « segment » : « JARDINS »"),
        (["a,PROPRETE,x,2026-01-01", "a,DECHETS,x,2026-01-02"], "ligne 3, colonne « uid » : « a »"),
    ],
)
def test_a_wrong_audit_is_one_sentence(tmp_path: Path, lines: list[str], wrong: str) -> None:
    path = tmp_path / "segments_audites.csv"
    path.write_text("\n".join(["uid,segment,auteur,date", *lines]) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"segments_audites\.csv") as error:
        load_audits(path)
    assert wrong in str(error.value)


def test_n_grams_counted_once_serve_all_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, _ = contracts(300)
    some, trust = frame.iloc[:200], Trust(1.0, 4.0)
    alone = told_by_others(frame, SETTINGS), Reader.taught(some, trust, SETTINGS)
    counted = Counted.of(frame["objet"], SETTINGS)
    monkeypatch.setattr(text, "plain", None)  # no text is read again
    together = told_by_others(frame, SETTINGS, counted), Reader.taught(some, trust, SETTINGS, counted.first(200))
    pd.testing.assert_frame_equal(together[0], alone[0])
    assert together[1].grammes.tolist() == alone[1].grammes.tolist()
    assert together[1].rarity.tolist() == alone[1].rarity.tolist()
    for name, step in together[1].steps.items():
        assert step.coefficients.tolist() == alone[1].steps[name].coefficients.tolist()
