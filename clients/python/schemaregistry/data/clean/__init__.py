"""Repairs of rows where the contract leaves no doubt."""
