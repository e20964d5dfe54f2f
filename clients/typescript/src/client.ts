/** One connection to a registry: reads that are remembered, records judged, watches. What a watch does is watch.ts's. */
import { type CallOptions, type Client as Calls, Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Credentials } from "./credentials.js";
import type { SchemaRegistry, ValidateRecordsResponse } from "./gen/schemaregistry/v1/registry_pb.js";
import { KEEPALIVE, type Keepalive, Line } from "./line.js";
import { Recent } from "./recent.js";
import { Refused } from "./refused.js";
import { type Event, follow, type Open, type Watching } from "./watch.js";

/** The newest version of a schema. */
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
   * Reads the credentials' files once to tell whether they are sound, and again for each connection: a renewed pair is
   * used without a restart. Connects with the first call, and always directly: proxies of the environment are not used.
   * `timeoutMs` is for all attempts of one call.
   */
  constructor(
    target: string,
    files: Credentials,
    private readonly timeoutMs = 5000,
    keepalive: Keepalive = KEEPALIVE,
  ) {
    this.#line = new Line(target, files, keepalive, [retry]);
    this.rpc = this.#line.rpc;
  }

  /**
   * One version of a schema, or the newest. Throws `Refused`.
   *
   * A version never changes, so one that this client had before is not asked for again; `latest` is asked for each
   * time, and sent only if it changed.
   */
  async get(id: string, version: string = LATEST): Promise<Document> {
    const asked = version.replace(/^v/, "") || LATEST;
    const known = this.#known.get(`${id} ${asked}`);
    if (known && asked !== LATEST) return known;
    let headers = new Headers();
    const request = { id, version: asked, ifNoneMatch: known?.etag ?? "" };
    const body = await this.#call((options) => this.rpc.getSchema(request, { ...options, onHeader: (h) => (headers = h) }));
    if (known && body.data.length === 0) return known;
    const document = documentOf(body.data, headers);
    this.#known.set(`${id} ${asked}`, document);
    this.#known.set(`${id} ${document.version}`, document);
    return document;
  }

  /** Judges records against one version, on the server. Throws `Refused`. */
  async validate(id: string, records: readonly unknown[], version: string = LATEST): Promise<ValidateRecordsResponse> {
    const data = new TextEncoder().encode(JSON.stringify(records));
    const request = { id, version, records: { contentType: "application/json", data } };
    return this.#call((options) => this.rpc.validateRecords(request, options));
  }

  /**
   * Every version after a revision, then each further one as it is registered: once each, in order. It reconnects by
   * itself, also where nothing comes for three of the registry's intervals (30 s, unless it says otherwise), and goes on
   * from the last revision it told.
   *
   * Throws `Refused` where asking again won't help: `Code.OutOfRange` where the registry can't go on from that
   * revision, `Code.Unavailable` only where it could not be reached in the first place.
   */
  watch(what: Watching = {}): AsyncGenerator<Event, void> {
    const ends = what.signal ? AbortSignal.any([this.#closed.signal, what.signal]) : this.#closed.signal;
    const open: Open = (request, options) => ({
      messages: this.rpc.watchSchemas(request, options),
      leave: this.#line.leaving(),
    });
    return follow(open, { ...what, signal: ends });
  }

  /** Ends the connection and every watch on it. */
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
 * Every unary call may be tried again while its time lasts: reads change nothing, and a write of content that is already
 * there is answered as the first one was.
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
