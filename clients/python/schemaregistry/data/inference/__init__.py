"""A document proposed for rows that have none."""
