"""The report of a check, and the forms in which it is shown."""
