package schemaregistry.client;

import java.time.Duration;

/**
 * HTTP/2 keepalive: after {@code idle} without a byte the client sends a ping and waits {@code timeout} for its answer,
 * so that a connection that broke silently is noticed within the sum of both, even with no call in progress. gRPC for
 * Java raises an {@code idle} below 10 s to that.
 */
public record Keepalive(Duration idle, Duration timeout) {

    /** The default, which notices a broken connection within 40 s. */
    public static final Keepalive DEFAULT = new Keepalive(Duration.ofSeconds(30), Duration.ofSeconds(10));
}
