package schemaregistry.client;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusException;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.handler.ssl.OpenSslSessionContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContextBuilder;
import io.grpc.stub.MetadataUtils;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLException;
import schemaregistry.v1.Registry.GetSchemaRequest;
import schemaregistry.v1.Registry.ValidateRecordsRequest;
import schemaregistry.v1.Registry.ValidateRecordsResponse;
import schemaregistry.v1.SchemaRegistryGrpc;
import schemaregistry.v1.SchemaRegistryGrpc.SchemaRegistryBlockingV2Stub;

/** One connection to a registry; threads may share it. */
public final class Client implements AutoCloseable {

    /** The highest release of a schema; a pre-release only where nothing else exists. */
    public static final String LATEST = "latest";

    private static final int REMEMBERED = 1000;
    private static final long TIMEOUT_SECONDS = 5;

    /**
     * gRPC may retry every call: reads change nothing, and a repeated write of the same content gets the answer of the
     * first one. A call's deadline covers all its attempts (gRFC A6).
     */
    private static final Map<String, ?> SERVICE_CONFIG = Map.of(
            "methodConfig",
            List.of(Map.of(
                    "name", List.of(Map.of("service", SchemaRegistryGrpc.SERVICE_NAME)),
                    "retryPolicy",
                            Map.of(
                                    "maxAttempts", 4.0,
                                    "initialBackoff", "0.1s",
                                    "maxBackoff", "1s",
                                    "backoffMultiplier", 2.0,
                                    "retryableStatusCodes", List.of("UNAVAILABLE")))));

    private final ManagedChannel channel;
    private final Line line;
    private final SchemaRegistryBlockingV2Stub rpc;
    private final Recent<Name, Document> known = new Recent<>(REMEMBERED);

    private record Name(String id, String version) {}

    @FunctionalInterface
    private interface Call<Answer> {
        Answer send(SchemaRegistryBlockingV2Stub rpc) throws StatusException, InterruptedException;
    }

    /**
     * Reads the credentials' files; the first call makes the connection.
     *
     * <p>The client connects directly to localhost and loopback addresses, and to others through the proxy that Java's
     * settings name, if any ({@code https.proxyHost}).
     *
     * @throws IllegalArgumentException a file can't be read or used; the message names it
     */
    public Client(String target, Credentials files) {
        this(target, files, Keepalive.DEFAULT);
    }

    /** Makes a client as {@link #Client(String, Credentials)} does, with another keepalive than the default. */
    public Client(String target, Credentials files, Keepalive keepalive) {
        NettyChannelBuilder builder = NettyChannelBuilder.forTarget(target)
                .sslContext(secured(files))
                .defaultServiceConfig(SERVICE_CONFIG)
                .keepAliveTime(keepalive.idle().toNanos(), TimeUnit.NANOSECONDS)
                .keepAliveTimeout(keepalive.timeout().toNanos(), TimeUnit.NANOSECONDS)
                // Ping also while no call is in progress, so that the next call doesn't meet a dead connection.
                .keepAliveWithoutCalls(true);
        if (Proxies.isLocal(target)) {
            builder.proxyDetector(place -> null);
        }
        channel = builder.build();
        line = new Line(channel, target);
        SchemaRegistryBlockingV2Stub stub = SchemaRegistryGrpc.newBlockingV2Stub(channel);
        rpc = files.token() == null ? stub : stub.withCallCredentials(new ShownToken(files.token()));
    }

    /** Makes a client with the target and the files that the environment names; see {@link Credentials}. */
    public static Client fromEnvironment() {
        return new Client(Credentials.targetFromEnvironment(), Credentials.fromEnvironment());
    }

    /** The generated stub on the same connection. */
    public SchemaRegistryBlockingV2Stub rpc() {
        return rpc;
    }

    /** Gets the latest version of a schema. */
    public Document get(String id) {
        return get(id, LATEST);
    }

    /**
     * Gets one version of a schema ({@code 1.0.0}), or the one that a reference means: {@link #LATEST}, or {@code 1},
     * {@code 1.2}, {@code ^1.2} and {@code ~1.2} for the highest release of a line.
     *
     * <p>A version never changes, so it comes from the cache if this client has had it before; for a reference, which
     * may mean another one later, the registry is asked each time, and sends the document only if it changed.
     *
     * @throws Refused the registry refused, or could not be reached
     */
    public Document get(String id, String version) {
        String plain = version.startsWith("v") ? version.substring(1) : version;
        Name asked = new Name(id, plain.isEmpty() ? LATEST : plain);
        Document before = known.get(asked);
        // A reference is exact where it is the number of its answer's version.
        if (before != null && before.version().equals(asked.version)) {
            return before;
        }
        GetSchemaRequest request = GetSchemaRequest.newBuilder()
                .setId(id)
                .setVersion(asked.version)
                .setIfNoneMatch(before == null ? "" : before.etag())
                .build();
        AtomicReference<Metadata> headers = new AtomicReference<>();
        var capture = MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>());
        HttpBody body = send(stub -> stub.withInterceptors(capture).getSchema(request));
        if (before != null && body.getData().isEmpty()) {
            return before;
        }
        Document document = document(body, headers.get());
        known.put(asked, document);
        known.put(new Name(id, document.version()), document);
        return document;
    }

    /**
     * Validates a JSON array of up to 1,000 records against one version, on the server.
     *
     * @throws Refused the registry refused, or could not be reached
     */
    public ValidateRecordsResponse validate(String id, String version, byte[] records) {
        HttpBody body = HttpBody.newBuilder()
                .setContentType("application/json")
                .setData(ByteString.copyFrom(records))
                .build();
        ValidateRecordsRequest request = ValidateRecordsRequest.newBuilder()
                .setId(id)
                .setVersion(version)
                .setRecords(body)
                .build();
        return send(stub -> stub.validateRecords(request));
    }

    /** Watches every version after a revision, then each new one as it is registered; close the watch to end it. */
    public Watch watch(Watching what) {
        return new Watch(line, rpc, what);
    }

    /** Closes the connection and ends the calls and watches on it. */
    @Override
    public void close() {
        channel.shutdownNow();
    }

    private <Answer> Answer send(Call<Answer> call) {
        try {
            return call.send(rpc.withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS));
        } catch (StatusException failed) {
            throw Refused.of(failed, line.target());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw Refused.of(interrupted, line.target());
        }
    }

    private static SslContext secured(Credentials files) {
        try {
            SslContext context = GrpcSslContexts.configure(SslContextBuilder.forClient()
                            .keyManager(new RenewedKey(files))
                            .trustManager(new RenewedTrust(files))
                            .sessionTimeout(1))
                    .build();
            // A resumed TLS session has the identity that it began with, so sessions aren't resumed: a renewed
            // certificate is used from the next connection on (with Java's own TLS, from the next one after a second).
            if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
                sessions.setSessionCacheEnabled(false);
            }
            return context;
        } catch (SSLException | IllegalArgumentException unsound) {
            throw new IllegalArgumentException(
                    "%s, %s and %s are not a CA, a certificate and its own private key in PEM"
                            .formatted(files.ca(), files.cert(), files.key()),
                    unsound);
        }
    }

    private static Document document(HttpBody body, Metadata headers) {
        return new Document(
                header(headers, "x-schema-id"),
                header(headers, "x-schema-version"),
                Long.parseLong(header(headers, "x-schema-revision")),
                header(headers, "x-schema-fingerprint"),
                header(headers, "etag"),
                body.getData());
    }

    private static String header(Metadata headers, String name) {
        String value = headers.get(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER));
        return value == null ? "" : value;
    }
}
