package schemaregistry.client;

import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * The paths of the registry's CA, of this client's certificate chain and of its unencrypted private key, all PEM; and
 * maybe a function that returns a token to show beside the certificate, whose rights count then. It is called before
 * each call and each connection of a watch, in any thread; null for none.
 */
public record Credentials(Path ca, Path cert, Path key, Callable<String> token) {

    private static final Map<String, String> TOLD = System.getenv();

    /** The three files, without a token. */
    public Credentials(Path ca, Path cert, Path key) {
        this(ca, cert, key, null);
    }

    /** The same files with the tokens of a function. */
    public Credentials withToken(Callable<String> provider) {
        return new Credentials(ca, cert, key, provider);
    }

    /** The same files with the token in a file, which is read before each call. */
    public Credentials withTokenFile(Path file) {
        return withToken(new ShownToken.InFile(file));
    }

    /** The files that {@code schemaregistry serve --dev} made in {@code data} for {@code reader} or {@code ci-bot}. */
    public static Credentials dev(Path data, String identity) {
        Path tls = data.resolve("tls");
        return new Credentials(
                tls.resolve("ca.pem"), tls.resolve(identity + ".pem"), tls.resolve(identity + "-key.pem"));
    }

    /**
     * The files in SCHEMAREGISTRY_CA, _CERT, _KEY and _TOKEN_FILE; by default the reader's dev files in
     * SCHEMAREGISTRY_DATA or {@code .data}, and no token.
     */
    public static Credentials fromEnvironment() {
        Credentials dev = dev(Path.of(TOLD.getOrDefault("SCHEMAREGISTRY_DATA", ".data")), "reader");
        Credentials files = new Credentials(
                told("SCHEMAREGISTRY_CA", dev.ca), told("SCHEMAREGISTRY_CERT", dev.cert), told("SCHEMAREGISTRY_KEY", dev.key));
        Path token = told("SCHEMAREGISTRY_TOKEN_FILE", null);
        return token == null ? files : files.withTokenFile(token);
    }

    /** The registry's HOST:PORT in SCHEMAREGISTRY_TARGET; by default {@code localhost:50051}. */
    public static String targetFromEnvironment() {
        return TOLD.getOrDefault("SCHEMAREGISTRY_TARGET", "localhost:50051");
    }

    private static Path told(String variable, Path otherwise) {
        String value = TOLD.get(variable);
        return value == null || value.isEmpty() ? otherwise : Path.of(value);
    }
}
