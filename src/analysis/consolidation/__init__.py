"""The yearly consolidation: hours, ETP, beneficiaries and audiences of the region, counted once."""
