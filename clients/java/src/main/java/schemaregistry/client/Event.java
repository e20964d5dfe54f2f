package schemaregistry.client;

import com.google.protobuf.ByteString;
import schemaregistry.v1.Registry.SchemaVersion;

/** One thing that a watch tells. */
public sealed interface Event {

    /** The store's revision of it. */
    long revision();

    /** Whether a version was there when the watch began, or was registered since. */
    enum Kind {
        SNAPSHOT,
        CHANGE
    }

    /** A version, with its document's bytes where they were asked for (else empty). */
    record Registered(Kind kind, long revision, SchemaVersion version, ByteString document) implements Event {}

    /** Nothing up to the revision is left to tell; {@code stale}: the registry has lost its store for now. */
    record Progress(long revision, boolean stale) implements Event {}
}
