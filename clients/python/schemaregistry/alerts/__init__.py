"""One message for each incident of a load."""
