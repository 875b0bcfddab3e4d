"""Raw files into clean tables: one module per source, each reading only `data/raw/`."""
