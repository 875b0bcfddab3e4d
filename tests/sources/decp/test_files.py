"""Bad files: one sentence each and nothing written; good ones: the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from analysis.cli import main
from analysis.core.errors import DataError
from analysis.core.personal import MASKED
from analysis.core.quality_log import COLUMNS, SORT, sentence
from analysis.schemas.decp import SCHEMAS
from analysis.sources.decp import build, ingest_files, staging
from decp_records import contract, ingest, write_2019, write_2022

WHOLE = json.dumps({"marches": [contract(id=str(i)) for i in range(3)]})
WHOLE_2022 = json.dumps({"marches": {"marche": [contract(id=str(i)) for i in range(3)], "contrat-concession": []}})
CSV = b"id,acheteur_id,montant,dateNotification,objet\n1,21590328700013,5,2024-01-01,"
CUT = "avant une coupure ou une faute de syntaxe"
BAD = {
    "empty": (b"", "fichier vide"),
    "blank": (b" \n ", "fichier vide"),
    "other json": (b'{"type": "FeatureCollection", "features": []}', "un fichier DECP"),
    "json list": (b"[1, 2]", "un fichier DECP"),
    "no array": (b'{"marches": {"autre": []}}', "un fichier DECP"),
    "scalar": (b'{"marches": 3}', "un fichier DECP"),
    "other csv": (b"a,b\n1,2\n", "un fichier DECP"),
    "missing column": (b"uid,id,montant,dateNotification\n1,2,3,2024-01-01\n", "colonne « acheteur_id » absente"),
    "binary": (b"\x00\x01\x02\x03", "un fichier DECP"),
    "workbook": (b"PK\x03\x04\x14\xe9", "classeur ou archive) ; attendu : un fichier DECP : JSON"),
    "latin-1 header": ("id,acheteur_id,libellé\n".encode("latin-1"), "encodage autre que UTF-8"),
    "latin-1 csv": (CSV + "école\n".encode("latin-1"), "encodage autre que UTF-8"),
    "latin-1 json": (json.dumps({"marches": [contract()]}, ensure_ascii=False).encode("latin-1"), "encodage"),
    "utf-16": (json.dumps({"marches": [contract()]}).encode("utf-16"), "bad.json"),
    "cut in a record": (WHOLE[: int(len(WHOLE) * 0.9)].encode(), f"2 enregistrements lisibles {CUT}"),
    "cut after a record": (WHOLE[:-2].encode(), f"3 enregistrements lisibles {CUT}"),
    "cut after the array": (WHOLE[:-1].encode(), f"3 enregistrements lisibles {CUT}"),
    "cut where it looks whole": (
        (WHOLE.rsplit('"modifications": []}', 1)[0] + '"modifications": []}').encode(),
        f"3 enregistrements lisibles {CUT}",
    ),
    "2022 cut": (WHOLE_2022[: int(len(WHOLE_2022) * 0.5)].encode(), f"1 enregistrement lisible {CUT}"),
    "2022 without its end": (WHOLE_2022[:-1].encode(), f"3 enregistrements lisibles {CUT}"),
    "a comma missing": (WHOLE.replace("}, {", "} {").encode(), f"lisibles {CUT}"),
    "broken parquet": (b"PAR1 nothing else", "tableau illisible"),
    "compressed": (b"\x1f\x8b\x08\x00", "à décompresser"),
    "xml": (b"<marches/>", "XML"),
    "column twice": (CSV.replace(b"objet", b"Montant") + b"5\n", "2 colonnes « montant »"),
    "quote not closed": (CSV + b'"voirie\n2,21590328700013,5,2024-01-01,parc\n', "ligne 2, guillemet mal fermé"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_file(kind, tmp_path):
    content, expected = BAD[kind]
    (tmp_path / "bad.json").write_bytes(content)
    good = write_2019(tmp_path / "good.json", contract())
    with pytest.raises(DataError) as error:
        ingest(tmp_path, good, tmp_path / "bad.json")
    message = str(error.value)
    assert message.startswith("bad.json : ")
    assert expected in message
    assert "\n" not in message
    assert not list((tmp_path / "out").glob("*")), "nothing is written"


def test_a_damaged_parquet_file_is_unreadable(tmp_path):
    pd.DataFrame({"id": ["1"], "acheteur_id": ["2"], "montant": ["3"], "dateNotification": ["4"]}).to_parquet(
        tmp_path / "a.parquet"
    )
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "bad.parquet").write_bytes(whole[:40] + b"\xff" * 60 + whole[100:])
    with pytest.raises(DataError, match=r"^bad\.parquet : fichier inutilisable \(tableau illisible\)"):
        ingest(tmp_path, tmp_path / "bad.parquet")


@pytest.mark.parametrize("name", ["", "ligne", "n", "Ends", "colonne de plus"])
def test_a_column_that_nobody_asked_for_is_let_be(tmp_path, name):
    (tmp_path / "a.csv").write_bytes(CSV.replace(b"objet", b"objet," + name.encode()) + b"voirie,autre\n")
    found = ingest(tmp_path, tmp_path / "a.csv").marches
    assert found[["id", "objet"]].values.tolist() == [["1", "voirie"]]


def write_parquet(path: Path, *columns: tuple[str, str]) -> Path:
    """One contract, and these columns after its own."""
    row = [("id", "1"), ("acheteur_id", "21590328700013"), ("montant", "50000"), ("dateNotification", "2024-01-01")]
    values = [pa.array([value]) for _, value in (*row, *columns)]
    parquet.write_table(pa.Table.from_arrays(values, names=[name for name, _ in (*row, *columns)]), path)
    return path


@pytest.mark.parametrize("name", ["ligne", "LIGNE", "file_row_number", "File_Row_Number"])
def test_a_parquet_column_with_a_name_that_its_reader_uses_is_let_be(tmp_path, name):
    found = ingest(tmp_path, write_parquet(tmp_path / "a.parquet", ("objet", "voirie"), (name, "7"))).marches
    assert found[["id", "objet", "source_ligne"]].values.tolist() == [["1", "voirie", 1]]


def test_two_parquet_columns_of_one_name_are_refused(tmp_path):
    for name in ("montant", "Montant"):
        file = write_parquet(tmp_path / "a.parquet", (name, "9"))
        with pytest.raises(DataError, match=r"^a\.parquet : fichier inutilisable \(2 colonnes « montant »\) ; attendu"):
            ingest(tmp_path, file)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"marches": [', '], "metadata": {"source": "AIFE", "pages": [1, 2]}}'),
        ('{"marches": {"marche": [', '], "accord-cadre": []}}'),
        ('{"resultat": {"marches": [', "]}}"),
        ('{"marches": [', '], "note": "dite \\"publique\\" ]}"}'),
    ],
)
def test_what_stands_after_the_records_is_no_cut(tmp_path, before, after):
    records = ", ".join(json.dumps(contract(id=str(number))) for number in range(3))
    (tmp_path / "a.json").write_text(before + records + after)
    assert len(ingest(tmp_path, tmp_path / "a.json").marches) == 3


def test_absent_file_and_folder(tmp_path):
    with pytest.raises(DataError, match=r"^rien\.json : .*fichier absent"):
        ingest(tmp_path, tmp_path / "rien.json")
    (tmp_path / "dossier").mkdir()
    with pytest.raises(DataError, match="lecture impossible"):
        ingest(tmp_path, tmp_path / "dossier")


def test_command_says_one_sentence_and_exits_2(tmp_path):
    (tmp_path / "bad.json").write_text('{"a": 1}')
    arguments = ["ingest", "decp", str(tmp_path / "bad.json")]
    arguments += ["--out", str(tmp_path / "o.parquet"), "--quality", str(tmp_path / "q.parquet")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert result.output.startswith(
        "Erreur : bad.json : fichier inutilisable (JSON sans objet « marches ») ; attendu : un fichier DECP"
    )
    assert not (tmp_path / "o.parquet").exists()


def test_command_exits_0_with_refused_rows(tmp_path):
    file = write_2019(tmp_path / "a.json", contract(), contract(acheteur=None), contract(id="2", montant=0))
    out = {name: tmp_path / f"{name}.parquet" for name in ("out", "quality", "holders", "modifications")}
    arguments = ["ingest", "decp", str(file), "--observed-on", "2019-02-01"]
    for name, path in out.items():
        arguments += [f"--{name}", str(path)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "a.json : 3 enregistrements (DECP 2019)" in result.output
    assert "a.json : marchés reçus : 3, gardés : 2, refusés : 1 ; valeurs signalées : 5" in result.output.splitlines()
    assert len(pd.read_parquet(out["out"])) == 2
    rules = pd.read_parquet(out["quality"])["regle"].value_counts()
    assert rules["decp_enregistrement"] == 1
    assert rules["date_invalide"] == 4, "both dates of both contracts are after the observation"


def test_a_line_that_is_no_contract_and_a_file_without_any_are_told_too(tmp_path, capfd):
    (tmp_path / "b.csv").write_bytes(CSV + b"voirie\n2,21590328700013\n")
    ingest(tmp_path, write_2019(tmp_path / "a.json"), tmp_path / "b.csv")
    told = [line for line in capfd.readouterr().err.splitlines() if "marchés reçus" in line]
    assert told[0] == "a.json : marchés reçus : 0, gardés : 0, refusés : 0 ; valeurs signalées : 0"
    assert told[1].startswith("b.csv : marchés reçus : 2, gardés : 1, refusés : 1 ; ")


def test_quality_rows_are_those_of_the_quality_log(tmp_path):
    record = contract(codeCPV="NC", lieuExecution=None)
    quality = ingest(tmp_path, write_2019(tmp_path / "a.json", record, contract(_type="Contrat de concession"))).quality
    assert quality.columns.tolist() == COLUMNS
    assert quality["message"].tolist() == [
        sentence(row.regle, row.fichier, row.ligne, row.colonne, row.valeur) for row in quality.itertuples()
    ]
    assert quality.equals(quality.sort_values(SORT, kind="stable", ignore_index=True))


def test_what_is_personal_stays_out_of_the_quality_rows(tmp_path):
    mail, phone = "marie.dupont@mairie.fr", "06\u00a012\u00a034\u00a056\u00a078"
    said = f"Peinture, {mail}, tél. {phone}"
    refused = contract(_type="Contrat de concession", id="1850375123456", objet=said)
    lieu = {"code": phone, "typeCode": "Code postal", "nom": "Lille"}
    first = tmp_path / "a.json"
    # In ASCII alone, as many programs write it.
    first.write_text(json.dumps({"marches": [contract(codeCPV=mail, lieuExecution=lieu), refused]}))
    row = f"2,21590328700013,5,2024-01-01,{said},"
    (tmp_path / "b.csv").write_text(f"{CSV.decode()}voirie\n{row.removesuffix(',')}\n", encoding="utf-8")
    quality = ingest(tmp_path, first, tmp_path / "b.csv").quality
    for trace in (mail, phone, phone.replace("\u00a0", "\\u00a0")):
        assert trace not in quality.to_csv()
    told = quality.set_index("regle")
    assert told.loc["cpv_invalide", "valeur"] == MASKED
    assert f"colonne « codeCPV » : « {MASKED} » ; attendu : " in told.loc["cpv_invalide", "message"]
    record = json.loads(told.loc["decp_concession", "enregistrement"])
    assert record == refused | {"objet": f"Peinture, {MASKED}, tél. {MASKED}"}
    assert told.loc["decp_concession", "valeur"] == "1850375123456"
    assert MASKED in told.loc["decp_enregistrement", "enregistrement"]


def test_every_file_of_the_folder_is_read_but_for_what_is_no_data(project):
    dataset(project)
    folder = project / "data" / "raw" / "essai" / "decp"
    (folder / "2019").mkdir()
    write_2019(folder / "2019" / "a.json", contract())
    for name in ("LISEZMOI.md", "a.json.dvc", ".DS_Store", "~$b.json"):
        (folder / name).write_text("x")
    build("essai")
    assert len(pd.read_parquet(project / "data/processed/essai/clean/decp/marches.parquet")) == 1


def digest(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.parquet"))}


def test_same_bytes_with_any_number_of_threads_and_any_order_of_files(tmp_path, monkeypatch):
    number = 3000
    records = [contract(id=str(i % 2500), montant=i, titulaires=[{"id": str(i)}, {"id": "2"}]) for i in range(number)]
    files = [write_2019(tmp_path / "a.json", *records), write_2022(tmp_path / "b.json", *records[::-1])]
    found = []
    real = staging.open_engine
    for threads, order in ((1, files), (4, files[::-1])):

        def engine(scratch, memory_mb, threads=threads):
            con = real(scratch, memory_mb)
            con.execute(f"SET threads = {threads}")
            return con

        monkeypatch.setattr(staging, "open_engine", engine)
        ingest(tmp_path, *order)
        found.append(digest(tmp_path / "out"))
    assert found[0] == found[1]
    assert len(found[0]) == 4


def dataset(project, name="essai"):
    folder = project / "data" / "raw" / name
    (folder / "decp").mkdir(parents=True)
    (folder / "dataset.yaml").write_text(
        """
