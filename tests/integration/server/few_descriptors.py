"""`python -m tests.integration.server.few_descriptors COUNT serve …`: with COUNT files at most."""

import resource
import sys

from schemaregistry.cli import app

if __name__ == "__main__":
    count = int(sys.argv.pop(1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
    app.main()
