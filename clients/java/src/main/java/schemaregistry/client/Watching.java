package schemaregistry.client;

import java.util.List;

/**
 * What a watch is to tell: every version after a revision (0 for all), of these schemas (of all where there is none),
 * with the documents' bytes or without.
 */
public record Watching(long afterRevision, List<String> ids, boolean documents) {

    public Watching {
        ids = List.copyOf(ids);
    }

    /** Everything that there is of these schemas, and then what is registered; without documents. */
    public static Watching of(String... ids) {
        return new Watching(0, List.of(ids), false);
    }

    /** The same, from another revision on. */
    public Watching after(long revision) {
        return new Watching(revision, ids, documents);
    }

    /** The same, with the documents' bytes. */
    public Watching withDocuments() {
        return new Watching(afterRevision, ids, true);
    }
}
