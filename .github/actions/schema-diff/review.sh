#!/usr/bin/env bash
# Review HEAD against BASE: the JSON goes to a file, the text to the log and to the job's summary.
# The exit code is an output, so that the review can be uploaded before the job fails.
set -euo pipefail
if [ -z "$BASE" ] || [ -z "$HEAD" ]; then
  echo "::error::This event has no base and head to compare: give the inputs base and head."
  exit 2
fi
folder="$RUNNER_TEMP/schema-review"
mkdir -p "$folder"
rm -f "$folder/review.json" "$folder/review.md"
review=(schemaregistry bot review --base "$BASE" --head "$HEAD" --repo "$REPO" --schemas "$SCHEMAS")
if [ -n "$REGISTRY" ]; then
  review+=(--registry "$REGISTRY")
fi
if [ -n "$PULL" ]; then
  review+=(--github "$GITHUB_REPOSITORY" --pull "$PULL")
fi

# A line of a document that begins with :: is a command to the runner, unless commands are stopped until a secret word.
word="$("$PYTHON" -c 'import secrets; print(secrets.token_hex(16))')"
echo "::stop-commands::$word"
code=0
"${review[@]}" --format json -o "$folder/review.json" --markdown "$folder/review.md" || code=$?
if [ "$code" -le 1 ]; then
  cat "$folder/review.md"
  cat "$folder/review.md" >> "$GITHUB_STEP_SUMMARY"
fi
echo "::$word::"

echo "exit-code=$code" >> "$GITHUB_OUTPUT"
if [ "$code" -le 1 ]; then
  {
    echo "review=$folder/review.json"
    "$PYTHON" - "$folder/review.json" <<'END'
import json, sys
review = json.load(open(sys.argv[1], encoding="utf-8"))
print("verdict=" + review["verdict"], "blocked=" + str(review["blocked"]).lower(), sep="\n")
END
  } >> "$GITHUB_OUTPUT"
fi
