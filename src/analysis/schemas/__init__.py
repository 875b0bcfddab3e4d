"""One pandera schema per table between stages: the contract, and the source of the data dictionary."""
