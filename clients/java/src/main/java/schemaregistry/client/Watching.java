package schemaregistry.client;

import java.util.List;

/**
 * Selects the events of a watch: every version after a revision (0 for all), of these schemas (empty for all), with or
 * without the documents' bytes.
 */
public record Watching(long afterRevision, List<String> ids, boolean documents) {

    public Watching {
        ids = List.copyOf(ids);
    }

    /** Every version of these schemas (of all where none is named), then each new one; without documents. */
    public static Watching of(String... ids) {
        return new Watching(0, List.of(ids), false);
    }

    /** The same selection, beginning after another revision. */
    public Watching after(long revision) {
        return new Watching(revision, ids, documents);
    }

    /** The same selection, with the documents' bytes. */
    public Watching withDocuments() {
        return new Watching(afterRevision, ids, true);
    }
}
