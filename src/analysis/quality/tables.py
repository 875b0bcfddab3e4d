"""The quality stage: what was wrong, counted by source and rule, and the check of published figures."""

from __future__ import annotations

import pandas as pd
from pyarrow import parquet

from analysis.core.dataset import load_dataset
from analysis.core.files import read_table
from analysis.core.paths import clean_dir, quality_dir
from analysis.core.quality_log import rules
from analysis.core.results import headlines, write_results
from analysis.printed import check, published

SOURCES = ("decp", "exports", "inventaire", "projets")
CLEAN = ("decp", "exports", "inventory", "projects")
OPEN_SOURCES = ("decp", "projets")  # received values may be quoted: public data


def build(dataset: str) -> None:
    """Sum up the quality tables of `dataset`; write the result tables."""
    described = load_dataset(dataset)
    rows = pd.concat([read_table(quality_dir(dataset) / f"{name}.parquet") for name in SOURCES], ignore_index=True)
    summary = by_rule(rows)
    figures = check()
    latest = described.latest.annee
    common = {"edition": latest, "decimales": 0}
    write_results(
        dataset,
        "quality",
        {
            "regles": summary,
            "fichiers": by_file(rows),
            "controle": figures.assign(rang=range(1, len(figures) + 1)),
            "publies": published().reset_index(drop=True),
            "headlines": headlines(
                [] if rows.empty and not received(dataset) else [
                    {"libelle": "Lignes refusées, gardées à part", "unite": "lignes", "perimetre": "toutes les sources",
                     "valeur": float(rows["enregistrement"].fillna("").ne("").sum()), **common},
                    {"libelle": "Valeurs signalées, lignes refusées comprises", "unite": "valeurs",
                     "perimetre": "toutes les sources",
                     "valeur": float(len(rows)), **common},
                ]
            ),
        },
    )  # fmt: skip


def received(dataset: str) -> bool:
    """Whether a row at least came out of what the dataset was sent."""
    tables = [path for source in CLEAN for path in clean_dir(dataset, source).glob("*.parquet")]
    return any(parquet.read_metadata(path).num_rows for path in tables)


def by_rule(rows: pd.DataFrame) -> pd.DataFrame:
    """Breaches by source and rule, with the rule's name, what it expects and, for open data, an example."""
    counts = rows.groupby(["source", "regle", "gravite"], as_index=False).agg(
        lignes=("message", "size"),
        refusees=("enregistrement", lambda kept: int(kept.fillna("").ne("").sum())),
        exemple=("message", "first"),
    )
    quoted = counts["source"].isin(OPEN_SOURCES)
    known = rules()
    return counts.assign(
        libelle=counts["regle"].map(known["libelle"]),
        attendu=counts["regle"].map(known["attendu"]),
        exemple=counts["exemple"].where(quoted, ""),
    )


def by_file(rows: pd.DataFrame) -> pd.DataFrame:
    """Errors and warnings by source and received folder or file (a structure's send, a DECP file)."""
    sent = rows["fichier"].str.replace(r"\[.*\]$", "", regex=True)
    sender = sent.where(rows["source"].ne("exports"), sent.str.split("/").str[:2].str.join("/"))
    table = rows.assign(envoi=sender).pivot_table(
        index=["source", "envoi"], columns="gravite", values="ligne", aggfunc="size", fill_value=0
    )
    table = table.reindex(columns=["erreur", "avertissement"], fill_value=0).reset_index()
    return table.rename(columns={"erreur": "erreurs", "avertissement": "avertissements"})
