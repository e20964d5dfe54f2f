import { Client, fromEnvironment } from "../src/index.js";

const registry = new Client(...fromEnvironment());
const latest = await registry.get("ticks_v1");
console.log(latest.id, latest.version);
const records = [{ ts: "2026-01-05T09:30:00Z", symbol: "A", price: 1.5, size: "1" }];
for (const wrong of (await registry.validate("ticks_v1", records)).errors) {
  console.log(`record ${wrong.index}: ${wrong.pointer} breaks ${wrong.rule}`);
}
for await (const event of registry.watch({ afterRevision: latest.revision, ids: ["ticks_v1"] })) {
  console.log(event.kind);
  break;
}
registry.close();
