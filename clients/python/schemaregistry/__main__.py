"""`python -m schemaregistry` is the command line."""

from schemaregistry.cli.app import main

if __name__ == "__main__":
    main()
