"""What a typed client is made of, read from the schema and a folder of documents: shapes of answers, and operations.

Fragments name the shapes. A mutation needs no document of its own: all of its payload is read, each object by the
fragment of its type, or by its plain fields where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    GraphQLString,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
    is_non_null_type,
    is_required_argument,
    parse,
    print_ast,
    type_from_ast,
    validate,
)

Composite = GraphQLObjectType | GraphQLInterfaceType
ERRORS, DRY_RUN = "errors", "dryRun"
# A payload's only object is there whenever there are no errors; of several, those that the schema calls null on a
# dry run, and these.
CERTAIN = {
    "UploadPayload": {"asset", "upload"},
    "WebhookPayload": {"webhook"},
    "ServiceTokenPayload": {"token"},
    "DeletedPayload": {"deletedId"},
    "RateOutputPayload": {"output", "rating"},
    "RecordEngagementPayload": {"output", "engagement"},
    "GenerateSpeechBatchPayload": {"items"},
    "GenerateContentPayload": {"scenes", "skipped"},
    "AssessPhotoPayload": {"accepted"},
}


class Unclear(Exception):
    """The documents cannot be turned into types; the message says where."""


@dataclass(frozen=True)
class Member:
    """``type`` is GraphQL's; ``leaf`` what its named type is called in the client."""

    name: str
    type: GraphQLOutputType
    leaf: str
    doc: str = ""


@dataclass(frozen=True)
class Shape:
    name: str
    doc: str
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Operation:
    """``path`` leads through the answer to what is returned: ``type`` with its ``leaf``."""

    name: str
    kind: OperationType
    doc: str
    text: str
    fragments: tuple[str, ...]
    path: tuple[str, ...]
    type: GraphQLOutputType
    leaf: str
    variables: tuple[tuple[str, Any], ...] = ()
    payload: Shape | None = None
    paid: bool = False


@dataclass
class Model:
    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    shapes: dict[str, Shape] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)

    def fragment_of(self, type: Composite) -> str:
        """The name of the fragment that reads a type; its plain fields make one where there is none."""
        if type.name in self.fragments:
            return type.name
        for name in (type.name, *(i.name for i in type.interfaces)):
            for fragment in self.fragments.values():
                if fragment.type_condition.name.value == name:
                    return fragment.name.value
        plain = [n for n, f in type.fields.items() if is_leaf_type(get_named_type(f.type)) and not _needs(f)]
        if not plain:
            raise Unclear(f"{type.name} has no plain field: give it a fragment")
        text = f"fragment {type.name} on {type.name} {{ {' '.join(plain)} }}"
        self.fragments[type.name] = cast(FragmentDefinitionNode, parse(text).definitions[0])
        return type.name

    def fragment(self, name: str) -> FragmentDefinitionNode:
        """By its name; a type that has none may be spread by its own name."""
        if name not in self.fragments:
            type = self.schema.type_map.get(name)
            if not isinstance(type, Composite) or self.fragment_of(type) != name:
                raise Unclear(f"there is no fragment and no type {name}")
        return self.fragments[name]

    def shape_of_fragment(self, name: str) -> Shape:
        if name not in self.shapes:
            fragment = self.fragment(name)
            type = cast(Composite, self.schema.type_map[fragment.type_condition.name.value])
            members = self._members(fragment.selection_set, type)
            self.shapes[name] = Shape(name, type.description or "", tuple(members))
        return self.shapes[name]

    def needed(self, selection: SelectionSetNode) -> list[str]:
        """The fragments below a selection, each once, in the order in which they are met."""
        found: dict[str, None] = {}
        waiting: list[SelectionSetNode] = [selection]
        while waiting:
            for one in waiting.pop(0).selections:
                if isinstance(one, FragmentSpreadNode):
                    if one.name.value not in found:
                        found[one.name.value] = None
                        waiting.append(self.fragment(one.name.value).selection_set)
                elif (inner := cast(FieldNode | InlineFragmentNode, one).selection_set) is not None:
                    waiting.append(inner)
        return list(found)

    def leaf(self, selection: SelectionSetNode | None, type: GraphQLOutputType) -> str:
        """What the client calls an answer of this type, read by this selection."""
        named = get_named_type(type)
        if selection is None:
            return named.name
        only = selection.selections[0] if len(selection.selections) == 1 else None
        if isinstance(only, FragmentSpreadNode):
            return self.shape_of_fragment(only.name.value).name
        members = tuple(self._members(selection, cast(Composite, named)))
        shape = Shape(named.name, named.description or "", members)
        known = self.shapes.setdefault(shape.name, shape)
        if _names(known) != _names(shape):
            raise Unclear(f"{named.name} is read in two ways: make a fragment of it")
        return shape.name

    def _members(self, selection: SelectionSetNode, type: Composite, narrow: bool = False) -> list[Member]:
        found: dict[str, Member] = {}
        for one in selection.selections:
            for member in self._met(one, type, narrow):
                found.setdefault(member.name, member)
        return list(found.values())

    def _met(self, one: Any, type: Composite, narrow: bool) -> Iterable[Member]:
        if isinstance(one, FragmentSpreadNode):
            return self._members(self.fragment(one.name.value).selection_set, type, narrow)
        if isinstance(one, InlineFragmentNode):
            inner = one.type_condition
            below = cast(Composite, self.schema.type_map[inner.name.value]) if inner else type
            return self._members(one.selection_set, below, narrow or below is not type)
        return [self._member(cast(FieldNode, one), type, narrow)]

    def _member(self, one: FieldNode, type: Composite, narrow: bool) -> Member:
        name = one.alias.value if one.alias else one.name.value
        if one.name.value == "__typename":
            return Member(name, GraphQLNonNull(GraphQLString), "String", "Its type.")
        known = _field(type, one.name.value)
        read = (
            cast(GraphQLOutputType, known.type.of_type)
            if narrow and is_non_null_type(known.type)
            else known.type
        )
        return Member(name, read, self.leaf(one.selection_set, known.type), known.description or "")


