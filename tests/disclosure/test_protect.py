"""What may be published is attacked before it is written; nothing skips it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.consolidation.tables import controlled
from analysis.core import reference
from analysis.core.errors import DataError
from analysis.disclosure import decide
from analysis.disclosure import protect as stage
from analysis.disclosure.links import links
from analysis.disclosure.releases import still_true
from analysis.disclosure.shown import reasons
from analysis.disclosure.statements import statements
from analysis.disclosure.summary import summary
from analysis.schemas.registry import published
from consolidation.releases import measured
from consolidation.world import dataset

INDICATORS = "consolidation.indicateurs"
PLACES = ("59", "62", "80", "02")
WORLD = dataset(2024, 2025, editions=[
    {
        "annee": year, "date_observation": f"{year}-12-31", "territoire": "32", "territoire_nom": "Hauts-de-France",
        "departements": list(PLACES), "mecanismes": ["EXEC"], "base_legale": "L2112-2", "diviseurs_etp": [1607],
        "qpv_millesime": 2024, "cog_millesime": 2026,
    }
    for year in (2024, 2025)
])  # fmt: skip


def hours(few: tuple[str, ...] = ("80",), year: int = 2025, **values: float) -> pd.DataFrame:
    """Hours of the region and its departments; those of `few` come from three persons."""
    found = {"59": 4000.0, "62": 2500.0, "80": 120.0, "02": 900.0} | values
    rows = [(year, place, "heures_realisees", "ensemble", value) for place, value in found.items()]
    table = measured((year, "32", "heures_realisees", "ensemble", sum(found.values())), *rows)
    persons = table["_personnes"].mask(table["territoire"].isin(few), 3.0)
    return table.assign(_personnes=persons, valeur_min=float("nan"), valeur_max=float("nan"))


def shown(tables: dict[str, pd.DataFrame]) -> pd.Series:
    """The hours that are told exactly."""
    return exact(tables[INDICATORS], "valeur").set_axis(tables[INDICATORS]["territoire"])


def exact(table: pd.DataFrame, column: str) -> pd.Series:
    return table[column].mask(table[f"{column}_arrondi"].notna()) if f"{column}_arrondi" in table else table[column]


def told(table: pd.DataFrame) -> pd.DataFrame:
    """The numbers of an earlier release of that table."""
    return statements({INDICATORS: table}, WORLD)


def test_one_hidden_department_takes_another_with_it() -> None:
    out = stage.protect({INDICATORS: hours()}, WORLD, {})
    table = out[INDICATORS].set_index("territoire")
    assert shown(out).isna().to_dict() == {"32": False, "59": False, "62": False, "80": True, "02": True}
    assert table.loc["80", "secret"] == reasons()["heures"]
    assert not [name for name in table.columns if name.startswith("_")]


def test_the_gate_refuses_what_secondary_suppression_would_have_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    with pytest.raises(DataError) as error:
        stage.protect({INDICATORS: hours()}, WORLD, {})
    assert "heures/2025/80/ensemble" in str(error.value) and "120" not in str(error.value)


def test_an_indicator_that_nobody_told_the_cell_of_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    added = reference.table("publication/indicateurs").iloc[[0]].assign(code="heures_par_lot")
    known = pd.concat([reference.table("publication/indicateurs"), added])
    monkeypatch.setattr(reference, "table", lambda name, of=reference.table: (
        known if name == "publication/indicateurs" else of(name)
    ))  # fmt: skip
    ratio = hours().assign(indicateur="heures_par_lot", valeur=lambda rows: rows["valeur"] / 7)
    with pytest.raises(DataError, match=r"cellules\.csv : aucune ligne pour l'indicateur heures_par_lot"):
        stage.protect({INDICATORS: pd.concat([hours(), ratio], ignore_index=True)}, WORLD, {})


def test_a_derived_figure_is_hidden_with_its_numerator_and_its_base() -> None:
    table = hours()
    etp = table.assign(indicateur="etp_1607", valeur=table["valeur"] / 1607)
    out = stage.protect({INDICATORS: pd.concat([table, etp], ignore_index=True)}, WORLD, {})[INDICATORS]
    hidden = out[exact(out, "valeur").isna()].groupby("indicateur")["territoire"].agg(set)
    assert hidden["heures_realisees"] == hidden["etp_1607"] == {"80", "02"}
    secret = out.set_index(["indicateur", "territoire"])["secret"]
    assert secret["etp_1607", "02"] == reasons()["heures"], "what follows from a rounded number is not told"


def test_hours_of_unknown_status_are_not_those_of_all_less_those_of_known_status() -> None:
    """One person's status is not known: the share of an audience would give the hours of the others, and so his."""
    row = hours(()).query("territoire == '32'")
    whole = row["valeur"].iloc[0]
    said = {"heures_realisees": whole / 2, "part_heures": whole / 2 / (whole - 30),
            "part_heures_statut_inconnu": 30 / whole}  # fmt: skip
    audience = [row.assign(indicateur=name, modalite="DELD", valeur=value) for name, value in said.items()]
    table = pd.concat([row, *audience])
    table.loc[table["indicateur"] == "part_heures_statut_inconnu", "_personnes"] = 1
    out = stage.protect({INDICATORS: table.reset_index(drop=True)}, WORLD, {})[INDICATORS]
    assert out.loc[out["secret"] != "", "indicateur"].tolist() == ["part_heures", "part_heures_statut_inconnu"]


