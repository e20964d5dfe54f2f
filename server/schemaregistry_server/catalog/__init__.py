"""The catalog: every version in memory, kept up to date from the store, and what answers are made from it."""
