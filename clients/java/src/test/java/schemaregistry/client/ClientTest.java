package schemaregistry.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.api.HttpBody;
import com.google.protobuf.ByteString;
import io.grpc.Status;
import io.grpc.StatusException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.CertificateException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import schemaregistry.v1.Registry.RegisterSchemaRequest;
import schemaregistry.v1.Registry.WhoAmIRequest;

/** Tests with a real registry, which {@code make java-test} starts. */
@Timeout(30)
class ClientTest {

    private static final String TARGET = Credentials.targetFromEnvironment();
    private static final Credentials READER = Credentials.fromEnvironment();
    private static final Credentials PUBLISHER = new Credentials(
            READER.ca(), told("SCHEMAREGISTRY_PUBLISHER_CERT"), told("SCHEMAREGISTRY_PUBLISHER_KEY"));

    private static Path told(String variable) {
        String value = System.getenv(variable);
        assertNotNull(value, "no registry to test against: run `make java-test`");
        return Path.of(value);
    }

    private static ByteString publish(String id, String version) {
        ByteString document = ByteString.copyFromUtf8("""
                {"$id": "%s", "$schema": "http://json-schema.org/draft-07/schema#", "version": "%s",
                 "type": "object", "properties": {"size": {"type": "integer"}}}
                """.formatted(id, version));
        register(id, document);
        return document;
    }

    private static void register(String id, ByteString data) {
        HttpBody body = HttpBody.newBuilder().setData(data).build();
        RegisterSchemaRequest request =
                RegisterSchemaRequest.newBuilder().setId(id).setDocument(body).build();
        try (Client publisher = new Client(TARGET, PUBLISHER)) {
            publisher.rpc().registerSchema(request);
        } catch (StatusException failed) {
            throw Refused.of(failed, TARGET);
        }
    }

    @Test
    void aDocumentComesByteForByteWithItsVersionAndRevision() {
        ByteString published = publish("java_bytes", "1.0.0");
        try (Client registry = Client.fromEnvironment()) {
            Document document = registry.get("java_bytes", "v1.0.0");
            assertEquals(published, document.raw());
            assertEquals(List.of("java_bytes", "1.0.0"), List.of(document.id(), document.version()));
            assertTrue(document.revision() > 0 && !document.etag().isEmpty());
            assertTrue(document.fingerprint().startsWith("sha256:"));
        }
    }

    @Test
    void aVersionIsAskedForOnce() throws IOException {
        publish("java_once", "1.0.0");
        Relay between = new Relay(TARGET);
        try (Client registry = new Client(between.target(), READER)) {
            Document first = registry.get("java_once", "1.0.0");
            between.close();
            assertSame(first, registry.get("java_once", "1.0.0"));
            assertThrows(Refused.class, () -> registry.get("java_once"));
        }
    }

    @Test
    void theLatestIsSentAgainOnlyIfItChanged() {
        publish("java_latest", "1.0.0");
        try (Client registry = Client.fromEnvironment()) {
            Document first = registry.get("java_latest");
            assertSame(first, registry.get("java_latest", ""));
            publish("java_latest", "1.0.1");
            assertEquals("1.0.1", registry.get("java_latest").version());
        }
    }

    @Test
    void aReferenceFollowsItsLine() {
        publish("java_line", "1.0.0");
        try (Client registry = Client.fromEnvironment()) {
            Document first = registry.get("java_line", "^1.0");
            assertSame(first, registry.get("java_line", "^1.0"));
            for (String version : List.of("2.0.0", "1.1.0", "3.0.0-rc.1")) {
                publish("java_line", version);
            }
            Map<String, String> meant = Map.of(
                    "^1.0", "1.1.0", "1", "1.1.0", "~1.0", "1.0.0", "v1.0", "1.0.0", Client.LATEST, "2.0.0");
            meant.forEach((reference, version) ->
                    assertEquals(version, registry.get("java_line", reference).version()));
        }
    }

