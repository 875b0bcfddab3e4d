from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.buyer.purchase import parse
from analysis.buyer.views.common import cited, to_check
from analysis.buyer.views.hours import _nearest, prudent, within
from analysis.core import reference
from buyer.planned import GOOD


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("L2113-14 [à vérifier]", "L2113-14 (à vérifier)"),
        (
            "loi 2020-1525 (code-commande-publique.com) [date à vérifier]",
            "loi 2020-1525 (code-commande-publique.com) (à vérifier)",
        ),
        (
            "CCAG 2021, art. 16.1 [pénalités : à vérifier] ; décalages : hypothèse",
            "CCAG 2021, art. 16.1 (à vérifier) ; décalages : hypothèse",
        ),
        ("auparavant ordonnance 2015-899 (nomenclatures/mecanismes.csv)", "auparavant ordonnance 2015-899"),
        ("règle de suggestion (domaine 3)", "règle de suggestion"),
        ("changées par avenant : domaine 3 ; décalages : hypothèse", "changées par avenant ; décalages : hypothèse"),
        ("projet", "hypothèse de l'observatoire"),
        ("hypothèse", "hypothèse de l'observatoire"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_page_cites_articles_and_not_working_notes(kept: str | None, said: str) -> None:
    assert cited(pd.DataFrame({"source": pd.Series([kept], dtype="object")}))["source"].tolist() == [said]


def test_no_source_of_the_law_is_cited_with_a_file_or_a_note_and_the_page_says_what_is_to_be_checked() -> None:
    for name in ("constats", "options", "exceptions"):
        table = reference.table(f"droit/{name}")
        told = cited(table).filter(["article", "source"]).stack()
        assert not told.str.contains(r"\.csv|\[|^projet$", regex=True).any(), told
        unsure = table.filter(["article", "source"]).stack().str.contains("vérifier")
        assert told[unsure].str.contains("(à vérifier)", regex=False).all() and unsure.any(), "told where it stands"
        assert to_check(table.reindex(columns=["article", "source"])) is not None
    assert to_check(pd.DataFrame({"article": [None], "source": ["L2112-2"]})) is None


def test_a_fault_is_told_to_readers_without_file_nor_column() -> None:
    fault = parse(GOOD | {"montant_min": "39000.00"}).faults[0]
    assert fault.phrase.startswith("Montant : « 39000 » ; attendu : un montant d'au moins")
    assert "montant_min" in fault.message


def test_an_amount_that_is_quoted_is_the_one_that_was_written() -> None:
    assert parse(GOOD | {"montant_min": "300,000"}).faults[0].phrase.startswith("Montant : « 300,000 » ; attendu")
    assert parse(GOOD | {"montant_min": "39000,0"}).faults[0].phrase.startswith("Montant : « 39000 » ; attendu")


def test_a_commitment_and_a_range_are_told_by_what_was_seen_in_the_class_of_the_amount() -> None:
    seen = pd.Series({"operations": 72, "proposes": 47, "faisables": 0.783, "couverture": 0.625}, name="MOINS_100")
    assert prudent(seen).replace("\xa0", " ") == (
        "engagement prudent, arrondi en dessous : 78,3 % des opérations closes de moins de 100 000 € ont réalisé au "
        "moins 90 % d'un tel engagement"
    )
    assert "de 62,5 % des opérations closes de moins de 100 000 €" in within(seen).replace("\xa0", " ")
    assert "aucune opération" in prudent(None) and "aucune opération" in within(None)


def test_how_near_a_company_is_is_said_in_words() -> None:
    assert [_nearest(km) for km in (0.0, 0.4, 1.2, np.nan)] == ["moins de 1", "moins de 1", "1", "–"]
