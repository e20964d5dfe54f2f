"""Send one message for each incident of a load."""