def test_there_are_no_more_companies_than_commitments(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(2025, "59", "entreprises", "ensemble", 2.0), (2025, "59", "engagements", "ensemble", 2.0)]
    table = measured(*rows).assign(valeur_min=float("nan"), valeur_max=float("nan"))
    table.loc[table["indicateur"] == "entreprises", "_entreprises"] = 2.0
    out = stage.protect({INDICATORS: table}, WORLD, {})[INDICATORS]
    assert out["valeur"].isna().all()
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    with pytest.raises(DataError, match="entreprises/2025/59"):
        stage.protect({INDICATORS: table}, WORLD, {})


def test_lots_give_no_commitment_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each lot has a commitment: two lots are two commitments at least, and two commitments two lots at most."""
    kinds = reference.table("publication/indicateurs").set_index("code")["controle"]
    said = {"operations": 1.0, "lots": 2.0, "engagements": 2.0}
    rows = measured(*((2025, "200093201", name, "ensemble", value) for name, value in said.items()))
    few = rows["indicateur"].ne("operations")
    rows = rows.assign(_controle=rows["indicateur"].map(kinds), _entreprises=rows["_entreprises"].mask(few, 2.0))
    table = controlled(rows).assign(valeur_min=float("nan"), valeur_max=float("nan"))
    out = stage.protect({INDICATORS: table}, WORLD, {})[INDICATORS].set_index("indicateur")
    assert set(out.index[out["valeur"].isna()]) == {"lots", "engagements"}
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    table["_controle"] = table["_controle"].mask(table["indicateur"] == "lots", "ouvert")
    with pytest.raises(DataError, match="engagements/2025/200093201"):
        stage.protect({INDICATORS: table}, WORLD, {})


def test_hours_planned_are_those_that_the_rate_divides_by_where_it_is_of_all_operations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One company leads what was planned: the hours done, divided by the rate, would give it."""
    row = hours(()).query("territoire == '32'")
    said = {"heures_depuis_origine": 9000.0, "heures_prevues": 6000.0, "heures_prevues_taux": 6000.0}
    rows = [row, *(row.assign(indicateur=name, valeur=value) for name, value in said.items())]
    rows.append(row.assign(indicateur="taux_realisation", valeur=1.5))
    table = pd.concat(rows, ignore_index=True)
    table.loc[table["indicateur"] == "heures_prevues", "_part_max_entreprise"] = 0.95
    out = stage.protect({INDICATORS: table}, WORLD, {})[INDICATORS].set_index("indicateur")
    assert out["valeur"].isna()[["heures_prevues", "heures_prevues_taux", "taux_realisation"]].all()
    assert out.loc["heures_prevues", "secret"] == reasons()["prevues"]
    assert out["valeur"].notna()[["heures_realisees", "heures_depuis_origine"]].all()
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    with pytest.raises(DataError, match="heures_prevues/2025/32/ensemble"):
        stage.protect({INDICATORS: table}, WORLD, {})


def test_a_cell_that_an_earlier_release_printed_cannot_hide_another() -> None:
    """Aisne was published, and has not changed: hiding it today would protect nothing."""
    before = stage.protect({INDICATORS: hours(few=())}, WORLD, {})[INDICATORS]
    before = before[before["territoire"] == "02"]
    out = stage.protect({INDICATORS: hours()}, WORLD, {"bilan": told(before)})
    assert set(shown(out).index[shown(out).isna()]) == {"80", "62"}


def test_a_release_that_gives_a_hidden_cell_away_is_left_out_of_the_count_and_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = stage.protect({INDICATORS: hours(few=())}, WORLD, {})[INDICATORS]
    stage.protect({INDICATORS: hours()}, WORLD, {"bilan": told(before)})
    assert "hors du compte, dites par des diffusions passées : 1" in capsys.readouterr().err


