"""The market segment of each contract, told from its object and its CPV code."""
