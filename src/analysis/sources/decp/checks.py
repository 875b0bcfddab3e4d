"""What was wrong in the received records, one row per breach, as `analysis.core.quality_log` writes them.

Only kept contracts have their values checked; a refused record is one row that holds all of it.
"""

from __future__ import annotations

from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir

from analysis.core.quality_rules import COLUMNS
from analysis.sources.decp.cleaning import Rules


def breaches(
    *,
    kept: ir.Table,
    cleaned: ir.Table,
    holders: ir.Table,
    modifications: ir.Table,
    refused: ir.Table,
    rules: Rules,
    catalogue: ir.Table,
) -> ir.Table:
    """All breaches, in the order of `COLUMNS`, unsorted.

    `kept` are those of `cleaning.sorted_out`, `cleaned` comes from `clean_contracts`, `modifications` from
    `ordered_modifications`; `refused` holds fichier, ligne, regle, valeur, enregistrement; `catalogue` is `regles.csv`.
    """
    where = kept.select("doc", "uid", "fichier", "ligne")
    parts = [
        _of_contracts(cleaned, rules),
        *_of_modifications(modifications.join(where, "doc"), rules),
        _of_holders(holders.join(where.drop("doc"), "uid")),
        refused.select("fichier", "ligne", "regle", "valeur", "enregistrement", colonne=ibis.literal("")),
    ]
    found = ibis.union(*(part.select(*_PART) for part in parts))
    return _told(found, catalogue)


def refused_records(refused: ir.Table, records: ir.Table, lines: ir.Table) -> ir.Table:
    """The refused records and the unreadable `lines`, each with its rule and all that was received."""
    whole = refused.left_join(records, "doc").mutate(enregistrement=records.json.fill_null(""))
    broken = lines.select(
        "fichier",
        "ligne",
        regle=ibis.literal("decp_enregistrement"),
        valeur=ibis.literal(""),
        enregistrement="json",
    )
    return whole.select(*broken.columns).union(broken)


_PART = ("fichier", "ligne", "colonne", "valeur", "regle", "enregistrement")


def _part(
    rows: ir.Table, broken: ir.BooleanValue, rule: ir.StringValue | str, column: str, value: ir.Value
) -> ir.Table:
    return rows.filter(broken).select(
        "fichier",
        "ligne",
        colonne=ibis.literal(column),
        valeur=value.cast("string").fill_null(""),
        regle=rule if isinstance(rule, ir.Value) else ibis.literal(rule),
        enregistrement=ibis.literal(""),
    )


def _lost(received: ir.StringValue, value: ir.Value) -> ir.BooleanValue:
    """Whether the file has the column and the value could not be used; null means that it has not."""
    return received.notnull() & value.isnull()


def _amount_rule(euros: ir.FloatingValue, rules: Rules) -> ir.StringValue:
    placeholder = euros.isin(list(rules.placeholders)).fill_null(False)
    return placeholder.ifelse("montant_fictif", "montant_invalide")


def _of_contracts(c: ir.Table, rules: Rules) -> ir.Table:
    """Told in one reading of the contracts, which are many and wide: a list a row, then a row for each of the list."""
    checks = _checks(c, rules)
    told = [
        broken.ifelse(ibis.struct({"colonne": column, "valeur": value.fill_null(""), "regle": rule}), ibis.null())
        for broken, rule, column, value in checks
    ]
    wrong = c.filter(reduce(or_, (broken.fill_null(False) for broken, *_ in checks)))
    wrong = wrong.select(
        fichier="source_fichier", ligne="source_ligne", faute=ibis.array(told).filter(lambda x: x.notnull()).unnest()
    )
    return wrong.unpack("faute").mutate(enregistrement=ibis.literal(""))


def _checks(c: ir.Table, rules: Rules) -> list[tuple[ir.BooleanValue, ir.StringValue | str, str, ir.StringValue]]:
    """Of contracts: what is wrong, by which rule, in which column, and what it holds."""
    date, amount, months, cpv = c.dateNotification_recue, c.montant_recu, c.dureeMois_recue, c.codeCPV_recu
    # Old files have no date of publication: only a wrong one is told.
    published = c.datePublicationDonnees_recue.nullif("")
    place, state = c.lieu_code_recu, c.statut_social_recu
    return [
        (_lost(date, c.dateNotification), "date_invalide", "dateNotification", date),
        (_lost(published, c.datePublicationDonnees), "date_invalide", "datePublicationDonnees", published),
        (_lost(amount, c.montant_initial), _amount_rule(c.euros, rules), "montant", amount),
        (c.montant_initial > rules.warn_amount, "montant_eleve", "montant", amount),
        (c.montant_initial < rules.low_amount, "montant_faible", "montant", amount),
        (_lost(months, c.duree_initiale), "duree_invalide", "dureeMois", months),
        (_lost(cpv, c.codeCPV), "cpv_invalide", "codeCPV", cpv),
        (~c.siret_valide, "siret_acheteur", "acheteur.id", c.acheteur_id),
        (place.notnull() & ~c.lieu_trouve, "lieu_inconnu", "lieuExecution.code", place),
        (c.statut_social == "contradictoire", "statut_contradictoire", "considerationsSociales", state),
        (c.mot_inconnu, "statut_inconnu", "considerationsSociales", state),
    ]


def _of_modifications(m: ir.Table, rules: Rules) -> list[ir.Table]:
    """A modification says only what it changes: what it leaves empty is not a breach."""
    date, published = m.dateNotification.nullif(""), m.datePublicationDonnees.nullif("")
    amount, months = m.montant.nullif(""), m.dureeMois.nullif("")
    return [
        _part(m, _lost(date, m.notifiee), "date_invalide", "modifications.dateNotification", date),
        _part(m, _lost(published, m.publiee), "date_invalide", "modifications.datePublicationDonnees", published),
        _part(m, _lost(amount, m.montant_lu), _amount_rule(m.euros, rules), "modifications.montant", amount),
        _part(m, m.montant_lu > rules.warn_amount, "montant_eleve", "modifications.montant", amount),
        _part(m, _lost(months, m.duree_lue), "duree_invalide", "modifications.dureeMois", months),
    ]


def _of_holders(h: ir.Table) -> ir.Table:
    wrong = (~h.siret_valide).fill_null(False)
    return _part(h, wrong, "siret_titulaire", "titulaires.id", h.titulaire_id)


def _told(found: ir.Table, catalogue: ir.Table) -> ir.Table:
    """Add severity and sentence (the same as `analysis.core.quality_log.sentence`)."""
    t = found.join(catalogue.select("regle", "gravite", "attendu"), "regle")
    line = (", ligne " + t.ligne.cast("string")).fill_null("")
    column = (t.colonne == "").ifelse("", ", colonne « " + t.colonne + " »")
    got = (t.valeur == "").ifelse("vide", "« " + t.valeur + " »")
    message = t.fichier + line + column + " : " + got + " ; attendu : " + t.attendu + "."
    return t.mutate(source=ibis.literal("decp"), message=message).select(*COLUMNS)
