/** A watch across its connections: the next request, the events it has had already, and when to reconnect. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { SchemaVersion, WatchSchemasRequestSchema, WatchSchemasResponse } from "./gen/schemaregistry/v1/registry_pb.js";
import { Refused } from "./refused.js";

/**
 * An event of a watch. `snapshot`: a version that was registered before the watch began. `change`: one registered
 * since. `state`: a version whose state was changed, before or since. `isLatest` tells whether `latest` means the
 * version, which is not so for a pre-release beside releases, or a fix to an old line. `progress`: every event up to
 * `revision` has been sent; `stale` means that the registry can't reach its store.
 */
export type Event =
  | {
      kind: "snapshot" | "change" | "state";
      revision: bigint;
      version: SchemaVersion;
      document: Uint8Array | undefined;
      isLatest: boolean;
    }
  | { kind: "progress"; revision: bigint; stale: boolean };

/** Selects the events of a watch. */
export interface Watching {
  /** The revision after which the watch begins; 0 for every version. */
  afterRevision?: bigint;
  /** The schemas to watch; empty for all. */
  ids?: readonly string[];
  /** Whether events have the documents' bytes. */
  documents?: boolean;
  /** Ends the watch when it is aborted. */
  signal?: AbortSignal;
}

/** Opens a stream; `leave` replaces the connection that the stream is on. */
export type Open = (
  request: MessageInitShape<typeof WatchSchemasRequestSchema>,
  options: { signal: AbortSignal; onHeader: (headers: Headers) => void },
) => { messages: AsyncIterable<WatchSchemasResponse>; leave: () => void };

/** The time between the registry's marks of progress, where it doesn't announce one. */
const INTERVAL_MS = 10_000;
/**
 * The number of silent intervals after which a connection counts as dead. Pings don't replace that: a proxy in between
 * answers them although the registry is gone.
 */
const SILENT_INTERVALS = 3;
/** A timer of Node can't be longer than 2^31 ms. */
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
      if (!position.shouldReconnect(error)) throw Refused.from(error);
    }
    await pause(position.pauseMs(), what.signal);
  }
}

/** Yields the events of one stream, until it ends, fails or is silent for too long. */
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
   * The event of a message, undefined for a version that the watch has had before. After a reconnection the server
   * sends versions registered meanwhile as `snapshot`; for this watch they are changes.
   */
  accept({ revision, event, document, latestVersion }: WatchSchemasResponse): Event | undefined {
    this.#heard = true;
    this.#failures = 0;
    if (event.case === "progress") {
      this.#caughtUp = true;
      if (revision > this.#revision) this.#revision = revision;
      return { kind: "progress", revision: this.#revision, stale: event.value.stale };
    }
    if (event.case === undefined || revision <= this.#revision) return undefined;
    this.#revision = revision;
    const version = event.value;
    const isLatest = latestVersion === version.version;
    // With a change of a state, the message's document is that of the latest version.
    if (event.case === "stateChange") return { kind: "state", revision, version, document: undefined, isLatest };
    const kind = this.#caughtUp ? "change" : "snapshot";
    return { kind, revision, version, document: this.what.documents ? document : undefined, isLatest };
  }

  /** Reads the interval between marks of progress from a watch's headers. */
  hear(headers: Headers): void {
    const said = Number(headers.get("x-schema-progress-seconds") ?? Number.NaN) * 1000;
    this.#intervalMs = said > 0 && said < LONGEST_TIMER_MS ? said : INTERVAL_MS;
  }

  /** How long a connection may be silent. */
  allowedMs(): number {
    return SILENT_INTERVALS * this.#intervalMs;
  }

  /** Whether to reconnect after an error: not where that can't help, and not before the first message. */
  shouldReconnect(error: unknown): boolean {
    return this.#heard && !FINAL.includes(ConnectError.from(error).code);
  }

  /** The pause before reconnecting: random, so that watchers spread out, up to a bound that doubles per failure. */
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
