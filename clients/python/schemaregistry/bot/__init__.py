"""Review a change of schemas in git: what it means, whom it breaks, and whether it is blocked."""
