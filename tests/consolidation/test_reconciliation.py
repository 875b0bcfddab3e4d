"""Every verdict on a figure made by hand, and the sums over structures."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from analysis.consolidation import reconciliation as held
from analysis.consolidation import tables
from analysis.consolidation.views import reconciliation as view
from analysis.consolidation.views import sums as sums_view
from analysis.core.files import read_table
from analysis.core.paths import results_dir
from analysis.disclosure.primary import broken
from analysis.disclosure.shown import emptied, reasons
from analysis.schemas.build import conform
from analysis.schemas.registry import published as schemas
from analysis.sources import exports, inventory
from consolidation.releases import measured, released
from consolidation.world import REGION, contracts, dataset, facts
from sending import EMPLOYER, TABLES, changed, send, send_totals, totals, write_dataset

WORLD = dataset(2015, 2016, departements=REGION)
NOTHING = pd.DataFrame(columns=["axe", "edition", "territoire", "modalite", "heures"])
HOURS = ("heures_realisees", "ensemble")
FEW = reasons()["heures"]


def protected(name: str, table: pd.DataFrame) -> pd.DataFrame:
    schema = schemas("consolidation")[name]
    return conform(
        schema, emptied(table, broken(table, table["_controle"]), table["_controle"], schema.metadata["values"])
    )


def judged(releases: pd.DataFrame, values: pd.DataFrame, by_mechanism: pd.DataFrame = NOTHING) -> pd.DataFrame:
    """The protected rows of the observatory's own releases."""
    world = facts(contracts({"annee": 2016}))
    found = held.reconciliation(releases, values, by_mechanism, world, dataset=WORLD, tolerance=0.0005)
    rows = protected("reconciliation", found)
    return rows[rows["serie"] == "publications"].reset_index(drop=True)


def test_what_is_published_of_the_region_is_not_held_against_a_part_of_it() -> None:
    values = measured((2016, "32", *HOURS, 1000.0))
    for places, whole in ((REGION, True), (["80"], False)):
        found = held.reconciliation(
            released(), values, NOTHING, facts(contracts({"annee": 2016})),
            dataset=dataset(2016, departements=places), tolerance=0.0005,
        )  # fmt: skip
        year = found[found["edition"].eq(2016)]
        slides, country = (year[year["serie"] == name] for name in ("orcp_2016", "national"))
        assert len(slides) and slides["explication"].str.contains("n'est pas de toute la région").all() != whole
        assert country["part_region"].notna().any() == whole


def one(indicator: str, modality: str, printed: float, digits: int, *values: tuple, **control: object) -> pd.Series:
    """The verdict on one figure of region 32 in 2015, released with the hours 1000 that it is part of."""
    releases = released(
        ("Bilan", "2016-01-26", 2015, "32", indicator, modality, printed, digits),
        ("Bilan", "2016-01-26", 2015, "32", *HOURS, 1000.0, 0),
    )
    known = measured((2015, "32", *HOURS, 1000.0), *((2015, *value) for value in values), **control)
    return judged(releases, known).iloc[0]


@pytest.mark.parametrize(
    ("printed", "digits", "exact", "verdict", "said"),
    [
        (3453, 0, 3453.0, "égal", ""),
        (163156.2, 1, 163156.2, "égal", ""),
        (716, 0, 715.69, "arrondi", ""),
        (810, 0, 810.55, "tronqué", "Tronqué : l'arrondi est 811."),
        (401, 0, 400.1, "inexpliqué", "Écart de +1 (+0,2 %)."),
        (1345, 0, 12345.0, "chiffre perdu", "Un chiffre perdu : 12 345,0 au complet."),
        (12000, 0, 12345.0, "inexpliqué", "Écart de −345 (−2,8 %)."),
    ],
)
def test_a_count_beside_its_value(printed: float, digits: int, exact: float, verdict: str, said: str) -> None:
    row = one("beneficiaires", "ensemble", printed, digits, ("32", "beneficiaires", "ensemble", exact))
    assert (row["verdict"], row["explication"].replace("\u202f", " ").replace("\u00a0", " ")) == (verdict, said)
    assert row["recalcule"] == exact and row["ecart"] == pytest.approx(printed - exact)


