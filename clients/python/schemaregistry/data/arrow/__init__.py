"""Arrow's types, arrays and values as the contract sees them."""