def test_what_earlier_releases_give_by_a_sum_stops_no_later_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Somme was in no row of the table then, yet what its total leaves gives it."""
    before = stage.protect({INDICATORS: hours(few=())}, WORLD, {})[INDICATORS]
    out = stage.protect({INDICATORS: hours()}, WORLD, {"bilan": told(before[before["territoire"] != "80"])})
    assert shown(out).isna().to_dict() == {"32": False, "59": False, "62": False, "80": True, "02": False}
    assert "hors du compte, dites par des diffusions passées : 1" in capsys.readouterr().err


def test_what_open_rows_give_by_a_sum_is_asked_for_no_more() -> None:
    """Totals that one structure lets anybody read are those of the region too, whose row its share hides."""
    table = hours(few=("32", "59"))
    safe = {name: value for name, value in table.loc[table["territoire"] == "62"].iloc[0].items() if name[0] == "_"}
    row = safe | {"edition": 2025, "origine": "TOTAUX", "heures": 500.0}
    rows = [row | {"territoire": "32", "part_heures": 500 / 7520},
            row | {"territoire": "62", "part_heures": 500 / 2500, "_controle": "ouvert"}]  # fmt: skip
    out = stage.protect({INDICATORS: table, "consolidation.provenance": pd.DataFrame(rows)}, WORLD, {})
    assert out["consolidation.provenance"]["heures"].isna().tolist() == [True, False]


def test_a_total_beside_what_a_row_is_about_is_told_where_it_is_at_home() -> None:
    """The hours that two structures entered are of four persons; the region's are not."""
    table = hours(few=())
    few = {"_personnes": 4.0, "_sensible": False, "_controle": "heures", "_employeurs": 3.0, "_entreprises": 3.0,
           "_part_max_personne": 0.3, "_part_max_employeur": 0.5, "_part_max_entreprise": 0.5}  # fmt: skip
    row = {"edition": 2025, "indicateur": "heures_realisees", "somme_structures": 7600.0, "distinct": 7520.0,
           "ecart": 80.0, "doubles": 80.0, "plusieurs": 0.0}  # fmt: skip
    out = stage.protect({INDICATORS: table, "consolidation.sommes": pd.DataFrame([row | few])}, WORLD, {})
    assert shown(out).notna().all()
    assert out["consolidation.sommes"][["somme_structures", "distinct", "doubles"]].isna().all(axis=None)


def test_what_earlier_releases_told_less_closely_is_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """They left Somme and Aisne apart from each other; Aisne alone would tell Somme today."""
    before = stage.protect({INDICATORS: hours()}, WORLD, {})[INDICATORS]
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    with pytest.raises(DataError, match="heures/2025/80/ensemble"):
        stage.protect({INDICATORS: hours()}, WORLD, {"bilan": told(before)})


def test_a_revised_figure_of_an_earlier_release_says_nothing_of_today() -> None:
    before = stage.protect({INDICATORS: hours(few=(), **{"02": 905.0})}, WORLD, {})[INDICATORS]
    out = stage.protect({INDICATORS: hours()}, WORLD, {"bilan": told(before[before["territoire"] == "02"])})
    assert set(shown(out).index[shown(out).isna()]) == {"80", "02"}


def test_growth_gives_no_hidden_year_away() -> None:
    tables = {
        INDICATORS: pd.concat([hours(), hours(few=(), year=2024)], ignore_index=True),
        "consolidation.evolution": pd.DataFrame(
            {
                "edition": 2025, "edition_precedente": 2024, "territoire": "80", "heures": 120.0,
                "heures_precedentes": 120.0, "croissance": 0.0, "heures_panel": 100.0, "croissance_panel": 0.0,
                "heures_panel_precedentes": 100.0, "effet_couverture": 0.0, "_controle": "ouvert",
            },
            index=[0],
        ),
    }  # fmt: skip
    with pytest.raises((DataError, RuntimeError)):
        stage.protect(tables, WORLD, {})  # a row declared open that tells what another hides
    tables["consolidation.evolution"] = tables["consolidation.evolution"].assign(
        **{name: hours().loc[1, name] for name in hours() if name.startswith("_")}
    )
    out = stage.protect(tables, WORLD, {})["consolidation.evolution"]
    assert out["croissance"].isna().all() and out["heures"].isna().all()