@pytest.mark.parametrize(
    ("printed", "digits", "exact", "verdict"),
    [
        (0.471, 3, 0.47128, "arrondi"),
        (0.474, 3, 0.47498, "tronqué"),
        (0.366, 3, 0.363634, "chiffre perdu"),
        (0.4754, 4, 0.47498, "arrondi"),  # not its rounding, and yet within 0.05 point
        (0.4756, 4, 0.47498, "inexpliqué"),  # 0.06 point off
        (0.5, 2, 0.47498, "inexpliqué"),
    ],
)
def test_a_share_is_held_to_within_the_tolerance(printed: float, digits: int, exact: float, verdict: str) -> None:
    row = one("part_heures_totales", "DELD", printed, digits, ("32", "part_heures_totales", "DELD", exact))
    assert row["verdict"] == verdict
    if verdict == "inexpliqué":
        assert "plus que les 0,05 tolérés" in row["explication"]


def test_a_figure_that_a_later_release_replaced_is_revised_and_not_unexplained() -> None:
    releases = released(
        ("Bilan", "2016-01-26", 2015, "32", *HOURS, 1000.0, 0),
        ("Bilan révisé", "2016-12-15", 2015, "32", *HOURS, 1090.0, 0),
        ("Bilan", "2016-01-26", 2015, "32", "operations", "ensemble", 7.0, 0),
        ("Bilan révisé", "2016-12-15", 2015, "32", "operations", "ensemble", 7.0, 0),
    )
    rows = judged(releases, measured((2015, "32", *HOURS, 1090.2), (2015, "32", "operations", "ensemble", 7.0)))
    assert rows["verdict"].tolist() == ["révisé", "arrondi", "égal"]  # printed twice, one row
    text = rows.loc[0, "explication"].replace("\u202f", " ").replace("\u00a0", " ")
    assert text == "Remplacé par 1 090 (Bilan révisé, 15 décembre 2016), soit +9,0 %."
    assert rows.loc[2, "source"] == "Bilan ; Bilan révisé"
    nothing = released(
        ("Bilan", "2016-01-26", 2015, "32", *HOURS, 0.0, 0), ("Bilan révisé", "2016-12-15", 2015, "32", *HOURS, 9.0, 0)
    )
    text = judged(nothing, measured((2015, "32", *HOURS, 9.0))).loc[0, "explication"].replace("\u00a0", " ")
    assert text == "Remplacé par 9 (Bilan révisé, 15 décembre 2016).", "no per cent of nothing"
    # An earlier release that is right today is equal, whatever was printed since.
    rows = judged(releases, measured((2015, "32", *HOURS, 1000.0)))
    assert rows.loc[0, "verdict"] == "égal" and rows.loc[1, "verdict"] == "inexpliqué"


def test_a_share_of_another_base_and_another_divisor_are_another_scope() -> None:
    shares = (("32", "part_heures_totales", "DELD", 0.4), ("32", "part_heures", "DELD", 0.4444))
    row = one("part_heures_totales", "DELD", 0.444, 3, *shares)
    assert row["verdict"] == "autre champ"
    assert row["explication"].replace("\u00a0", " ") == "Concorde avec « Part des heures » : 44,44 %."
    row = one("etp_1607", "ensemble", 0.5, 1, ("32", "etp_1607", "ensemble", 0.622))
    assert row["verdict"] == "autre champ" and "« ETP à 1 820 heures »" in row["explication"]


def test_the_figure_of_another_territory_is_named_when_it_has_enough_digits_not_to_be_chance() -> None:
    here = ("32", "beneficiaires", "ensemble", 5000.0)
    row = one("beneficiaires", "ensemble", 1234, 0, here, ("59", "beneficiaires", "ensemble", 1234.0))
    assert row["verdict"] == "autre champ" and "le territoire Nord (59)" in row["explication"]
    row = one("beneficiaires", "ensemble", 123, 0, here, ("59", "beneficiaires", "ensemble", 123.0))
    assert row["verdict"] == "inexpliqué"


