/** The token that each call shows beside the client's certificate: from a file, or from the caller's own function. */
import { readFile, stat } from "node:fs/promises";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Credentials } from "./credentials.js";

/** Returns the token for the next call, or the next connection of a watch. */
export type TokenProvider = () => string | Promise<string>;

/** Bytes of the largest token that the registry takes. */
const MOST_BYTES = 8192;
/** RFC 6750, section 2.1: nothing that could end the header. */
const FORM = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * The interceptors that show the credentials' token; none where they have none. A line always connects by TLS, so a
 * token is never sent in the clear. Throws where there are both a `tokenFile` and a `token`.
 */
export function showing({ tokenFile, token }: Credentials): Interceptor[] {
  if (tokenFile !== undefined && token) throw new Error("give a tokenFile or a token, not both");
  if (tokenFile !== undefined) return [header(() => inFile(tokenFile))];
  return token ? [header(() => provided(token))] : [];
}

function header(token: () => Promise<string>): Interceptor {
  return (next) => async (request) => {
    request.header.set("authorization", `Bearer ${await token()}`);
    return next(request);
  };
}

/** Reads the token in a file. White space around it doesn't count. */
async function inFile(path: string): Promise<string> {
  let text = "";
  try {
    const facts = await stat(path);
    // A FIFO would block until it has a writer, and could be read for one call alone.
    if (!facts.isFile()) throw new Error("it is no regular file");
    if (facts.size <= MOST_BYTES + 2) text = (await readFile(path, "latin1")).trim();
    if (facts.size === 0) throw new Error("it is empty");
    if (!isToken(text)) throw new Error("it has no token");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw missing("TOKEN_FILE", `the token file ${path} can't be used (${why}): write one by \`schemaregistry login\``);
  }
  return text;
}

async function provided(provider: TokenProvider): Promise<string> {
  let text: unknown;
  try {
    text = await provider();
  } catch (error) {
    // Its text may have the token; the cause has it for whoever debugs the function.
    throw error instanceof ConnectError ? error : missing("TOKEN_PROVIDER", "the token provider failed", error);
  }
  if (typeof text === "string" && isToken(text)) return text;
  throw missing("TOKEN_PROVIDER", "the token provider returned no token: it has to return one, without `Bearer`");
}

function isToken(text: string): boolean {
  return text.length <= MOST_BYTES && FORM.test(text);
}

function missing(reason: string, message: string, cause?: unknown): ConnectError {
  const error = new ConnectError(message, Code.Unauthenticated, undefined, undefined, cause);
  const value = new BinaryWriter().tag(1, WireType.LengthDelimited).string(reason).finish();
  error.details.push({ type: "google.rpc.ErrorInfo", value });
  return error;
}
