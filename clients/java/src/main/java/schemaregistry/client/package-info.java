/**
 * A schema registry's client: cached reads, records judged, and a watch that resumes, over mutual TLS. The messages and
 * every other RPC are {@code schemaregistry.v1}'s, generated from the proto.
 */
package schemaregistry.client;
