"""Blanks that nobody sees, and capitals, in files that analysts keep and in the example line of a questionnaire."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.consolidation import duplicates, persons
from analysis.core.errors import DataError
from analysis.core.files import read_table
from analysis.core.paths import quality_dir
from analysis.facilitators.organisation import router, travel
from analysis.segments.telling.audit import load_audits
from analysis.sources import exports, publics
from sending import EPCI_LILLE, TABLES, imported, send, write_dataset


@pytest.fixture(autouse=True)
def dataset(project: Path) -> Path:
    return write_dataset()


def test_a_decision_is_read_with_blanks_and_capitals(tmp_path: Path) -> None:
    path = tmp_path / "doublons.csv"
    path.write_text(",".join(duplicates.COLUMNS) + "\nS1,1,S2,1,Doublon ,,x,\nS1,1,S3,1, DISTINCT,,x,\n")
    assert duplicates.load_decisions(path)["decision"].tolist() == ["doublon", "distinct"]
    path.write_text(",".join(persons.COLUMNS) + f"\n{'a' * 32},{'b' * 32},Doublon ,,x,2026-01-01\n")
    assert persons.load_decisions(path)["decision"].tolist() == ["doublon"]


def test_an_operation_is_no_duplicate_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "doublons.csv"
    path.write_text(",".join(duplicates.COLUMNS) + "\nS1,1,S1, 1,doublon,,x,\n")
    with pytest.raises(DataError, match=r"ligne 2, colonne « op_id_b » : « 1 » ; attendu : une autre opération"):
        duplicates.load_decisions(path)


def test_an_audit_is_read_with_blanks_and_asks_for_its_contract(tmp_path: Path) -> None:
    path = tmp_path / "segments_audites.csv"
    path.write_text("uid,segment,auteur,date\nA , BATIMENT_FINITION ,x,\n")
    assert load_audits(path).to_dict() == {"A": "BATIMENT_FINITION"}
    path.write_text("uid,segment,auteur,date\n,BATIMENT_FINITION,x,\n ,BATIMENT_FINITION,x,\n")
    with pytest.raises(DataError, match="ligne 2, colonne « uid » : vide ; attendu : l'identifiant d'un marché"):
        load_audits(path)
    path.write_text("uid,segment,auteur,date\nA,batiment,x,\n")
    with pytest.raises(DataError, match=r"« batiment » ; attendu : .*BATIMENT_FINITION"):
        load_audits(path)


def test_publics_and_minutes_are_read_with_blanks(tmp_path: Path) -> None:
    path = tmp_path / "publics_epci.csv"
    path.write_text(",".join(publics.COLUMNS) + f"\n{EPCI_LILLE} , DELD ,100 , 2025,essai\n")
    assert publics.load(path)[["epci_siren", "public"]].values.tolist() == [[EPCI_LILLE, "DELD"]]
    path, rows = tmp_path / router.FILE, travel.assumed()
    rows.assign(origine=rows["origine"] + " ").to_csv(path, index=False)
    assert router.load(path)["origine"].equals(rows["origine"])


def test_a_correction_is_read_with_blanks_and_the_signs_of_a_windows_path(dataset: Path) -> None:
    send({"heures": [TABLES["heures"][0] | {"ctr_id": " C1 "}]})
    heads = "fichier,table,cle,colonne,valeur_attendue,valeur_corrigee,motif,auteur,date"
    fix = "exports\\S1\\2025\\heures.csv , heures , C1 | 2025-02 | , heures ,100.5 , 90 ,m,a,2026-01-01"
    (dataset / "decisions" / "corrections.csv").write_text(f"{heads}\n{fix}\n")
    tables, quality = imported()
    assert tables["heures"]["heures"].tolist() == [90] and quality.empty


def test_an_example_line_with_a_blank_counts_nowhere(capfd: pytest.CaptureFixture[str]) -> None:
    send({"heures": [{"ctr_id": " EXEMPLE", "mois": "2025-02", "heures": "1"}]})
    exports.build("essai")
    assert "heures.csv : lignes reçues" not in capfd.readouterr().err
    quality = read_table(quality_dir("essai") / "exports.parquet")
    assert "exports/S1/2025/heures.csv" in quality.query("regle == 'table_vide'")["fichier"].tolist()


def test_a_negative_part_is_a_refused_row(capfd: pytest.CaptureFixture[str]) -> None:
    send({"territoires": [*TABLES["territoires"], {"op_id": "OP1", "epci_siren": "248000531", "part": "-1"}]})
    exports.build("essai")
    assert "territoires.csv : lignes reçues : 2, gardées : 1, refusées : 1" in capfd.readouterr().err
    refused = read_table(quality_dir("essai") / "exports.parquet").query("regle == 'part_negative'")
    assert "248000531" in refused["enregistrement"].iloc[0]


def test_columns_without_a_title_stop_no_file_of_analysts(dataset: Path) -> None:
    send()
    (dataset / "structures.csv").write_text("structure_id,mapping,,\nS1,essai,,\n")
    assert imported()[1].empty
