from __future__ import annotations

from analysis.core import reference


def test_every_segment_that_is_one_has_its_pitfalls_with_what_to_do_and_their_source() -> None:
    rows = reference.table("acheteur/pieges")
    assert set(rows["segment"]) == set(reference.labels("segments")) - {"AUTRE"}
    assert rows.notna().all(axis=None) and not rows.duplicated(["segment", "piege"]).any()
    assert rows["piege"].str.endswith(".").all() and rows["que_faire"].str.endswith(".").all()
    assert rows["source"].str.contains("hypothèse").any() and not rows["source"].str.contains("http").any()


def test_segments_follow_the_order_of_their_codelist() -> None:
    order = list(reference.labels("segments"))
    found = [order.index(code) for code in reference.table("acheteur/pieges")["segment"]]
    assert found == sorted(found)