def test_a_figure_that_is_not_computed_says_so_and_one_of_few_persons_says_nothing() -> None:
    row = one("operations", "ensemble", 7, 0)
    assert row["verdict"] == "non recalculé" and np.isnan(row["recalcule"]) and row["secret"] == ""
    row = one("beneficiaires", "ensemble", 3, 0, ("32", "beneficiaires", "ensemble", 3.0), _personnes=3.0)
    assert row["secret"] == FEW
    assert pd.isna(row["verdict"]) and pd.isna(row["explication"]) and np.isnan(row["recalcule"])


def test_a_figure_that_totals_leave_between_two_bounds_is_said_to_be_within_or_out_of_them() -> None:
    values = measured((2015, "32", "beneficiaires", "ensemble", np.nan)).assign(valeur_min=300.0, valeur_max=350.0)
    inside, outside = "au moins 300 et au plus 350 : il y est.", "il en sort."
    for printed, said in ((320.0, inside), (300.0, inside), (350.0, inside), (280.0, outside), (351.0, outside)):
        releases = released(("Bilan", "2016-01-26", 2015, "32", "beneficiaires", "ensemble", printed, 0))
        row = judged(releases, values).iloc[0]
        assert row["verdict"] == "non recalculé" and row["explication"].endswith(said)
        hidden = judged(releases, values.assign(_personnes=3.0)).iloc[0]
        assert hidden["secret"] == FEW and pd.isna(hidden["explication"])


def test_a_row_that_speaks_of_two_cells_is_as_secret_as_the_weaker() -> None:
    values = measured(
        (2015, "32", "beneficiaires", "ensemble", 5000.0), (2015, "59", "beneficiaires", "ensemble", 1234.0)
    ).assign(_personnes=[50.0, 3.0])
    releases = released(("Bilan", "2016-01-26", 2015, "32", "beneficiaires", "ensemble", 1234.0, 0))
    assert judged(releases, values).loc[0, "secret"] == FEW


def test_two_rules_of_rounding_in_one_release_are_named() -> None:
    releases = released(
        ("Bilan", "2016-01-26", 2015, "32", "etp_1607", "ensemble", 810.0, 0),
        ("Bilan", "2016-01-26", 2015, "32", "etp_1820", "ensemble", 716.0, 0),
    )
    rows = judged(
        releases, measured((2015, "32", "etp_1607", "ensemble", 810.55), (2015, "32", "etp_1820", "ensemble", 715.69))
    )
    assert rows.loc[0, "explication"].endswith("À côté, 716 est arrondi : deux règles d'arrondi pour une publication.")
    releases = released(
        ("Bilan", "2016-01-26", 2015, "32", "part_heures", "F", 0.4747, 4),
        ("Bilan", "2016-01-26", 2015, "32", "part_heures", "RSA", 0.23, 2),
    )
    known = measured((2015, "32", "part_heures", "F", 0.4744), (2015, "32", "part_heures", "RSA", 0.2396))
    rows = judged(releases, known).set_index("modalite")
    assert rows.loc["F", "verdict"] == "arrondi" and rows.loc["RSA", "verdict"] == "tronqué"
    assert "deux règles" not in rows.loc["RSA", "explication"], "what is within the tolerance is no rounding"


def test_what_the_dataset_does_not_hold_says_why() -> None:
    values = measured((2016, "32", *HOURS, 1_150_000.0), (2015, "32", *HOURS, 900.0))
    found = held.reconciliation(
        released(), values, NOTHING, facts(contracts({"annee": 2016})), dataset=WORLD, tolerance=0.0005
    )
    rows = protected("reconciliation", found)
    by = rows.set_index(["serie", "territoire", "edition", "indicateur"])
    national = by.loc[("national", "FR", 2016, "heures_realisees")]
    assert national["verdict"] == "hors du jeu" and national["part_region"] == pytest.approx(0.1)
    assert "Hauts-de-France en fait 10,0" in national["explication"]
    contracts_2016 = by.loc[("national", "FR", 2016, "contrats_travail")]
    assert contracts_2016["explication"] == "Périmètre national." and np.isnan(contracts_2016["part_region"])
    buyer = by.loc[("local", "59", 2015, "heures_realisees")]
    assert buyer["verdict"] == "autre champ" and "ce n'est pas le total du territoire Nord" in buyer["explication"]
    early = by.loc[("local", "44-NM", 2008, "heures_realisees_cumul")]
    assert early["verdict"] == "hors du jeu" and "aucune édition 2008" in early["explication"].lower()
    provisional = rows[(rows["edition"] == 2014) & (rows["publie"] == 8_400_000)].iloc[0]
    assert "Remplacé par 9\u202f160\u202f000, soit +9,0" in provisional["explication"]


