package schemaregistry.client;

import io.grpc.ManagedChannel;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The current channel, and the number of times its connection was replaced. Calls in progress finish on the connection
 * that they began on.
 */
final class Line {

    private final ManagedChannel channel;
    private final String target;
    private final AtomicLong given = new AtomicLong();

    Line(ManagedChannel channel, String target) {
        this.channel = channel;
        this.target = target;
    }

    String target() {
        return target;
    }

    /** The number of the connection that the next call uses. */
    long number() {
        return given.get();
    }

    /** Makes the next call use a new connection, unless the one of this number has been replaced already. */
    void leave(long number) {
        if (given.compareAndSet(number, number + 1)) {
            channel.enterIdle();
        }
    }
}
