"""Regional observation of social clauses in public procurement."""
