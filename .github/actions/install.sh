#!/usr/bin/env bash
# Install schemaregistry into a virtual environment of its own, and put its command alone on the job's PATH.
# PYTHON is the Python to use. INSTALL is what pip installs: "" for the commit at which the actions were taken.
# What it stands on comes from requirements.txt beside this script, whatever INSTALL says.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
environment="$RUNNER_TEMP/schemaregistry"

"$PYTHON" -m venv --clear "$environment"
pip=("$environment/bin/pip" --disable-pip-version-check install --quiet)
"${pip[@]}" --require-hashes -r "$here/requirements.txt"
"${pip[@]}" --no-deps --no-build-isolation -- "${INSTALL:-$here/../..}"

# The environment's python would take the place of the job's own.
mkdir -p "$environment/command"
ln -s ../bin/schemaregistry "$environment/command/schemaregistry"
echo "$environment/command" >> "$GITHUB_PATH"
