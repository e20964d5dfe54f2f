package schemaregistry.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.grpc.Status;
import io.grpc.StatusException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import schemaregistry.v1.Registry.WhoAmIRequest;

/** Tests of the tokens that a client shows, with a registry that takes those in the files of a folder. */
@Timeout(60)
class TokenTest {

    private static final String TARGET = System.getenv("SCHEMAREGISTRY_QUICK_TARGET");
    private static final Path TOKENS = Path.of(System.getenv("SCHEMAREGISTRY_QUICK_TOKENS"));
    private static final Credentials READER =
            Credentials.dev(Path.of(System.getenv("SCHEMAREGISTRY_QUICK_DATA")), "reader");

    private static List<String> published(Client registry) throws StatusException, InterruptedException {
        return registry.rpc().whoAmI(WhoAmIRequest.getDefaultInstance()).getPublishIdsList();
    }

    private static Refused failure(Credentials files) {
        try (Client registry = new Client(TARGET, files)) {
            Refused refused = assertThrows(Refused.class, () -> registry.get("none"));
            assertEquals(Status.Code.UNAUTHENTICATED, refused.code());
            assertFalse(refused.getMessage().contains("SECRET"), refused.getMessage());
            return refused;
        }
    }

    @Test
    void theTokenInAFileGivesItsRights() throws Exception {
        try (Client registry = new Client(TARGET, READER.withTokenFile(TOKENS.resolve("ticks")))) {
            assertEquals(List.of("ticks_*"), published(registry));
        }
    }

    @Test
    void theNextCallAndEachConnectionOfAWatchShowsTheNextToken() throws Exception {
        AtomicInteger asked = new AtomicInteger();
        Callable<String> token = () -> {
            String name = asked.getAndIncrement() % 2 == 0 ? "ticks" : "quotes";
            return Files.readString(TOKENS.resolve(name)).strip();
        };
        try (Client registry = new Client(TARGET, READER.withToken(token))) {
            assertEquals(List.of("ticks_*"), published(registry));
            assertEquals(List.of("quotes_*"), published(registry));
            try (Watch events = registry.watch(Watching.of())) {
                events.next();
            }
            assertEquals(3, asked.get());
        }
    }

    @Test
    void aRefusedTokenEndsAWatchAndIsNotRepeated() {
        try (Client registry = new Client(TARGET, READER.withToken(() -> "no.signed.token"));
                Watch events = registry.watch(Watching.of())) {
            Refused refused = assertThrows(Refused.class, events::next);
            assertEquals(Status.Code.UNAUTHENTICATED, refused.code());
            assertFalse(refused.getMessage().contains("no.signed.token"));
        }
    }

    @Test
    void aFileWithoutATokenIsNamed(@TempDir Path own) throws IOException {
        Files.writeString(own.resolve("empty"), " \n");
        Files.writeString(own.resolve("words"), "SECRET words");
        for (String name : List.of("none", "empty", "words", "")) {
            Path file = own.resolve(name);
            Refused refused = failure(READER.withTokenFile(file));
            assertEquals("TOKEN_FILE", refused.reason());
            assertTrue(refused.getMessage().contains(file.toString()), refused.getMessage());
        }
    }

    @Test
    void aFunctionWithoutATokenIsAnError() {
        Callable<String> failing = () -> {
            throw new IOException("SECRET");
        };
        Callable<String> none = () -> null;
        for (Callable<String> token : List.of(failing, none, () -> "SECRET\r\nx-role: root")) {
            assertEquals("TOKEN_PROVIDER", failure(READER.withToken(token)).reason());
        }
    }
}
