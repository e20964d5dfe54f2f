/** `Client`: cached reads, validation of records, and watches (watch.ts) over one connection to a registry. */
import { type CallOptions, type Client as Calls, Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Credentials } from "./credentials.js";
import type { SchemaRegistry, ValidateRecordsResponse } from "./gen/schemaregistry/v1/registry_pb.js";
import { KEEPALIVE, type Keepalive, Line } from "./line.js";
import { Recent } from "./recent.js";
import { Refused } from "./refused.js";
import { showing } from "./token.js";
import { type Event, follow, type Open, type Watching } from "./watch.js";

/** The highest release of a schema; a pre-release only where nothing else exists. */
export const LATEST = "latest";

const REMEMBERED = 1000;
const ATTEMPTS = 4;

/** One version, byte for byte as it was registered. It is shared: don't change `raw`. */
export interface Document {
  readonly id: string;
  readonly version: string;
  readonly revision: bigint;
  readonly fingerprint: string;
  readonly etag: string;
  readonly raw: Uint8Array;
}

export class Client {
  /** The generated client on the same connection. */
  readonly rpc: Calls<typeof SchemaRegistry>;
  readonly #known = new Recent<Document>(REMEMBERED);
  readonly #line: Line;
  readonly #closed = new AbortController();

  /**
   * Reads the credentials' files at once, to report faults, and again for each connection, so renewed files are used
   * without a restart. The first call connects, always directly: proxies of the environment are not used. `timeoutMs`
   * is the time for all attempts of one call. Throws where a file can't be used; a token's is read by calls alone.
   */
  constructor(
    target: string,
    files: Credentials,
    private readonly timeoutMs = 5000,
    keepalive: Keepalive = KEEPALIVE,
  ) {
    this.#line = new Line(target, files, keepalive, [retry, ...showing(files)]);
    this.rpc = this.#line.rpc;
  }

  /**
   * Gets one version of a schema ("1.0.0"), or the one that a reference means: `latest`, or "1", "1.2", "^1.2" and
   * "~1.2" for the highest release of a line. Throws `Refused`.
   *
   * A version never changes, so it comes from the cache if this client has had it before; for a reference, which may
   * mean another one later, the registry is asked each time, and sends the document only if it changed.
   */
  async get(id: string, version: string = LATEST): Promise<Document> {
    const asked = version.replace(/^v/, "") || LATEST;
    const known = this.#known.get(`${id} ${asked}`);
    // A reference is exact where it is the number of its answer's version.
    if (known?.version === asked) return known;
    let headers = new Headers();
    const request = { id, version: asked, ifNoneMatch: known?.etag ?? "" };
    const body = await this.#call((options) => this.rpc.getSchema(request, { ...options, onHeader: (h) => (headers = h) }));
    if (known && body.data.length === 0) return known;
    const document = documentOf(body.data, headers);
    this.#known.set(`${id} ${asked}`, document);
    this.#known.set(`${id} ${document.version}`, document);
    return document;
  }

  /** Validates up to 1,000 records against one version, on the server. Throws `Refused`. */
  async validate(id: string, records: readonly unknown[], version: string = LATEST): Promise<ValidateRecordsResponse> {
    const data = new TextEncoder().encode(JSON.stringify(records));
    const request = { id, version, records: { contentType: "application/json", data } };
    return this.#call((options) => this.rpc.validateRecords(request, options));
  }

  /**
   * Yields every version after a revision, then each new one as it is registered: each once, in the order of revisions.
   * Where the connection breaks, or is silent for three of the registry's progress intervals (30 s by default), it
   * reconnects and resumes after the last revision.
   *
   * Throws `Refused` where a new connection can't help: `Code.OutOfRange` where the registry can't resume from that
   * revision, `Code.Unavailable` only where it was never reached.
   */
  watch(what: Watching = {}): AsyncGenerator<Event, void> {
    const ends = what.signal ? AbortSignal.any([this.#closed.signal, what.signal]) : this.#closed.signal;
    const open: Open = (request, options) => ({
      messages: this.rpc.watchSchemas(request, options),
      leave: this.#line.leaving(),
    });
    return follow(open, { ...what, signal: ends });
  }

  /** Closes the connection and ends every watch on it. */
  close(): void {
    this.#closed.abort();
    this.#line.close();
  }

  async #call<Answer>(send: (options: CallOptions) => Promise<Answer>): Promise<Answer> {
    try {
      return await send({ timeoutMs: this.timeoutMs });
    } catch (error) {
      throw Refused.from(error);
    }
  }
}

/**
 * Retries unary calls while their time lasts: reads change nothing, and a repeated write of the same content gets the
 * answer of the first one.
 */
const retry: Interceptor = (next) => async (request) => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await next(request);
    } catch (error) {
      const again = !request.stream && ConnectError.from(error).code === Code.Unavailable && attempt < ATTEMPTS;
      if (!again || request.signal.aborted) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * 2 ** attempt));
    }
  }
};

function documentOf(raw: Uint8Array, headers: Headers): Document {
  const named = (name: string): string => headers.get(name) ?? "";
  return {
    id: named("x-schema-id"),
    version: named("x-schema-version"),
    revision: BigInt(named("x-schema-revision")),
    fingerprint: named("x-schema-fingerprint"),
    etag: named("etag"),
    raw,
  };
}
