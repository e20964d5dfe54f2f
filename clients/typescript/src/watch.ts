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

type Open = (
  request: MessageInitShape<typeof WatchSchemasRequestSchema>,
  signal: AbortSignal,
) => AsyncIterable<WatchSchemasResponse>;

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
    const stream = new AbortController();
    const ends = AbortSignal.any([stream.signal, what.signal]);
    try {
      for await (const message of open(position.request(), ends)) {
        const event = position.accept(message);
        if (event) yield event;
      }
    } catch (error) {
      if (what.signal.aborted) return;
      if (!position.survives(error)) throw Refused.from(error);
    } finally {
      stream.abort();
    }
    await pause(position.pauseMs(), what.signal);
  }
}

class Position {
  #revision: bigint;
  #heard = false;
  #caughtUp = false;
  #failures = 0;

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
