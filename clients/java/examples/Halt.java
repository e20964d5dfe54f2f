import java.nio.file.Files;
import java.nio.file.Path;
import schemaregistry.client.Client;
import schemaregistry.client.Document;
import schemaregistry.client.Event;
import schemaregistry.client.Refused;
import schemaregistry.client.Watch;
import schemaregistry.client.Watching;
import schemaregistry.v1.Registry.RecordError;
import schemaregistry.v1.Registry.ValidateRecordsResponse;

/**
 * Halts on the first record that no longer conforms: validates RECORDS.json (an array) against the latest version of a
 * schema, and again against each new version, until a record is invalid.
 *
 * <pre>java -cp 'target/classes:target/lib/*' examples/Halt.java ID RECORDS.json</pre>
 */
public final class Halt {

    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 2) {
            System.err.println("usage: Halt ID RECORDS.json");
            System.exit(2);
        }
        byte[] records = Files.readAllBytes(Path.of(arguments[1]));
        try (Client registry = Client.fromEnvironment()) {
            halt(registry, arguments[0], records);
        } catch (Refused refused) {
            System.err.println(refused.getMessage());
            System.exit(3);
        }
        System.exit(1);
    }

    /** Returns once a record does not conform. */
    private static void halt(Client registry, String id, byte[] records) {
        Document latest = registry.get(id);
        System.out.printf("fetched %s %s, %d bytes%n", id, latest.version(), latest.raw().size());
        if (!conform(registry, id, latest.version(), records)) {
            return;
        }
        System.out.println("watching");
        try (Watch watch = registry.watch(Watching.of(id).after(latest.revision()))) {
            for (Event event : watch) {
                if (event instanceof Event.Registered registered
                        && registered.kind() != Event.Kind.STATE
                        && registered.isLatest()) {
                    String version = registered.version().getVersion();
                    System.out.printf("published %s %s%n", id, version);
                    if (!conform(registry, id, version, records)) {
                        return;
                    }
                }
            }
        }
    }

    private static boolean conform(Client registry, String id, String version, byte[] records) {
        ValidateRecordsResponse answer = registry.validate(id, version, records);
        if (answer.getValid()) {
            System.out.printf("the records conform to %s %s%n", id, version);
            return true;
        }
        for (RecordError wrong : answer.getErrorsList()) {
            System.out.printf("record %d: %s breaks %s%n", wrong.getIndex(), wrong.getPointer(), wrong.getRule());
        }
        System.out.printf("halted: the records do not conform to %s %s%n", id, version);
        return false;
    }
}
