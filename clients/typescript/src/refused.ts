/** `Refused`: the error of a call, read from its gRPC status. */
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { type Verdict, VerdictSchema } from "./gen/schemaregistry/v1/registry_pb.js";

/** The registry's refusal, or `Code.Unavailable` where it could not be reached. */
export class Refused extends Error {
  override readonly name = "Refused";
  /** A stable UPPER_SNAKE name, empty where the registry was not reached. */
  readonly reason: string = "";
  /** The JSON pointer (RFC 6901) to the fault in the document, where it is at a single place. */
  readonly pointer: string | undefined;
  /** Further values by name: near names, fingerprints. */
  readonly metadata: ReadonlyMap<string, string> = new Map();
  /** The verdict on a version that was refused as incompatible. */
  readonly verdict: Verdict | undefined;

  constructor(
    readonly code: Code,
    error: ConnectError,
  ) {
    super(error.rawMessage, { cause: error });
    for (const detail of error.details) {
      if (!("type" in detail)) continue;
      if (detail.type === "google.rpc.ErrorInfo") {
        const info = fields(detail.value);
        this.reason = text(info.get(1)?.[0]);
        this.metadata = new Map((info.get(3) ?? []).map(entry));
      } else if (detail.type === "google.rpc.BadRequest") {
        const violation = fields(detail.value).get(1)?.[0];
        this.pointer = violation && text(fields(violation).get(1)?.[0]);
      }
    }
    this.verdict = error.findDetails(VerdictSchema)[0];
  }

  static from(error: unknown): Refused {
    const came = ConnectError.from(error);
    return new Refused(came.code, came);
  }
}

/** The length-delimited fields of a message (google/rpc/error_details.proto has no others that are read here). */
function fields(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const found = new Map<number, Uint8Array[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (type !== WireType.LengthDelimited) reader.skip(type, number);
    else found.set(number, [...(found.get(number) ?? []), reader.bytes()]);
  }
  return found;
}

function entry(bytes: Uint8Array): [string, string] {
  const pair = fields(bytes);
  return [text(pair.get(1)?.[0]), text(pair.get(2)?.[0])];
}

function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}
