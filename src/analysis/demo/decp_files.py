"""The contracts as open data: 2019-format JSON to 2023, 2022-format (schema 2.0.4) from 2024; then their dirt.

Each file is written record by record, one to a line. Real files' quirks and their rates: `salete_decp.csv`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from analysis.core import reference
from analysis.demo.identifiers import wrong_key
from analysis.demo.knowledge import Draw, segments, setting, table
from analysis.demo.places import Territory
from analysis.demo.procurement import Contract, Procurement
from analysis.demo.wording import Wording

NEW_FORMAT = 2024  # the first year of the 2022 format
AIFE = "data.gouv.fr_aife"  # the State's platform, which spoils its own way
NONE_DECLARED = "Pas de considération sociale"
SOCIAL = {
    "clause": ["Clause sociale"],
    "critere": ["Critère social"],
    "critere_et_clause": ["Clause sociale", "Critère social"],
    "reserve": ["Marché réservé"],
    "aucune": [NONE_DECLARED],
}
CCAG = {
    "travaux": "Travaux",
    "services": "Fournitures courantes et services",
    "fournitures": "Fournitures courantes et services",
}
CCAG_OF = {
    "PRESTATIONS_INTELLECTUELLES": "Prestations intellectuelles",
    "INFORMATIQUE": "Techniques de l'information et de la communication",
}

Record = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """One true contract as it stands in a file: its position in `Procurement`, its id, uid as written."""

    contract: int
    uid: str


class DecpWriter:
    """Turns contracts into records of one format and spoils them; `published` and `errors` fill up as it goes."""

    def __init__(self, seed: int, market: Procurement, land: Territory) -> None:
        self.market, self.land = market, land
        self.draw, self.words = Draw(seed, "decp"), Wording(seed, "decp")
        buyers = market.buyers
        self.sirets, self.names = buyers["siret"].tolist(), buyers["nom"].tolist()
        self.state = (buyers["categorie"] == "ETAT").tolist()
        self.codes = land.communes["code_insee"].tolist()
        self.towns = land.communes["nom"].tolist()
        posts = reference.table("territoire/codes_postaux")
        self.posts = posts.groupby("code_insee")["code_postal"].apply(list).to_dict()
        self.known_posts = set(posts["code_postal"])
        former = reference.table("territoire/anciens_codes")
        self.former = former.drop_duplicates("code_insee").set_index("code_insee")["ancien_code"].to_dict()
        self.elsewhere = (
            reference.departments().query("code_region != '32' and zone == 'metro'")["code_departement"].tolist()
        )
        self.groups = segments()["groupe"].to_dict()
        self.ids: dict[int, str] = {}
        self.locals: dict[tuple[int, int], int] = {}
        self.published: list[Published] = []
        self.errors: list[tuple[str, int, str, str]] = []  # file, record, kind, uid
        self._cpv()
        forms = table("decp_modalites")
        self.choices = {name: (rows["valeur"].tolist(), rows["poids"]) for name, rows in forms.groupby("champ")}
        self.rates = table("salete_decp")

    # --- drawn in blocks -----------------------------------------------------------------------

    def _cpv(self) -> None:
        known = table("cpv")
        self.cpv = {name: (rows["code"].tolist(), rows["poids"]) for name, rows in known.groupby("segment")}
        self.cpv_keys = dict(zip(known["code"], known["cle"], strict=True))
        self.wrong = segments()["cpv_faux"].to_dict()

    def _draw_cpv(self, kinds: list[str]) -> list[str]:
        """The CPV the buyer chose: the segment's for about three in four, else another's, often of its group."""
        size = len(kinds)
        able = sorted(self.cpv)
        wrong = self.draw.chance([self.wrong[k] if k in self.cpv else 1.0 for k in kinds], size)
        near = self.draw.chance(setting("cpv", "meme_groupe"), size)
        seen = np.array(kinds, dtype=object)
        true = seen.copy()
        for kind in sorted(set(kinds)):
            for same in (True, False):
                here = np.flatnonzero((true == kind) & wrong & (near == same))
                others = [k for k in able if k != kind and (not same or self.groups[k] == self.groups[kind])]
                others = others or [k for k in able if k != kind]
                seen[here] = self.draw.choose(others, segments().loc[others, "decp"], len(here))
        out = np.empty(size, dtype=object)
        for kind in sorted(set(seen.tolist())):
            here = np.flatnonzero(seen == kind)
            out[here] = self.draw.choose(*self.cpv[kind], len(here))
        return out.tolist()

    def _choose(self, field: str, size: int) -> list[str]:
        return self.draw.choose(*self.choices[field], size).tolist()

    # --- a year --------------------------------------------------------------------------------

    def write_year(self, folder: Path, year: int) -> None:
        """Write one file of one year."""
        form = "2022" if year >= NEW_FORMAT else "2019"
        name = f"decp_{form}_{year}.json"
        rows = self.market.years[year]
        contracts = [self.market.contracts[n] for n in rows]
        sources = self._sources(contracts)
        shared = self.draw.chance(self._rate("id_partage", year), len(rows)).tolist()
        for n, contract, own in zip(rows, contracts, shared, strict=True):
            self.ids[n] = self._identifier(contract, year, own)
        own_numbers = [(k, "id_partage") for k, own in enumerate(shared) if own]
        records = (
            self._records_2019(contracts, rows, sources) if form == "2019" else self._records_2022(contracts, rows)
        )
        spoilt = Spoiler(self, form, year, sources).spoil(records, contracts)
        self.published += [Published(n, _uid(record)) for n, record in zip(rows, records, strict=True)]
        order = np.argsort([c.notified.toordinal() for c in contracts], kind="stable").tolist()
        placed = {n: k + 1 for k, n in enumerate(order)}
        repeated = self._repeated(records, year)
        self.errors += [(name, placed[n], kind, _uid(records[n])) for n, kind in [*own_numbers, *spoilt]]
        self.errors += [(name, len(rows) + k + 1, "doublon", _uid(r)) for k, r in enumerate(repeated)]
        concessions = self._concessions(records, contracts, form, year)
        lines = [orjson.dumps(records[n]) for n in order] + [orjson.dumps(record) for record in repeated]
        more = [orjson.dumps(record) for record in concessions]
        self.errors += [(name, k + 1, "concession", str(r["id"])) for k, r in enumerate(concessions)]
        with (folder / name).open("wb") as file:
            if form == "2019":
                file.write(b'{"marches":[\n')
                _write_lines(file, lines + more)
                file.write(b"\n]}\n")
            else:
                file.write(b'{"marches":{"marche":[\n')
                _write_lines(file, lines)
                file.write(b'\n],"contrat-concession":[\n')
                _write_lines(file, more)
                file.write(b"\n]}}\n")

    def _sources(self, contracts: list[Contract]) -> list[str]:
        """The platform of each contract: the State's buyers use its own."""
        drawn = self._choose("source_2019", len(contracts))
        return [AIFE if self.state[c.buyer] else s for c, s in zip(contracts, drawn, strict=True)]

    def _identifier(self, contract: Contract, year: int, own: bool) -> str:
        """Unique for one buyer; with its own numbers, ids of several buyers meet."""
        if own:
            rank = self.locals[contract.buyer, year] = self.locals.get((contract.buyer, year), 0) + 1
            return f"{year}{rank:03d}00"
        if year >= NEW_FORMAT:
            return f"{year}M{contract.consultation:05d}L{contract.lot:02d}"
        return f"{year}{contract.consultation:06d}{contract.lot:02d}00"

    def _rate(self, kind: str, year: int) -> float:
        form = 2022 if year >= NEW_FORMAT else 2019
        found = self.rates[(self.rates["genre"] == kind) & (self.rates["format"] == form)]
        return float(found["taux"].iloc[0]) if len(found) else 0.0

    # --- records -------------------------------------------------------------------------------

    def _places(self, contracts: list[Contract]) -> list[tuple[str, str, str]]:
        """Code, kind of code and name of each place, with the precision that buyers give."""
        kinds = self._choose("lieu", len(contracts))
        away = self.draw.chance(setting("hors_region", "part"), len(contracts))
        out = []
        for contract, kind, gone in zip(contracts, kinds, away.tolist(), strict=True):
            code, town = self.codes[contract.place], self.towns[contract.place]
            if gone:
                far = self.words.pick(self.elsewhere)
                out.append((far, "Code département", f"Département {far}"))
            elif kind == "Code commune":
                old = self.former.get(code)
                out.append((old if old and self.words.draw() < 0.3 else code, kind, town))
            elif kind == "Code postal":
                out.append((self.words.pick(self.posts.get(code, [f"{code[:2]}000"])), kind, town))
            elif kind == "Code département":
                out.append((code[:2], kind, f"Département {code[:2]}"))
            else:
                out.append(self._unknown_place(code, town))
        return out

    def _unknown_place(self, code: str, town: str) -> tuple[str, str, str]:
        """Post codes of mail sorting (CEDEX), codes of another kind than announced, a country."""
        chance = self.words.draw()
        if chance < 0.5:
            while (cedex := f"{code[:2]}{self.words.whole(1, 999):03d}") in self.known_posts:
                pass
            return cedex, "Code postal", f"{town.upper()} CEDEX"
        if chance < 0.7:
            return code, "Code postal", town.upper()
        if chance < 0.85:
            return code[:2], "Code postal", town.upper()
        return ("FR", "Code pays", "France") if chance < 0.93 else (f"{code[:2]}999", "Code commune", town)

    def _subject(self, contract: Contract, limit: int) -> str:
        subject = contract.subject
        if self.words.draw() < setting("prefixe_objet", "part"):
            subject = self.words.prefixed(subject, contract.notified.year)
        if self.words.draw() < setting("majuscules", "part"):
            subject = subject.upper()
        return subject[:limit]

    def _records_2019(self, contracts: list[Contract], rows: list[int], sources: list[str]) -> list[Record]:
        size = len(contracts)
        cpv = self._draw_cpv([c.segment for c in contracts])
        procedures, forms = self._choose("procedure_2019", size), self._choose("forme_2019", size)
        records = []
        for k, (n, c, place) in enumerate(zip(rows, contracts, self._places(contracts), strict=True)):
            nature = "Marché subséquent" if c.parent is not None else "Accord-cadre" if c.framework else "Marché"
            published = c.notified + dt.timedelta(self.words.whole(1, 40))
            records.append(
                {
                    "id": self.ids[n],
                    "source": sources[k],
                    "_type": "Marché",
                    "nature": nature,
                    "objet": self._subject(c, 256),
                    "codeCPV": cpv[k],
                    "procedure": procedures[k],
                    "acheteur": {"id": self.sirets[c.buyer], "nom": self.names[c.buyer]},
                    "lieuExecution": {"code": place[0], "typeCode": place[1], "nom": place[2]},
                    "dureeMois": c.months,
                    "dateNotification": c.notified.isoformat(),
                    "datePublicationDonnees": published.isoformat(),
                    "montant": _plain(c.amount),
                    "formePrix": forms[k],
                    "titulaires": [_holder_2019(holder) for holder in c.holders],
                    "modifications": [_change_2019(change) for change in c.changes],
                }
            )
        return records

    def _records_2022(self, contracts: list[Contract], rows: list[int]) -> list[Record]:
        size = len(contracts)
        cpv = self._draw_cpv([c.segment for c in contracts])
        names = ("procedure_2022", "forme_2022", "prix_2022")
        procedures, forms, prices = (self._choose(name, size) for name in names)
        green = self.draw.chance(setting("environnement", "clause"), size).tolist()
        declared = self._declared([c.status for c in contracts])
        records = []
        for k, (n, c, place) in enumerate(zip(rows, contracts, self._places(contracts), strict=True)):
            published = c.notified + dt.timedelta(self.words.whole(1, 60))
            advance = c.amount > 50_000 and self.words.draw() < 0.5
            record: Record = {
                "id": self.ids[n],
                "acheteur": {"id": self.sirets[c.buyer]},
                "nature": "Marché",
                "objet": self._subject(c, 1000),
                "codeCPV": cpv[k],
                "techniques": {"technique": ["Accord-cadre" if c.framework or c.parent is not None else "Sans objet"]},
                "modalitesExecution": {"modaliteExecution": [self._mode(c)]},
                "marcheInnovant": self.words.draw() < 0.01,
                "ccag": CCAG_OF.get(c.segment, CCAG[self.groups[c.segment]]),
                "offresRecues": self.words.whole(1, 6),
                "attributionAvance": advance,
                "typeGroupementOperateurs": "Pas de groupement"
                if len(c.holders) == 1
                else self.words.pick(["Conjoint", "Solidaire"]),
                "procedure": procedures[k],
                "lieuExecution": {"code": place[0], "typeCode": place[1]},
                "dureeMois": c.months,
                "dateNotification": c.notified.isoformat(),
                "datePublicationDonnees": published.isoformat(),
                "montant": _plain(c.amount),
                "typesPrix": {"typePrix": [prices[k]]},
                "formePrix": forms[k],
                "sousTraitanceDeclaree": self.words.draw() < 0.12,
                "titulaires": [_holder_2022(holder) for holder in c.holders],
                "considerationsSociales": {"considerationSociale": SOCIAL[declared[k]]},
                "considerationsEnvironnementales": {
                    "considerationEnvironnementale": [
                        "Clause environnementale" if green[k] else "Pas de considération environnementale"
                    ]
                },
            }
            if advance:
                record["tauxAvance"] = self.words.pick([0.05, 0.1, 0.2, 0.3])
            if c.parent is not None and c.parent in self.ids:
                record["idAccordCadre"] = self.ids[c.parent]
            if c.changes:
                record["modifications"] = [_change_2022(change, k + 1) for k, change in enumerate(c.changes)]
            records.append(record)
        return records

    def _mode(self, contract: Contract) -> str:
        if contract.framework:
            return self.words.pick(["Bons de commande", "Bons de commande", "Marchés subséquents"])
        return "Tranches" if self.words.draw() < 0.05 else "Sans objet"

    def _declared(self, statuses: list[str]) -> list[str]:
        """What buyers declare of each contract: some clauses are missed, some criteria called clauses."""
        says = {name: setting("declare", name) for name in self.choices["declare"][0]}
        out = []
        for status in statuses:
            chance = self.words.draw()
            if status in ("clause", "critere_et_clause"):
                steps: tuple[str, ...] = ("clause", "critere", "critere_et_clause")
                rates: tuple[str, ...] = ("clause_dite_clause", "clause_dite_critere", "clause_dite_clause_et_critere")
            elif status == "critere":
                steps, rates = ("clause", "critere"), ("critere_dit_clause", "critere_dit_critere")
            elif status == "reserve":
                steps, rates = ("reserve",), ("reserve_dit_reserve",)
            else:
                steps, rates = ("clause", "critere"), ("aucune_dite_clause", "aucune_dite_critere")
            said, total = "aucune", 0.0
            for step, rate in zip(steps, rates, strict=True):
                total += says[rate]
                if chance < total:
                    said = step
                    break
            if status == "critere_et_clause" and said == "clause" and self.words.draw() < 0.5:
                said = "critere_et_clause"
            out.append(said)
        return out

    def _repeated(self, records: list[Record], year: int) -> list[Record]:
        """Contracts published twice: the same, or republished later with another amount."""
        count = int(len(records) * self._rate("doublon", year))
        out = []
        for k in sorted(self.draw.subset(len(records), count).tolist()):
            copy = {**records[k]}
            if self.words.draw() < 0.5:
                later = dt.date(year, 12, 1) + dt.timedelta(self.words.whole(0, 90))
                copy["datePublicationDonnees"] = later.isoformat()
                if isinstance(copy["montant"], (int, float)) and self.words.draw() < 0.4:
                    copy["montant"] = _plain(round(float(copy["montant"]) * 1.05, 2))
            out.append(copy)
        return out

    def _concessions(self, records: list[Record], contracts: list[Contract], form: str, year: int) -> list[Record]:
        """Concession contracts, which are not contracts of this analysis."""
        count = int(len(records) * self._rate("concession", year))
        out = []
        for n, k in enumerate(sorted(self.draw.subset(len(records), count).tolist())):
            c = contracts[k]
            day = c.notified.isoformat()
            holders = [(_holder_2019 if form == "2019" else _holder_2022)(holder) for holder in c.holders[:1]]
            record: Record = {
                "id": f"{year}DSP{n:04d}00",
                "autoriteConcedante": {"id": self.sirets[c.buyer]},
                "nature": "Concession de service" if n % 3 else "Délégation de service public",
                "objet": f"Concession de service public : {c.subject}"[:256],
                "procedure": "Procédure négociée ouverte",
                "dureeMois": 12 * self.words.whole(3, 20),
                "dateSignature": day,
                "datePublicationDonnees": day,
                "dateDebutExecution": day,
                "valeurGlobale": _plain(round(c.amount * 4, 0)),
                "montantSubventionPublique": 0,
            }
            if form == "2019":
                record["autoriteConcedante"]["nom"] = self.names[c.buyer]
                record |= {
                    "_type": "Contrat de concession",
                    "source": "marches-publics.info",
                    "concessionnaires": holders,
                }
                record |= {"donneesExecution": [], "modifications": []}
            else:
                record["concessionnaires"] = [{"concessionnaire": holder["titulaire"]} for holder in holders]
                record["considerationsSociales"] = {"considerationSociale": [NONE_DECLARED]}
                record["considerationsEnvironnementales"] = {
                    "considerationEnvironnementale": ["Pas de considération environnementale"]
                }
            out.append(record)
        return out


