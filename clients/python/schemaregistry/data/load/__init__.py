"""Check, load and clean files in one pass, and the destinations of their rows."""
