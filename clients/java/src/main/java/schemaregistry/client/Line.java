package schemaregistry.client;

import io.grpc.ManagedChannel;
import java.util.concurrent.atomic.AtomicLong;

/** The channel in use and how often its connection was given up. Calls under way end on the one that they began on. */
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

    /** The connection that the next call takes, by its number. */
    long number() {
        return given.get();
    }

    /** Lets the next call make a new connection, unless the one of this number has been given up already. */
    void leave(long number) {
        if (given.compareAndSet(number, number + 1)) {
            channel.enterIdle();
        }
    }
}
