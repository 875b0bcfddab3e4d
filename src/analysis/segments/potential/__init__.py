"""How many hours the contracts without clause could carry."""
