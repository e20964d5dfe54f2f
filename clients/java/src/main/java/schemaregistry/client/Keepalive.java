package schemaregistry.client;

import java.time.Duration;

/**
 * After {@code idle} without a byte the client asks the registry for a sign of life, and waits {@code timeout} for it: a
 * peer that vanished without a word is noticed within both together, whether or not a call is under way. gRPC for Java
 * takes no {@code idle} below 10 s.
 */
public record Keepalive(Duration idle, Duration timeout) {

    /** Notices a vanished peer within 40 s. */
    public static final Keepalive DEFAULT = new Keepalive(Duration.ofSeconds(30), Duration.ofSeconds(10));
}
