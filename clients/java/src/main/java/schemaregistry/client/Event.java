package schemaregistry.client;

import com.google.protobuf.ByteString;
import schemaregistry.v1.Registry.SchemaVersion;

/** An event of a watch: a version, or a mark of progress. */
public sealed interface Event {

    /** The event's revision, after which a later watch may resume. */
    long revision();

    /** Whether a version was registered before the watch began, or since, or its state was changed. */
    enum Kind {
        SNAPSHOT,
        CHANGE,
        STATE
    }

    /**
     * A version; {@code document} is empty unless the watch was made with documents, and for a change of its state. {@code isLatest}: {@code latest}
     * means this version, which is not so for a pre-release beside releases, or a fix to an old line.
     */
    record Registered(Kind kind, long revision, SchemaVersion version, ByteString document, boolean isLatest)
            implements Event {}

    /**
     * A mark of progress: every event up to the revision has been sent. {@code stale}: the registry can't reach its
     * store, so its answers may be out of date.
     */
    record Progress(long revision, boolean stale) implements Event {}
}