def test_a_share_of_women_gives_no_hidden_total_away() -> None:
    """Women's hours are told, those of all are not: the share that ties them is hidden, wherever it stands."""
    women = hours(few=()).loc[[0]].assign(modalite="F", valeur=2000.0)
    known = women.assign(indicateur="part_heures", valeur=2000 / 7520)
    gap = women.filter(regex="^_").assign(
        edition=2025, edition_depart=2025, axe="segment", heures_depart=7520.0,
        heures=7520.0, part_depart=2000 / 7520, part=2000 / 7520, ecart=0.0,
        effet_structure=0.0, effet_embauche=0.0,
    )  # fmt: skip
    merged = women.filter(regex="^_").assign(edition=2025, seuil=0.5, heures=7500.0, heures_en_moins=20.0)
    out = stage.protect(
        {
            INDICATORS: pd.concat([hours(few=("32",)), women, known], ignore_index=True),
            "consolidation.femmes_ecart": gap,
            "consolidation.doublons_sensibilite": merged,
        },
        WORLD,
        {},
    )
    assert out["consolidation.femmes_ecart"][["part", "part_depart", "effet_structure"]].isna().all(axis=None)
    assert out["consolidation.doublons_sensibilite"][["heures", "heures_en_moins"]].isna().all(axis=None)


def test_persons_of_an_epci_ask_for_more_than_its_hours_and_no_ratio_gives_them_back() -> None:
    """Eight persons of Lille, whose hours are told: neither their number nor anything that divides by it is."""
    said = {"heures_realisees": 4000.0, "beneficiaires": 8.0, "heures_par_beneficiaire": 500.0, "etp_1607": 4000 / 1607}
    kinds = reference.table("publication/indicateurs").set_index("code")["controle"]
    rows = measured(*((2025, "200093201", name, "ensemble", value) for name, value in said.items()))
    rows = controlled(rows.assign(_personnes=8.0, _controle=rows["indicateur"].map(kinds)))
    table = rows.assign(valeur_min=float("nan"), valeur_max=float("nan"))
    out = stage.protect({INDICATORS: table}, WORLD, {})[INDICATORS].set_index("indicateur")
    assert out.loc["beneficiaires", "secret"] == reasons()["personnes"]
    assert set(out.index[out["valeur"].isna()]) == {"beneficiaires", "heures_par_beneficiaire"}


SAFE = {
    "_personnes": 50, "_employeurs": 9, "_entreprises": 9, "_part_max_personne": 0.1, "_part_max_employeur": 0.3,
    "_part_max_entreprise": 0.3, "_sensible": False,
}  # fmt: skip
PER_EURO = "segments.heures_par_euro"


def per_euro() -> pd.DataFrame:
    """Hours of linked operations by segment and all together; those of DECHETS are of two companies."""
    values = {"DECHETS": 2000.0, "ENERGIE": 5000.0, "PROPRETE": 80000.0, "ensemble": 87000.0}
    table = pd.DataFrame({"segment": list(values), "operations": 9, "montant": 1e6, "heures": list(values.values())})
    table = table.assign(**SAFE, **dict.fromkeys(("mediane", "lissee", "ecart"), 1.0))
    table = table.assign(**{f"{name}_{end}": 1.0 for name in ("mediane", "lissee") for end in ("bas", "haut")})
    return table.assign(_entreprises=table["_entreprises"].mask(table["segment"].eq("DECHETS"), 2))


def test_a_row_for_all_segments_is_a_total_and_gives_no_segment_away(monkeypatch: pytest.MonkeyPatch) -> None:
    out = stage.protect({PER_EURO: per_euro()}, WORLD, {})[PER_EURO].set_index("segment")
    assert out.index[out["heures"].isna()].tolist() == ["DECHETS", "ENERGIE"]
    assert out[["operations", "montant"]].notna().all(axis=None), "contracts are public"
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    with pytest.raises(DataError, match="heures_liees/segment=DECHETS"):
        stage.protect({PER_EURO: per_euro()}, WORLD, {})