def _write_lines(file: Any, lines: list[bytes]) -> None:
    for n, line in enumerate(lines):
        file.write(b",\n" + line if n else line)


def _uid(record: Record) -> str:
    """The identifier of a contract in the open data: the buyer's SIRET and the id, as written."""
    return f"{record['acheteur']['id']}{record['id']}"


def _social(record: Record) -> object:
    """The declared considerations of a record whose field has the schema's form."""
    field = record.get("considerationsSociales")
    return field["considerationSociale"] if isinstance(field, dict) else None


def _plain(amount: float) -> float | int:
    return int(amount) if float(amount).is_integer() else amount


def _holder_2019(holder: tuple[str, str]) -> Record:
    return {"typeIdentifiant": "SIRET", "id": holder[0], "denominationSociale": holder[1]}


def _holder_2022(holder: tuple[str, str]) -> Record:
    return {"titulaire": {"typeIdentifiant": "SIRET", "id": holder[0]}}


def _change_2019(change: dict) -> Record:
    out: Record = {
        "objetModification": "Modification en cours d'exécution",
        "dateNotificationModification": change["day"].isoformat(),
        "datePublicationDonneesModification": (change["day"] + dt.timedelta(20)).isoformat(),
    }
    if "amount" in change:
        out["montant"] = _plain(change["amount"])
    if "months" in change:
        out["dureeMois"] = change["months"]
    if "holders" in change:
        out["titulaires"] = [_holder_2019(holder) for holder in change["holders"]]
    return out


