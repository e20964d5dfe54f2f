package schemaregistry.client;

import java.util.LinkedHashMap;
import java.util.Map;

/** A cache of at most {@code size} values, which drops the least recently used one. */
final class Recent<Key, Value> {

    private final Map<Key, Value> values;

    Recent(int size) {
        values = new LinkedHashMap<>(16, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Key, Value> eldest) {
                return size() > size;
            }
        };
    }

    synchronized Value get(Key key) {
        return values.get(key);
    }

    synchronized void put(Key key, Value value) {
        values.put(key, value);
    }
}