# --- through the pipeline --------------------------------------------------------------------------


@pytest.fixture
def folder(project: Path) -> Path:
    return write_dataset()


def built() -> Path:
    exports.build("essai")
    inventory.build("essai")
    tables.build("essai")
    return results_dir("essai") / "consolidation"


def publish(folder: Path, *lines: str) -> None:
    path = folder / "publications.csv"
    path.write_text(path.read_text() + "".join(f"Bilan,2026-01-26,2025,{line},\n" for line in lines))


def test_the_hours_of_every_mechanism_are_recognised(folder: Path) -> None:
    send()
    send(changed("operations", libelle="Autre", mecanisme="RES_IAE"), structure="S2")
    publish(folder, "32,heures_realisees,ensemble,302,0", "32,operations,ensemble,2,0", "59,operations,ensemble,9,0")
    rows = read_table(built() / "reconciliation.parquet")
    own = rows[rows["serie"] == "publications"]
    assert own["verdict"].tolist() == ["autre champ", "autre champ", "inexpliqué"]
    assert "tous les mécanismes juridiques" in own["explication"].iloc[0]
    assert own["recalcule"].tolist() == [150.75, 1, 1]


def test_sums_over_structures_are_split_into_double_entries_and_what_they_share(folder: Path) -> None:
    other = {
        "operations": [{**TABLES["operations"][0], "op_id": "OP9", "libelle": "Piscine", "date_debut": "15/01/2025"}],
        "territoires": [{**TABLES["territoires"][0], "op_id": "OP9"}],
        "engagements": [{**TABLES["engagements"][0], "op_id": "OP9"}],
    }
    send()
    send(changed("operations", libelle="Ecole Pasteur"), structure="S2")
    (folder / "structures.csv").write_text(
        "structure_id,nom,siret,mapping\nS1,Essai,,essai\nS2,Autre,,essai\nS3,Tiers,,essai\n"
    )
    send({**other, "contrats": [{**TABLES["contrats"][0], "employeur_siret": EMPLOYER}]}, structure="S3")
    path = folder / "decisions" / "doublons_operations.csv"
    path.write_text(path.read_text() + "S1,OP1,S2,OP1,doublon,même école,analyste,2026-01-20\n")
    rows = read_table(built() / "sommes.parquet").set_index("indicateur")
    columns = ["somme_structures", "distinct", "ecart", "doubles", "plusieurs"]
    # Three sends of one person and 150.75 hours for one buyer; two of them are one operation.
    assert rows.loc["heures_realisees", columns].tolist() == [452.25, 301.5, 150.75, 150.75, 0]
    assert rows.loc["operations", columns].tolist() == [3, 2, 1, 1, 0]
    assert rows.loc["contrats_travail", columns].tolist() == [3, 2, 1, 1, 0]
    assert rows.loc["beneficiaires", columns].tolist() == [3, 1, 2, 1, 1]
    assert rows.loc["donneurs_ordre", columns].tolist() == [3, 1, 2, 1, 1]
    assert rows.loc["entreprises", columns].tolist() == [3, 1, 2, 1, 1]
    shown = protected("sommes", rows.reset_index()).set_index("indicateur")
    assert shown.loc["beneficiaires", "secret"] == FEW and np.isnan(shown.loc["beneficiaires", "ecart"])
    assert shown.loc["operations", "distinct"] == 2


def test_sums_that_would_give_the_totals_of_a_structure_away_are_not_made(folder: Path) -> None:
    send()
    send_totals(totals(("heures_realisees", "ensemble", 500)), structure="S2")
    assert protected("sommes", read_table(built() / "sommes.parquet")).empty


