/**
 * A schema registry's client over mutual TLS: cached reads, validation of records, and watches that resume. Package
 * {@code schemaregistry.v1} has the messages and the other RPCs, generated from the proto.
 */
package schemaregistry.client;