    @Test
    void aWatchTellsWhichVersionIsTheLatest() {
        for (String version : List.of("1.0.0", "2.0.0", "1.1.0", "3.0.0-rc.1")) {
            publish("java_watched_line", version);
        }
        List<String> latest = new ArrayList<>();
        try (Client registry = Client.fromEnvironment();
                Watch watch = registry.watch(Watching.of("java_watched_line"))) {
            while (watch.next() instanceof Event.Registered registered) {
                if (registered.isLatest()) {
                    latest.add(registered.version().getVersion());
                }
            }
        }
        assertEquals(List.of("2.0.0"), latest);
    }

    @Test
    void aRefusalHasItsCodeItsReasonAndNearNames() {
        publish("java_refused", "1.0.0");
        try (Client registry = Client.fromEnvironment()) {
            Refused refused = assertThrows(Refused.class, () -> registry.get("java_refuse"));
            assertEquals(Status.Code.NOT_FOUND, refused.code());
            assertEquals("NO_SUCH_SCHEMA", refused.reason());
            assertTrue(refused.metadata().get("near").contains("java_refused"));
        }
    }

    @Test
    void aRefusalHasThePointerOfThePlaceAtFault() {
        ByteString document = ByteString.copyFromUtf8(
                "{\"$id\": \"java_pointer\", \"$schema\": \"http://example.com/\", \"version\": \"1.0.0\"}");
        Refused refused = assertThrows(Refused.class, () -> register("java_pointer", document));
        assertEquals(Status.Code.INVALID_ARGUMENT, refused.code());
        assertEquals("/$schema", refused.pointer().orElseThrow());
    }

    @Test
    void aReaderMayNotPublish() {
        try (Client registry = Client.fromEnvironment()) {
            RegisterSchemaRequest request =
                    RegisterSchemaRequest.newBuilder().setId("java_reader").build();
            StatusException failed =
                    assertThrows(StatusException.class, () -> registry.rpc().registerSchema(request));
            assertEquals(Status.Code.PERMISSION_DENIED, failed.getStatus().getCode());
        }
    }

    @Test
    void recordsAreJudgedByPlaceAndRule() {
        publish("java_records", "1.0.0");
        try (Client registry = Client.fromEnvironment()) {
            var answer = registry.validate(
                    "java_records", Client.LATEST, "[{\"size\": 1}, {\"size\": \"1\"}]".getBytes());
            assertFalse(answer.getValid());
            assertEquals(1, answer.getErrorsCount());
            var wrong = answer.getErrors(0);
            assertEquals("1 /size type", wrong.getIndex() + " " + wrong.getPointer() + " " + wrong.getRule());
        }
    }

    @Test
    void aWatchTellsEachVersionOnceThroughACutConnection() throws IOException {
        publish("java_watch", "1.0.0");
        List<String> told = new ArrayList<>();
        Relay between = new Relay(TARGET);
        try (between;
                Client registry = new Client(between.target(), READER);
                Watch watch = registry.watch(Watching.of("java_watch").withDocuments())) {
            while (told.size() < 3) {
                Event event = watch.next();
                if (event instanceof Event.Registered registered) {
                    String version = registered.version().getVersion();
                    assertTrue(registered.document().toStringUtf8().contains(version));
                    told.add(registered.kind() + " " + version);
                    if (told.size() == 2) {
                        between.cut();
                        publish("java_watch", "1.2.0");
                    }
                } else if (told.size() == 1) {
                    publish("java_watch", "1.1.0");
                }
            }
        }
        assertEquals(List.of("SNAPSHOT 1.0.0", "CHANGE 1.1.0", "CHANGE 1.2.0"), told);
    }

