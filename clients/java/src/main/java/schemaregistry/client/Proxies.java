package schemaregistry.client;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Finds the proxy that gRPC uses between a client and its registry, by Java's own settings. */
final class Proxies {

    private static final Pattern LOOPBACK =
            Pattern.compile("localhost|.+\\.localhost|127(\\.[0-9]{1,3}){3}|::1|(0+:){7}0*1");

    private Proxies() {}

    /** Whether a target is localhost or a loopback address, which no proxy could reach. */
    static boolean isLocal(String target) {
        return target.startsWith("unix") || LOOPBACK.matcher(host(target)).matches();
    }

    /** The proxy's HOST:PORT and the setting that names it; empty for a direct connection. */
    static Optional<String> of(String target) {
        if (isLocal(target)) {
            return Optional.empty();
        }
        String told = System.getenv("GRPC_PROXY_EXP");
        if (told != null && !told.isEmpty()) {
            return Optional.of("the proxy %s (the environment's GRPC_PROXY_EXP)".formatted(told));
        }
        try {
            return ProxySelector.getDefault().select(URI.create("https://" + endpoint(target))).stream()
                    .filter(proxy -> proxy.type() == Proxy.Type.HTTP)
                    .map(proxy -> (InetSocketAddress) proxy.address())
                    .map(place -> "the proxy %s:%d (Java's https.proxyHost; http.nonProxyHosts excepts hosts from it)"
                            .formatted(place.getHostString(), place.getPort()))
                    .findFirst();
        } catch (IllegalArgumentException noAddress) {
            return Optional.empty();
        }
    }

    private static String endpoint(String target) {
        for (String scheme : List.of("dns:///", "dns:")) {
            if (target.startsWith(scheme)) {
                return target.substring(scheme.length());
            }
        }
        return target;
    }

    private static String host(String target) {
        String host = endpoint(target).replaceFirst(":[0-9]*$", "").replaceAll("^\\[|\\]$|\\.$", "");
        return host.toLowerCase(Locale.ROOT);
    }
}
