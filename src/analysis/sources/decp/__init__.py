"""Open procurement data (DECP) of any format into clean contracts, holders and modifications.

`layout` recognises files, `staging` is one form for all, into which `staging_json` and `staging_tabular` bring them,
`cleaning`, `places` and `checks` say in Ibis what is made of it, `plan` puts these in order, `ingest` runs all of it.
"""

from analysis.sources.decp.ingest import build, ingest_files

__all__ = ["build", "ingest_files"]