nom: essai
titre: Essai
synthetique: true
region: "32"
region_nom: Hauts-de-France
date_observation: 2026-01-01
editions:
  - {annee: 2025, date_observation: 2026-01-01, territoire: "32", territoire_nom: Hauts-de-France,
     departements: ["59"], mecanismes: [EXEC], base_legale: CCP, diviseurs_etp: [1607], qpv_millesime: 2024,
     cog_millesime: 2026}
""",
        encoding="utf-8",
    )
    return folder / "decp"


def test_stage_reads_all_the_data_files_of_its_folder(project):
    folder = dataset(project)
    write_2019(folder / "a.json", contract(id="1"))
    write_2022(folder / "b.json", contract(_type=None, id="2"))
    (folder / "LISEZMOI.md").write_text("notes")
    (folder / ".cache").write_text("{}")
    build("essai")
    clean = project / "data" / "processed" / "essai" / "clean" / "decp"
    assert pd.read_parquet(clean / "marches.parquet")["id"].tolist() == ["1", "2"]
    assert len(pd.read_parquet(clean / "marches_titulaires.parquet")) == 2


@pytest.mark.parametrize("folder_exists", [True, False])
def test_stage_without_data_writes_empty_tables_of_the_right_types(project, folder_exists):
    folder = dataset(project)
    if not folder_exists:
        folder.rmdir()
    build("essai")
    base = project / "data" / "processed" / "essai"
    empty = {}
    for name, schema in SCHEMAS.items():
        path = base / "clean" / "decp" / f"{name}.parquet"
        assert len(schema.validate(pd.read_parquet(path))) == 0
        empty[name] = duckdb.sql(f"DESCRIBE FROM '{path}'").fetchall()
    assert len(pd.read_parquet(base / "quality" / "decp.parquet")) == 0
    write_2019(project / "a.json", contract(modifications=[{"montant": 5}]))
    names = ("marches", "marches_titulaires", "marches_modifications")
    out = [project / f"{name}.parquet" for name in names]
    ingest_files([project / "a.json"], out[0], project / "q.parquet", holders=out[1], modifications=out[2])
    for name, path in zip(names, out, strict=True):
        assert duckdb.sql(f"DESCRIBE FROM '{path}'").fetchall() == empty[name], "typed as when there are rows"


def test_reading_contracts_does_not_import_what_it_does_not_need():
    code = "import sys, analysis.sources.decp; print([m for m in ('pandas', 'pandera') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
