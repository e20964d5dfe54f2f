"""A contract's plan, and which rows break which of its rules."""
