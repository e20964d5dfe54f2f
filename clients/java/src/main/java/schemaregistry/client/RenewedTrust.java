package schemaregistry.client;

import io.grpc.util.AdvancedTlsX509TrustManager;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** The registry's CA, read again for each handshake, so a renewed one is used without a restart. */
final class RenewedTrust extends X509ExtendedTrustManager {

    private final AdvancedTlsX509TrustManager current;
    private final Credentials files;

    RenewedTrust(Credentials files) {
        this.files = files;
        try {
            current = AdvancedTlsX509TrustManager.newBuilder().build();
            read();
        } catch (GeneralSecurityException failed) {
            throw new IllegalArgumentException(failed);
        }
        if (current.getAcceptedIssuers().length == 0) {
            throw new IllegalArgumentException(files.ca() + " holds no certificate");
        }
    }

    private void read() throws CertificateException {
        try {
            current.updateTrustCredentials(files.ca().toFile());
        } catch (IOException | GeneralSecurityException failed) {
            throw new CertificateException(files.ca() + " is not a CA in PEM", failed);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String method, SSLEngine engine) throws CertificateException {
        read();
        current.checkServerTrusted(chain, method, engine);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String method, Socket socket) throws CertificateException {
        read();
        current.checkServerTrusted(chain, method, socket);
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String method) throws CertificateException {
        throw new CertificateException("a registry is trusted by its name, which is not known here");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String method, SSLEngine engine) throws CertificateException {
        throw noServer();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String method, Socket socket) throws CertificateException {
        throw noServer();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String method) throws CertificateException {
        throw noServer();
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return current.getAcceptedIssuers();
    }

    private static CertificateException noServer() {
        return new CertificateException("this is a client, which trusts no clients");
    }
}
