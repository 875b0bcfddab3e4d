"""Fingerprints of the persons of the raw data: what the scan of the finished site looks for, and nobody can read."""

from __future__ import annotations

import pandera.pandas as pa

from analysis.schemas.build import TEXT, column, table


def _schema(name: str, of: str) -> pa.DataFrameSchema:
    return table(
        name,
        f"Une empreinte qui permet de retrouver {of} dans le site avant de le publier, sans le dire",
        ["genre", "empreinte"],
        {
            "genre": column(TEXT, "nom (nom et prénom, dans un ordre ou dans l'autre), naissance, ou temoin du secret"),
            "empreinte": column(TEXT, "HMAC-SHA-256, avec le secret du jeu de données"),
        },
    )


OF_BENEFICIARIES = _schema("empreintes_beneficiaires", "un nom ou une date de naissance de bénéficiaire")
OF_FACILITATORS = _schema("empreintes_facilitateurs", "un nom de facilitateur")
SCHEMAS = {schema.name: schema for schema in (OF_BENEFICIARIES, OF_FACILITATORS)}
