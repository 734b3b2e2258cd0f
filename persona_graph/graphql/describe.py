"""Shorthand that makes every type, field and enum value carry its description."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, TypeVar, dataclass_transform

import strawberry

Kind = TypeVar("Kind", bound=type)
Closed = TypeVar("Closed", bound=type[Enum])

# Arguments that mean the same everywhere.
Id = Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
First = Annotated[int | None, strawberry.argument(description="How many, 1 to 100; 20 if null.")]
After = Annotated[
    str | None,
    strawberry.argument(description="The cursor behind which to go on; from the beginning if null."),
]


def f(description: str, **more: Any) -> Any:
    """A field that is a plain attribute."""
    return strawberry.field(description=description, **more)


@dataclass_transform(kw_only_default=True, field_specifiers=(f, strawberry.field))
def described(cls: Kind) -> Kind:
    """A type whose docstring is its description."""
    return strawberry.type(cls, description=_doc(cls))


@dataclass_transform(kw_only_default=True, field_specifiers=(f, strawberry.field))
def described_input(cls: Kind) -> Kind:
    return strawberry.input(cls, description=_doc(cls))


@dataclass_transform(kw_only_default=True, field_specifiers=(f, strawberry.field))
def described_interface(cls: Kind) -> Kind:
    return strawberry.interface(cls, description=_doc(cls))


def closed_set(kind: Closed, values: Mapping[str, str], name: str | None = None) -> Closed:
    """A core enum as a GraphQL enum, each value described."""
    strawberry.enum(kind, name=name, description=_doc(kind))
    definition = kind.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values[value.name]
    return kind


def describe_inputs(mutations: type) -> type:
    """Give each mutation's ``input`` argument the description of its type."""
    for field in mutations.__strawberry_definition__.fields:  # type: ignore[attr-defined]
        for argument in field.arguments:
            argument.description = argument.type.__strawberry_definition__.description
    return mutations


def _doc(cls: type) -> str:
    """Its own docstring: an inherited one would describe something else."""
    text = vars(cls).get("__doc__")
    if not text:
        raise TypeError(f"{cls.__name__} needs a docstring: it is the description of a GraphQL type")
    return " ".join(inspect.cleandoc(text).replace("``", "`").split())
