/** A watch through all its connections: what to ask for next, what was told already, when to try again. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { SchemaVersion, WatchSchemasRequestSchema, WatchSchemasResponse } from "./gen/schemaregistry/v1/registry_pb.js";
import { Refused } from "./refused.js";

/**
 * One thing that a watch tells. `snapshot`: a version that was there when the watch began. `change`: one registered
 * since. `progress`: nothing up to `revision` is left to tell, and `stale` says that the registry has lost its store.
 */
export type Event =
  | { kind: "snapshot" | "change"; revision: bigint; version: SchemaVersion; document: Uint8Array | undefined }
  | { kind: "progress"; revision: bigint; stale: boolean };

/** What a watch is to tell. */
export interface Watching {
  /** The last revision that is known already; 0 for everything. */
  afterRevision?: bigint;
  /** The schemas to tell of; all where there is none. */
  ids?: readonly string[];
  /** Ask for the documents' bytes too. */
  documents?: boolean;
  /** Ends the watch. */
  signal?: AbortSignal;
}

/** Opens a stream; `leave` gives up the connection that it came by. */
export type Open = (
  request: MessageInitShape<typeof WatchSchemasRequestSchema>,
  options: { signal: AbortSignal; onHeader: (headers: Headers) => void },
) => { messages: AsyncIterable<WatchSchemasResponse>; leave: () => void };

/** Between the registry's marks of progress, where it doesn't say. */
const INTERVAL_MS = 10_000;
/** So many without a word end a connection: it may be dead though it answers pings, as a proxy in between does. */
const SILENT_INTERVALS = 3;
/** A timer of Node takes at most 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 31 / SILENT_INTERVALS;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
const FINAL: readonly Code[] = [
  Code.InvalidArgument,
  Code.NotFound,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.Unimplemented,
];

export async function* follow(open: Open, what: Watching & { signal: AbortSignal }): AsyncGenerator<Event, void> {
  const position = new Position(what);
  while (!what.signal.aborted) {
    try {
      yield* connection(open, position, what.signal);
    } catch (error) {
      if (what.signal.aborted) return;
      if (!position.survives(error)) throw Refused.from(error);
    }
    await pause(position.pauseMs(), what.signal);
  }
}

/** The events of one stream, until it ends, fails or falls silent. */
async function* connection(open: Open, position: Position, enough: AbortSignal): AsyncGenerator<Event, void> {
  const stream = new AbortController();
  const signal = AbortSignal.any([stream.signal, enough]);
  let silent = false;
  const { messages, leave } = open(position.request(), { signal, onHeader: (headers) => position.hear(headers) });
  const coming = messages[Symbol.asyncIterator]();
  try {
    for (;;) {
      const watchdog = setTimeout(() => {
        silent = true;
        stream.abort();
      }, position.allowedMs());
      const { done, value } = await coming.next().finally(() => clearTimeout(watchdog));
      if (done) return;
      const event = position.accept(value);
      if (event) yield event;
    }
  } catch (error) {
    if (!silent || enough.aborted) throw error;
    leave();
    const what = `a watch heard nothing for ${position.allowedMs()} ms, not even that nothing happened`;
    throw new ConnectError(`${what}: check that the registry is running, and what is in between`, Code.Unavailable);
  } finally {
    stream.abort();
  }
}

class Position {
  #revision: bigint;
  #heard = false;
  #caughtUp = false;
  #failures = 0;
  #intervalMs = INTERVAL_MS;

  constructor(private readonly what: Watching) {
    this.#revision = what.afterRevision ?? 0n;
  }

  request(): MessageInitShape<typeof WatchSchemasRequestSchema> {
    const { ids = [], documents = false } = this.what;
    return { afterRevision: this.#revision, ids: [...ids], includeDocuments: documents };
  }

  /**
   * The event to tell, undefined for a version that was told before. After a reconnect the server calls `snapshot` what
   * was registered meanwhile; to this watch it is a change.
   */
  accept({ revision, event, document }: WatchSchemasResponse): Event | undefined {
    this.#heard = true;
    this.#failures = 0;
    if (event.case === "progress") {
      this.#caughtUp = true;
      if (revision > this.#revision) this.#revision = revision;
      return { kind: "progress", revision: this.#revision, stale: event.value.stale };
    }
    if (event.case === undefined || revision <= this.#revision) return undefined;
    this.#revision = revision;
    const kind = this.#caughtUp ? "change" : "snapshot";
    return { kind, revision, version: event.value, document: this.what.documents ? document : undefined };
  }

  /** Takes how often the registry marks its progress, by what it says of a watch. */
  hear(headers: Headers): void {
    const said = Number(headers.get("x-schema-progress-seconds") ?? Number.NaN) * 1000;
    this.#intervalMs = said > 0 && said < LONGEST_TIMER_MS ? said : INTERVAL_MS;
  }

  /** How long a connection may be silent. */
  allowedMs(): number {
    return SILENT_INTERVALS * this.#intervalMs;
  }

  /** Whether to connect again: not where that changes nothing, and not before the first message. */
  survives(error: unknown): boolean {
    return this.#heard && !FINAL.includes(ConnectError.from(error).code);
  }

  /** Random, so that watchers spread out, up to a bound that doubles with each failure. */
  pauseMs(): number {
    const bound = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 10));
    this.#failures += 1;
    return Math.random() * bound;
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
  });
}
