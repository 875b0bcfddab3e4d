"""What one ETP follows: ratios by structure, their spread by kind of host, and the orders of magnitude known."""

from __future__ import annotations

import pandas as pd

from analysis.core import reference
from analysis.core.reference import WHOLE

OUTSIDE = ["au_dessous", "au_dessus"]  # of the band
IN_FORCE = ["epci_par_etp", "habitants_par_etp"]  # of the day; the others are of the year


def by_structure(
    hosts: pd.DataFrame, areas: pd.DataFrame, exports: dict[str, pd.DataFrame], year: int, time: pd.Series
) -> pd.DataFrame:
    """structure_id, nature_porteuse, and a column per indicator of `facilitateurs/reperes`, for structures that have
    somebody in post, all of whose time is known, and sent their export of `year`, or declare what they follow: their
    hours are then missing. All mechanisms: who supports clauses follows them all. What is of the year is held against
    `time`, the mean ETP of the year by structure (`staff.time_of_year`), areas against that of the day. Not of a person
    alone without agreement: a quartile is the ratio of one structure or two, and who knows the inhabitants or the EPCI
    of each reads the time in it."""
    home = reference.epci().set_index("epci_siren")["population_region"]
    own = exports["operations"][exports["operations"]["annee"] == year].groupby("structure_id")
    hours = exports["heures"][exports["heures"]["annee"] == year].groupby("structure_id")["heures"].sum()
    told = (
        hosts["etp"].gt(0)
        & hosts["sans_etp"].eq(0)
        & ~hosts["est_seule"]
        & hosts["structure_id"].isin(time.index[time > 0])
    )
    rows = hosts[told].set_index("structure_id")
    sent = rows.index.isin(own.groups)
    rows = rows[sent | rows["operations_suivies"].notna()]
    declared = areas.drop_duplicates(["structure_id", "epci_siren"])
    buyers = own["maitre_ouvrage_siret"].nunique().reindex(rows.index)
    measures = {
        "heures_par_etp": hours.reindex(list(own.groups)).fillna(0.0),
        "operations_par_etp": own["op_id"].nunique().reindex(rows.index).fillna(rows["operations_suivies"]),
        "acheteurs_par_etp": buyers.fillna(rows["acheteurs_suivis"]),
        "epci_par_etp": declared.groupby("structure_id").size(),
        "habitants_par_etp": declared["epci_siren"].map(home).astype("float64").groupby(declared["structure_id"]).sum(),
    }
    etp = {name: rows["etp"] if name in IN_FORCE else time.reindex(rows.index) for name in measures}
    table = pd.DataFrame({name: values.reindex(rows.index) / etp[name] for name, values in measures.items()})
    return table.assign(nature_porteuse=rows["nature_porteuse"]).reset_index()


def spread(ratios: pd.DataFrame) -> pd.DataFrame:
    """nature_porteuse (or `ensemble`), indicateur, structures, q1, mediane, q3; of the structures,
    part_plausible (within the band of `facilitateurs/reperes`), au_dessous and au_dessus (how many are not), missing
    where there is none."""
    bands = reference.table("facilitateurs/reperes").set_index("indicateur")
    both = pd.concat([ratios, ratios.assign(nature_porteuse=WHOLE)], ignore_index=True)
    rows = []
    for host, own in both.groupby("nature_porteuse"):
        for name, band in bands.iterrows():
            values = own[str(name)].dropna()
            known = pd.notna(band["bas"])
            within = values.between(band["bas"], band["haut"]).mean() if known else float("nan")
            q1, middle, q3 = values.quantile([0.25, 0.5, 0.75])
            rows.append(
                {"nature_porteuse": host, "indicateur": name, "structures": len(values), "q1": q1, "mediane": middle,
                 "q3": q3, "part_plausible": within, "au_dessous": (values < band["bas"]).sum() if known else pd.NA,
                 "au_dessus": (values > band["haut"]).sum() if known else pd.NA, "_structures": len(values)}
            )  # fmt: skip
    names = ["nature_porteuse", "indicateur", "structures", "q1", "mediane", "q3", "part_plausible", *OUTSIDE]
    return pd.DataFrame(rows, columns=[*names, "_structures"]).astype(dict.fromkeys(OUTSIDE, "Int64"))
