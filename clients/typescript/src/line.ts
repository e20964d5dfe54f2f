/** The connection in use, and what makes it anew. */
import { connect as tls } from "node:tls";
import { type Client as Calls, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { type Credentials, read } from "./credentials.js";
import { SchemaRegistry } from "./gen/schemaregistry/v1/registry_pb.js";

/**
 * After `idleMs` without a byte the client asks the registry for a sign of life, and waits `waitMs` for it: a peer that
 * vanished without a word is noticed within both together. Without a call under way it asks before the next one. The
 * registry takes such questions every 10 s and more; a client that asks more often is hung up on.
 */
export interface Keepalive {
  readonly idleMs: number;
  readonly waitMs: number;
}

/** Notices a vanished peer within 40 s. */
export const KEEPALIVE: Keepalive = { idleMs: 30_000, waitMs: 10_000 };

/** So many connections that were left may still carry calls; older ones are ended. */
const LEFT = 2;

interface Connection {
  readonly session: Http2SessionManager;
  readonly transport: Transport;
}

/** One connection at a time. Calls under way end on the one that they began on. */
export class Line {
  readonly rpc: Calls<typeof SchemaRegistry>;
  #current: Connection;
  #left: Connection[] = [];

  constructor(
    private readonly target: string,
    private readonly files: Credentials,
    private readonly keepalive: Keepalive,
    private readonly interceptors: Interceptor[],
  ) {
    read(files);
    this.#current = this.#connect();
    this.rpc = createClient(SchemaRegistry, {
      unary: (...call) => this.#current.transport.unary(...call),
      stream: (...call) => this.#current.transport.stream(...call),
    });
  }

  /** What lets the next call make a new connection, unless the present one has been left already. */
  leaving(): () => void {
    const present = this.#current;
    return () => {
      if (this.#current !== present) return;
      this.#left.push(present);
      this.#current = this.#connect();
      while (this.#left.length > LEFT) this.#left.shift()?.session.abort();
    };
  }

  close(): void {
    for (const { session } of [...this.#left, this.#current]) session.abort();
  }

  #connect(): Connection {
    const { hostname, port } = new URL(`https://${this.target}`);
    const host = hostname.replace(/^\[|\]$/g, "");
    const baseUrl = `https://${this.target}`;
    const session = new Http2SessionManager(
      baseUrl,
      // Not pingIdleConnection: it goes on with a session that was destroyed, and its error ends the process.
      { pingIntervalMs: this.keepalive.idleMs, pingTimeoutMs: this.keepalive.waitMs },
      {
        createConnection: () =>
          tls({ host, port: Number(port || 443), servername: host, ALPNProtocols: ["h2"], ...read(this.files) }),
      },
    );
    return {
      session,
      transport: createGrpcTransport({ baseUrl, sessionManager: session, interceptors: this.interceptors }),
    };
  }
}
