/**
 * Halt on the first record that no longer conforms: validate RECORDS.json (an array) against the latest version of a
 * schema, and again against each new version, until a record is invalid.
 *
 *     node dist/examples/halt.js ID RECORDS.json
 */
import { readFileSync } from "node:fs";
import { argv, exit } from "node:process";
import { Client, fromEnvironment } from "../src/index.js";

async function halt(registry: Client, id: string, records: unknown[]): Promise<void> {
  const latest = await registry.get(id);
  console.log(`fetched ${id} ${latest.version}, ${latest.raw.length} bytes`);
  if (!(await conform(registry, id, latest.version, records))) return;
  console.log("watching");
  for await (const event of registry.watch({ afterRevision: latest.revision, ids: [id] })) {
    if (event.kind === "progress" || event.kind === "state" || !event.isLatest) continue;
    console.log(`published ${id} ${event.version.version}`);
    if (!(await conform(registry, id, event.version.version, records))) return;
  }
}

async function conform(registry: Client, id: string, version: string, records: unknown[]): Promise<boolean> {
  const answer = await registry.validate(id, records, version);
  if (answer.valid) {
    console.log(`the records conform to ${id} ${version}`);
    return true;
  }
  for (const wrong of answer.errors) console.log(`record ${wrong.index}: ${wrong.pointer} breaks ${wrong.rule}`);
  console.log(`halted: the records do not conform to ${id} ${version}`);
  return false;
}

const [id, path] = argv.slice(2);
if (!id || !path) {
  console.error("usage: halt ID RECORDS.json");
  exit(2);
}
try {
  const registry = new Client(...fromEnvironment());
  await halt(registry, id, JSON.parse(readFileSync(path, "utf8")) as unknown[]);
  registry.close();
  exit(1);
} catch (error) {
  console.error(String(error));
  exit(3);
}
