package schemaregistry.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A TCP relay to the registry whose connections a test can cut or make silent (open, but nothing arrives). */
final class Relay implements AutoCloseable {

    private final ServerSocket listening;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile int connections;
    private volatile int silent;

    Relay(String target) throws IOException {
        listening = new ServerSocket(0, 50, InetAddress.getByName("0.0.0.0"));
        String[] place = target.split(":");
        start(() -> accept(place[0], Integer.parseInt(place[1])));
    }

    String target() {
        return "localhost:" + listening.getLocalPort();
    }

    private void accept(String host, int port) {
        try {
            while (true) {
                Socket near = listening.accept();
                Socket far = new Socket(host, port);
                open.add(near);
                open.add(far);
                int number = connections++;
                start(() -> pump(number, near, far));
                start(() -> pump(number, far, near));
            }
        } catch (IOException closed) {
            // The relay is closed.
        }
    }

    private void pump(int number, Socket from, Socket to) {
        try {
            byte[] buffer = new byte[32 << 10];
            for (int n = from.getInputStream().read(buffer); n >= 0; n = from.getInputStream().read(buffer)) {
                if (number >= silent) {
                    to.getOutputStream().write(buffer, 0, n);
                }
            }
            if (number >= silent) {
                from.close();
                to.close();
            }
        } catch (IOException cut) {
            // Both ends are closed.
        }
    }

    /** Makes the open connections silent. */
    void swallow() {
        silent = connections;
    }

    /** The number of connections made so far. */
    int connections() {
        return connections;
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        thread.start();
    }

    void cut() throws IOException {
        for (Socket socket : open) {
            socket.close();
        }
        open.clear();
    }

    @Override
    public void close() throws IOException {
        listening.close();
        cut();
    }
}
