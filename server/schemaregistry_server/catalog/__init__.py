"""Every version in memory, kept up to date from the store."""
