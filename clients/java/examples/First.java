import schemaregistry.client.Client;
import schemaregistry.client.Document;
import schemaregistry.client.Event;
import schemaregistry.client.Watch;
import schemaregistry.client.Watching;
import schemaregistry.v1.Registry.RecordError;

public final class First {

    public static void main(String[] arguments) {
        try (Client registry = Client.fromEnvironment()) {
            Document latest = registry.get("ticks_v1");
            System.out.println(latest.id() + " " + latest.version());
            String records = "[{\"ts\": \"2026-01-05T09:30:00Z\", \"symbol\": \"A\", \"price\": 1.5, \"size\": \"1\"}]";
            for (RecordError wrong : registry.validate("ticks_v1", Client.LATEST, records.getBytes()).getErrorsList()) {
                System.out.printf("record %d: %s breaks %s%n", wrong.getIndex(), wrong.getPointer(), wrong.getRule());
            }
            try (Watch events = registry.watch(Watching.of("ticks_v1").after(latest.revision()))) {
                System.out.println(events.next() instanceof Event.Progress ? "progress" : "a version");
            }
        }
    }
}
