package schemaregistry.client;

import io.grpc.CallCredentials;
import io.grpc.Metadata;
import io.grpc.SecurityLevel;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.regex.Pattern;

/** Puts a token into the headers of each call and each connection of a watch, over TLS alone. */
final class ShownToken extends CallCredentials {

    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    /** The size in bytes of the largest token that the registry takes. */
    private static final int MOST = 8192;

    /** RFC 6750, section 2.1: nothing that could end the header. */
    private static final Pattern FORM = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

    private final Callable<String> provider;

    ShownToken(Callable<String> provider) {
        this.provider = provider;
    }

    /** Why there is no token; the cause of a call's status. */
    static final class NoToken extends Exception {

        private final String reason;

        private NoToken(String reason, String message, Throwable cause) {
            super(message, cause);
            this.reason = reason;
        }

        String reason() {
            return reason;
        }
    }

    /** The token in a file, which is read for each call. White space around it doesn't count. */
    record InFile(Path path) implements Callable<String> {

        @Override
        public String call() throws NoToken {
            // A FIFO would block until it has a writer, and could be read for one call alone.
            if (Files.exists(path) && !Files.isRegularFile(path)) {
                throw wrong("is no regular file", null);
            }
            String text;
            try (InputStream file = Files.newInputStream(path)) {
                text = new String(file.readNBytes(MOST + 3), StandardCharsets.ISO_8859_1).strip();
            } catch (IOException unreadable) {
                throw wrong("can't be read (%s)".formatted(unreadable.getClass().getSimpleName()), unreadable);
            }
            if (text.isEmpty()) {
                throw wrong("is empty", null);
            }
            if (!isToken(text)) {
                throw wrong("has no token: one word of letters, digits and -._~+/ is expected", null);
            }
            return text;
        }

        private NoToken wrong(String what, Throwable cause) {
            String message = "the token file %s %s: write a token there by `schemaregistry login --token-file %s`";
            return new NoToken("TOKEN_FILE", message.formatted(path, what, path), cause);
        }
    }

    @Override
    public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
        if (call.getSecurityLevel() != SecurityLevel.PRIVACY_AND_INTEGRITY) {
            applier.fail(Status.UNAUTHENTICATED.withDescription("a token is sent over TLS alone"));
            return;
        }
        executor.execute(() -> {
            Metadata headers = new Metadata();
            try {
                headers.put(AUTHORIZATION, "Bearer " + token());
            } catch (NoToken missing) {
                applier.fail(Status.UNAUTHENTICATED.withDescription(missing.getMessage()).withCause(missing));
                return;
            } catch (StatusException | StatusRuntimeException failed) {
                applier.fail(Status.fromThrowable(failed));
                return;
            }
            applier.apply(headers);
        });
    }

    private String token() throws NoToken, StatusException {
        String token;
        try {
            token = provider.call();
        } catch (NoToken | StatusException | StatusRuntimeException told) {
            throw told;
        } catch (Exception failed) {
            // Its message may have the token; the cause has it for whoever debugs the function.
            String message = "the token provider failed (%s)".formatted(failed.getClass().getSimpleName());
            throw new NoToken("TOKEN_PROVIDER", message, failed);
        }
        if (token == null || !isToken(token)) {
            String message = "the token provider returned no token: it has to return one, without `Bearer`";
            throw new NoToken("TOKEN_PROVIDER", message, null);
        }
        return token;
    }

    private static boolean isToken(String text) {
        return text.length() <= MOST && FORM.matcher(text).matches();
    }
}
