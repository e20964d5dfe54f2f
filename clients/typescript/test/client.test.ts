/** Tests with a real registry, which `make ts-test` starts. */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Code } from "@connectrpc/connect";
import { Client, type Credentials, fromEnvironment, Refused } from "../src/index.js";
import { Recent } from "../src/recent.js";
import { Relay } from "./relay.js";

const [target, reader] = fromEnvironment();
const publisher: Credentials = {
  ...reader,
  cert: process.env["SCHEMAREGISTRY_PUBLISHER_CERT"] ?? assert.fail("no registry to test against: run `make ts-test`"),
  key: process.env["SCHEMAREGISTRY_PUBLISHER_KEY"] ?? assert.fail(),
};

function client(t: TestContext, files = reader, at = target): Client {
  const made = new Client(at, files);
  t.after(() => made.close());
  return made;
}

async function relay(t: TestContext): Promise<Relay> {
  const made = await Relay.to(target);
  t.after(() => made.close());
  return made;
}

async function publish(t: TestContext, id: string, version: string): Promise<Uint8Array> {
  const draft = "http://json-schema.org/draft-07/schema#";
  const properties = { size: { type: "integer" } };
  const text = JSON.stringify({ $id: id, $schema: draft, version, type: "object", properties }, null, 2);
  const data = new TextEncoder().encode(text);
  await client(t, publisher).rpc.registerSchema({ id, document: { contentType: "application/json", data } });
  return data;
}

test("a document comes byte for byte with its version and revision", async (t) => {
  const published = await publish(t, "ts_bytes", "1.0.0");
  const document = await client(t).get("ts_bytes", "v1.0.0");
  assert.deepEqual(document.raw, published);
  assert.deepEqual([document.id, document.version], ["ts_bytes", "1.0.0"]);
  assert.ok(document.revision > 0n && document.etag);
  assert.match(document.fingerprint, /^sha256:[0-9a-f]{64}$/);
});

test("a version is asked for once", async (t) => {
  await publish(t, "ts_once", "1.0.0");
  const between = await relay(t);
  const registry = client(t, reader, between.target);
  const first = await registry.get("ts_once", "1.0.0");
  between.close();
  assert.equal(await registry.get("ts_once", "1.0.0"), first);
  await assert.rejects(registry.get("ts_once"), { name: "Refused" });
});

test("the latest is sent again only if it changed", async (t) => {
  await publish(t, "ts_latest", "1.0.0");
  const registry = client(t);
  const first = await registry.get("ts_latest");
  assert.equal(await registry.get("ts_latest"), first);
  await publish(t, "ts_latest", "1.0.1");
  assert.equal((await registry.get("ts_latest")).version, "1.0.1");
});

test("a reference follows its line", async (t) => {
  await publish(t, "ts_line", "1.0.0");
  const registry = client(t);
  const first = await registry.get("ts_line", "^1.0");
  assert.equal(await registry.get("ts_line", "^1.0"), first);
  for (const version of ["2.0.0", "1.1.0", "3.0.0-rc.1"]) await publish(t, "ts_line", version);
  const meant = { "^1.0": "1.1.0", "1": "1.1.0", "~1.0": "1.0.0", "v1.0": "1.0.0", latest: "2.0.0" };
  for (const [reference, version] of Object.entries(meant)) {
    assert.equal((await registry.get("ts_line", reference)).version, version);
  }
});

test("a watch tells which version is the latest", async (t) => {
  for (const version of ["1.0.0", "2.0.0", "1.1.0", "3.0.0-rc.1"]) await publish(t, "ts_watched_line", version);
  const latest: string[] = [];
  for await (const event of client(t).watch({ ids: ["ts_watched_line"] })) {
    if (event.kind === "progress") break;
    if (event.isLatest) latest.push(event.version.version);
  }
  assert.deepEqual(latest, ["2.0.0"]);
});

test("a refusal has its code, its reason and near names", async (t) => {
  await publish(t, "ts_refused", "1.0.0");
  await assert.rejects(client(t).get("ts_refuse"), (error: unknown) => {
    assert.ok(error instanceof Refused);
    assert.deepEqual([error.code, error.reason], [Code.NotFound, "NO_SUCH_SCHEMA"]);
    assert.match(error.metadata.get("near") ?? "", /ts_refused/);
    return true;
  });
});

