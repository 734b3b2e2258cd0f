"""Documents parsed, weighed and validated once, found again by the SHA-256 of their text."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from math import isfinite
from typing import Any

import strawberry
from graphql import (
    DocumentNode,
    FieldNode,
    FloatValueNode,
    GraphQLError,
    GraphQLSyntaxError,
    IntValueNode,
    Node,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    VariableNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from persona_graph.graphql.transport import guard
from persona_graph.graphql.transport.faults import Rejected, fault, with_code
from persona_graph.graphql.transport.guard import Limits
from persona_graph.graphql.transport.requests import Ask

# A cached document keeps its syntax tree: up to two hundred times its text.
MAX_DOCUMENTS = 1_000
MAX_CHARS = 400_000
MAX_ERRORS = 20
RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\d+")


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One operation of a valid document. ``shaping`` names the variables that its payloads depend on,
    that is all but a subscription's ``after``."""

    digest: str
    document: DocumentNode
    node: OperationDefinitionNode
    kind: OperationType
    name: str | None
    declared: frozenset[str]
    shaping: tuple[str, ...]
    cost: guard.Cost
    defaults: Mapping[str, int]

    def price(self, variables: Mapping[str, Any]) -> int:
        return guard.price(self.cost, {**self.defaults, **variables} if self.defaults else variables)


@dataclass(frozen=True, slots=True)
class Document:
    chars: int
    operations: Mapping[str | None, Operation]

    def operation(self, name: str | None) -> Operation:
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name) if name is not None else None
        if found is None:
            message = f'The document has no operation "{name}".' if name else "Name one of the operations."
            raise Rejected([fault(message, "OPERATION_NOT_FOUND")])
        return found


class Documents:
    """The cache. What fails is not kept: neither a bad document nor its errors."""

    def __init__(
        self,
        schema: strawberry.Schema,
        *,
        introspection: bool,
        limits: Limits | None = None,
        trusted: Iterable[str] = (),
        trusted_only: bool = False,
    ) -> None:
        self._schema = schema._schema
        self._introspection = introspection
        self._trusted = {sha256(text.encode()).hexdigest(): text for text in trusted}
        self._trusted_only = trusted_only
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._chars = 0
        self.limits = limits or Limits()

    def operation(self, ask: Ask) -> Operation:
        """The operation asked for, or ``Rejected`` with at most one error of a kind."""
        return self._document(ask).operation(ask.operation)

    def reading_cost(self, ask: Ask) -> int:
        """Points for parsing and validating what is not known yet, so that nonsense is not free either."""
        known = ask.query is None or sha256(ask.query.encode()).hexdigest() in self._kept
        return 0 if known else len(ask.query or "") // 100

    def check_cost(self, cost: int) -> None:
        if error := guard.too_dear(cost, self.limits):
            raise Rejected([error])

    def _document(self, ask: Ask) -> Document:
        if ask.query is None:
            return self._by_hash(ask.document_hash or "")
        if len(ask.query) > self.limits.chars:
            raise _too_large(f"The document is longer than {self.limits.chars} characters.")
        digest = sha256(ask.query.encode()).hexdigest()
        if ask.document_hash not in (None, digest):
            raise Rejected([fault("The hash is not that of the document.", "BAD_REQUEST")])
        if self._trusted_only and digest not in self._trusted:
            raise Rejected([fault("Only trusted documents run here.", "PERSISTED_QUERY_NOT_FOUND")])
        return self._kept_or_made(digest, ask.query)

    def _by_hash(self, digest: str) -> Document:
        if digest in self._trusted:
            return self._kept_or_made(digest, self._trusted[digest])
        if digest in self._kept and not self._trusted_only:
            return self._kept_or_made(digest, "")
        raise Rejected([fault("No document with this hash is known.", "PERSISTED_QUERY_NOT_FOUND")])

    def _kept_or_made(self, digest: str, text: str) -> Document:
        document = self._kept.get(digest)
        if document is not None:
            self._kept.move_to_end(digest)
            return document
        document = self._made(digest, text)
        self._kept[digest] = document
        self._chars += document.chars
        while len(self._kept) > MAX_DOCUMENTS or (self._chars > MAX_CHARS and len(self._kept) > 1):
            self._chars -= self._kept.popitem(last=False)[1].chars
        return document

    def _made(self, digest: str, text: str) -> Document:
        tree = self._parsed(text)
        verdict = guard.weigh(self._schema, tree, self.limits, introspection=self._introspection)
        if verdict.errors:
            raise Rejected(verdict.errors)
        _check_literals(tree)
        errors = validate(self._schema, tree, RULES, MAX_ERRORS, hide_suggestions=not self._introspection)
        if errors:
            raise Rejected(with_code(_one_of_a_kind(errors), "GRAPHQL_VALIDATION_FAILED"))
        nodes = [node for node in tree.definitions if isinstance(node, OperationDefinitionNode)]
        made = [_operation(digest, tree, node, verdict.costs) for node in nodes]
        if not made:
            raise Rejected([fault("The document has no operation.", "OPERATION_NOT_FOUND")])
        return Document(len(text), {one.name: one for one in made})

    def _parsed(self, text: str) -> DocumentNode:
        limits = self.limits
        try:
            return parse(text, max_lexical_tokens=limits.tokens, max_comments=limits.comments)
        except GraphQLSyntaxError as error:
            if "more than" in error.message:
                raise _too_large(error.message.removeprefix("Syntax Error: ")) from None
            if "nested too deeply" in error.message:
                raise Rejected(
                    [fault("The document is nested too deeply.", "QUERY_TOO_COMPLEX", kind="depth")]
                ) from None
            raise Rejected(with_code([error], "GRAPHQL_PARSE_FAILED")) from None


