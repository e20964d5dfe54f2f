"""Arrow types, arrays and values, and how they compare with a contract's types."""
