"""Repair rows where the contract leaves no doubt."""