def _too_large(message: str) -> Rejected:
    return Rejected([fault(message, "DOCUMENT_TOO_LARGE")])


def _operation(
    digest: str, tree: DocumentNode, node: OperationDefinitionNode, costs: Mapping[str | None, guard.Cost]
) -> Operation:
    name = node.name.value if node.name else None
    definitions = node.variable_definitions or ()
    declared = [definition.variable.name.value for definition in definitions]
    defaults = {
        definition.variable.name.value: int(definition.default_value.value)
        for definition in definitions
        if isinstance(definition.default_value, IntValueNode) and len(definition.default_value.value) < 10
    }
    resumes = node.operation is OperationType.SUBSCRIPTION and _only_resumes(tree, node)
    shaping = tuple(sorted(one for one in declared if not (resumes and one == "after")))
    return Operation(
        digest, tree, node, node.operation, name, frozenset(declared), shaping, costs[name], defaults
    )  # fmt: skip


def _only_resumes(tree: DocumentNode, node: OperationDefinitionNode) -> bool:
    """Whether ``$after`` is used for nothing but the ``after`` argument of the subscription itself."""
    arguments = [
        argument.value
        for field in node.selection_set.selections
        if isinstance(field, FieldNode)
        for argument in field.arguments or ()
        if argument.name.value == "after"
    ]
    at_root = sum(1 for value in arguments if isinstance(value, VariableNode) and value.name.value == "after")
    everywhere = sum(1 for one in _walk(tree) if isinstance(one, VariableNode) and one.name.value == "after")
    definitions = [
        one for one in _walk(tree) if isinstance(one, OperationDefinitionNode)
        for variable in one.variable_definitions or () if variable.variable.name.value == "after"
    ]  # fmt: skip
    return everywhere == at_root + len(definitions)


def _walk(node: Node) -> Iterator[Node]:
    stack: list[Any] = [node]
    while stack:
        one = stack.pop()
        yield one
        for key in one.keys:
            value = getattr(one, key, None)
            if isinstance(value, Node):
                stack.append(value)
            elif isinstance(value, list | tuple):
                stack.extend(item for item in value if isinstance(item, Node))


def _check_literals(tree: DocumentNode) -> None:
    """Refuse what the grammar allows and no resolver or database can take."""
    for node in _walk(tree):
        if isinstance(node, StringValueNode) and "\x00" in node.value:
            raise Rejected([fault("A string holds the character U+0000.", "BAD_USER_INPUT")])
        if isinstance(node, FloatValueNode | IntValueNode) and not isfinite(float(node.value)):
            raise Rejected([fault("A number is too large.", "BAD_USER_INPUT")])


def _one_of_a_kind(errors: list[GraphQLError]) -> list[GraphQLError]:
    """The first error of each kind: the same words about another name tell nothing new."""
    kinds: dict[str, GraphQLError] = {}
    for error in errors:
        if kinds and error.message.startswith("Too many validation errors"):
            continue
        kinds.setdefault(_QUOTED.sub("…", error.message), error)
    return list(kinds.values())
