"""Finding files and reading their rows, a module for each format."""
