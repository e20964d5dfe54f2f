"""A registry that turns column names into audited, versioned contracts for market data."""
