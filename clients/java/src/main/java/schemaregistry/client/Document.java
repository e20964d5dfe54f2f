package schemaregistry.client;

import com.google.protobuf.ByteString;

/** One version of a schema; {@code raw} is its document, byte for byte as it was registered. */
public record Document(
        String id, String version, long revision, String fingerprint, String etag, ByteString raw) {}