def read_model(schema: GraphQLSchema, folder: Path, *, mutations: bool) -> Model:
    """The documents of a folder; with ``mutations`` also one for every mutation of the schema."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.graphql")))
    document = parse(text)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    model = Model(schema, fragments)
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            model.operations.append(_written(model, definition, _comment_above(text, definition)))
    if mutations:
        assert schema.mutation_type is not None
        model.operations += [_mutation(model, n, f) for n, f in schema.mutation_type.fields.items()]
    _check(model)
    return model


def _written(model: Model, definition: OperationDefinitionNode, doc: str) -> Operation:
    root = model.schema.get_root_type(definition.operation)
    assert root is not None and definition.name is not None
    path, type, selection = _descend(definition.selection_set, root)
    variables = tuple(
        (v.variable.name.value, type_from_ast(model.schema, v.type))
        for v in definition.variable_definitions or ()
    )
    return Operation(
        definition.name.value, definition.operation, doc, print_ast(definition),
        tuple(model.needed(definition.selection_set)), path, type, model.leaf(selection, type), variables,
    )  # fmt: skip


def _descend(
    selection: SelectionSetNode, root: GraphQLObjectType
) -> tuple[tuple[str, ...], GraphQLOutputType, SelectionSetNode | None]:
    """Down to where the answer branches. Nullable on the way is nullable at the end."""
    path: list[str] = []
    here: Any = root
    nullable = False
    below: SelectionSetNode | None = selection
    while (
        below is not None and len(below.selections) == 1 and isinstance(one := below.selections[0], FieldNode)
    ):
        path.append(one.name.value)
        here = _field(cast(Composite, get_named_type(here)), one.name.value).type
        nullable = nullable or not is_non_null_type(here)
        below = one.selection_set
        if not isinstance(here.of_type if is_non_null_type(here) else here, Composite):
            break
    if nullable and is_non_null_type(here):
        here = here.of_type
    return tuple(path), here, below


def _mutation(model: Model, name: str, known: GraphQLField) -> Operation:
    payload = cast(GraphQLObjectType, get_named_type(known.type))
    input = cast(Any, get_named_type(known.args["input"].type))
    paid = DRY_RUN in input.fields
    body = " ".join(_selected(model, n, f) for n, f in payload.fields.items())
    text = f"mutation {name}($input: {input.name}!) {{ {name}(input: $input) {{ {body} }} }}"
    definition = cast(OperationDefinitionNode, parse(text).definitions[0])
    shape = Shape(payload.name, payload.description or "", tuple(_certain(model, payload, paid)))
    return Operation(
        name, OperationType.MUTATION, known.description or "", print_ast(definition),
        tuple(model.needed(definition.selection_set)), (name,), known.type, payload.name,
        (("input", known.args["input"].type),), shape, paid,
    )  # fmt: skip


def _certain(model: Model, payload: GraphQLObjectType, paid: bool) -> Iterable[Member]:
    kept = {n: f for n, f in payload.fields.items() if n != ERRORS}
    sure = CERTAIN.get(payload.name, set()) | (set(kept) if len(kept) == 1 else set())
    for name, known in kept.items():
        type = known.type
        promised = name in sure or (
            paid and (name == "quote" or "null on a dry run" in (known.description or ""))
        )
        if promised and not is_non_null_type(type):
            type = GraphQLNonNull(type)
        named = get_named_type(type)
        leaf = named.name
        if not is_leaf_type(named):
            leaf = model.shape_of_fragment(model.fragment_of(cast(Composite, named))).name
        yield Member(name, type, leaf, known.description or "")


def _selected(model: Model, name: str, known: GraphQLField) -> str:
    named = get_named_type(known.type)
    return name if is_leaf_type(named) else f"{name} {{ ...{model.fragment_of(cast(Composite, named))} }}"


def _needs(known: GraphQLField) -> bool:
    return any(is_required_argument(a) for a in known.args.values())


def _field(type: Composite, name: str) -> GraphQLField:
    if name not in type.fields:
        raise Unclear(f"{type.name} has no field {name}")
    return cast(GraphQLField, type.fields[name])


def _names(shape: Shape) -> list[str]:
    return [member.name for member in shape.members]


def _comment_above(text: str, definition: OperationDefinitionNode) -> str:
    assert definition.loc is not None
    lines = text[: definition.loc.start].rstrip("\n").split("\n")
    last = lines[-1] if lines else ""
    return last.removeprefix("# ") if last.startswith("# ") else ""


def document_of(model: Model, operation: Operation) -> str:
    return "\n\n".join([operation.text, *(print_ast(model.fragment(name)) for name in operation.fragments)])


def _check(model: Model) -> None:
    for operation in model.operations:
        errors: Sequence[Any] = validate(model.schema, parse(document_of(model, operation)))
        if errors:
            raise Unclear(f"{operation.name}: {errors[0].message}")
