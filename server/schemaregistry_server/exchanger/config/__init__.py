"""What an exchanger is told at start: providers of tokens, the policy, and the rest of its configuration."""
