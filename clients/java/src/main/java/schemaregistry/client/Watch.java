package schemaregistry.client;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.MetadataUtils;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import schemaregistry.v1.Registry.WatchSchemasResponse;
import schemaregistry.v1.SchemaRegistryGrpc.SchemaRegistryBlockingV2Stub;

/**
 * The events of a watch, each once and in the order of revisions. Where the connection breaks, or is silent for three
 * of the registry's progress intervals (30 s by default), the watch reconnects and resumes after the last revision.
 * Iterate in one thread; {@link #close} may be called from any.
 *
 * <p>Iterating throws {@link Refused} where a new connection can't help: {@code OUT_OF_RANGE} where the registry can't
 * resume from that revision, {@code UNAVAILABLE} only where it was never reached.
 */
public final class Watch implements Iterator<Event>, Iterable<Event>, AutoCloseable {

    private static final Metadata.Key<String> INTERVAL =
            Metadata.Key.of("x-schema-progress-seconds", Metadata.ASCII_STRING_MARSHALLER);

    private final Line line;
    private final SchemaRegistryBlockingV2Stub rpc;
    private final Position position;
    private final AtomicReference<Metadata> headers = new AtomicReference<>();
    private final Object changing = new Object();
    private long connection;
    private BlockingClientCall<?, WatchSchemasResponse> stream;
    private boolean closed;
    private Event next;

    Watch(Line line, SchemaRegistryBlockingV2Stub rpc, Watching what) {
        this.line = line;
        this.rpc = rpc.withInterceptors(
                MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()));
        this.position = new Position(what);
    }

    /** Waits for the next event; false once the watch is closed or its thread interrupted. */
    @Override
    public boolean hasNext() {
        try {
            while (next == null && open()) {
                next = receive();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            close();
        }
        return next != null;
    }

    @Override
    public Event next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the watch is closed");
        }
        Event event = next;
        next = null;
        return event;
    }

    @Override
    public Iterator<Event> iterator() {
        return this;
    }

    /** Ends the watch, also while another thread waits for an event. */
    @Override
    public void close() {
        synchronized (changing) {
            closed = true;
            if (stream != null) {
                stream.cancel("the watch is closed", null);
            }
            changing.notifyAll();
        }
    }

    /** Opens a stream where there is none; false where the watch is closed. */
    private boolean open() {
        synchronized (changing) {
            if (!closed && stream == null) {
                connection = line.number();
                headers.set(null);
                stream = rpc.watchSchemas(position.request());
            }
            return !closed;
        }
    }

    /** The next event of the stream; null where its message has no new event, or the stream failed. */
    private Event receive() throws InterruptedException {
        try {
            WatchSchemasResponse message = stream.read(position.allowedMillis(), TimeUnit.MILLISECONDS);
            if (message != null) {
                Metadata said = headers.getAndSet(null);
                if (said != null) {
                    position.hear(said.get(INTERVAL));
                }
                return position.accept(message);
            }
        } catch (TimeoutException silent) {
            stream.cancel("nothing was heard", silent);
            line.leave(connection);
            endsUnlessSurvived(silence());
        } catch (StatusException failed) {
            synchronized (changing) {
                if (closed) {
                    return null;
                }
            }
            endsUnlessSurvived(failed);
        }
        reconnect();
        return null;
    }

    private void endsUnlessSurvived(StatusException failed) {
        if (!position.shouldReconnect(failed.getStatus())) {
            close();
            throw Refused.of(failed, line.target());
        }
    }

    private StatusException silence() {
        String message = ("a watch of %s heard nothing for %d ms, not even that nothing happened: check that it is "
                        + "running, and what is in between")
                .formatted(line.target(), position.allowedMillis());
        return Status.UNAVAILABLE.withDescription(message).asException();
    }

    private void reconnect() throws InterruptedException {
        synchronized (changing) {
            stream = null;
            long until = System.nanoTime() + position.pauseMillis() * 1_000_000;
            for (long left = until - System.nanoTime(); left > 0 && !closed; left = until - System.nanoTime()) {
                changing.wait(left / 1_000_000 + 1);
            }
        }
    }
}
