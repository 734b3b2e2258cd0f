"""The one rule that bounds what a document may ask for, before standard validation sees it.

Each selection set and each fragment is measured once, sums are capped, nothing recurses deeper than a
document may nest, so a document costs its own length and not what it unfolds to. Page sizes multiply.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
)

from persona_graph.graphql.transport.faults import fault

CAP = 10_000
PAGE = 20
PAGERS = ("first", "last")
# Costs are counted in tenths: an object is one, a plain value a tenth.
OBJECT, LEAF = 10, 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one document may ask for. ``fields`` counts selections with every fragment unfolded, ``twins``
    fields that merge into one, ``cost`` objects with page sizes multiplied."""

    chars: int = 100_000
    tokens: int = 2_000
    comments: int = 500
    fragments: int = 20
    fields: int = 500
    depth: int = 12
    aliases: int = 15
    directives: int = 20
    twins: int = 20
    cost: int = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """A cost that depends on variables: ``own`` plus each part times its page size."""

    own: int
    parts: tuple[tuple[int | str, Cost], ...]


Cost = int | Weighted


@dataclass(slots=True)
class Measure:
    fields: int = 0
    depth: int = 0
    aliases: int = 0
    directives: int = 0
    cost: Cost = 0
    introspects: bool = False

    def add(self, part: Measure) -> None:
        """All but the cost, which depends on how often the part comes."""
        self.fields = min(CAP, self.fields + part.fields)
        self.depth = max(self.depth, part.depth)
        self.aliases = min(CAP, self.aliases + part.aliases)
        self.directives = min(CAP, self.directives + part.directives)
        self.introspects |= part.introspects

    def nested(self) -> Measure:
        return replace(self, depth=self.depth + 1)

    def counted(self) -> Measure:
        return replace(self, fields=min(CAP, self.fields + 1))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a document, and what each of its operations will cost."""

    errors: list[GraphQLError]
    costs: Mapping[str | None, Cost]


def weigh(
    schema: GraphQLSchema, document: DocumentNode, limits: Limits | None = None, *, introspection: bool
) -> Verdict:
    limits = limits or Limits()
    fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
    if len(fragments) > limits.fragments:
        return Verdict([_over("fragments", limits.fragments, len(fragments))], {})
    scale = _Scale(schema, fragments, limits)
    found: Counter[str] = Counter()
    costs: dict[str | None, Cost] = {}
    introspects = False
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    for node in operations:
        measure = scale.operation(node, schema.get_root_type(node.operation))
        introspects |= measure.introspects
        for name in ("fields", "depth", "aliases", "directives"):
            found[name] = max(found[name], getattr(measure, name))
        if isinstance(measure.cost, int):
            found["cost"] = max(found["cost"], _whole(measure.cost))
        costs[node.name.value if node.name else None] = measure.cost
    if found["fields"] <= limits.fields and found["depth"] <= limits.depth:
        found["twins"] = max((_twins(node, scale.fragments) for node in operations), default=0)
    errors = [
        _over(name, limit, value) for name, value in found.items() if value > (limit := getattr(limits, name))
    ]
    if introspects and not introspection:
        errors.append(fault("Introspection is turned off here.", "INTROSPECTION_DISABLED"))
    return Verdict(errors, costs)


def price(cost: Cost, variables: Mapping[str, Any]) -> int:
    """The cost of an operation with these variables, in whole points, at least one."""
    return max(1, _whole(_resolve(cost, variables, {})))


def too_dear(cost: int, limits: Limits) -> GraphQLError | None:
    return _over("cost", limits.cost, cost) if cost > limits.cost else None


_WORDS = {
    "fragments": "The document has {} fragments",
    "fields": "The document unfolds to {} selections",
    "depth": "The document is nested {} levels deep",
    "aliases": "The document unfolds to {} aliases",
    "directives": "The document unfolds to {} directives",
    "twins": "The document asks {} times for one name at one place",
    "cost": "The operation costs {} points",
}


def _over(kind: str, limit: int, value: int) -> GraphQLError:
    shown = f"{value}" if value < CAP else f"at least {CAP}"
    message = f"{_WORDS[kind].format(shown)}; the limit is {limit}."
    return fault(message, "QUERY_TOO_COMPLEX", kind=kind, value=value, limit=limit)


def _whole(tenths: int) -> int:
    return -(-tenths // OBJECT)


def _resolve(cost: Cost, variables: Mapping[str, Any], known: dict[int, int]) -> int:
    if isinstance(cost, int):
        return cost
    if id(cost) not in known:
        total = cost.own
        for factor, part in cost.parts:
            times = variables.get(factor, PAGE) if isinstance(factor, str) else factor
            total += _times(times) * _resolve(part, variables, known)
        known[id(cost)] = min(total, CAP * OBJECT)
    return known[id(cost)]


def _times(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return PAGE
    return int(min(max(value, 1), CAP))


class _Scale:
    """Measures selection sets, fragments once each; what closes a cycle counts nothing, validation reports it."""

    def __init__(
        self, schema: GraphQLSchema, fragments: list[FragmentDefinitionNode], limits: Limits
    ) -> None:
        self._schema = schema
        self.fragments = {node.name.value: node for node in fragments}
        self._measured: dict[str, Measure] = {}
        self._open: set[str] = set()
        self._limits = limits

    def operation(self, node: OperationDefinitionNode, root: GraphQLNamedType | None) -> Measure:
        measure = self._selection(node.selection_set, root, 1)
        measure.directives += len(node.directives or ())
        measure.directives += sum(len(one.directives or ()) for one in node.variable_definitions or ())
        return measure

    def _fragment(self, name: str, level: int) -> Measure:
        node = self.fragments.get(name)
        if node is None or name in self._open:
            return Measure()
        if name not in self._measured:
            self._open.add(name)
            kind = self._schema.get_type(node.type_condition.name.value)
            measure = self._selection(node.selection_set, kind, level)
            measure.directives += len(node.directives or ())
            self._open.discard(name)
            self._measured[name] = measure
        return self._measured[name]

    def _selection(self, node: SelectionSetNode, kind: GraphQLNamedType | None, level: int) -> Measure:
        total = Measure(depth=1)
        if level > self._limits.depth:
            # Whatever is below here, the depth above it is already refused.
            return total
        own = 0
        parts: list[tuple[int | str, Cost]] = []
        for selection in node.selections:
            measure, factors = self._one(selection, kind, level)
            total.add(measure)
            if total.fields > self._limits.fields:
                # Refused already; what follows is not worth the time.
                break
            total.directives = min(CAP, total.directives + len(selection.directives or ()))
            if isinstance(selection, FieldNode) and not selection.selection_set:
                own += LEAF
            for factor in factors:
                if isinstance(measure.cost, int) and isinstance(factor, int):
                    own += factor * measure.cost
                else:
                    parts.append((factor, measure.cost))
        own = min(own, CAP * OBJECT)
        total.cost = Weighted(own, tuple(parts)) if parts else own
        return total

    def _one(
        self, node: SelectionNode, kind: GraphQLNamedType | None, level: int
    ) -> tuple[Measure, tuple[int | str, ...]]:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value, level).counted(), (1,)
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            inner = self._schema.get_type(condition.name.value) if condition else kind
            return self._selection(node.selection_set, inner, level + 1).nested().counted(), (1,)
        assert isinstance(node, FieldNode)
        return self._field(node, kind, level)

    def _field(
        self, node: FieldNode, kind: GraphQLNamedType | None, level: int
    ) -> tuple[Measure, tuple[int | str, ...]]:
        name = node.name.value
        measure, factors = Measure(depth=1), tuple[int | str, ...]()
        if name in ("__schema", "__type"):
            # Turned on or not at all; the library's own rule bounds its depth.
            measure.introspects = True
        elif node.selection_set:
            field = getattr(kind, "fields", {}).get(name)
            below = get_named_type(field.type) if field else None
            measure = self._selection(node.selection_set, below, level + 1).nested()
            measure.cost = _plus(measure.cost, OBJECT)
            factors = _pages(node, field)
        measure = measure.counted()
        measure.aliases += node.alias is not None
        return measure, factors


def _twins(operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> int:
    """How many fields come together at the busiest place of the answer, for the rule that compares each
    pair of them. Only for documents whose unfolded size is known to be small."""
    places: dict[tuple[int, str], int] = {}
    counts: Counter[int] = Counter()
    stack: list[tuple[SelectionSetNode, int, frozenset[str]]] = [(operation.selection_set, 0, frozenset())]
    while stack:
        node, place, above = stack.pop()
        for selection in node.selections:
            if isinstance(selection, FragmentSpreadNode):
                name = selection.name.value
                if name in fragments and name not in above:
                    stack.append((fragments[name].selection_set, place, above | {name}))
            elif isinstance(selection, InlineFragmentNode):
                stack.append((selection.selection_set, place, above))
            elif isinstance(selection, FieldNode):
                key = (place, (selection.alias or selection.name).value)
                here = places.setdefault(key, len(places) + 1)
                counts[here] += 1
                if selection.selection_set:
                    stack.append((selection.selection_set, here, above))
    return max(counts.values(), default=0)


def _plus(cost: Cost, more: int) -> Cost:
    return replace(cost, own=cost.own + more) if isinstance(cost, Weighted) else cost + more


def _pages(node: FieldNode, field: GraphQLField | None) -> tuple[int | str, ...]:
    """How often what is below a field comes: its page size, a variable's name, or once."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    asked = [given[name] for name in PAGERS if name in given]
    pages = tuple(_page(value) for value in asked if not isinstance(value, NullValueNode))
    if pages:
        return pages
    declared = [field.args[name] for name in PAGERS if name in field.args] if field else []
    return (_times(declared[0].default_value),) if declared else (1,)


def _page(value: ValueNode) -> int | str:
    if isinstance(value, VariableNode):
        return value.name.value
    if not isinstance(value, IntValueNode):
        return PAGE
    return _times(int(value.value)) if len(value.value) < 10 else CAP