    @Test
    void aWatchThatIsClosedEndsInTheThreadThatWaits() throws InterruptedException {
        try (Client registry = Client.fromEnvironment()) {
            Watch watch = registry.watch(Watching.of("java_nothing"));
            Thread waiting = new Thread(() -> watch.forEach(event -> {}));
            waiting.start();
            watch.close();
            waiting.join();
            assertFalse(watch.hasNext());
        }
    }

    @Test
    void aWatchFromARevisionThatTheStoreHasNotReachedEnds() {
        try (Client registry = Client.fromEnvironment();
                Watch watch = registry.watch(Watching.of().after(1L << 40))) {
            assertEquals(Status.Code.OUT_OF_RANGE, assertThrows(Refused.class, watch::next).code());
            assertFalse(watch.hasNext());
        }
    }

    @Test
    void aWatchOfARegistryThatIsNotThereEnds() throws IOException {
        Relay between = new Relay(TARGET);
        between.close();
        try (Client registry = new Client(between.target(), READER);
                Watch watch = registry.watch(Watching.of())) {
            assertEquals(Status.Code.UNAVAILABLE, assertThrows(Refused.class, watch::next).code());
        }
    }

    @Test
    void aRenewedCertificateIsUsedByTheNextConnection(@TempDir Path own) throws Exception {
        Credentials files = new Credentials(READER.ca(), own.resolve("cert.pem"), own.resolve("key.pem"));
        place(READER, files);
        Relay between = new Relay(TARGET);
        try (between;
                Client registry = new Client(between.target(), files)) {
            String before = identity(registry);
            place(PUBLISHER, files);
            between.cut();
            while (identityOr(before, registry).equals(before)) {
                Thread.sleep(20);
            }
        }
    }

    @Test
    void aRenewedCaIsUsedByTheNextConnection(@TempDir Path own) throws Exception {
        Credentials files = new Credentials(own.resolve("ca.pem"), READER.cert(), READER.key());
        Files.copy(READER.cert(), files.ca());
        try (Client registry = new Client(TARGET, files)) {
            assertThrows(StatusException.class, () -> identity(registry));
            Files.copy(READER.ca(), files.ca(), StandardCopyOption.REPLACE_EXISTING);
            while (identityOr("", registry).isEmpty()) {
                Thread.sleep(20);
            }
        }
    }

    @Test
    void aRegistryOfAnotherNameIsNotTrusted() throws Exception {
        Relay between = new Relay(TARGET);
        try (between;
                Client registry = new Client(between.target().replace("localhost", "127.0.0.2"), READER)) {
            Throwable cause = assertThrows(StatusException.class, () -> identity(registry));
            while (!(cause instanceof CertificateException)) {
                cause = cause.getCause();
                assertNotNull(cause);
            }
        }
    }

    private static void place(Credentials from, Credentials to) throws IOException {
        Files.copy(from.cert(), to.cert(), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(from.key(), to.key(), StandardCopyOption.REPLACE_EXISTING);
    }

    /** The caller's identity, or {@code before} for a call that fails since its connection is cut meanwhile. */
    private static String identityOr(String before, Client registry) {
        try {
            return identity(registry);
        } catch (StatusException cut) {
            return before;
        }
    }

    private static String identity(Client registry) throws StatusException {
        return registry.rpc().whoAmI(WhoAmIRequest.getDefaultInstance()).getIdentity();
    }

    @Test
    void filesThatAreNotCredentialsAreNamed() {
        Credentials files = new Credentials(READER.key(), READER.cert(), READER.key());
        var unsound = assertThrows(IllegalArgumentException.class, () -> new Client(TARGET, files));
        assertTrue(unsound.getMessage().contains(READER.key().toString()));
    }

    @Test
    void whatWasUsedLeastRecentlyIsForgotten() {
        Recent<String, Integer> few = new Recent<>(2);
        few.put("a", 1);
        few.put("b", 2);
        few.get("a");
        few.put("c", 3);
        assertNull(few.get("b"));
        assertEquals(List.of(1, 3), List.of(few.get("a"), few.get("c")));
    }
}
