/** A schema registry's client for Node. `schemaregistry-client/v1` has the messages and the other RPCs. */
export { Client, LATEST, type Document } from "./client.js";
export { type Credentials, devCredentials, fromEnvironment } from "./credentials.js";
export { KEEPALIVE, type Keepalive } from "./line.js";
export { Refused } from "./refused.js";
export type { TokenProvider } from "./token.js";
export type { Event, Watching } from "./watch.js";