test("a refusal has the pointer of the place at fault", async (t) => {
  const data = new TextEncoder().encode('{"$id": "ts_pointer", "$schema": "http://example.com/", "version": "1.0.0"}');
  const sent = client(t, publisher).rpc.registerSchema({ id: "ts_pointer", document: { data } });
  const refused = await sent.then(() => assert.fail(), Refused.from);
  assert.deepEqual([refused.code, refused.pointer], [Code.InvalidArgument, "/$schema"]);
});

test("a reader may not publish", async (t) => {
  const sent = client(t).rpc.registerSchema({ id: "ts_reader" });
  assert.equal((await sent.then(() => assert.fail(), Refused.from)).code, Code.PermissionDenied);
});

test("records are judged by place and rule", async (t) => {
  await publish(t, "ts_records", "1.0.0");
  const answer = await client(t).validate("ts_records", [{ size: 1 }, { size: "1" }]);
  const wrong = answer.errors.map(({ index, pointer, rule }) => [index, pointer, rule]);
  assert.deepEqual([answer.valid, wrong], [false, [[1, "/size", "type"]]]);
});

test("a watch tells each version once, through a cut connection", { timeout: 30_000 }, async (t) => {
  await publish(t, "ts_watch", "1.0.0");
  const between = await relay(t);
  const told: string[] = [];
  for await (const event of client(t, reader, between.target).watch({ ids: ["ts_watch"], documents: true })) {
    if (event.kind === "progress") {
      if (told.length === 1) await publish(t, "ts_watch", "1.1.0");
      continue;
    }
    told.push(`${event.kind} ${event.version.version}`);
    assert.ok(new TextDecoder().decode(event.document).includes(event.version.version));
    if (told.length === 2) {
      between.cut();
      await publish(t, "ts_watch", "1.2.0");
    }
    if (told.length === 3) break;
  }
  assert.deepEqual(told, ["snapshot 1.0.0", "change 1.1.0", "change 1.2.0"]);
});

test("a watch ends with its signal", { timeout: 30_000 }, async (t) => {
  const enough = new AbortController();
  for await (const event of client(t).watch({ signal: enough.signal })) if (event.kind === "progress") enough.abort();
});

test("a watch from a revision that the store has not reached ends", { timeout: 30_000 }, async (t) => {
  const watch = client(t).watch({ afterRevision: 1n << 40n });
  await assert.rejects(watch.next(), { name: "Refused", code: Code.OutOfRange });
});

test("a watch of a registry that is not there ends", { timeout: 30_000 }, async (t) => {
  const between = await relay(t);
  between.close();
  await assert.rejects(client(t, reader, between.target).watch().next(), { name: "Refused", code: Code.Unavailable });
});

test("a renewed certificate is used by the next connection", { timeout: 30_000 }, async (t) => {
  const between = await relay(t);
  const folder = mkdtempSync(join(tmpdir(), "schemaregistry-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const files = { ca: reader.ca, cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  const place = ({ cert, key }: Credentials): void => {
    copyFileSync(cert, files.cert);
    copyFileSync(key, files.key);
  };
  place(reader);
  const registry = client(t, files, between.target);
  const before = (await registry.rpc.whoAmI({})).identity;
  place(publisher);
  between.cut();
  for (;;) {
    const now = await registry.rpc.whoAmI({}).catch(() => undefined);
    if (now && now.identity !== before) break;
    await new Promise((soon) => setTimeout(soon, 20));
  }
});

test("files that are not credentials are named", () => {
  assert.throws(() => new Client(target, { ...reader, ca: reader.key }), { message: new RegExp(reader.key) });
});

test("what was used least recently is forgotten", () => {
  const few = new Recent<number>(2);
  few.set("a", 1);
  few.set("b", 2);
  few.get("a");
  few.set("c", 3);
  assert.deepEqual([few.get("a"), few.get("b"), few.get("c")], [1, undefined, 3]);
});
