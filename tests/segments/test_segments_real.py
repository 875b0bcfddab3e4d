"""A dataset made of real contracts only: the page shows what they tell and says what they cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup

from analysis.core.paths import ROOT_VARIABLE, clean_dir, protected_dir
from analysis.disclosure.protect import build as protect
from analysis.publishing.render import render
from analysis.scaffold import new_dataset
from analysis.segments import tables
from analysis.segments.telling import stage
from analysis.sources import decp, exports, projects
from checkout import CHECKOUT

pytestmark = pytest.mark.real
FILES = ("aife_2018-2019.json", "marches-publics.info_2018-2019.json", "tabular_2024H2_works_cpv4521.csv")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shared = CHECKOUT.parent / "shared" / "data"
    if not shared.is_dir():
        pytest.skip("the real data (../shared) is not beside this checkout")
    root = tmp_path_factory.mktemp("reel") / "project"
    (root / "data" / "raw").mkdir(parents=True)
    for name in ("dvc.yaml", "params.yaml"):
        shutil.copy(CHECKOUT / name, root / name)
    (root / "data" / "raw" / "reference").symlink_to(CHECKOUT / "data" / "raw" / "reference")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ROOT_VARIABLE, str(root))
        folder = new_dataset("reel", "32", 2019)
        settings = yaml.safe_load((folder / "dataset.yaml").read_text())
        settings["editions"].insert(0, {**settings["editions"][0], "annee": 2018})
        settings["date_observation"] = "2025-06-30"
        (folder / "dataset.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True))
        for name in FILES:
            (folder / "decp" / name).symlink_to(shared / "decp" / name)
        decp.build("reel")
        for part in (exports, projects, stage, tables):
            part.build("reel")
        protect("reel", ["segments"])
        for year in (2018, 2019):
            render(
                CHECKOUT / "notebooks" / "segments.ipynb",
                {"dataset": "reel", "edition": year, "territory": "32"},
                root / "reports" / "reel" / "segments" / f"{year}-32.html",
            )
        yield root


def page(root: Path, year: int) -> BeautifulSoup:
    return BeautifulSoup((root / "reports/reel/segments" / f"{year}-32.html").read_text("utf-8"), "html.parser")


def protected(name: str) -> pd.DataFrame:
    return pd.read_parquet(protected_dir("reel") / "segments" / f"{name}.parquet")


def test_the_region_s_real_contracts_are_counted_by_segment(built: Path) -> None:
    rows = protected("segments")
    whole = rows[(rows["territoire"] == "32") & rows["edition"].isin([2018, 2019])]
    contracts = pd.read_parquet(clean_dir("reel", "decp") / "marches.parquet")
    region = contracts["departement"].isin(["02", "59", "60", "62", "80"]) | contracts["epci_siren"].notna()
    expected = int((region & contracts["annee"].isin([2018, 2019])).sum())
    assert whole["marches"].sum() == expected
    assert 700 < expected < 900
    assert whole["segment"].nunique() >= 15


def test_the_page_shows_segments_and_epci_and_says_what_the_data_cannot_tell(built: Path) -> None:
    for year in (2018, 2019):
        text = page(built, year).get_text()
        assert "Métropole Européenne de Lille" in text
        assert "Espaces verts et naturels" in text
        assert "ne peut pas être dite" in text and "ce qui n'est pas un zéro" in text
        assert "synthétiques" not in text
        assert "Part des marchés avec une clause sociale, par segment" not in text


def test_contracts_whose_epci_is_unknown_are_shown_apart_not_dropped(built: Path) -> None:
    segments, places, epci = protected("segments"), protected("lieux"), protected("epci")
    for year in (2018, 2019):
        whole = segments[(segments["territoire"] == "32") & (segments["edition"] == year)]["marches"].sum()
        assert places[places["edition"] == year]["marches"].sum() == whole
        assert epci[epci["edition"] == year]["marches"].sum() < whole


def test_the_sources_table_counts_what_each_file_lacks(built: Path) -> None:
    rows = protected("sources").set_index("source_fichier")
    tabular = rows.loc["tabular_2024H2_works_cpv4521.csv"]
    assert tabular["sans_objet"] == tabular["marches_region"] > 250
    assert (rows["sans_champ_social"] == rows["marches_region"]).all()
