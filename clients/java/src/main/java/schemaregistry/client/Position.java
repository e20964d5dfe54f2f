package schemaregistry.client;

import com.google.protobuf.ByteString;
import io.grpc.Status;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import schemaregistry.v1.Registry.SchemaVersion;
import schemaregistry.v1.Registry.WatchSchemasRequest;
import schemaregistry.v1.Registry.WatchSchemasResponse;

/** A watch's state across its connections: the next request, the events it has had already, when to reconnect. */
final class Position {

    private static final long FIRST_PAUSE_MILLIS = 100;
    private static final long LONGEST_PAUSE_MILLIS = 5_000;
    private static final Set<Status.Code> FINAL = EnumSet.of(
            Status.Code.INVALID_ARGUMENT,
            Status.Code.NOT_FOUND,
            Status.Code.FAILED_PRECONDITION,
            Status.Code.OUT_OF_RANGE,
            Status.Code.UNAUTHENTICATED,
            Status.Code.PERMISSION_DENIED,
            Status.Code.UNIMPLEMENTED);

    private static final double INTERVAL_SECONDS = 10;
    private static final int SILENT_INTERVALS = 3;

    private final Watching what;
    private double interval = INTERVAL_SECONDS;
    private long revision;
    private boolean heard;
    private boolean caughtUp;
    private int failures;

    Position(Watching what) {
        this.what = what;
        this.revision = what.afterRevision();
    }

    WatchSchemasRequest request() {
        return WatchSchemasRequest.newBuilder()
                .setAfterRevision(revision)
                .addAllIds(what.ids())
                .setIncludeDocuments(what.documents())
                .build();
    }

    /**
     * The event of a message, null for a version that the watch has had before. After a reconnection the server sends
     * versions registered meanwhile as snapshot; for this watch they are changes.
     */
    Event accept(WatchSchemasResponse message) {
        heard = true;
        failures = 0;
        if (message.hasProgress()) {
            caughtUp = true;
            revision = Math.max(revision, message.getRevision());
            return new Event.Progress(revision, message.getProgress().getStale());
        }
        if (message.getRevision() <= revision) {
            return null;
        }
        revision = message.getRevision();
        if (message.hasStateChange()) {
            SchemaVersion changed = message.getStateChange();
            boolean latest = message.getLatestVersion().equals(changed.getVersion());
            // The document of this message is that of the latest version.
            return new Event.Registered(Event.Kind.STATE, revision, changed, ByteString.EMPTY, latest);
        }
        SchemaVersion version = message.hasChange() ? message.getChange() : message.getSnapshot();
        Event.Kind kind = caughtUp ? Event.Kind.CHANGE : Event.Kind.SNAPSHOT;
        boolean isLatest = message.getLatestVersion().equals(version.getVersion());
        return new Event.Registered(kind, revision, version, message.getDocument(), isLatest);
    }

    /** Reads the interval between marks of progress from the value of a watch's header. */
    void hear(String seconds) {
        interval = INTERVAL_SECONDS;
        try {
            double said = seconds == null ? 0 : Double.parseDouble(seconds);
            if (said > 0 && said < Integer.MAX_VALUE) {
                interval = said;
            }
        } catch (NumberFormatException unreadable) {
            // No number: go on with the default.
        }
    }

    /**
     * How long a connection may be silent. Pings don't replace that: a proxy in between answers them although the
     * registry is gone.
     */
    long allowedMillis() {
        return Math.max(1, Math.round(SILENT_INTERVALS * interval * 1000));
    }

    /** Whether to reconnect after an error: not where that can't help, and not before the first message. */
    boolean shouldReconnect(Status status) {
        return heard && !FINAL.contains(status.getCode());
    }

    /** The pause before reconnecting: random, so that watchers spread out, up to a bound that doubles per failure. */
    long pauseMillis() {
        long bound = Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(failures, 10));
        failures += 1;
        return ThreadLocalRandom.current().nextLong(bound);
    }
}
