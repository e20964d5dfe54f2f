/** Tests of the tokens that a client shows, with a registry that takes those in the files of a folder. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { Code } from "@connectrpc/connect";
import { Client, type Credentials, devCredentials, fromEnvironment, type Refused } from "../src/index.js";

const TARGET = process.env["SCHEMAREGISTRY_QUICK_TARGET"] ?? assert.fail("run `make ts-test`");
const FILES = devCredentials(process.env["SCHEMAREGISTRY_QUICK_DATA"]);
const TOKENS = process.env["SCHEMAREGISTRY_QUICK_TOKENS"] ?? assert.fail("run `make ts-test`");

function client(t: TestContext, more: Partial<Credentials>): Client {
  const made = new Client(TARGET, { ...FILES, ...more }, 20_000);
  t.after(() => made.close());
  return made;
}

async function publishes(registry: Client): Promise<string[]> {
  return (await registry.rpc.whoAmI({})).publishIds;
}

test("the token in a file gives its rights", async (t) => {
  assert.deepEqual(await publishes(client(t, { tokenFile: join(TOKENS, "ticks") })), ["ticks_*"]);
});

test("the next call, and each connection of a watch, shows the next token", async (t) => {
  const names = ["ticks", "quotes", "ticks"];
  const token = (): string => readFileSync(join(TOKENS, names.shift() ?? assert.fail()), "utf8").trim();
  const registry = client(t, { token: async () => token() });
  assert.deepEqual([await publishes(registry), await publishes(registry)], [["ticks_*"], ["quotes_*"]]);
  await registry.watch().next();
  assert.deepEqual(names, []);
});

test("a refused token ends a watch, and is not repeated", async (t) => {
  const registry = client(t, { token: () => "no.signed.token" });
  const refused = (error: Refused): boolean =>
    error.code === Code.Unauthenticated && !String(error).includes("no.signed.token");
  await assert.rejects(registry.watch().next(), refused);
  await assert.rejects(registry.get("none"), refused);
});

test("a file without a token is named", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "token-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "empty"), "");
  writeFileSync(join(folder, "words"), "SECRET words");
  for (const name of ["none", "empty", "words", ""]) {
    const tokenFile = join(folder, name);
    await assert.rejects(client(t, { tokenFile }).get("none"), (error: Refused) => {
      assert.deepEqual([error.code, error.reason], [Code.Unauthenticated, "TOKEN_FILE"]);
      return error.message.includes(tokenFile) && !error.message.includes("SECRET");
    });
  }
});

test("a function without a token is an error that does not repeat it", async (t) => {
  const failing = (): never => {
    throw new Error("SECRET");
  };
  for (const token of [failing, () => "SECRET\r\nx-role: root", () => "", () => 7 as unknown as string]) {
    await assert.rejects(client(t, { token }).get("none"), (error: Refused) => {
      assert.deepEqual([error.code, error.reason], [Code.Unauthenticated, "TOKEN_PROVIDER"]);
      return !error.message.includes("SECRET");
    });
  }
});

test("a file and a function are one too many", (t) => {
  assert.throws(() => client(t, { tokenFile: "token", token: () => "" }), /not both/);
});

test("the environment names the token's file", (t) => {
  process.env["SCHEMAREGISTRY_TOKEN_FILE"] = "a/token";
  t.after(() => delete process.env["SCHEMAREGISTRY_TOKEN_FILE"]);
  assert.equal(fromEnvironment()[1].tokenFile, "a/token");
});
