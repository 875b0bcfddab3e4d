"""Where the clause stands: shares of small territories, what sets them apart, what the law asks."""