def test_how_well_hours_were_foreseen_gives_no_segment_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bias tells the hours of all held-out operations: less those of the other segments, the hidden one's."""
    hours = pd.Series({"DECHETS": 2000.0, "ENERGIE": 5000.0, "PROPRETE": 80000.0})
    rows = pd.DataFrame({"segment": hours.index, "heures": hours.to_numpy(), "modele": 1.0, "manuel": 1.0})
    rows = rows.assign(fournisseurs=1.0, operations=9, **SAFE)
    rows["_entreprises"] = rows["_entreprises"].mask(rows["segment"].eq("DECHETS"), 2)
    known = published("segments")["potentiel_retro"].metadata["values"]
    whole = pd.DataFrame({"methode": "modele", "operations": 27} | dict.fromkeys(known, 0.5), index=[0])
    whole = whole.assign(heures=hours.sum(), **SAFE)
    tables = {"segments.potentiel_retro": whole, "segments.potentiel_retro_segments": rows}
    out = stage.protect(tables, WORLD, {})
    shown = out["segments.potentiel_retro_segments"].set_index("segment")["heures"]
    assert shown.index[shown.isna()].tolist() == ["DECHETS", "ENERGIE"]
    assert out["segments.potentiel_retro"]["biais"].notna().all()
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    with pytest.raises(DataError, match="heures_retro/segment=DECHETS"):
        stage.protect(tables, WORLD, {})


BREAKDOWN, WOMEN = "consolidation.ventilation", "consolidation.femmes"


def employers() -> dict[str, pd.DataFrame]:
    """Four kinds of employers: ACI has too few persons, and of the contracts alone those of EI are the next cheapest.

    The sex of everybody is known, so that the hours of `femmes` are those of `ventilation`.
    """
    codes = ["ACI", "AI", "EI", "ETTI"]
    rows = pd.DataFrame({"edition": 2025, "territoire": "32", "axe": "employeur", "modalite": codes, "champ": True})
    hours = pd.Series([100.0, 500.0, 900.0, 8000.0])
    rows = rows.assign(heures=hours, part_heures=hours / hours.sum(), beneficiaires=[3, 20, 30, 90])
    rows = rows.assign(contrats=[4, 60, 31, 95], **SAFE)
    rows["_personnes"] = rows["_personnes"].mask(rows["modalite"].eq("ACI"), 3)
    women = rows[["edition", "axe", "modalite", "heures"]].assign(heures_femmes=hours / 2, **SAFE)
    women = women.assign(part_heures_femmes=0.5, part_femmes=0.5, part_heures=rows["part_heures"])
    women = women.assign(ecart_parite=0.0, _personnes=rows["_personnes"])
    whole = [("heures_realisees", hours.sum()), ("beneficiaires", 143.0), ("contrats_travail", 190.0)]
    told = measured(*((2025, "32", name, "ensemble", float(value)) for name, value in whole))
    return {INDICATORS: told.assign(valeur_min=float("nan"), valeur_max=float("nan")), BREAKDOWN: rows, WOMEN: women}


def test_what_a_row_hides_beside_is_hidden_in_every_other_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """EI is hidden for its contracts, AI for its hours: what else those rows print must not stand elsewhere."""
    out = stage.protect(employers(), WORLD, {})
    gone = [set(out[name].loc[out[name]["heures"].isna(), "modalite"]) for name in (BREAKDOWN, WOMEN)]
    assert gone == [{"ACI", "AI", "EI"}] * 2
    monkeypatch.setattr(decide, "_beside", lambda *_: set())
    with pytest.raises(DataError, match="heures/2025/32/employeur=EI"):
        stage.protect(employers(), WORLD, {})


def test_a_contract_that_one_kind_of_employer_may_have_is_not_found_by_this_kind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Temporary work for insertion hires by missions or permanent contracts for inclusion: one less the other."""
    kinds = {"ETTI": 8000.0, "EI": 900.0}
    forms = {"INTERIM_INSERTION": 7900.0, "CDI_INCLUSION": 100.0, "CDDI": 600.0, "CDD": 300.0}
    said = [("employeur", *row) for row in kinds.items()] + [("contrat", *row) for row in forms.items()]
    rows = pd.DataFrame(said, columns=["axe", "modalite", "heures"]).assign(edition=2025, territoire="32", champ=True)
    rows = rows.assign(part_heures=rows["heures"] / 8900, beneficiaires=None, contrats=None, **SAFE)
    rows["_personnes"] = rows["_personnes"].mask(rows["modalite"].eq("CDI_INCLUSION"), 3)
    out = stage.protect({BREAKDOWN: rows}, WORLD, {})[BREAKDOWN]
    assert out.loc[out["heures"].isna(), "modalite"].tolist() == ["INTERIM_INSERTION", "CDI_INCLUSION"]
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    with pytest.raises(DataError, match="heures/2025/32/contrat=CDI_INCLUSION"):
        stage.protect({BREAKDOWN: rows}, WORLD, {})


def test_nobody_in_a_sensitive_crossing_is_hidden_and_nothing_gives_the_zero(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a department all hours are told: what the others leave would say that one kind of employer has nobody."""
    codes = ["ACI", "EI", "ETTI", "GEIQ"]
    rows = pd.DataFrame({"edition": 2025, "territoire": "59", "axe": "employeur", "modalite": codes, "champ": True})
    hours = pd.Series([0.0, 900.0, 8000.0, 4000.0])
    rows = rows.assign(heures=hours, part_heures=hours / hours.sum(), beneficiaires=[0, 20, 90, 40])
    rows = rows.assign(contrats=[0, 20, 95, 44], **SAFE).assign(_sensible=True)
    rows["_personnes"] = rows["beneficiaires"]
    whole = [("heures_realisees", hours.sum()), ("beneficiaires", 150.0), ("contrats_travail", 159.0)]
    told = measured(*((2025, "59", name, "ensemble", float(value)) for name, value in whole))
    tables = {INDICATORS: told.assign(valeur_min=float("nan"), valeur_max=float("nan")), BREAKDOWN: rows}
    out = stage.protect(tables, WORLD, {})[BREAKDOWN].set_index("modalite")
    assert out.index[out["heures"].isna()].tolist() == ["ACI", "EI"] and out.loc["ACI", "secret"] == reasons()["heures"]
    assert "zéros" not in capsys.readouterr().err
    # Where nothing else can be hidden the zero is still, and that it follows from the rest is said.
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    out = stage.protect(tables, WORLD, {})[BREAKDOWN].set_index("modalite")
    assert out.index[out["heures"].isna()].tolist() == ["ACI"]
    assert "zéros cachés qui se déduisent : 3." in capsys.readouterr().err


