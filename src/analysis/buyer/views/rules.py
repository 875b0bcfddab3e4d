"""What the law asks of a purchase, and the ways that are open to it."""

from __future__ import annotations

from analysis.buyer import law
from analysis.buyer.views.common import cited, rows, scope, to_check
from analysis.core import reference
from analysis.core.texts import inside
from analysis.publishing.content import Column, Content, DataTable
from analysis.publishing.page import Page

_SOURCE = {"article": Column("Article"), "source": Column("Source")}


def asked(page: Page) -> Content:
    """Threshold, obligation and what is for information."""
    told = rows(page, "constats").sort_values("ordre").fillna({"article": ""})
    return DataTable(
        cited(told),
        columns={"libelle": Column("Règle"), "phrase": Column("Ce qui en est dit"), **_SOURCE},
        caption="Ce que la loi demande le jour de la consultation",
        scope=scope(page),
        csv=page.csv("constats"),
        note=to_check(told),
    )


def exceptions(page: Page) -> Content:
    """The exceptions, as questions that only the buyer can answer."""
    told = page.read("exceptions").sort_values("ordre")
    return DataTable(
        cited(told),
        columns={"libelle": Column("Exception"), "question": Column("Question à laquelle répondre"),
                 "source": Column("Source")},
        caption="Exceptions à l'obligation : des questions, non des réponses",
        scope=scope(page),
        csv=page.csv("exceptions"),
        note=to_check(told.assign(article="")),
    )  # fmt: skip


def ways(page: Page) -> Content:
    """The verdict on each mechanism."""
    reasons = rows(page, "voies").sort_values("ordre")
    against = reasons[~reasons["effet"].isin(law.NO_RESERVE) & ~reasons["favorable"].eq(True).fillna(False)]
    told = reasons.drop_duplicates("mecanisme")
    told = told.assign(retient=told["mecanisme"].map(against.groupby("mecanisme")["phrase"].agg(" ".join)).fillna("–"))
    named = {code: ", ".join(own["libelle"].map(inside)) for code, own in told.groupby("verdict")}
    asked = reasons.loc[reasons["effet"].eq("demande") & reasons["verdict"].eq(law.DEMANDED), "phrase"]
    none = "aucune autre sans réserve" if len(asked) else "aucune sans réserve"
    said = f"Voies possibles : {named.get('OUVERTE', none)}."
    return DataTable(
        told,
        columns={
            "libelle": Column("Mécanisme"),
            "verdict_libelle": Column("Verdict"),
            "retient": Column("Ce qui retient"),
        },
        caption="Les voies ouvertes",
        scope=scope(page),
        csv=page.csv("voies"),
        takeaway=f"Demandées par la loi, sauf exception : {named[law.DEMANDED]}. {said}" if len(asked) else said,
        note=asked.iloc[0] if len(asked) else None,
    )


def why(page: Page) -> Content:
    """Why each mechanism fits or not."""
    told = rows(page, "voies").sort_values("ordre").fillna({"article": ""})
    names = reference.table("droit/criteres").set_index("critere")["libelle"]
    answers = told["favorable"].map({True: "oui", False: "non"}).fillna("à vérifier")
    return DataTable(
        cited(told).assign(regarde=told["critere"].map(names), reponse=answers.astype("str")),
        columns={"libelle": Column("Mécanisme"), "regarde": Column("Ce qui est regardé"), "reponse": Column("Rempli"),
                 "phrase": Column("Pourquoi"), **_SOURCE},
        caption="Tout ce qui est regardé, mécanisme par mécanisme",
        folded=True,
        scope=scope(page),
        csv=page.csv("voies"),
    )  # fmt: skip
