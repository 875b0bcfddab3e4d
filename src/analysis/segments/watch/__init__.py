"""What is coming: contracts to be tendered again, planned purchases, the trades they will ask for."""
