"""The Python of a typed client: enums, inputs, shapes, operations, documents. Formatted by ruff afterwards."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    OperationType,
    Undefined,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    print_ast,
)
from pydantic import BaseModel

from tools.typed_clients.model import DRY_RUN, Member, Model, Operation, Shape

SCALARS = {
    "ID": "str", "String": "str", "Int": "int", "Float": "float", "Boolean": "bool",
    "DateTime": "datetime", "Decimal": "Decimal",
}  # fmt: skip
HEAD = '"""{what} Generated from schema.graphql by `python -m tools.typed_clients`: edits are lost."""\n\nfrom __future__ import annotations\n\n'
WIDTH = 108
TAKEN = {*dir(BaseModel), *dir(type(BaseModel)), *keyword.kwlist}


def modules(model: Model) -> dict[str, str]:
    enums = sorted(
        (t for t in model.schema.type_map.values() if _ours(t, is_enum_type)), key=lambda t: t.name
    )
    inputs = sorted(
        (t for t in model.schema.type_map.values() if _ours(t, is_input_object_type)), key=lambda t: t.name
    )
    operations = sorted(model.operations, key=lambda o: o.name)
    return {
        "enums.py": _enums(cast("list[GraphQLEnumType]", enums)),
        "inputs.py": _inputs(cast("list[GraphQLInputObjectType]", inputs)),
        "shapes.py": _shapes(model, operations),
        "operations.py": _operations(model, operations),
        "documents.py": _documents(model, operations),
    }


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().lstrip("_")


def _ours(type: Any, sort: Any) -> bool:
    return bool(sort(type)) and not type.name.startswith("__")


def _type(model: Model | None, type: Any, leaf: str, *, optional: bool = True) -> str:
    if is_non_null_type(type):
        return _type(model, type.of_type, leaf, optional=False)
    inner = f"list[{_type(model, type.of_type, leaf)}]" if is_list_type(type) else SCALARS.get(leaf, leaf)
    return f"{inner} | None" if optional else inner


def _doc(text: str, indent: str = "    ") -> str:
    """A docstring of one line, or of wrapped ones."""
    words = " ".join(text.split()).replace("\\", "\\\\").replace('"""', "'''")
    if len(indent) + len(words) + 6 <= WIDTH:
        return f'{indent}"""{words}"""\n'
    lines, line = [], ""
    for word in words.split(" "):
        if len(indent) + len(line) + 1 + len(word) > WIDTH - 3:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    lines.append(line)
    return f'{indent}"""' + f"\n{indent}".join(lines) + f'\n{indent}"""\n'


def _enums(types: Iterable[GraphQLEnumType]) -> str:
    out = HEAD.format(what="The closed sets of words.") + "from persona_graph_client.words import Word\n"
    for type in types:
        out += f"\n\nclass {type.name}(Word):\n{_doc(type.description or '')}"
        for name, value in type.values.items():
            out += f'\n    {name} = "{name}"\n{_doc(value.description or "")}'
    return out


def _inputs(types: list[GraphQLInputObjectType]) -> str:
    out = HEAD.format(what="What mutations are given.") + (
        "from datetime import datetime\nfrom decimal import Decimal\n\nfrom pydantic import Field\n\n"
        "from persona_graph_client.words import Input\n"
    )
    enums = {
        n.name for t in types for f in t.fields.values() if is_enum_type(n := get_named_type(f.type))
    }  # fmt: skip
    out += f"from persona_graph_client.generated.enums import {', '.join(sorted(enums))}\n"
    for type in types:
        out += f"\n\nclass {type.name}(Input):\n{_doc(type.description or '')}"
        given = [(n, f) for n, f in type.fields.items() if n != DRY_RUN]
        for name, known in sorted(given, key=lambda pair: not _required(pair[1])):
            leaf = get_named_type(known.type).name
            default = "" if _required(known) else _default(known)
            out += f"\n    {_field(name, _type(None, known.type, leaf), default)}\n{_doc(known.description or '')}"
    return out


def _field(name: str, type: str, default: str) -> str:
    """With an underscore behind it where pydantic or Python has the word already."""
    own = snake(name)
    if own in TAKEN:
        given = f"{default}, " if default else ""
        return f'{own}_: {type} = Field({given}alias="{name}")'
    return f"{own}: {type}{f' = {default}' if default else ''}"


def _required(known: Any) -> bool:
    return is_non_null_type(known.type) and _absent(known)


def _absent(known: Any) -> bool:
    return getattr(known, "default_value", Undefined) is Undefined and getattr(known, "default", None) is None


def _default(known: Any) -> str:
    """What counts if it is left out; it is not sent then."""
    value = _value(known)
    named = get_named_type(known.type)
    if value is None:
        return "None"
    if isinstance(value, list):
        return repr(value)
    if is_enum_type(named):
        return f"{named.name}.{value}"
    return f'Decimal("{value}")' if named.name == "Decimal" else repr(value)


def _value(known: Any) -> Any:
    literal = getattr(known, "default", None)
    if literal is not None and getattr(literal, "literal", None) is not None:
        return _literal(literal.literal)
    value = getattr(known, "default_value", Undefined)
    return None if value is Undefined else value


def _literal(node: Any) -> Any:
    match node.kind:
        case "null_value":
            return None
        case "list_value":
            return [_literal(each) for each in node.values]
        case "int_value":
            return int(node.value)
        case "float_value":
            return float(node.value)
    return node.value


def _ordered(shapes: dict[str, Shape]) -> Iterator[Shape]:
    """Each behind those that it is made of."""
    done: set[str] = set()

    def visit(shape: Shape) -> Iterator[Shape]:
        if shape.name in done:
            return
        done.add(shape.name)
        for member in shape.members:
            if member.leaf in shapes:
                yield from visit(shapes[member.leaf])
        yield shape

    for name in sorted(shapes):
        yield from visit(shapes[name])