def _change_2022(change: dict, number: int) -> Record:
    out: Record = {
        "id": number,
        "dateNotificationModification": change["day"].isoformat(),
        "datePublicationDonneesModification": (change["day"] + dt.timedelta(20)).isoformat(),
    }
    if "amount" in change:
        out["montant"] = _plain(change["amount"])
    if "months" in change:
        out["dureeMois"] = change["months"]
    if "holders" in change:
        out["titulaires"] = [_holder_2022(holder) for holder in change["holders"]]
    return {"modification": out}


class Spoiler:
    """The dirt of one file: which records, and what is done to each."""

    def __init__(self, writer: DecpWriter, form: str, year: int, sources: list[str]) -> None:
        self.writer, self.words = writer, writer.words
        self.form, self.year, self.sources = form, year, np.array(sources, dtype=object)
        self.kinds: dict[str, Callable[[Record], None]] = {
            "siret_acheteur_luhn": self._buyer_key,
            "date_absente": self._no_date,
            "date_annee_0218": lambda r: self._date(r, f"0{r['dateNotification'][1:]}"),
            "date_1899": lambda r: self._date(r, "1899-12-31"),
            "date_future": lambda r: self._date(r, f"20{self.words.whole(46, 89)}{r['dateNotification'][4:]}"),
            "cpv_cle": lambda r: self._set(r, "codeCPV", f"{r['codeCPV']}-{writer.cpv_keys[r['codeCPV']]}"),
            "cpv_7_chiffres": lambda r: self._set(r, "codeCPV", r["codeCPV"][:7]),
            "cpv_invalide": lambda r: self._set(r, "codeCPV", self.words.pick(["", "00000000", "travaux", "99999999"])),
            "montant_nul": lambda r: self._set(r, "montant", self.words.pick([0, 0, 0, -1])),
            "montant_999999999": lambda r: self._set(r, "montant", 999999999),
            "montant_1e11": lambda r: self._set(r, "montant", self.words.pick([10**11, 10**14, 10**17])),
            "montant_eleve": lambda r: self._set(r, "montant", 10**8 * self.words.whole(2, 9)),
            "montant_texte": lambda r: self._set(r, "montant", str(r["montant"])),
            "montant_sous_seuil": lambda r: self._set(r, "montant", 800 + self.words.whole(0, 19000)),
            "duree_nulle": lambda r: self._set(r, "dureeMois", 0),
            "duree_absurde": lambda r: self._set(r, "dureeMois", self.words.pick([365, 999, 1461])),
            "titulaire_id_court": lambda r: self._holder(r, lambda i: i[:9]),
            "titulaire_luhn": lambda r: self._holder(r, wrong_key),
            "titulaire_absent": lambda r: self._set(r, "titulaires", []),
            "lieu_type_casse": self._place_case,
            "lieu_absent": lambda r: r.pop("lieuExecution", None) and None,
            "modification_meme_jour": self._same_day,
            "remplacement_fffd": self._replacement,
            **{f"social_{name}": self._social(name) for name in SOCIAL_DIRT},
        }

    def spoil(self, records: list[Record], contracts: list[Contract]) -> list[tuple[int, str]]:
        """Spoil records in place; returns which were, and how. Kinds apply in a fixed order."""
        rates = self.writer.rates
        rates = rates[rates["format"] == int(self.form)]
        done: list[tuple[int, str]] = []
        changed = np.array([bool(c.changes) for c in contracts])
        taken: dict[str, set[int]] = {}
        for kind in self.kinds:
            for _, rate in rates[rates["genre"] == kind].iterrows():
                if not self._in_force(rates[rates["genre"] == kind], rate):
                    continue
                able = np.ones(len(records), dtype=bool)
                if isinstance(rate["source_decp"], str):
                    able &= self.sources == rate["source_decp"]
                if kind == "modification_meme_jour":
                    able &= changed
                if kind == "social_sans_objet":
                    able &= np.array([_social(r) == [NONE_DECLARED] for r in records])
                hit = np.flatnonzero(able & self.writer.draw.chance(float(rate["taux"]), len(records)))
                busy = taken.setdefault(kind.partition("_")[0], set())
                for k in hit.tolist():
                    # One fault for a field is enough.
                    if k in busy:
                        continue
                    busy.add(k)
                    self.kinds[kind](records[k])
                    done.append((k, kind))
        return done

    def _in_force(self, same: pd.DataFrame, rate: pd.Series) -> bool:
        """Of the rates of one kind, the one whose last year comes first after this year."""
        later = same.loc[same["annee_fin"] >= self.year, "annee_fin"]
        return len(later) > 0 and rate["annee_fin"] == later.min()

    def _set(self, record: Record, key: str, value: object) -> None:
        record[key] = value

    def _date(self, record: Record, value: str) -> None:
        record["dateNotification"] = value

    def _no_date(self, record: Record) -> None:
        if self.form == "2019":
            del record["dateNotification"]
        else:
            record["dateNotification"] = ""

    def _buyer_key(self, record: Record) -> None:
        record["acheteur"] = {**record["acheteur"], "id": wrong_key(record["acheteur"]["id"])}

    def _holder(self, record: Record, change: Callable[[str], str]) -> None:
        for holder in record["titulaires"][:1]:
            inside = holder.get("titulaire", holder)
            inside["id"] = change(inside["id"])

    def _place_case(self, record: Record) -> None:
        place = record["lieuExecution"]
        place["typeCode"] = place["typeCode"].upper() if self.words.draw() < 0.4 else place["typeCode"].title()

    def _same_day(self, record: Record) -> None:
        """A modification dated the day of the notification."""
        first = record["modifications"][0]
        inside = first.get("modification", first)
        if record.get("dateNotification"):
            inside["dateNotificationModification"] = record["dateNotification"]

    def _replacement(self, record: Record) -> None:
        """Accents lost to the replacement character, as in the State platform's early files."""
        for holder, key in (
            (record, "objet"),
            (record["acheteur"], "nom"),
            *((h, "denominationSociale") for h in record["titulaires"]),
        ):
            holder[key] = "".join(letter if letter.isascii() else "\N{REPLACEMENT CHARACTER}" for letter in holder[key])

    def _social(self, name: str) -> Callable[[Record], None]:
        """A way of filling in the social field that the schema does not know."""

        def spoil(record: Record) -> None:
            declared = list(record["considerationsSociales"]["considerationSociale"])
            written = SOCIAL_DIRT[name](declared)
            if written is ABSENT:
                del record["considerationsSociales"]
            else:
                record["considerationsSociales"] = written

        return spoil


ABSENT = object()
SOCIAL_DIRT: dict[str, Callable[[list[str]], Any]] = {
    "chaine": ", ".join,
    "liste": lambda values: values,
    "absent": lambda values: ABSENT,
    "null": lambda values: None,
    "nc": lambda values: {"considerationSociale": ["NC"]},
    "mq": lambda values: "MQ",
    "cdl": lambda values: "CDL",
    "inx": lambda values: f"INX {', '.join(values)}",
    "sans_objet": lambda values: {"considerationSociale": ["Sans objet"]},
    "contradictoire": lambda values: {
        "considerationSociale": list(
            dict.fromkeys([*(values if values != [NONE_DECLARED] else ["Clause sociale"]), NONE_DECLARED])
        )
    },
}
