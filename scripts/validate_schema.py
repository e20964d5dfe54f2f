"""Run `schemaregistry validate-schema FILE...` from a checkout: `python scripts/validate_schema.py FILE...`."""

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("schemaregistry") is None:
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "clients" / "python"))

try:
    from schemaregistry.cli.app import main
except ModuleNotFoundError as missing:
    print(f"The module {missing.name} isn't installed: run `make setup`, then `. .venv/bin/activate`.", file=sys.stderr)
    sys.exit(2)

if __name__ == "__main__":
    sys.argv[1:1] = ["validate-schema"]
    main()
