"""The plan made from a contract, and the evaluation of rows by it: which rows break which rules."""
