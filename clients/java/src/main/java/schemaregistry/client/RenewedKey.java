package schemaregistry.client;

import io.grpc.util.AdvancedTlsX509KeyManager;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;

/** A client's certificate and key, read again for each handshake, so a renewed pair is used without a restart. */
final class RenewedKey extends X509ExtendedKeyManager {

    private final AdvancedTlsX509KeyManager current = new AdvancedTlsX509KeyManager();
    private final Credentials files;

    RenewedKey(Credentials files) {
        this.files = files;
        read();
    }

    private void read() {
        try {
            current.updateIdentityCredentials(files.cert().toFile(), files.key().toFile());
        } catch (IOException | GeneralSecurityException | RuntimeException failed) {
            throw new IllegalArgumentException(failed);
        }
    }

    @Override
    public String chooseEngineClientAlias(String[] keyTypes, Principal[] issuers, SSLEngine engine) {
        read();
        return current.chooseEngineClientAlias(keyTypes, issuers, engine);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
        return current.getPrivateKey(alias);
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
        return current.getCertificateChain(alias);
    }

    @Override
    public String chooseClientAlias(String[] keyTypes, Principal[] issuers, Socket socket) {
        read();
        return current.chooseClientAlias(keyTypes, issuers, socket);
    }

    @Override
    public String[] getClientAliases(String keyType, Principal[] issuers) {
        return current.getClientAliases(keyType, issuers);
    }

    @Override
    public String[] getServerAliases(String keyType, Principal[] issuers) {
        return null;
    }

    @Override
    public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
        return null;
    }
}