def test_an_open_row_without_a_number_tells_nothing() -> None:
    """A published figure of another scope has its row, and nothing computed beside it."""
    rows = hours()
    line = {"edition": 2025, "territoire": "80", "indicateur": "heures_realisees", "modalite": "ensemble"}
    empty = dict.fromkeys(["recalcule", "ecart", "ecart_relatif", "part_region"], float("nan"))
    beside = pd.DataFrame(
        [{**line, **empty, "verdict": "autre champ", "explication": "", **SAFE, "_controle": "ouvert"}]
    )
    out = stage.protect({INDICATORS: rows, "consolidation.reconciliation": beside}, WORLD, {})[INDICATORS]
    out = shown({INDICATORS: out})
    assert out.isna().to_dict() == {"32": False, "59": False, "62": False, "80": True, "02": True}


HOSTS, SEATS = "facilitators.structures", "facilitators.departements"


def facilitators(*etp: float, alone: int = 1) -> dict[str, pd.DataFrame]:
    """Structures of one person each in one department; the first `alone` gave no agreement."""
    hosts = pd.DataFrame({"structure_id": [f"S{n}" for n in range(len(etp))], "etp": etp, "personnes": 1})
    hosts = hosts.assign(jour=pd.Timestamp(2025, 12, 31), departement="59", nature_porteuse="PLIE", nom="x")
    hosts["_personnes_sans_accord"] = (hosts.index < alone).astype("int64")
    hosts["_controle"] = hosts["_personnes_sans_accord"].map({1: "porteurs", 0: "ouvert"})
    seats = hosts.groupby(["jour", "departement"], as_index=False).agg(
        structures=("etp", "size"), personnes=("personnes", "sum"), etp=("etp", "sum")
    )
    return {HOSTS: hosts, SEATS: seats.assign(_personnes_sans_accord=0)}


def hidden_hosts(out: dict[str, pd.DataFrame]) -> list[str]:
    return out[HOSTS].loc[out[HOSTS]["etp"].isna(), "structure_id"].tolist()


def test_the_time_of_one_person_is_hidden_and_that_there_is_one_is_not() -> None:
    out = stage.protect(facilitators(0.5, 0.5, 0.6, 0.9), WORLD, {})
    assert out[HOSTS]["personnes"].tolist() == [1, 1, 1, 1]
    assert hidden_hosts(out) == ["S0"] and exact(out[SEATS], "etp").isna().all(), (
        "others are told elsewhere: their sum is not"
    )


def test_two_hidden_structures_know_each_other_and_the_gate_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "suppressed_inside", lambda *_: set())
    with pytest.raises(DataError, match="etp_facilitateurs/2025-12-31/structure=S0"):
        stage.protect(facilitators(0.5, 0.5, 0.6, 0.9, alone=2), WORLD, {})


