package schemaregistry.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tests of connections that stay open while nothing arrives any more, and of proxies in between. */
@Timeout(60)
class SilenceTest {

    /** The registry whose watches get a mark of progress every 0.5 s. */
    private static final String QUICK = System.getenv("SCHEMAREGISTRY_QUICK_TARGET");

    private static final Credentials READER =
            Credentials.dev(Path.of(System.getenv("SCHEMAREGISTRY_QUICK_DATA")), "reader");

    /** Practically no keepalive, so that the watch itself must notice. */
    private static final Keepalive HARDLY = new Keepalive(Duration.ofHours(1), Duration.ofHours(1));

    @Test
    void aWatchThatHearsNothingGoesOnByANewConnection() throws Exception {
        Relay between = new Relay(QUICK);
        try (between;
                Client registry = new Client(between.target(), READER, HARDLY);
                Watch watch = registry.watch(Watching.of())) {
            watch.next();
            between.swallow();
            while (between.connections() < 2) {
                watch.next();
            }
            watch.next();
        }
    }

    @Test
    void whatTheReaderDoesBetweenTwoEventsIsNoSilence() throws Exception {
        Relay between = new Relay(QUICK);
        try (between;
                Client registry = new Client(between.target(), READER, HARDLY);
                Watch watch = registry.watch(Watching.of())) {
            for (int mark = 0; mark < 3; mark++) {
                watch.next();
                Thread.sleep(2000);
            }
            assertEquals(1, between.connections());
        }
    }

    /** gRPC for Java sends a keepalive ping after 10 s at the earliest. */
    @Test
    void aConnectionThatFellSilentIsNoticedByPings() throws Exception {
        Relay between = new Relay(QUICK);
        Keepalive fast = new Keepalive(Duration.ofSeconds(10), Duration.ofSeconds(1));
        try (between;
                Client registry = new Client(between.target(), READER, fast)) {
            assertThrows(Refused.class, () -> registry.get("nothing"));
            between.swallow();
            Refused refused = assertThrows(Refused.class, () -> registry.get("nothing"));
            while (!refused.reason().equals("NO_SUCH_SCHEMA")) {
                refused = assertThrows(Refused.class, () -> registry.get("nothing"));
            }
            assertTrue(between.connections() >= 2);
        }
    }

    @Test
    void aVanishedPeerIsNoticedWithinFortySeconds() {
        assertEquals(Duration.ofSeconds(40), Keepalive.DEFAULT.idle().plus(Keepalive.DEFAULT.timeout()));
    }

    @Test
    void threeIntervalsPassBeforeAWatchConnectsAnew() {
        Position position = new Position(Watching.of());
        assertEquals(30_000, position.allowedMillis());
        position.hear("0.5");
        assertEquals(1_500, position.allowedMillis());
        for (String nonsense : new String[] {null, "", "soon", "NaN", "-1", "Infinity", "0"}) {
            position.hear(nonsense);
            assertEquals(30_000, position.allowedMillis(), nonsense);
        }
    }

    @Test
    void aProxyIsNotUsedOnThisMachineAndNamedElsewhere() {
        System.setProperty("https.proxyHost", "127.0.0.1");
        System.setProperty("https.proxyPort", "1");
        System.setProperty("http.nonProxyHosts", "");
        try (Client here = new Client(QUICK, READER);
                Client there = new Client("registry.invalid:50051", READER)) {
            assertEquals("NO_SUCH_SCHEMA", assertThrows(Refused.class, () -> here.get("nothing")).reason());
            String message = assertThrows(Refused.class, () -> there.get("nothing")).getMessage();
            assertTrue(message.contains("the proxy 127.0.0.1:1 (Java's https.proxyHost"), message);
        } finally {
            System.clearProperty("https.proxyHost");
            System.clearProperty("https.proxyPort");
            System.clearProperty("http.nonProxyHosts");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"localhost:1", "LOCALHOST.:1", "a.localhost:1", "127.9.9.9:1", "[::1]:1", "dns:///localhost:1", "unix:/r"})
    void isOnThisMachineByItsName(String target) {
        assertTrue(Proxies.isLocal(target));
    }

    @ParameterizedTest
    @ValueSource(strings = {"registry:1", "10.0.0.1:1", "localhost.example.com:1", "127.example.com:1", "[fe80::1]:1"})
    void isElsewhere(String target) {
        assertFalse(Proxies.isLocal(target));
    }
}
