"""Raw files into clean tables: each source has its module or folder, beside those that several share.

They read `data/raw/`, and nothing that another stage makes of it.
"""
