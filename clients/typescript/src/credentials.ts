/** A client's three PEM files and its token: where they are, and reading the files. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { TokenProvider } from "./token.js";

/**
 * The paths of the registry's CA, of this client's certificate chain and of its unencrypted private key. A token may be
 * shown beside the certificate, and its rights count then: the one in `tokenFile`, or the one that `token` returns.
 * Either is asked before each call and each connection of a watch.
 */
export interface Credentials {
  ca: string;
  cert: string;
  key: string;
  tokenFile?: string;
  token?: TokenProvider;
}

/** The files that `schemaregistry serve --dev` made in its data directory for `reader` or `ci-bot`. */
export function devCredentials(data = ".data", identity = "reader"): Credentials {
  const file = (name: string): string => join(data, "tls", name);
  return { ca: file("ca.pem"), cert: file(`${identity}.pem`), key: file(`${identity}-key.pem`) };
}

/**
 * The target in SCHEMAREGISTRY_TARGET and the files in SCHEMAREGISTRY_CA, _CERT, _KEY and _TOKEN_FILE. The defaults are
 * localhost:50051, the reader's dev files in SCHEMAREGISTRY_DATA or `.data`, and no token.
 */
export function fromEnvironment(): [target: string, credentials: Credentials] {
  const told = process.env;
  const dev = devCredentials(told["SCHEMAREGISTRY_DATA"] || ".data");
  return [
    told["SCHEMAREGISTRY_TARGET"] || "localhost:50051",
    {
      ca: told["SCHEMAREGISTRY_CA"] || dev.ca,
      cert: told["SCHEMAREGISTRY_CERT"] || dev.cert,
      key: told["SCHEMAREGISTRY_KEY"] || dev.key,
      ...(told["SCHEMAREGISTRY_TOKEN_FILE"] ? { tokenFile: told["SCHEMAREGISTRY_TOKEN_FILE"] } : {}),
    },
  ];
}

/** Reads the files. Throws, naming the file, where one can't be read or they don't belong together. */
export function read(files: Credentials): SecureContextOptions {
  const contents = { ca: readFileSync(files.ca), cert: readFileSync(files.cert), key: readFileSync(files.key) };
  if (!contents.ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error(`${files.ca} holds no PEM certificate: give the CA that signed the registry's`);
  }
  try {
    createSecureContext(contents);
  } catch (error) {
    throw new Error(`${files.ca}, ${files.cert} and ${files.key} are not a CA, a certificate and its own key`, {
      cause: error,
    });
  }
  return contents;
}
