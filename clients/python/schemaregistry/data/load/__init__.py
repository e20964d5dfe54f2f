"""Checks and loads: one pass over the files, and where their rows go."""