def test_a_person_gives_one_etp_at_most_and_the_reader_knows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three whole times are no secret when their sum is three."""
    tables = facilitators(1.0, 1.0, 1.0, 0.5, alone=3)
    seats = stage.protect(tables, WORLD, {})[SEATS]
    # About 4 to the unit would be 3.5 at least, and the three 1 each.
    assert seats[["etp", "etp_arrondi"]].to_numpy().tolist() == [[4, 2]]
    assert stage.protect(facilitators(0.5, 0.5, 0.5, 0.5, alone=3), WORLD, {})[SEATS]["etp"].notna().all()
    monkeypatch.setattr(decide, "suppressed", lambda *_: set())
    monkeypatch.setattr(decide, "suppressed_inside", lambda *_: set())
    with pytest.raises(DataError, match="etp_facilitateurs/2025-12-31/structure=S0"):
        stage.protect(tables, WORLD, {})


def test_few_persons_of_a_rank_are_not_all_persons_less_those_of_the_other_ranks() -> None:
    counts = {(1, "durable"): 800, (1, "aucune"): 700, (1, "retour"): 538, (2, "durable"): 200, (2, "aucune"): 180,
              (2, "retour"): 158, (3, "durable"): 90, (3, "aucune"): 8, (3, "retour"): 60}  # fmt: skip
    last = {issue: sum(n for (_, name), n in counts.items() if name == issue) for issue in ("durable", "aucune")}
    counts |= {(0, issue): n for issue, n in last.items()}
    rows = pd.DataFrame([(*key, n, n) for key, n in counts.items()], columns=["rang", "issue", "personnes", "sejours"])
    rows = rows.assign(part=rows["sejours"] / rows.groupby("rang")["sejours"].transform("sum"))
    nothing = dict.fromkeys(published("consolidation")["parcours"].metadata["values"], float("nan"))
    rows = rows.assign(_personnes=rows["personnes"], **{name: nan for name, nan in nothing.items() if name not in rows})
    out = stage.protect({"consolidation.parcours": rows}, WORLD, {})["consolidation.parcours"]
    hidden = out[out["personnes"].isna()].groupby("issue")["rang"].agg(set)
    assert 3 in hidden["aucune"] and len(hidden["aucune"]) > 1


def test_how_much_is_hidden_is_counted_in_rows_and_in_hours() -> None:
    row = stage.protect({INDICATORS: hours()}, WORLD, {})[stage.SUMMARY].iloc[0]
    assert (row["lignes"], row["cachees"], row["arrondies"]) == (5, 1, 1)
    assert pd.isna(row["part_heures"]), "the share of one row would give it"
    whole = stage.protect({INDICATORS: hours(few=())}, WORLD, {})[stage.SUMMARY].iloc[0]
    assert whole["part_heures"] == 0


@pytest.mark.parametrize(
    ("hidden", "share"), [((120, 100, 30), 0.03), ((120, 100, 20), None), ((120, 100), None), ((0, 0, 0, 0), None)]
)
def test_a_share_of_hours_is_told_where_it_gives_those_of_no_row(hidden: tuple[int, ...], share: float | None) -> None:
    frame = pd.DataFrame({"heures": [*hidden, 10_000 - sum(hidden)]})
    gone = pd.DataFrame({"table": BREAKDOWN, "ligne": range(len(hidden))})
    told = summary({BREAKDOWN: frame}, gone, gone.iloc[:0])["part_heures"].iloc[0]
    assert told == share if share else pd.isna(told)


def test_a_sum_of_squares_does_not_solve_two_hidden_cells() -> None:
    """The inverse of the sum of squared shares and the sum of two hidden parts are two equations of two unknowns."""
    parts = [400.0, 300.0, 200.0, 60.0, 40.0]
    number = sum(parts) ** 2 / sum(part**2 for part in parts)
    row = {"edition": 2025, "territoire": "32", "objet": "segments", "nombre": 5, "nombre_effectif": number}
    table = pd.DataFrame({**row, **SAFE}, index=[0])
    told = stage.protect({"consolidation.diversification": table}, WORLD, {})["consolidation.diversification"]
    effective = told["nombre_effectif"].iloc[0]
    assert effective == 3
    least, most = (sum(parts) ** 2 / (effective + side) - sum(part**2 for part in parts[:3]) for side in (0.5, -0.5))
    assert least < 50**2 + 50**2 and most > 100**2, "from two equal parts to a single one"


def test_a_count_of_segments_does_not_say_how_many_hidden_ones_have_hours() -> None:
    """Three segments of which one is hidden: three that have hours would say that it does."""
    counted = {"edition": 2025, "territoire": ["59", "62", "59"], "objet": ["segments", "segments", "employeurs"]}
    table = pd.DataFrame({**counted, "nombre": 3, "nombre_effectif": 2.0}).assign(**SAFE)
    rows = pd.DataFrame({"modalite": ["A", "B", "C"] * 2, "territoire": ["59"] * 3 + ["62"] * 3, "heures": 900.0})
    rows = rows.assign(edition=2025, axe="segment", champ=True, part_heures=None, beneficiaires=None, contrats=None)
    rows = rows.assign(**SAFE | {"_personnes": [3, 50, 50, 50, 50, 50]})
    out = stage.protect({"consolidation.diversification": table, BREAKDOWN: rows}, WORLD, {})
    assert out[BREAKDOWN]["heures"].isna().tolist() == [True] + [False] * 5
    told = out["consolidation.diversification"]
    assert told["nombre"].isna().tolist() == [True, False, False] and told["nombre_effectif"].eq(2).all()


def test_a_quartile_keeps_the_digits_that_hide_which_structure_it_is_of() -> None:
    rows = pd.DataFrame({"indicateur": ["heures_par_etp", "epci_par_etp"], "q1": [61326.03, 2.5]})
    rows = rows.assign(nature_porteuse="ensemble", structures=12, mediane=rows["q1"], q3=rows["q1"], part_plausible=0.5)
    rows = rows.assign(au_dessous=1, au_dessus=2)
    told = stage.protect({"facilitators.ratios": rows.assign(_structures=12)}, WORLD, {})["facilitators.ratios"]
    assert told["q1"].tolist() == [61000, 3]


def test_a_persons_key_in_a_result_table_stops_the_stage() -> None:
    with pytest.raises(ValueError, match="ben_id"):
        stage.protect({INDICATORS: hours().assign(ben_id="x")}, WORLD, {})


def test_a_total_that_only_another_cell_hides_is_told_rounded() -> None:
    out = stage.protect({INDICATORS: hours()}, WORLD, {})[INDICATORS].set_index("territoire")
    assert out.loc["02", ["valeur", "valeur_arrondi", "secret"]].tolist() == [900, 50, ""]
    assert out.loc["80", ["valeur", "valeur_arrondi"]].isna().all(), "what a rule hides is not told at all"


@pytest.mark.parametrize("seed", range(12))
def test_what_is_told_rounded_leaves_the_hidden_part_as_uncertain_as_its_rule_asks(seed: int) -> None:
    """By hand: the hidden part is the region's hours less the others', each between the ends of its rounding."""
    draw = np.random.default_rng(seed)
    parts = {place: float(draw.integers(30, 3000)) for place in PLACES}
    table = hours(**parts)
    out = stage.protect({INDICATORS: table}, WORLD, {})[INDICATORS].set_index("territoire")
    units = out["valeur_arrondi"].fillna(0.0) if "valeur_arrondi" in out else pd.Series(0.0, index=out.index)
    others = out.loc[["59", "62", "02"], "valeur"]
    half = float(units[others.index].sum()) / 2
    if others.notna().all() and out.loc["32", "secret"] == "":
        middle = float(out.loc["32", "valeur"] - others.sum())
        assert middle - half <= parts["80"] - 0.18 * parts["80"] and middle + half >= parts["80"] + 0.18 * parts["80"]
    for place in units.index[units > 0]:
        told = out.loc[place, "valeur"]
        true = table.set_index("territoire").loc[place, "valeur"]
        assert abs(told - true) <= units[place] / 2 <= 0.25 * told


def test_rounding_to_less_than_is_safe_would_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate reads rounded numbers itself: Aisne to the nearest ten hours leaves Somme within five."""
    near = {"table": INDICATORS, "ligne": 4, "colonne": "valeur", "valeur": 900.0, "arrondi": 10.0}
    monkeypatch.setattr(stage, "rounded", lambda *_, **__: pd.DataFrame([near]))
    with pytest.raises(DataError, match="heures/2025/80/ensemble"):
        stage.protect({INDICATORS: hours()}, WORLD, {})


def test_a_rounded_number_of_an_earlier_release_counts_while_it_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """Aisne is hidden today; that a release told it to the nearest ten hours gives Somme away all the same."""
    monkeypatch.setattr(stage, "rounded", lambda *_, **__: pd.DataFrame(columns=["table", "ligne", "colonne"]))
    before = hours().assign(valeur_arrondi=float("nan"), secret="").query("territoire == '02'")
    for value, unit, held in ((900.0, 10.0, 1), (905.0, 10.0, 1), (910.0, 10.0, 0)):
        said = told(before.assign(valeur=value, valeur_arrondi=unit))
        known = links({INDICATORS: hours()}, WORLD)
        assert len(still_true(known, {"bilan": said})[1]) == held