def _shapes(model: Model, operations: list[Operation]) -> str:
    every = dict(model.shapes)
    every.update({o.payload.name: o.payload for o in operations if o.payload and len(o.payload.members) > 1})
    used = {m.leaf for s in every.values() for m in s.members}
    enums = sorted(n for n in used if is_enum_type(model.schema.type_map.get(n)))
    out = HEAD.format(what="What is read.") + "from datetime import datetime\nfrom decimal import Decimal\n\n"
    out += (
        "from pydantic import Field\n\n"
        + f"from persona_graph_client.generated.enums import {', '.join(enums)}\n"
    )
    out += "from persona_graph_client.words import Answer\n"
    for shape in _ordered(every):
        out += f"\n\nclass {shape.name}(Answer):\n{_doc(shape.doc)}"
        for member in shape.members:
            out += f"\n{_member(model, member)}{_doc(member.doc)}"
    return out


def _member(model: Model, member: Member) -> str:
    type = _type(model, member.type, member.leaf)
    if member.name == "__typename":
        return f'    typename: {type} = Field(alias="__typename")\n'
    return f"    {_field(member.name, type, '' if is_non_null_type(member.type) else 'None')}\n"


def _operations(model: Model, operations: list[Operation]) -> str:
    body = "".join(_method(model, o) for o in operations)
    words = set(re.findall(r"\b[A-Z]\w+", re.sub(r'""".*?"""', "", body, flags=re.DOTALL)))
    enums = sorted(w for w in words if is_enum_type(model.schema.type_map.get(w)))
    inputs = sorted(w for w in words if is_input_object_type(model.schema.type_map.get(w)))
    shapes = sorted(words - set(enums) - set(inputs) - {"AsyncIterator", "None", "True"})
    out = HEAD.format(what="Everything that can be asked.") + "from collections.abc import AsyncIterator\n\n"
    for module, names in (("enums", enums), ("inputs", inputs), ("shapes", shapes)):
        out += f"from persona_graph_client.generated.{module} import {', '.join(names)}\n" if names else ""
    out += "from persona_graph_client.wire import Wire\n"
    return (
        out
        + f"\n\nclass Operations(Wire):\n{_doc('One method for each operation; a refused mutation raises Refused.')}{body}"
    )


def _method(model: Model, o: Operation) -> str:
    if o.payload is not None:
        return _mutation(model, o, o.payload)
    arguments = ", ".join(
        f"{snake(n)}: {_type(model, t, get_named_type(t).name)}{'' if is_non_null_type(t) else ' = None'}"
        for n, t in o.variables
    )
    given = ", ".join(f'"{n}": {snake(n)}' for n, _ in o.variables)
    type = _type(model, o.type, o.leaf)
    head, call = f"self, {arguments}" if arguments else "self", f'"{o.name}", {{{given}}}, {o.path!r}'
    if o.kind is OperationType.SUBSCRIPTION:
        return (
            f"\n    def {snake(o.name)}({head}) -> AsyncIterator[{type}]:\n{_doc(o.doc, ' ' * 8)}"
            f"        return self._stream({call}, {type})\n"
        )
    many = is_list_type(o.type.of_type if is_non_null_type(o.type) else o.type)
    leaf = SCALARS.get(o.leaf, o.leaf)
    how = "_all" if many else ("_one" if is_non_null_type(o.type) else "_maybe")
    return (
        f"\n    async def {snake(o.name)}({head}) -> {type}:\n{_doc(o.doc, ' ' * 8)}"
        f"        return await self.{how}({call}, {leaf})\n"
    )


def _mutation(model: Model, o: Operation, payload: Shape) -> str:
    input = get_named_type(o.variables[0][1]).name
    only = payload.members[0] if len(payload.members) == 1 else None
    type = _type(model, only.type, only.leaf) if only else payload.name
    path = (*o.path, only.name) if only else o.path
    out = (
        f"\n    async def {snake(o.name)}(self, input: {input}) -> {type}:\n{_doc(o.doc, ' ' * 8)}"
        f'        return await self._change("{o.name}", input, {path!r}, {type})\n'
    )
    if o.paid:
        doc = f"What {snake(o.name)} would cost now; nothing is made."
        out += (
            f"\n    async def quote_{snake(o.name)}(self, input: {input}) -> Quote:\n{_doc(doc, ' ' * 8)}"
            f'        return await self._change("{o.name}", input, {(*o.path, "quote")!r}, Quote, dry_run=True)\n'
        )
    return out


def _documents(model: Model, operations: list[Operation]) -> str:
    used = sorted({name for o in operations for name in o.fragments})
    out = HEAD.format(what="The texts that are sent.")
    out += (
        "FRAGMENTS = {\n"
        + "".join(f"    {_key(n)}: {_text(print_ast(model.fragments[n]))},\n" for n in used)
        + "}\n\n"
    )
    out += "OPERATIONS: dict[str, tuple[str, tuple[str, ...]]] = {\n"
    out += "".join(f"    {_key(o.name)}: ({_text(o.text)}, {o.fragments!r}),\n" for o in operations) + "}\n\n"
    out += "PAID = frozenset({" + ", ".join(_key(o.name) for o in operations if o.paid) + "})\n"
    return out + (
        '\n\ndef document(name: str) -> str:\n    """An operation with the fragments it needs."""\n'
        "    text, fragments = OPERATIONS[name]\n"
        '    return "\\n".join([text, *(FRAGMENTS[fragment] for fragment in fragments)])\n'
    )


def _key(name: str) -> str:
    return json.dumps(name)


def _text(graphql: str) -> str:
    return '"""\\\n' + graphql.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + '"""'
