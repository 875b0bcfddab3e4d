"""Staging to clean contracts, holders and modifications: Ibis expressions that any engine can run.

Each function takes and returns tables; who calls them decides what is computed when. `Rules` holds the
thresholds of `params.yaml` and the date up to which the data are observed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from analysis.sources.decp import values
from analysis.sources.decp.values import filled, plain

CONTRACT_COLUMNS = (
    "uid", "id", "acheteur_id", "acheteur_nom", "objet", "nature", "procedure", "techniques", "idAccordCadre",
    "lot", "codeCPV", "codeCPV_recu", "montant", "montant_recu", "montant_initial", "dureeMois",
    "dureeMois_recue", "dateNotification", "dateNotification_recue", "datePublicationDonnees", "annee",
    "annee_source", "lieu_code", "lieu_type", "lieu_code_recu", "lieu_type_recu", "lieu_nom", "epci_siren",
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
    """Bounds of what is believed: euros, months, days; `observed` is None when nothing says it."""

    first_date: dt.date
    observed: dt.date | None
    max_amount: float
    warn_amount: float
    max_months: int
    placeholders: tuple[float, ...]
    divisions: tuple[str, ...]

    @property
    def last_date(self) -> dt.date | None:
        return self.observed + dt.timedelta(days=1) if self.observed else None

    def date(self, text: ir.StringValue) -> ir.DateValue:
        return values.date(text, self.first_date, self.last_date)

    def amount(self, text: ir.StringValue) -> ir.FloatingValue:
        return values.amount(text, self.max_amount, list(self.placeholders))

    def duration(self, text: ir.StringValue) -> ir.IntegerValue:
        return values.duration(text, self.max_months)


def latest_publication(contracts: ir.Table, first_date: dt.date) -> ir.Scalar:
    """The last day on which a contract was published, absurd days before `first_date` left out."""
    return values.date(contracts.datePublicationDonnees, first_date, None).max()


def ordered_modifications(modifications: ir.Table, rules: Rules) -> ir.Table:
    """The modifications with their values read, and `ordre`: 1 for the first one applied to its contract.

    Their order is that of their dates (of notification, else of publication), then of their numbers, then of
    their content: the same whatever the order in which they were received.
    """
    m = modifications
    m = m.mutate(
        date=ibis.coalesce(rules.date(m.dateNotification), rules.date(m.datePublicationDonnees)),
        date_publication=rules.date(m.datePublicationDonnees),
        montant_lu=rules.amount(m.montant),
        duree_lue=rules.duration(m.dureeMois),
        numero_lu=values.number(m.numero),
    )
    order = [ibis.asc(m.date, nulls_first=True), ibis.asc(m.numero_lu, nulls_first=True), m.empreinte, m.rang]
    return m.mutate(ordre=ibis.row_number().over(group_by=m.doc, order_by=order) + 1)


def sorted_out(contracts: ir.Table, modifications: ir.Table, rules: Rules) -> ir.Table:
    """`doc, uid, regle` for each received record: why it is refused, null for the one kept of its contract.

    A contract is what shares a buyer and an identifier (`uid`). Of several records the last published is
    kept, counting the publication of its modifications; ties by number of modifications, date of
    notification, then content and place.
    """
    changes = modifications.group_by("doc").agg(
        changed=modifications.date_publication.max(), n_changes=modifications.count()
    )
    c = contracts.mutate(
        published=rules.date(contracts.datePublicationDonnees), notified=rules.date(contracts.dateNotification)
    )
    c = c.left_join(changes, "doc")
    buyer, identifier = c.acheteur_id.re_replace(r"\s", ""), c.id.strip()
    never = ibis.date("0001-01-01")
    c = c.mutate(
        uid=buyer + identifier,
        regle=ibis.cases(
            (c.concession, "decp_concession"),
            ((buyer == "") | (identifier == ""), "decp_enregistrement"),
            else_=ibis.null("string"),
        ),
        published=ibis.greatest(c.published.fill_null(never), c.changed.fill_null(never)),
        notified=c.notified.fill_null(never),
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


def current_holders(holders: ir.Table, modifications: ir.Table, kept: ir.Table) -> ir.Table:
    """The holders of each kept contract after its modifications, each once, in the order received."""
    changes = modifications.filter(modifications.n_titulaires > 0)
    last = changes.group_by("doc").agg(
        named_by=changes.rang.argmax(changes.ordre), depuis_modification=changes.ordre.max()
    )
    h = holders.join(kept.select("doc", "uid"), "doc").left_join(last, "doc").drop("doc_right")
    h = h.filter(h.modification == h.named_by.fill_null(0))
    h = h.mutate(
        titulaire_id=filled(h.id), titulaire_type=filled(h.type), titulaire_nom=filled(h.nom)
    )
    h = h.filter(h.titulaire_id.notnull() | h.titulaire_nom.notnull())
    once = h.group_by("uid", "titulaire_id", "titulaire_type", "titulaire_nom").agg(
        first=h.rang.min(), depuis_modification=h.depuis_modification.max().fill_null(0)
    )
    order = [once.first, once.titulaire_id, once.titulaire_nom, once.titulaire_type]
    return once.select(
        "uid",
        "titulaire_id",
        "titulaire_type",
        "titulaire_nom",
        "depuis_modification",
        rang=ibis.row_number().over(group_by="uid", order_by=order) + 1,
        siret_valide=_is_siret(once).ifelse(
            values.siret_is_valid(once.titulaire_id.fill_null("")), ibis.null("boolean")
        ),
    ).select(*HOLDER_COLUMNS)


def _is_siret(holders: ir.Table) -> ir.BooleanValue:
    """Whether the identifier says that it is a SIRET, or does not say what else it is."""
    return holders.titulaire_type.fill_null("SIRET").upper() == "SIRET"


def applied_modifications(modifications: ir.Table, kept: ir.Table) -> ir.Table:
    """The modifications of the kept contracts, in the order in which they apply."""
    m = modifications.join(kept.select("doc", "uid"), "doc")
    return m.select(
        "uid",
        "ordre",
        "date",
        numero_recu=filled(m.numero),
        date_recue=filled(m.dateNotification),
        datePublicationDonnees=m.date_publication,
        montant=m.montant_lu,
        montant_recu=filled(m.montant),
        dureeMois=m.duree_lue,
        dureeMois_recue=filled(m.dureeMois),
        n_titulaires=m.n_titulaires.fill_null(0),
        objet=filled(m.objet),
    ).select(*MODIFICATION_COLUMNS)


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
    met = {
        code: (codes.code == code).fill_null(False).any()
        for code in ("clause", "critere", "reserve", "aucune")
    }
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


def clean_contracts(
    contracts: ir.Table,
    kept: ir.Table,
    modifications: ir.Table,
    holders: ir.Table,
    places: ir.Table,
    states: ir.Table,
    rules: Rules,
) -> ir.Table:
    """One row per kept contract: `doc`, the columns of `CONTRACT_COLUMNS`, and what `checks` looks at.

    `montant` and `dureeMois` are those of the last modification that gives them, else as notified.
    """
    c = contracts.join(kept.select("doc", "uid", "identifiant"), "doc")
    c = c.left_join(_last_values(modifications), "doc").drop("doc_right")
    n_holders = holders.group_by("uid").agg(n_titulaires=holders.count())
    c = c.left_join(n_holders, "uid").drop("uid_right")
    c = c.left_join(places, "doc").drop("doc_right")
    c = c.rename(lieu_code_lu="lieu_code_right", lieu_type_lu="lieu_type_right")
    c = c.left_join(states, c.considerationsSociales == states.recu)
    c = c.mutate(
        notified=rules.date(c.dateNotification),
        published=rules.date(c.datePublicationDonnees),
        montant_initial=rules.amount(c.montant),
        duree_initiale=rules.duration(c.dureeMois),
        code=values.cpv(c.codeCPV, list(rules.divisions)),
        year_of_id=_leading_year(c.identifiant, rules),
    )
    numbering = (c.format == "2019").ifelse(
        c.identifiant.substr(0, ibis.greatest(c.identifiant.length() - 2, 0)), c.identifiant
    )
    source = ibis.cases(
        (c.notified.notnull(), "notification"),
        (c.published.notnull(), "publication"),
        (c.year_of_id.notnull(), "identifiant"),
        else_="inconnu",
    )
    return c.select(
        "doc",
        "uid",
        "epci_siren",
        "departement",
        "epci_methode",
        "format",
        "montant_initial",
        "lieu_trouve",
        "duree_initiale",
        id=c.identifiant,
        acheteur_id=c.acheteur_id.re_replace(r"\s", ""),
        acheteur_nom=filled(c.acheteur_nom),
        objet=filled(c.objet),
        nature=filled(c.nature),
        procedure=filled(c.procedure),
        techniques=filled(c.techniques),
        idAccordCadre=filled(c.idAccordCadre),
        lot=values.lot(c.objet.fill_null(""), numbering),
        codeCPV=c.code,
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
        offresRecues=values.count(c.offresRecues),
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


def _leading_year(identifier: ir.StringValue, rules: Rules) -> ir.IntegerValue:
    """The year an identifier begins with, as the 2019 format asks, between the bounds of believable dates."""
    year = identifier.re_extract(r"^(20\d\d)", 1).nullif("").cast("int64")
    last = rules.last_date.year if rules.last_date else 2100
    return year.between(rules.first_date.year, last).ifelse(year, ibis.null("int64"))
