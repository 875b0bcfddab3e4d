"""Market segments and territories: which contracts carry a social clause, where, and how many do not say."""
