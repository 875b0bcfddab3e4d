"""The true world first, then the files with their dirt, in a scratch folder that takes its place at the end."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import time
from pathlib import Path

from analysis.core.files import write_table, write_text
from analysis.core.params import DemoParams
from analysis.core.workers import workers
from analysis.demo.decp_files import DecpWriter
from analysis.demo.description import write_description
from analysis.demo.dirt_exports import ExportDirt
from analysis.demo.exports import build_exports
from analysis.demo.knowledge import DECP_YEARS, mapping_files
from analysis.demo.layouts import write_exports
from analysis.demo.procurement import build_procurement
from analysis.demo.projects import announced_projects, coming_renewals
from analysis.demo.publications import publications
from analysis.demo.surveys import publics, write_inventory, write_needs
from analysis.demo.truth import audits, decisions, write_truth
from analysis.demo.world import build_world

CORRECTIONS = "fichier,table,cle,colonne,valeur_attendue,valeur_corrigee,motif,auteur,date\n"
PERSONS = "ben_id_a,ben_id_b,decision,motif,auteur,date\n"
MOST_WRITERS = 3


def generate_into(folder: Path, params: DemoParams) -> None:
    """Write everything beside `folder`, then put it in place."""
    scratch = folder.parent / f".{folder.name}.part"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    # Millions of small objects that live to the end: looking for cycles among them is a fifth of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        _write(scratch, params)
        _put_in_place(scratch, folder)
    finally:
        if collecting:
            gc.enable()
        shutil.rmtree(scratch, ignore_errors=True)


def _write(folder: Path, params: DemoParams) -> None:
    seed, say = params.seed, _progress()
    for name in ("exports", "mappings", "decp", "decisions", "verite"):
        (folder / name).mkdir()
    say("structures, opérations, contrats de travail")
    world = build_world(seed)
    write_description(folder, seed, world.structures)
    for path in mapping_files():
        shutil.copyfile(path, folder / "mappings" / path.name)
    say("exports des structures")
    exports = build_exports(seed, world)
    write_table(publications(seed, world, exports), folder / "publications.csv")
    dirt = ExportDirt(seed, exports)
    dirt.apply()
    writers = max(1, min(MOST_WRITERS, (os.cpu_count() or 2) - 1))
    with workers("analysis.demo.sheets", writers) as pool:
        pending, located = write_exports(folder / "exports", exports, dirt, pool)
        say("inventaire, besoins, décisions")
        write_inventory(folder / "inventaire" / "inventaire.xlsx", seed, world)
        write_needs(folder / "besoins" / "besoins.xlsx", seed, world)
        write_table(publics(seed, world), folder / "publics_epci.csv")
        write_text("origine,destination,minutes\n", folder / "temps_trajet.csv")
        write_table(decisions(seed, world, exports), folder / "decisions" / "doublons_operations.csv")
        write_text(PERSONS, folder / "decisions" / "doublons_personnes.csv")
        write_text(CORRECTIONS, folder / "decisions" / "corrections.csv")
        say("marchés publics")
        market = build_procurement(seed, world, params.contracts_per_year)
        decp = DecpWriter(seed, market, world.land)
        for year in DECP_YEARS:
            say(f"DECP {year}")
            decp.write_year(folder / "decp", year)
        write_table(audits(seed, market, decp), folder / "decisions" / "segments_audites.csv")
        say("projets d'achat")
        announced = announced_projects(seed, market, decp, world.land)
        write_table(announced.file, folder / "projets_achat.csv")
        say("vérité")
        write_truth(folder / "verite", world, exports, market=market, decp=decp, located=located)
        write_table(announced.truth, folder / "verite" / "projets_achat.csv")
        write_table(coming_renewals(market, decp), folder / "verite" / "renouvellements_a_venir.csv")
        say("fin des classeurs")
        for workbook in pending:
            workbook.result()
    say("terminé")


def _put_in_place(scratch: Path, folder: Path) -> None:
    """Replace each file and subfolder of `folder` by the new one, as a whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for new in sorted(scratch.iterdir()):
        old = folder / new.name
        if old.is_dir():
            shutil.rmtree(old)
        os.replace(new, old)


def _progress():
    """A function that prints a step with the seconds since the start."""
    start = time.monotonic()

    def say(step: str) -> None:
        print(f"demo  {time.monotonic() - start:5.1f} s  {step}", file=sys.stderr, flush=True)

    return say
