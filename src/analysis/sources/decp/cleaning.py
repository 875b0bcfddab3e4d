"""Staging to clean contracts, holders and modifications: Ibis expressions that any engine can run.

Each function takes and returns tables; who calls them decides what is computed when. `Rules` holds the
thresholds of `params.yaml`. Dates are held against `dernier_jour`, the day after the observation.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from analysis.sources.decp import values
from analysis.sources.decp.values import filled, plain, trimmed

CONTRACT_COLUMNS = (
    "uid", "id", "acheteur_id", "acheteur_nom", "objet", "nature", "procedure", "techniques", "idAccordCadre",
    "lot", "codeCPV", "codeCPV_recu", "montant", "montant_recu", "montant_initial", "dureeMois",
    "dureeMois_recue", "duree_initiale", "dateNotification", "dateNotification_recue", "datePublicationDonnees",
    "annee", "annee_source", "lieu_code", "lieu_type", "lieu_code_recu", "lieu_type_recu", "lieu_nom", "epci_siren",
    "departement", "epci_methode", "statut_social", "statut_social_recu", "offresRecues", "n_titulaires",
    "n_modifications", "format", "source_fichier", "source_ligne",
)  # fmt: skip
HOLDER_COLUMNS = (
    "uid", "rang", "titulaire_id", "titulaire_type", "titulaire_nom", "siret_valide", "depuis_modification",
)  # fmt: skip
MODIFICATION_COLUMNS = (
    "uid", "ordre", "numero_recu", "date", "date_recue", "datePublicationDonnees", "montant", "montant_recu",
    "dureeMois", "dureeMois_recue", "n_titulaires", "objet",
)  # fmt: skip


@dataclass(frozen=True)
class Rules:
    """Bounds of what is believed: euros, months, days.

    Without `observed`, a file is observed until its own last publication; without any, there is no future.
    """

    first_date: dt.date
    observed: dt.date | None
    max_amount: float
    warn_amount: float
    low_amount: float
    max_months: int
    placeholders: tuple[float, ...]
    divisions: tuple[str, ...]

    def day(self, value: ir.DateValue, last: ir.DateValue) -> ir.DateValue:
        """The day if it lies between the first believable one and `last` where there is one (E10)."""
        kept = (value >= ibis.literal(self.first_date)) & (last.isnull() | (value <= last))
        return kept.ifelse(value, ibis.null("date"))

    def euros(self, value: ir.FloatingValue) -> ir.FloatingValue:
        """The amount if it is above zero, at most the ceiling, and does not stand for none (E9)."""
        kept = (value > 0) & (value <= self.max_amount) & value.notin(list(self.placeholders))
        return kept.ifelse(value, ibis.null("float64"))

    def months(self, value: ir.FloatingValue) -> ir.IntegerValue:
        """The duration in months, started ones counted whole, from 1 to the longest believable (E10)."""
        kept = (value > 0) & (value <= self.max_months)
        return kept.ifelse(value, ibis.null("float64")).ceil().cast("int64")


def read_values(contracts: ir.Table, rules: Rules) -> ir.Table:
    """`doc` and what the received text of a contract says, believable or not; null where it cannot be read.

    `dernier_jour` is the last day that a date of this record may have.
    """
    c = contracts
    read = c.select(
        "doc",
        "fichier",
        acheteur=c.acheteur_id.re_replace(r"\s", ""),
        notification=values.date(c.dateNotification),
        publication=values.date(c.datePublicationDonnees),
        euros=values.number(c.montant),
        mois=values.number(c.dureeMois),
        offres=values.number(c.offresRecues),
        cpv=values.cpv(c.codeCPV),
        identifiant=trimmed(c.id),
        objet="objet",
        format="format",
    )
    # Identifiers of the 2019 format end with two digits that number the modification.
    numbered = (read.format == "2019").ifelse(read.identifiant.re_replace("..$", ""), read.identifiant)
    read = read.mutate(lot=values.lot(read.objet, numbered)).drop("objet", "format")
    published = read.filter(read.publication >= ibis.literal(rules.first_date))
    last = published.group_by("fichier").agg(observe=published.publication.max())
    read = read.left_join(last, "fichier").drop("fichier_right")
    observed = read.observe if rules.observed is None else ibis.literal(rules.observed)
    return read.mutate(dernier_jour=observed + ibis.interval(days=1)).drop("observe", "fichier")


def read_modifications(modifications: ir.Table) -> ir.Table:
    """The staged modifications, and what their received text says, believable or not."""
    m = modifications
    return m.mutate(
        notification=values.date(m.dateNotification),
        publication=values.date(m.datePublicationDonnees),
        euros=values.number(m.montant),
        mois=values.number(m.dureeMois),
        rang_declare=values.number(m.numero),
    )


def ordered_modifications(read: ir.Table, contracts_read: ir.Table, rules: Rules) -> ir.Table:
    """The modifications with their believable values, and `ordre`: 1 for the first applied to its contract.

    Their order is that of their dates (of notification, else of publication), then of their numbers, then of
    their content: the same whatever the order in which they were received.
    """
    m = read.join(contracts_read.select("doc", "dernier_jour"), "doc")
    m = m.mutate(
        notifiee=rules.day(m.notification, m.dernier_jour),
        publiee=rules.day(m.publication, m.dernier_jour),
        montant_lu=rules.euros(m.euros),
        duree_lue=rules.months(m.mois),
    )
    m = m.mutate(date=ibis.coalesce(m.notifiee, m.publiee))
    order = [ibis.asc(m.date, nulls_first=True), ibis.asc(m.rang_declare, nulls_first=True), m.empreinte, m.rang]
    return m.mutate(ordre=ibis.row_number().over(group_by=m.doc, order_by=order) + 1)


def sorted_out(contracts: ir.Table, read: ir.Table, modifications: ir.Table, rules: Rules) -> ir.Table:
    """`doc, uid, regle` for each received record: why it is refused, null for the one kept of its contract.

    A contract is what shares a buyer and an identifier (`uid`). Of several records the last published is
    kept, counting the publication of its modifications; ties by number of modifications, date of
    notification, then content and place.
    """
    changes = modifications.group_by("doc").agg(changed=modifications.publiee.max(), n_changes=modifications.count())
    c = contracts.select("doc", "fichier", "ligne", "concession", "empreinte")
    c = c.join(read.select("doc", "acheteur", "identifiant", "notification", "publication", "dernier_jour"), "doc")
    c = c.left_join(changes, "doc").drop("doc_right")
    buyer, identifier = c.acheteur, c.identifiant
    never = ibis.date("0001-01-01")
    c = c.mutate(
        uid=buyer + identifier,
        regle=ibis.cases(
            (c.concession, "decp_concession"),
            ((buyer == "") | (identifier == ""), "decp_enregistrement"),
            else_=ibis.null("string"),
        ),
        published=ibis.greatest(rules.day(c.publication, c.dernier_jour).fill_null(never), c.changed.fill_null(never)),
        notified=rules.day(c.notification, c.dernier_jour).fill_null(never),
        n_changes=c.n_changes.fill_null(0),
    )
    newest_first = [
        ibis.desc(c.published),
        ibis.desc(c.n_changes),
        ibis.desc(c.notified),
        c.empreinte,
        c.doc,
    ]
    rank = ibis.row_number().over(group_by=[c.uid, c.regle], order_by=newest_first)
    regle = (c.regle.isnull() & (rank > 0)).ifelse("decp_doublon", c.regle)
    return c.select("doc", "uid", "fichier", "ligne", regle=regle, identifiant=identifier)


def named_holders(holders: ir.Table, modifications: ir.Table, kept: ir.Table) -> ir.Table:
    """Which received rows name the holders of each kept contract after its modifications, each holder once.

    `doc, modification, rang` say the row, `ordre` the place of the holder, from 1, in the order received, and
    `depuis_modification` the order of the modification that names it, 0 for the contract itself. Numbers only: texts
    are found again by `current_holders`.
    """
    changes = modifications.filter(modifications.n_titulaires > 0)
    last = changes.group_by("doc").agg(
        named_by=changes.rang.argmax(changes.ordre), depuis_modification=changes.ordre.max()
    )
    naming = kept.select("doc").left_join(last, "doc").drop("doc_right")
    h = holders.join(naming, "doc")
    h = h.filter(h.modification == h.named_by.fill_null(0))
    texts = {name: column.fill_null("") for name, column in _holder(h).items()}
    h = h.filter((texts["titulaire_id"] != "") | (texts["titulaire_nom"] != ""))
    h = h.select(
        "doc",
        "modification",
        "rang",
        depuis_modification=h.depuis_modification.fill_null(0),
        titulaire=ibis.literal("\x1f").join(list(texts.values())).hash(),
    )
    once = h.group_by("doc", "modification", "depuis_modification", "titulaire").agg(rang=h.rang.min())
    return once.mutate(ordre=ibis.row_number().over(group_by="doc", order_by=once.rang) + 1).drop("titulaire")


def _holder(h: ir.Table) -> dict[str, ir.StringValue]:
    """What a received row says of a holder."""
    return {"titulaire_id": h.id, "titulaire_type": h.type, "titulaire_nom": h.nom}


def current_holders(holders: ir.Table, named: ir.Table, kept: ir.Table, sirets: ir.Table) -> ir.Table:
    """The holders that `named_holders` found, with their texts.

    `siret_valide` is null where the identifier says that it is not a SIRET.
    """
    once = holders.join(named.rename(place="ordre"), ["doc", "modification", "rang"]).drop("rang").rename(rang="place")
    once = once.join(kept.select("doc", "uid"), "doc")
    once = once.mutate(**{name: filled(text) for name, text in _holder(once).items()})
    once = once.left_join(sirets.rename(titulaire_id="siret"), "titulaire_id")
    is_siret = once.titulaire_type.fill_null("SIRET").upper() == "SIRET"
    return once.mutate(siret_valide=is_siret.ifelse(once.valide.fill_null(False), ibis.null("boolean"))).select(
        *HOLDER_COLUMNS
    )


def applied_modifications(modifications: ir.Table, kept: ir.Table) -> ir.Table:
    """The modifications of the kept contracts, in the order in which they apply."""
    m = modifications.join(kept.select("doc", "uid"), "doc")
    return m.select(
        "uid",
        "ordre",
        "date",
        numero_recu=filled(m.numero),
        date_recue=filled(m.dateNotification),
        datePublicationDonnees=m.publiee,
        montant=m.montant_lu,
        montant_recu=filled(m.montant),
        dureeMois=m.duree_lue,
        dureeMois_recue=filled(m.dureeMois),
        n_titulaires=m.n_titulaires.fill_null(0),
        objet=filled(m.objet),
    ).select(*MODIFICATION_COLUMNS)


def identifiers(read: ir.Table, holders: ir.Table) -> ir.Table:
    """`siret`: every identifier of a buyer or a holder, as compared."""
    return read.select(siret="acheteur").union(holders.select(siret="id"))


def social_states(contracts: ir.Table, variants: ir.Table) -> ir.Table:
    """`recu, statut_social, mot_inconnu` for each distinct received text of the social considerations.

    Words are matched with `decp/variantes.csv`; several are read together: « aucune » beside another one
    is contradictory (domain rule E8), reserved stands alone or with others.
    """
    received = contracts.select(recu=contracts.considerationsSociales).distinct()
    received = received.filter(received.recu.notnull())
    words = received.mutate(mot=received.recu.re_split(r"[,;|]").unnest())
    words = words.mutate(mot=plain(words.mot))
    known = variants.filter(variants.champ == "consideration_sociale")
    known = known.select("variante", "comparaison", "code")
    same = words.mot == known.variante
    starts = (known.comparaison == "debut") & words.mot.startswith(known.variante)
    codes = words.left_join(known, same | starts)
    met = {code: (codes.code == code).fill_null(False).any() for code in ("clause", "critere", "reserve", "aucune")}
    s = codes.group_by("recu").agg(**met, mot_inconnu=(codes.code.isnull() & (codes.mot != "")).any())
    statut = ibis.cases(
        (s.aucune & (s.clause | s.critere | s.reserve), "contradictoire"),
        (s.reserve, "reserve"),
        (s.clause & s.critere, "critere_et_clause"),
        (s.clause, "clause"),
        (s.critere, "critere"),
        (s.aucune, "aucune"),
        else_="non_renseigne",
    )
    return s.select("recu", "mot_inconnu", statut_social=statut)


def decisions(
    *,
    kept: ir.Table,
    read: ir.Table,
    modifications: ir.Table,
    named: ir.Table,
    places: ir.Table,
    rules: Rules,
) -> ir.Table:
    """What is made of each kept contract, beside its received text: one narrow row per `doc`."""
    c = kept.select("doc").join(read, "doc")
    c = c.left_join(_last_values(modifications), "doc").drop("doc_right")
    c = c.left_join(named.group_by("doc").agg(n_titulaires=named.count()), "doc").drop("doc_right")
    c = c.join(places.rename(lieu_code_lu="lieu_code", lieu_type_lu="lieu_type"), "doc")
    c = c.mutate(
        notified=rules.day(c.notification, c.dernier_jour),
        published=rules.day(c.publication, c.dernier_jour),
        montant_initial=rules.euros(c.euros),
        duree_initiale=rules.months(c.mois),
        year_of_id=_leading_year(c.identifiant, c.dernier_jour, rules),
        cpv_lu=c.cpv.substr(0, 2).isin(list(rules.divisions)).ifelse(c.cpv, ibis.null("string")),
        offres_lues=c.offres.between(0, 1e6).ifelse(c.offres, ibis.null("float64")).cast("int64"),
    )
    return c.drop("notification", "publication", "mois", "cpv", "offres", "dernier_jour").rename(lot_lu="lot")


def clean_contracts(contracts: ir.Table, decided: ir.Table, states: ir.Table, sirets: ir.Table) -> ir.Table:
    """One row per kept contract: `doc`, the columns of `CONTRACT_COLUMNS`, and what `checks` looks at.

    `montant` and `dureeMois` are those of the last modification that gives them, else as notified.
    """
    c = contracts.join(decided, "doc")
    c = c.left_join(states, c.considerationsSociales == states.recu)
    c = c.left_join(sirets, c.acheteur == sirets.siret)
    source = ibis.cases(
        (c.notified.notnull(), "notification"),
        (c.published.notnull(), "publication"),
        (c.year_of_id.notnull(), "identifiant"),
        else_="inconnu",
    )
    return c.select(
        "doc",
        "epci_siren",
        "departement",
        "epci_methode",
        "format",
        "montant_initial",
        "lieu_trouve",
        "duree_initiale",
        "euros",
        uid=c.acheteur + c.identifiant,
        id=c.identifiant,
        acheteur_id=c.acheteur,
        siret_valide=c.valide.fill_null(False),
        acheteur_nom=filled(c.acheteur_nom),
        objet=filled(c.objet),
        nature=filled(c.nature),
        procedure=filled(c.procedure),
        techniques=filled(c.techniques),
        idAccordCadre=filled(c.idAccordCadre),
        lot=c.lot_lu,
        codeCPV=c.cpv_lu,
        codeCPV_recu=c.codeCPV,
        montant=ibis.coalesce(c.last_amount, c.montant_initial),
        montant_recu=c.montant,
        dureeMois=ibis.coalesce(c.last_months, c.duree_initiale),
        dureeMois_recue=c.dureeMois,
        dateNotification=c.notified,
        dateNotification_recue=c.dateNotification,
        datePublicationDonnees=c.published,
        datePublicationDonnees_recue=c.datePublicationDonnees,
        annee=ibis.coalesce(c.notified.year(), c.published.year(), c.year_of_id).cast("int64"),
        annee_source=source,
        lieu_code=c.lieu_code_lu,
        lieu_type=c.lieu_type_lu,
        lieu_code_recu=c.lieu_code,
        lieu_type_recu=c.lieu_type,
        lieu_nom=filled(c.lieu_nom),
        statut_social=c.statut_social.fill_null("non_renseigne"),
        statut_social_recu=c.considerationsSociales,
        mot_inconnu=c.mot_inconnu.fill_null(False),
        offresRecues=c.offres_lues,
        n_titulaires=c.n_titulaires.fill_null(0),
        n_modifications=c.n_modifications.fill_null(0),
        source_fichier=c.fichier,
        source_ligne=c.ligne,
    )


def contract_table(cleaned: ir.Table) -> ir.Table:
    """The published columns of `clean_contracts`, what was received empty as null."""
    received = {name: filled(cleaned[name]) for name in CONTRACT_COLUMNS if name.endswith(("_recu", "_recue"))}
    return cleaned.mutate(**received).select(*CONTRACT_COLUMNS)


def _last_values(modifications: ir.Table) -> ir.Table:
    m = modifications
    return m.group_by("doc").agg(
        last_amount=m.montant_lu.argmax(m.ordre, where=m.montant_lu.notnull()),
        last_months=m.duree_lue.argmax(m.ordre, where=m.duree_lue.notnull()),
        n_modifications=m.count(),
    )


def _leading_year(identifier: ir.StringValue, last_day: ir.DateValue, rules: Rules) -> ir.IntegerValue:
    """The year that an identifier begins with (the 2019 format asks so), from the first believable to the observed."""
    year = identifier.re_extract(r"^(20\d\d)", 1).try_cast("int64")
    observed = last_day - ibis.interval(days=1)
    kept = (year >= rules.first_date.year) & (last_day.isnull() | (year <= observed.year()))
    return kept.ifelse(year, ibis.null("int64"))
