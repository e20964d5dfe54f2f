/** Tests of connections that stay open while nothing arrives any more. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, devCredentials, KEEPALIVE, type Keepalive } from "../src/index.js";
import { Relay } from "./relay.js";

/** Practically no keepalive, so that the watch itself must notice. */
const HARDLY: Keepalive = { idleMs: 3_600_000, waitMs: 3_600_000 };
const FAST: Keepalive = { idleMs: 100, waitMs: 1000 };

/** The registry whose watches get a mark of progress every 0.5 s, behind a relay. */
async function quick(t: TestContext, keepalive: Keepalive): Promise<[Relay, Client]> {
  const between = await Relay.to(process.env["SCHEMAREGISTRY_QUICK_TARGET"] ?? assert.fail("run `make ts-test`"));
  const files = devCredentials(process.env["SCHEMAREGISTRY_QUICK_DATA"]);
  const client = new Client(between.target, files, 20_000, keepalive);
  t.after(() => {
    client.close();
    between.close();
  });
  return [between, client];
}

for (const [name, keepalive] of Object.entries({ "by pings": FAST, "by itself": HARDLY })) {
  test(`a watch that hears nothing goes on by a new connection, ${name}`, { timeout: 120_000 }, async (t) => {
    const [between, client] = await quick(t, keepalive);
    const watch = client.watch();
    await watch.next();
    between.swallow();
    // A watch that has ended answers at once each time; without this check the loop would never let a timer run.
    do assert.equal((await watch.next()).done, false);
    while (between.connections < 2);
    assert.equal((await watch.next()).done, false);
  });
}

test("an idle connection that fell silent is noticed by the next call", { timeout: 120_000 }, async (t) => {
  const [between, client] = await quick(t, FAST);
  await client.rpc.whoAmI({});
  between.swallow();
  await sleep(2000);
  await client.rpc.whoAmI({});
  assert.ok(between.connections >= 2);
});

test("what a reader does between two events is no silence", { timeout: 120_000 }, async (t) => {
  const [between, client] = await quick(t, HARDLY);
  const watch = client.watch();
  for (let mark = 0; mark < 3; mark++) {
    await watch.next();
    await sleep(2000);
  }
  assert.equal(between.connections, 1);
});

test("a vanished peer is noticed within forty seconds", () => {
  assert.equal(KEEPALIVE.idleMs + KEEPALIVE.waitMs, 40_000);
});
