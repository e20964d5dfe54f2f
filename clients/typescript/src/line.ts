/** The current connection to the registry, and its replacement. */
import { connect as tls } from "node:tls";
import { type Client as Calls, createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { type Credentials, read } from "./credentials.js";
import { SchemaRegistry } from "./gen/schemaregistry/v1/registry_pb.js";

/**
 * HTTP/2 keepalive: after `idleMs` without a byte the client sends a ping and waits `waitMs` for its answer, so that a
 * connection that broke silently is noticed within the sum of both. With no call in progress it pings before the next
 * one. `idleMs` must be 10,000 or more: the registry closes connections that ping more often.
 */
export interface Keepalive {
  readonly idleMs: number;
  readonly waitMs: number;
}

/** The default, which notices a broken connection within 40 s. */
export const KEEPALIVE: Keepalive = { idleMs: 30_000, waitMs: 10_000 };

/** The number of replaced connections that stay open for their calls; older ones are closed. */
const LEFT = 2;

interface Connection {
  readonly session: Http2SessionManager;
  readonly transport: Transport;
}

/** The current connection. Calls in progress finish on the connection that they began on. */
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

  /** A function that makes the next call use a new connection, unless the present one has been replaced already. */
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
      // Without pingIdleConnection, which uses a session that was destroyed, and whose error ends the process.
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
