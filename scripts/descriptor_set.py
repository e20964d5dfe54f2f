"""Write the descriptor set that an Envoy transcoder reads: the registry's API and gRPC's error details.

It is made from the descriptors in the committed Python stubs.
"""

import sys
from pathlib import Path

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.rpc import error_details_pb2

from schemaregistry.v1 import registry_pb2


def descriptor_set(*roots: FileDescriptor) -> FileDescriptorSet:
    """Make the set of the files and all their imports, each file after its imports."""
    found: dict[str, FileDescriptor] = {}

    def add(file: FileDescriptor) -> None:
        for imported in file.dependencies:
            add(imported)
        found[file.name] = file

    for root in roots:
        add(root)
    made = FileDescriptorSet()
    for file in found.values():
        file.CopyToProto(made.file.add())
    return made


def main() -> None:
    made = descriptor_set(registry_pb2.DESCRIPTOR, error_details_pb2.DESCRIPTOR)
    into = Path(sys.argv[1])
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_bytes(made.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main()