def test_without_any_send_there_is_nothing_to_add_up(folder: Path) -> None:
    made = built()
    assert protected("sommes", read_table(made / "sommes.parquet")).empty
    assert not read_table(made / "reconciliation.parquet").empty


# --- the page --------------------------------------------------------------------------------------


def page(year: int, **tables: pd.DataFrame) -> SimpleNamespace:
    return SimpleNamespace(
        year=year, place="32", territory_name="Hauts-de-France", regional=True, dataset=WORLD,
        edition=WORLD.edition(2016), read=tables.__getitem__, csv=lambda name: name, scope="essai",
    )  # fmt: skip


def test_the_page_counts_the_verdicts_and_names_the_slips() -> None:
    releases = released(
        ("Bilan", "2016-01-26", 2015, "32", "operations", "ensemble", 7.0, 0),
        ("Bilan", "2016-01-26", 2015, "32", "etp_1607", "ensemble", 810.0, 0),
        ("Bilan", "2016-01-26", 2015, "32", *HOURS, 110.0, 0),
    )
    values = measured(
        (2015, "32", "operations", "ensemble", 7.0), (2015, "32", "etp_1607", "ensemble", 810.55),
        (2015, "32", *HOURS, 100.0),
    )  # fmt: skip
    text = view(page(2015, reconciliation=judged(releases, values))).text().replace("\u202f", " ")
    assert text.startswith(
        "En 2015 (Hauts-de-France), 3 chiffres publiés sont connus : 1 égal, 1 tronqué, 1 inexpliqué. "
        "À l'impression, « ETP à 1 607 heures » est tronqué. "
        "Le plus grand écart inexpliqué est de 10,0\u00a0%."
    )
    assert "Aucun chiffre publié n'est connu" in view(page(2017, reconciliation=judged(releases, values))).text()


def test_job_seekers_are_not_held_against_hours() -> None:
    releases = released(("Bilan", "2016-01-26", 2015, "32", *HOURS, 110.0, 0))
    scope = "demandeurs d'emploi, non heures de clause"
    row = judged(releases, measured((2015, "32", *HOURS, 100.0))).assign(
        verdict="autre champ", champ=scope, explication=f"D{scope[1:]} : ce n'est pas le total du territoire Ici."
    )
    text = view(page(2015, reconciliation=row)).text()
    assert text.startswith(
        "En 2015 (Hauts-de-France), 1 chiffre publié est connu, d'un autre champ : rien ne s'y compare."
    )
    assert "Demandeurs d'emploi, non heures de clause : ne se compare pas" in text and "inexpliqué" not in text
    assert "le total du territoire" not in text


def test_what_was_published_of_nothing_has_no_relative_gap() -> None:
    releases = released(
        ("Bilan", "2016-01-26", 2015, "32", "operations", "ensemble", 7.0, 0),
        ("Bilan", "2016-01-26", 2015, "32", *HOURS, 110.0, 0),
    )
    values = measured((2015, "32", "operations", "ensemble", 0.0), (2015, "32", *HOURS, 100.0))
    text = view(page(2015, reconciliation=judged(releases, values))).text()
    assert "2 inexpliqués." in text and "Aucun n'est inexpliqué" not in text
    assert "n.d." not in text and "Le plus grand écart" not in text


def test_the_page_says_how_many_persons_adding_up_would_count_too_many() -> None:
    rows = pd.DataFrame(
        [(2016, "beneficiaires", 3763.0, 3453.0, 310.0, 160.0, 150.0, "")],
        columns=["edition", "indicateur", "somme_structures", "distinct", "ecart", "doubles", "plusieurs", "secret"],
    )
    text = sums_view(page(2016, sommes=rows)).text()
    assert "310 bénéficiaires de trop : 160 que deux structures ont saisis" in text and "150 que plusieurs" in text
    hidden = rows.assign(secret="moins de 5 personnes", ecart=np.nan, distinct=np.nan)
    assert "de trop" not in sums_view(page(2016, sommes=hidden)).text()
