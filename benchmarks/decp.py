"""Ingestion of DECP contracts: rows per second, peak memory, and the ratio to DuckDB's bare `read_json`.

    python benchmarks/decp.py --contracts 100000 [--source FILE ...] [--format 2019|2022]

The file is made by repeating real-looking records under new identifiers; `--source` takes them from DECP JSON
files instead of the built-in ones. Each measure runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

MEASURE = """
import json, resource, sys, time
start = time.perf_counter()
{imports}
ready = time.perf_counter()
{work}
end = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({{"import_s": ready - start, "work_s": end - ready, "peak_mb": peak}}))
"""
BARE = (
    "import duckdb",
    "duckdb.connect().execute(\"CREATE TABLE t AS FROM read_json('{file}', maximum_object_size={size})\").fetchall()",
)
INGEST = (
    "from pathlib import Path\nfrom analysis.sources.decp import ingest_files",
    "ingest_files([Path('{file}')], Path('{folder}/contracts.parquet'), Path('{folder}/quality.parquet'))",
)


def built_in() -> list[dict]:
    """A few hundred records with places, holders and modifications that differ."""
    return [
        {
            "_type": "Marché",
            "id": f"2019{i:06d}00",
            "acheteur": {"id": "21590328700013", "nom": "Commune de Lambersart"},
            "nature": "Marché",
            "objet": f"Travaux d'entretien des écoles, tranche {i} - Lot n° {i % 9 + 1}",
            "codeCPV": ["45421000-4", "90910000", "3451000", "77310000"][i % 4],
            "procedure": "Procédure adaptée",
            "lieuExecution": {"code": f"59{i % 8}00", "typeCode": "Code postal", "nom": "Lambersart"},
            "dureeMois": i % 48,
            "dateNotification": f"2019-0{i % 9 + 1}-15",
            "datePublicationDonnees": "2019-12-01",
            "montant": 1000 * i,
            "titulaires": [{"typeIdentifiant": "SIRET", "id": f"{i:014d}", "denominationSociale": f"Entreprise {i}"}],
            "modifications": [{"dateNotificationModification": "2019-11-02", "montant": 1100 * i}]
            if i % 30 == 0
            else [],
        }
        for i in range(400)
    ]


def generate(path: Path, count: int, records: list[dict], layout: str) -> None:
    """`count` contracts in the 2019 or the 2022 JSON format, every identifier used once."""
    opening, closing = ('{"marches":[', "]}") if layout == "2019" else ('{"marches":{"marche":[', "]}}")
    with path.open("w", encoding="utf-8") as file:
        file.write(opening)
        for i in range(count):
            record = dict(records[i % len(records)])
            record["id"] = f"{record.get('id') or '2019'}-{i // len(records)}"
            if layout == "2022":
                record["titulaires"] = [{"titulaire": holder} for holder in record.get("titulaires") or []]
                record["modifications"] = [{"modification": change} for change in record.get("modifications") or []]
                record["considerationsSociales"] = {"considerationSociale": ["Clause sociale"]}
            file.write(("," if i else "") + json.dumps(record, ensure_ascii=False))
        file.write(closing)


def measure(imports: str, work: str) -> dict[str, float]:
    """Seconds and peak megabytes of `work` in a process of its own."""
    code = MEASURE.format(imports=imports, work=work)
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--contracts", type=int, default=100_000)
    parser.add_argument("--format", choices=["2019", "2022"], default="2022")
    parser.add_argument("--source", type=Path, nargs="*", default=[])
    parser.add_argument("--no-bare", action="store_true", help="skip the peer, which holds the whole file in memory")
    arguments = parser.parse_args()
    records = [record for path in arguments.source for record in json.loads(path.read_text("utf-8"))["marches"]]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "contracts.json"
        generate(file, arguments.contracts, records or built_in(), arguments.format)
        size = file.stat().st_size
        ingest = measure(INGEST[0], INGEST[1].format(file=file, folder=folder))
        print(f"{arguments.contracts} contracts, format {arguments.format}, {size / 1e6:.0f} MB")
        print(
            f"ingest     {ingest['work_s']:6.2f} s (+ {ingest['import_s']:.2f} s of imports), "
            f"{arguments.contracts / ingest['work_s']:,.0f} contracts/s, peak {ingest['peak_mb']:.0f} MB"
        )
        if not arguments.no_bare:
            bare = measure(BARE[0], BARE[1].format(file=file, size=size + 1))
            print(
                f"read_json  {bare['work_s']:6.2f} s (+ {bare['import_s']:.2f} s of imports), "
                f"peak {bare['peak_mb']:.0f} MB"
            )
            print(f"ratio      {ingest['work_s'] / bare['work_s']:6.2f} (at most 10)")


if __name__ == "__main__":
    main()
