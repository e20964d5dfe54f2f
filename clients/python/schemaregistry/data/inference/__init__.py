"""Propose a document for rows that have none."""
