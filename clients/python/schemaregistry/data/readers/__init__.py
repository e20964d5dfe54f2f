"""Find data files and read their rows, with one module for each format."""
