package schemaregistry.client;

import java.nio.file.Path;
import java.util.Map;

/** The paths of the registry's CA, of this client's certificate chain and of its unencrypted private key, all PEM. */
public record Credentials(Path ca, Path cert, Path key) {

    private static final Map<String, String> TOLD = System.getenv();

    /** The files that {@code schemaregistry serve --dev} made in {@code data} for {@code reader} or {@code ci-bot}. */
    public static Credentials dev(Path data, String identity) {
        Path tls = data.resolve("tls");
        return new Credentials(
                tls.resolve("ca.pem"), tls.resolve(identity + ".pem"), tls.resolve(identity + "-key.pem"));
    }

    /**
     * The files in SCHEMAREGISTRY_CA, _CERT and _KEY; by default the reader's dev files in SCHEMAREGISTRY_DATA or
     * {@code .data}.
     */
    public static Credentials fromEnvironment() {
        Credentials dev = dev(Path.of(TOLD.getOrDefault("SCHEMAREGISTRY_DATA", ".data")), "reader");
        return new Credentials(
                told("SCHEMAREGISTRY_CA", dev.ca), told("SCHEMAREGISTRY_CERT", dev.cert), told("SCHEMAREGISTRY_KEY", dev.key));
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
