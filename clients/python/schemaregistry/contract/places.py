"""Number the places of a contract: the row, its columns, and the members and items in them."""

from collections.abc import Sequence
from typing import Final

from schemaregistry.contract.type_messages import is_json, value_type
from schemaregistry.document import ArrowType, Document, Json, loads
from schemaregistry.document.references import Schemas
from schemaregistry.document.shape import Shapes
from schemaregistry.document.strict_json import pointer
from schemaregistry.document.subschemas import SchemaPath
from schemaregistry.v1 import contract_pb2

ROW: Final = 0


class Places:
    """The places in the order of their indices: the row, the columns, what is inside them, members without a type.

    `types` has the Arrow type of each place's values (for a dictionary, that of its values), None where any value may
    occur. `arrow_pointers` has the JSON pointer of the type in the document.
    """

    def __init__(self, document: Document, schemas: Schemas) -> None:
        self.messages = [contract_pb2.Place()]
        self.types: list[ArrowType | None] = [ArrowType("struct", fields=document.arrow)]
        self.arrow_pointers = [""]
        self._children: dict[tuple[int, str | None], int] = {}
        self._schemas = schemas
        self._shapes = Shapes(schemas)
        members = self._shapes.members([()])
        required = self._shapes.required([()])
        for index, field in enumerate(document.arrow):
            at: SchemaPath = (
                ("properties", field.name) if document.arrow_derived else ("arrow", "fields", index, "type")
            )
            self._add(ROW, field.name, field.type, members.get(field.name, []), at, required=field.name in required)
        block = None if document.arrow_derived else loads(document.raw)["arrow"]["fields"]
        for index, field in enumerate(document.arrow):
            stated = block[index]["type"] if block else None
            paths = members.get(field.name, [])
            at = ("properties", field.name) if document.arrow_derived else ("arrow", "fields", index, "type")
            self._add_inner(index + 1, field.type, paths, stated, at)

    def typed(self) -> list[int]:
        """Return the places that have an Arrow type, except the row."""
        return [index for index, message in enumerate(self.messages) if message.typed]

    def member(self, parent: int, name: str) -> int:
        """Return the place of a member; for a member that is no column, a place without a type is added."""
        if (parent, name) not in self._children:
            paths = self._shapes.members([()]).get(name, []) if parent == ROW else []
            self._add(parent, name, None, paths, ())
        return self._children[parent, name]

    def item(self, parent: int) -> int:
        """Return the place of a list's items."""
        return self._children[parent, None]

    def order(self, place: int) -> tuple[int, int]:
        """Return the sort key of a place's checks in the report: column by column, those of the row last."""
        column = place
        while self.messages[column].parent != ROW:
            column = self.messages[column].parent
        return (column or len(self.messages), place)

    def _add(  # noqa: PLR0913
        self,
        parent: int,
        name: str | None,
        kind: ArrowType | None,
        paths: Sequence[SchemaPath],
        at: SchemaPath,
        *,
        required: bool = False,
    ) -> int:
        """Add a member or, without a name, an item; return its index."""
        # A null in an optional column of JSON text stands for an absent member: JSON's null would be the text `null`.
        null_is_value = name is None or (self._may_be_null(paths) and (required or not is_json(kind)))
        message = contract_pb2.Place(parent=parent, null_is_value=null_is_value, typed=kind is not None)
        if name is None:
            message.item = True
        else:
            message.member = name
        self.messages.append(message)
        self.types.append(value_type(kind) if kind else None)
        self.arrow_pointers.append(pointer(at))
        self._children[parent, name] = len(self.messages) - 1
        return len(self.messages) - 1

    def _may_be_null(self, paths: Sequence[SchemaPath]) -> bool:
        """Tell whether the JSON side allows null, or doesn't describe the member.

        A `type` with null allows it here even where `enum` or `const` excludes it: those checks then report it.
        """
        return not paths or "null" in self._shapes.any_of(paths).kinds or any(map(self._names_null, paths))

    def _names_null(self, path: SchemaPath) -> bool:
        schema = self._schemas.at[path]
        if isinstance(schema, dict) and "$ref" in schema:
            return self._names_null(self._schemas.same_value[path][0])
        return isinstance(schema, dict) and "null" in schema.get("type", ())

    def _add_inner(
        self, place: int, kind: ArrowType, paths: Sequence[SchemaPath], stated: Json, at: SchemaPath
    ) -> None:
        """Add the places inside a list or a struct; `stated` is the type's JSON in the arrow block, None if derived."""
        step: SchemaPath
        if kind.item:
            items = self._shapes.items(paths)
            is_field = stated is not None and "type" in stated["item"]
            step = () if stated is None else ("item", "type") if is_field else ("item",)
            inner = stated and (stated["item"]["type"] if is_field else stated["item"])
            child = self._add(place, None, kind.item.type, items, (*at, *step))
            self._add_inner(child, kind.item.type, items, inner, (*at, *step))
        members, required = self._shapes.members(paths), self._shapes.required(paths)
        for index, field in enumerate(kind.fields):
            step = () if stated is None else ("fields", index, "type")
            inner = stated and stated["fields"][index]["type"]
            inner_paths = members.get(field.name, [])
            child = self._add(place, field.name, field.type, inner_paths, (*at, *step), required=field.name in required)
            self._add_inner(child, field.type, inner_paths, inner, (*at, *step))
