/** A TCP relay to the registry whose connections a test can cut or make silent (open, but nothing arrives). */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class Relay {
  readonly #open = new Set<Socket>();

  target = "";
  /** The number of connections made so far. */
  connections = 0;
  #silent = 0;

  private constructor(private readonly server: Server) {}

  static async to(target: string): Promise<Relay> {
    const [host, port] = target.split(":");
    const relay: Relay = new Relay(
      createServer((near) => {
        const far = connect(Number(port), host);
        const number = relay.connections++;
        for (const socket of [near, far]) {
          relay.#open.add(socket);
          socket.on("error", () => socket.destroy());
          socket.on("close", () => {
            relay.#open.delete(socket);
            near.destroy();
            far.destroy();
          });
        }
        near.on("data", (data) => number < relay.#silent || far.write(data));
        far.on("data", (data) => number < relay.#silent || near.write(data));
      }),
    );
    await new Promise<void>((listening) => relay.server.listen(0, "localhost", listening));
    relay.target = `localhost:${(relay.server.address() as AddressInfo).port}`;
    return relay;
  }

  /** Makes the open connections silent. */
  swallow(): void {
    this.#silent = this.connections;
  }

  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  close(): void {
    this.server.close();
    this.cut();
  }
}
