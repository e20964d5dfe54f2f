"""Run the command line as `python -m schemaregistry`."""

from schemaregistry.cli.app import main

if __name__ == "__main__":
    main()
