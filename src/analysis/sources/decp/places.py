"""Place of performance to intercommunalité, with the method used (`nomenclatures/epci_methodes.csv`).

Five digits may be a commune or a postcode, and the declared type is often the wrong one (62220 typed as a
commune is the postcode of Carvin; 62105 typed as a postcode is Calais Cedex, not the commune of that code):
the name of the place decides first, then the type. A postcode often covers several
intercommunalités: such ones are settled only by the name of the place, or by a buyer who is one of the communes
(or intercommunalités) of that postcode.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from analysis.sources.decp.values import plain

Reference = dict[str, ir.Table]


def covered_regions(reference: Reference) -> ir.Table:
    """`region_couverte`: the regions whose communes the reference tables hold."""
    departments, communes = reference["departements"], reference["communes"]
    covered = departments.semi_join(communes, departments.code_departement == communes.departement)
    return covered.select(region_couverte="code_region").distinct()


def place_types(contracts: ir.Table, variants: ir.Table) -> ir.Table:
    """`lieu_type_recu`, `lieu_type`: the code of `nomenclatures/types_lieu.csv` for each received type."""
    received = contracts.select(lieu_type_recu=contracts.lieu_type).distinct()
    known = variants.filter(variants.champ == "type_lieu").select("variante", "code")
    joined = received.mutate(variante=plain(received.lieu_type_recu)).left_join(known, "variante")
    return joined.select("lieu_type_recu", lieu_type=joined.code.fill_null("inconnu"))


def received(contracts: ir.Table, reference: Reference) -> ir.Table:
    """Each place as received, once, with all that decides where it is, and the lowest `doc` that gives it.

    Buyers give few places many times: a national file is looked up several times faster so.
    """
    given = _given(contracts, reference)
    return given.group_by("recu", *_GIVEN).agg(doc=given.doc.min())


def of_contracts(contracts: ir.Table, reference: Reference, places: ir.Table, found: ir.Table) -> ir.Table:
    """What `located` found for `places`, the table of `received`, for each contract."""
    given, known = _given(contracts, reference).select("doc", "recu"), places.select("recu", place="doc")
    placed = given.join(known, "recu").select("doc", "place")
    return placed.join(found.rename(place="doc"), "place").drop("place")


_GIVEN = ("siren", "acheteur_departement", "lieu_code", "lieu_type", "lieu_nom")


def _given(contracts: ir.Table, reference: Reference) -> ir.Table:
    """What decides of a place, and `recu`, all of it as one text: null and empty are not the same.

    Of buyers only those whose own territory is known say something: `siren` is null for the others.
    """
    local = reference["communes"].select("siren").union(reference["epci"].select(siren="epci_siren"), distinct=True)
    c = contracts.mutate(acheteur_siren=contracts.acheteur_id.substr(0, 9))
    given = c.left_join(local, c.acheteur_siren == local.siren).select("doc", *_GIVEN)
    return given.mutate(recu=ibis.literal("\x1f").join([given[name].fill_null("\x1e") for name in _GIVEN]))


def looked_up(places: ir.Table, types: ir.Table, reference: Reference) -> ir.Table:
    """What each row of `places` may be, and where its buyer is.

    `places` holds doc, siren (of the buyer), acheteur_departement, lieu_code, lieu_type, lieu_nom as staged.
    """
    return _with_codes(_with_buyer(_candidates(places, types, reference), reference), reference)


def _candidates(places: ir.Table, types: ir.Table, reference: Reference) -> ir.Table:
    """What the received code may be: a code of five characters, a department, a region, a country."""
    t = places.left_join(types, places.lieu_type == types.lieu_type_recu).select(
        "doc",
        "siren",
        "acheteur_departement",
        "lieu_nom",
        declared=types.lieu_type.fill_null("inconnu"),
        code=places.lieu_code.fill_null("").strip().upper(),
    )
    local = t.declared.isin(["commune", "code_postal", "inconnu"])
    # Spreadsheets cut the zero that codes of the Aisne begin with.
    padded = (local & t.code.re_search(r"^\d{4}$")).ifelse("0" + t.code, t.code)
    five = padded.re_search(r"^(\d{5}|2[AB]\d{3})$").ifelse(padded, ibis.null("string"))
    short = t.code.re_replace(r"^0+(\d{2})$", r"\1").re_replace(r"^(\d)$", r"0\1")
    overseas = ["97", "98"]
    start = five.substr(0, 2)
    of_five = ibis.cases(
        (start.isin(overseas), five.substr(0, 3)),
        ((start == "20") & (t.declared != "commune"), five.substr(2, 1).isin(["0", "1"]).ifelse("2A", "2B")),
        else_=start,
    )
    of_part = t.code.substr(0, 2).isin(overseas).ifelse(t.code.substr(0, 3), t.code.substr(0, 2))
    department = ibis.cases(
        (t.code == "", t.acheteur_departement),
        (t.declared.isin(["region", "pays"]), ibis.null("string")),
        (five.notnull() & (t.declared != "canton"), of_five),
        (t.declared.isin(["canton", "arrondissement"]) & t.code.re_search(r"^[0-9AB]{3,5}$"), of_part),
        else_=short,
    )
    t = t.mutate(five=local.ifelse(five, ibis.null("string")), maybe_department=department)
    departments = reference["departements"].select("code_departement", departement_region="code_region")
    t = t.left_join(departments, t.maybe_department == departments.code_departement).drop("maybe_department")
    t = t.rename(place_department="code_departement")
    return _with_region(t, reference)


def _with_region(t: ir.Table, reference: Reference) -> ir.Table:
    """Add `place_region` (known region, or that of the department), `abroad`, `whole_country` and `in_region`."""
    variants, regions = reference["variantes"], reference["regions"]
    former = variants.filter(variants.champ == "ancienne_region").select(former="variante", renamed="code")
    t = t.left_join(former, (t.code == former.former) & (t.declared == "region"))
    t = t.mutate(maybe_region=(t.declared == "region").ifelse(ibis.coalesce(t.renamed, t.code), ibis.null("string")))
    t = t.drop("former", "renamed").left_join(regions, t.maybe_region == regions.code_region)
    france = variants.filter(variants.champ == "pays_france").select(france="variante")
    t = t.left_join(france, t.code == france.france)
    foreign = (t.declared == "pays") & t.france.isnull() & t.code.re_search(r"^([A-Z]{2,3}|\d{2,3}|99\d{3})$")
    t = t.mutate(
        place_region=ibis.coalesce(t.code_region, t.departement_region),
        # A department typed as a country is a slip, not a country.
        abroad=foreign & ~t.code.isin(reference["departements"].code_departement),
        whole_country=t.france.notnull(),
    ).drop("maybe_region", "code_region", "nom", "departement_region", "france")
    home = reference["regions_couvertes"]
    t = t.left_join(home, t.place_region == home.region_couverte)
    return t.mutate(in_region=t.region_couverte.notnull()).drop("region_couverte")


def _with_buyer(t: ir.Table, reference: Reference) -> ir.Table:
    """Add the territory of a buyer who is a commune or an intercommunalité of the region."""
    communes, epci = reference["communes"], reference["epci"]
    communes = communes.select(
        buyer_siren="siren",
        buyer_commune="code_insee",
        buyer_commune_epci="epci_siren",
        buyer_commune_dep="departement",
    )
    epci = epci.select(own_epci="epci_siren", own_departments="departements", own_department="departement")
    t = t.left_join(communes, t.siren == communes.buyer_siren)
    t = t.left_join(epci, t.siren == epci.own_epci)
    return t.mutate(
        buyer_epci=ibis.coalesce(t.buyer_commune_epci, t.own_epci),
        buyer_department=ibis.coalesce(t.buyer_commune_dep, t.own_department),
        buyer_departments=ibis.coalesce(t.buyer_commune_dep, t.own_departments),
    ).drop(
        "siren",
        "buyer_siren",
        "buyer_commune_epci",
        "buyer_commune_dep",
        "own_epci",
        "own_departments",
        "own_department",
    )


def _postcodes(reference: Reference) -> ir.Table:
    """Each postcode with its communes: code_postal, code_insee, epci_siren, departement, nom."""
    return reference["codes_postaux"].join(reference["communes"], "code_insee")


def _with_codes(t: ir.Table, reference: Reference) -> ir.Table:
    """Add the commune of the code (`commune_*`, former codes resolved) and its postcode (`cp_*`)."""
    former = reference["anciens_codes"].select("ancien_code", current="code_insee")
    t = t.left_join(former, t.five == former.ancien_code)
    t = t.mutate(insee=ibis.coalesce(t.current, t.five)).drop("ancien_code", "current")
    communes = reference["communes"].select(
        commune="code_insee", commune_nom="nom", commune_epci="epci_siren", commune_departement="departement"
    )
    t = t.left_join(communes, t.insee == communes.commune)
    rows = _postcodes(reference)
    postcodes = rows.group_by("code_postal").agg(
        cp_n=rows.epci_siren.nunique(),
        cp_epci=rows.epci_siren.min(),
        cp_deps=rows.departement.nunique(),
        cp_dep=rows.departement.min(),
    )
    return t.left_join(postcodes, t.five == postcodes.code_postal)


def read_as(t: ir.Table, reference: Reference) -> ir.Table:
    """Add to what `looked_up` found `as_commune`, `as_postcode` (what the code is) and `named_epci` (see `_named`)."""
    t = t.left_join(_named(t, reference), "doc").drop("doc_right")
    names_postcode = t.named.notnull()
    names_commune = _names(_common(t.lieu_nom), _common(t.commune_nom)).fill_null(False)
    commune = ibis.cases(
        (t.commune.isnull(), False),
        # A postcode that is none (a Cedex) is a commune only if the name says so.
        (t.code_postal.isnull(), (t.declared != "code_postal") | names_commune),
        (names_commune != names_postcode, names_commune),
        else_=t.declared == "commune",
    )
    t = t.mutate(as_commune=commune)
    return t.mutate(as_postcode=t.code_postal.notnull() & ~t.as_commune)


def _named(t: ir.Table, reference: Reference) -> ir.Table:
    """`doc, named, named_epci`: places whose name has a commune of their postcode.

    `named_epci` is null where communes of several intercommunalités are named.
    """
    asked = t.filter(t.code_postal.notnull() & t.lieu_nom.notnull())
    asked = asked.select("doc", "five", place=_common(asked.lieu_nom))
    names = _postcodes(reference)
    names = names.select("code_postal", "epci_siren", name=_common(names.nom))
    pairs = asked.join(names, asked.five == names.code_postal)
    pairs = pairs.filter(_names(pairs.place, pairs.name))
    # « Aix » is also in « Aix Noulette »: the longest name is the one meant.
    pairs = pairs.mutate(longest=pairs.name.length().max().over(group_by="doc"))
    pairs = pairs.filter(pairs.name.length() == pairs.longest)
    found = pairs.group_by("doc").agg(n=pairs.epci_siren.nunique(), epci=pairs.epci_siren.min())
    return found.select("doc", named=True, named_epci=(found.n == 1).ifelse(found.epci, ibis.null("string")))


def _names(place: ir.StringValue, commune: ir.StringValue) -> ir.BooleanValue:
    """Whether the words of a place hold those of a commune."""
    return (" " + place + " ").contains(" " + commune + " ")


def _common(name: ir.StringValue) -> ir.StringValue:
    """A place name without its usual abbreviations."""
    words = " " + plain(name) + " "
    return words.replace(" st ", " saint ").replace(" ste ", " sainte ").strip()


def _buyer_in_postcode(t: ir.Table, reference: Reference) -> ir.Table:
    """`doc, settled_epci`: the intercommunalité of a buyer who is in the ambiguous postcode itself."""
    asked = t.filter(t.as_postcode & (t.cp_n > 1) & t.buyer_epci.notnull())
    asked = asked.select("doc", "five", "buyer_commune", "buyer_epci")
    rows = _postcodes(reference).select("code_postal", "code_insee", "epci_siren")
    pairs = asked.join(rows, (asked.five == rows.code_postal) & (asked.buyer_epci == rows.epci_siren))
    pairs = pairs.filter(pairs.buyer_commune.isnull() | (pairs.buyer_commune == pairs.code_insee))
    return pairs.group_by("doc").agg(settled_epci=pairs.epci_siren.min())


def located(t: ir.Table, reference: Reference) -> ir.Table:
    """`doc, lieu_code, lieu_type, departement, epci_siren, epci_methode, lieu_trouve` out of what `read_as` found.

    `lieu_trouve` is false where a place is given that no reference knows.
    """
    t = t.left_join(_buyer_in_postcode(t, reference), "doc").drop("doc_right")
    ambiguous = t.as_postcode & (t.cp_n > 1)
    outside = t.abroad | (t.place_region.notnull() & ~t.in_region)
    from_buyer = t.buyer_epci.notnull() & (
        t.place_department.isnull() | ("|" + t.buyer_departments + "|").contains("|" + t.place_department + "|")
    )
    method = ibis.cases(
        (t.as_commune, "commune"),
        (t.as_postcode & (t.cp_n == 1), "code_postal"),
        (ambiguous & t.named_epci.notnull(), "code_postal_nom"),
        (ambiguous & t.settled_epci.notnull(), "code_postal_acheteur"),
        (ambiguous, "code_postal_ambigu"),
        (outside, "hors_region"),
        (from_buyer, "commune_acheteur"),
        (t.place_department.notnull(), "departement"),
        (t.in_region, "region"),
        else_="inconnu",
    )
    t = t.mutate(epci_methode=method)
    epci = ibis.cases(
        (t.epci_methode == "commune", t.commune_epci),
        (t.epci_methode == "code_postal", t.cp_epci),
        (t.epci_methode == "code_postal_nom", t.named_epci),
        (t.epci_methode == "code_postal_acheteur", t.settled_epci),
        (t.epci_methode == "commune_acheteur", t.buyer_epci),
        else_=ibis.null("string"),
    )
    department = ibis.cases(
        (t.epci_methode == "commune", t.commune_departement),
        (t.as_postcode, (t.cp_deps == 1).ifelse(t.cp_dep, t.place_department)),
        (t.epci_methode == "commune_acheteur", ibis.coalesce(t.place_department, t.buyer_department)),
        else_=t.place_department,
    )
    local = t.as_commune | t.as_postcode
    vague = t.whole_country | t.abroad | (t.place_region.notnull() & ~(t.five.notnull() & t.in_region))
    return t.select(
        "doc",
        "epci_methode",
        # What the code was read as, which may not be what its declared type says.
        lieu_type=ibis.cases((t.as_commune, "commune"), (t.as_postcode, "code_postal"), else_=t.declared),
        lieu_code=ibis.cases(
            (t.code == "", ibis.null("string")),
            (t.as_commune, t.commune),
            (t.as_postcode, t.five),
            (t.declared == "departement", ibis.coalesce(t.place_department, t.code)),
            else_=t.code,
        ),
        epci_siren=epci,
        departement=department,
        lieu_trouve=(t.code != "") & (local | vague),
    )
