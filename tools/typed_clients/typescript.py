"""The TypeScript of a folder of documents: types of what they give and take, and the documents as typed values."""

from __future__ import annotations

import json
from typing import Any

from graphql import get_named_type, is_enum_type, is_input_object_type, is_list_type, is_non_null_type

from tools.typed_clients.model import Model, Operation, document_of

SCALARS = {
    "ID": "string", "String": "string", "Int": "number", "Float": "number", "Boolean": "boolean",
    "DateTime": "string", "Decimal": "string",
}  # fmt: skip
HEAD = """// Generated from schema.graphql and documents.graphql by `python -m tools.typed_clients`: edits are lost.

/** A document with what it answers, found under `path`, and what it is given. */
export class Operation<Answer, Variables> {
  declare readonly types: [Answer, Variables];
  constructor(
    readonly name: string,
    readonly path: readonly string[],
    readonly text: string,
  ) {}
}
"""


def module(model: Model) -> str:
    operations = sorted(model.operations, key=lambda o: o.name)
    inputs = sorted(_inputs(model, operations))
    used = {m.leaf for s in model.shapes.values() for m in s.members}
    used |= {get_named_type(f.type).name for n in inputs for f in _fields(model, n).values()}
    used |= {get_named_type(t).name for o in operations for _, t in o.variables} | {
        o.leaf for o in operations
    }
    out = HEAD
    for name in sorted(n for n in used if is_enum_type(model.schema.type_map.get(n))):
        values: Any = model.schema.type_map[name]
        out += f"\n{_doc(values.description)}export type {name} = {' | '.join(json.dumps(v) for v in values.values)};\n"
    for name in inputs:
        known: Any = model.schema.type_map[name]
        out += f"\n{_doc(known.description)}export interface {name} {{\n"
        for field, of in known.fields.items():
            needed = is_non_null_type(of.type) and of.default is None
            out += f"{_doc(of.description, '  ')}  {field}{'' if needed else '?'}: {_type(of.type)};\n"
        out += "}\n"
    for _, shape in sorted(model.shapes.items()):
        out += f"\n{_doc(shape.doc)}export interface {shape.name} {{\n"
        for member in shape.members:
            # A field of one of several types is not there for the others.
            out += f"{_doc(member.doc, '  ')}  {member.name}{'' if is_non_null_type(member.type) else '?'}: "
            out += f"{_type(member.type, member.leaf)};\n"
        out += "}\n"
    return out + "".join(_operation(model, o) for o in operations)


def _operation(model: Model, o: Operation) -> str:
    given = "; ".join(f"{n}{'' if is_non_null_type(t) else '?'}: {_type(t)}" for n, t in o.variables)
    variables = f"{{ {given} }}" if given else "Record<string, never>"
    text = document_of(model, o).replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")
    return (
        f"\n{_doc(o.doc)}export const {o.name} = new Operation<{_type(o.type, o.leaf)}, {variables}>(\n"
        f"  {json.dumps(o.name)},\n  {json.dumps(list(o.path))},\n  `{text}`,\n);\n"
    )


def _fields(model: Model, name: str) -> dict[str, Any]:
    type: Any = model.schema.type_map[name]
    return dict(type.fields)


def _inputs(model: Model, operations: list[Operation]) -> set[str]:
    """Those that operations take, and those within them."""

    found: set[str] = set()
    waiting = [type for operation in operations for _, type in operation.variables]
    while waiting:
        named: Any = get_named_type(waiting.pop())
        if is_input_object_type(named) and named.name not in found:
            found.add(named.name)
            waiting += [field.type for field in named.fields.values()]
    return found


def _type(type: Any, leaf: str = "", *, optional: bool = True) -> str:
    if is_non_null_type(type):
        return _type(type.of_type, leaf, optional=False)
    if is_list_type(type):
        inner = _type(type.of_type, leaf)
        word = f"({inner})[]" if "|" in inner else f"{inner}[]"
    else:
        name = leaf or get_named_type(type).name
        word = SCALARS.get(name, name)
    return f"{word} | null" if optional else word


def _doc(text: str | None, indent: str = "") -> str:
    words = " ".join((text or "").split()).replace("*/", "* /")
    return f"{indent}/** {words} */\n" if words else ""
