"""Quality problems put into the exports, each remembered with where it is and what was true.

Nothing here changes the calibrated year: rates marked `en_2016 = non` spare it, the others touch only
what no figure of it counts. Rates: `salete_exports.csv`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.core import reference
from analysis.demo.exports import Exports, is_repeated
from analysis.demo.identifiers import wrong_key
from analysis.demo.knowledge import CALIBRATED, Draw, Ints, mappings, table

COLUMNS = ["genre", "table", "ligne_table", "colonne", "valeur_vraie", "valeur_ecrite"]

Texts = dict[tuple[str, str], dict[int, str]]  # (table, column) -> row -> what is written instead


class ExportDirt:
    """Spoils the exports. `cells` holds what is written instead of the true value, by row of each table;
    rows added or removed change the tables themselves."""

    def __init__(self, seed: int, exports: Exports) -> None:
        self._draw = Draw(seed, "salete exports")
        self._tables = exports.tables
        self._rates = table("salete_exports").set_index("genre")
        self.cells: Texts = {}
        self._errors: list[tuple[str, str, int, str, str, str]] = []
        self.removed: list[tuple[str, str, int, str, str]] = []

    @property
    def errors(self) -> pd.DataFrame:
        """One row per spoilt cell: genre, table, ligne_table (row of the table), colonne, true and written value."""
        return pd.DataFrame(self._errors, columns=COLUMNS)

    def apply(self) -> None:
        """All kinds of dirt, in a fixed order."""
        self._remove_places()
        self._older_hours()
        communes = reference.table("territoire/anciens_codes")
        former = communes.drop_duplicates("code_insee").set_index("code_insee")["ancien_code"].to_dict()
        self._write("commune_ancienne", lambda v: former[v], able=lambda rows: rows["commune_insee"].isin(list(former)))
        self._write(
            "commune_inconnue", lambda v: f"{v[:2]}9{v[3:]}", able=lambda rows: ~rows["commune_insee"].isin(former)
        )
        self._write("naissance_absente", lambda v: "")
        self._hours()
        self._write("mecanisme_inconnu", lambda v: "Article 17 ter")
        self._write("contrat_type_inconnu", lambda v: "CUI-CIE", able=lambda rows: ~is_repeated(rows))
        self._write("sortie_inconnue", lambda v: "Déménagement")
        self._write("siret_entreprise_faux", wrong_key, able=lambda rows: ~is_repeated(rows))
        self._write("siret_employeur_faux", wrong_key, able=lambda rows: ~is_repeated(rows))
        self._write("siret_acheteur_faux", wrong_key)
        several = self._tables["territoires"].groupby(["structure_id", "annee", "op_id"])["part"].transform("size") > 1
        self._write("parts_incompletes", lambda v: "0,1", able=lambda rows: several)
        self._write("epci_inconnu", lambda v: "999999999", able=lambda rows: ~several)
        self._write("millesime_absent", lambda v: "", able=lambda rows: rows["qpv_millesime"] != "")
        self._off_dates()
        self._write(
            "iae_hors_type",
            lambda v: "CDDI",
            able=lambda rows: rows["employeur_kind"].isin(["DIRECT", "ETT"]) & ~is_repeated(rows),
            spelled=True,
        )

    # --- tools ---------------------------------------------------------------------------------

    def _pick(self, genre: str, able: Callable[[pd.DataFrame], pd.Series] | None = None) -> Ints:
        """Rows of the kind's table, at its rate, the calibrated year spared unless the kind is harmless."""
        rate = self._rates.loc[genre]
        rows = self._tables[rate["table"]]
        good = np.ones(len(rows), dtype=bool) if able is None else np.array(able(rows), dtype=bool)
        if rate["en_2016"] == "non":
            good &= (rows["annee"] != CALIBRATED).to_numpy()
        candidates = np.flatnonzero(good)
        count = min(len(candidates), max(3, round(float(rate["taux"]) * len(rows))))
        if genre in {"parts_incompletes", "millesime_absent"}:
            count = max(3, round(float(rate["taux"]) * len(candidates)))
        return np.sort(candidates[self._draw.subset(len(candidates), count)])

    def _put(self, genre: str, row: int, column: str, true: object, written: str) -> None:
        name = self._rates.loc[genre, "table"]
        if row in self.cells.get((name, column), {}):
            return
        self.cells.setdefault((name, column), {})[row] = written
        self._errors.append((genre, name, row, column, str(true), written))

    def _write(
        self,
        genre: str,
        change: Callable[[str], str],
        able: Callable[[pd.DataFrame], pd.Series] | None = None,
        spelled: bool = False,
    ) -> None:
        """Write something else in one column of some rows; `spelled`: as the structure's layout spells codes."""
        name, column = self._rates.loc[genre, ["table", "colonne"]]
        rows = self._tables[name]
        for row in self._pick(genre, able).tolist():
            true = rows[column].iloc[row]
            if isinstance(true, pd.Timestamp):
                true = true.date().isoformat()
            written = change(str(true))
            if spelled:
                written = spelling(rows["mapping"].iloc[row], name, column, written)
            self._put(genre, row, column, true, written)

    # --- kinds that need more than another text ------------------------------------------------

    def _remove_places(self) -> None:
        """Operations whose places nobody wrote."""
        chosen = self._pick("parts_absentes")
        rows = self._tables["territoires"]
        key = ["structure_id", "annee", "op_id"]
        gone = pd.MultiIndex.from_frame(rows.iloc[chosen][key])
        lost = pd.MultiIndex.from_frame(rows[key]).isin(gone)
        self.removed = [
            ("parts_absentes", r.structure_id, r.annee, r.mapping, r.op_id)
            for r in rows[lost].drop_duplicates(key).itertuples()
        ]
        self._tables["territoires"] = rows[~lost].reset_index(drop=True)

    def _older_hours(self) -> None:
        """Whole sends that hold hours since the origin: earlier months as rows, or summed in December."""
        hours = self._tables["heures"]
        sends = hours[["structure_id", "annee", "mapping"]].drop_duplicates()
        sends = sends[(sends["annee"] != CALIBRATED) & (sends["annee"] > 2015)]
        wide = {name: found.tables["heures"].disposition == "large" for name, found in mappings().items()}
        count = max(4, round(float(self._rates.loc["heures_depuis_origine", "taux"]) * len(sends)))
        chosen = sends.iloc[np.sort(self._draw.subset(len(sends), count))]
        extra = []
        december: list[tuple[str, int]] = []
        for send in chosen.itertuples():
            mine = hours["structure_id"] == send.structure_id
            now = hours[mine & (hours["annee"] == send.annee)]
            before = hours[mine & (hours["annee"] < send.annee) & hours["ctr"].isin(now["ctr"])]
            before = before.drop_duplicates(["ctr", "mois", "nature_heures"])
            if wide[send.mapping]:
                december.append((send.structure_id, send.annee))
            else:
                extra.append(before.assign(annee=send.annee, ajoute=True))
        hours = pd.concat([hours.assign(ajoute=False), *extra], ignore_index=True)
        hours = hours.sort_values(
            ["structure_id", "annee", "ctr", "mois", "nature_heures"], ascending=[True] * 4 + [False], ignore_index=True
        )
        self._tables["heures"] = hours
        for row in np.flatnonzero(hours["ajoute"].to_numpy()).tolist():
            self._errors.append(("heures_depuis_origine", "heures", row, "mois", "", "mois d'une année antérieure"))
        for structure, year in december:
            mine = hours["structure_id"] == structure
            now = hours[mine & (hours["annee"] == year) & (hours["nature_heures"] == "TRAVAIL")]
            total = hours[mine & (hours["annee"] <= year)].groupby("ctr")["centi"].sum()
            last = now[now["mois"] % 12 == 11]
            for row, ctr, centi in zip(last.index, last["ctr"], last["centi"], strict=True):
                if total[ctr] > 2 * centi:
                    self._put("heures_depuis_origine", int(row), "heures", centi / 100, f"{total[ctr] / 100:.2f}")

    def _hours(self) -> None:
        """Thousands with a blank, negative or absurd hours, words, months of another year."""
        hours = self._tables["heures"]
        marks = hours["mapping"].map({name: found.decimale for name, found in mappings().items()})
        wide = hours["mapping"].map(
            {name: found.tables["heures"].disposition == "large" for name, found in mappings().items()}
        )
        for genre, form in (
            ("heures_milliers", "1 {0}{1}"),
            ("heures_negatives", "-{0}{1}"),
            ("heures_absurdes", "9{0}{1}"),
        ):
            for row in self._pick(genre, lambda rows: (rows["centi"] >= 1000) & ~rows["ajoute"]).tolist():
                centi = int(hours["centi"].iloc[row])
                whole, rest = f"{centi // 100:03d}", f"{marks.iloc[row]}{centi % 100:02d}"
                self._put(genre, row, "heures", centi / 100, form.format(whole, rest))
        for row in self._pick("heures_texte").tolist():
            self._put("heures_texte", row, "heures", hours["centi"].iloc[row] / 100, "à compléter")
        for row in self._pick("annee_hors_edition", lambda rows: ~wide & ~rows["ajoute"]).tolist():
            month = int(hours["mois"].iloc[row])
            true, written = (f"{y}-{month % 12 + 1:02d}" for y in (month // 12, month // 12 + 80))
            self._put("annee_hors_edition", row, "mois", true, written)

    def _off_dates(self) -> None:
        """Contracts that start months before their operation."""
        rows = self._tables["contrats"]
        forms = rows["mapping"].map({name: found.format_date for name, found in mappings().items()})
        for row in self._pick("dates_contrat_hors_operation", lambda rows: ~is_repeated(rows)).tolist():
            true = rows["date_debut"].iloc[row]
            earlier = (true - pd.DateOffset(months=40)).strftime(forms.iloc[row])
            self._put("dates_contrat_hors_operation", row, "date_debut", true.date().isoformat(), earlier)


def spelling(mapping: str, name: str, column: str, code: str) -> str:
    """How a layout spells a code (its first spelling), or the code itself."""
    spellings = mappings()[mapping].tables[name].valeurs.get(column, {})
    return next((text for text, meant in spellings.items() if meant == code), code)
