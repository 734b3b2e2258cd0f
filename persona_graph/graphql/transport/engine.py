"""Running operations: the schema's resolvers through graphql-core, with nothing in between.

Strawberry's own ``execute`` parses, validates and wraps each request in its extensions; documents here
are ready before, so its executor class is used directly.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, Protocol

import orjson
import strawberry
from graphql import ExecutionResult, GraphQLError
from graphql.execution import (
    Executor,
    create_source_event_stream,
    execute,
    execute_subscription_event,
)
from strawberry.execution import optimized_is_awaitable as _is_awaitable

from persona_graph.accounts.viewer import Viewer
from persona_graph.graphql.transport.budget import Budget
from persona_graph.graphql.transport.documents import Documents, Operation
from persona_graph.graphql.transport.faults import Rejected, formatted, masked, with_code
from persona_graph.graphql.transport.requests import Ask

MAX_COERCION_ERRORS = 5

is_awaitable: Any = _is_awaitable

MakeContext = Callable[[Viewer], Any]


class Plan(Protocol):
    """A compiled query: its whole ``data``, or None to leave this request to the executor."""

    def __call__(self, context: Any, variables: Mapping[str, Any]) -> Awaitable[Any | None]: ...


Planner = Callable[[Operation], Plan | None]


class Engine:
    """Turns operations into answers. ``make_context`` gives each operation, and each subscription event
    that is executed, a context of its own; an async context manager is entered for that long."""

    def __init__(
        self,
        schema: strawberry.Schema,
        documents: Documents,
        make_context: MakeContext,
        budget: Budget,
        *,
        introspection: bool,
        planner: Planner | None = None,
    ) -> None:
        if schema.extensions or schema.directives:
            raise ValueError("schema extensions and operation directives do not run on this transport")
        self.documents = documents
        self._budget = budget
        self._schema = schema._schema
        self._executor = schema.execution_context_class
        self._make_context = make_context
        self._hide = not introspection
        self._planner = planner
        self._plans: dict[Operation, Plan | None] = {}

    def prepared(self, ask: Ask, viewer: Viewer) -> tuple[Operation, dict[str, Any]]:
        """The operation, paid for, and what ``extensions.cost`` says of it."""
        if reading := self.documents.reading_cost(ask):
            self._budget.spend(viewer.account_id, reading)
        operation = self.documents.operation(ask)
        cost = operation.price(ask.variables)
        self.documents.check_cost(cost)
        return operation, self._budget.spend(viewer.account_id, cost)

    async def answer(
        self, operation: Operation, variables: dict[str, Any], viewer: Viewer
    ) -> ExecutionResult:
        """Run a query or mutation. Errors of resolvers are in the result, an unfit request is ``Rejected``."""
        async with self.context(viewer) as context:
            plan = self._plan(operation)
            data = await plan(context, variables) if plan is not None else None
            if data is not None:
                return ExecutionResult(data, None)
            result = execute(
                self._schema,
                operation.document,
                context_value=context,
                variable_values=variables,
                operation_name=operation.name,
                executor_class=self._executor,
                is_awaitable=is_awaitable,
                max_coercion_errors=MAX_COERCION_ERRORS,
                hide_suggestions=self._hide,
            )
            result = result if isinstance(result, ExecutionResult) else await result
        if result.data is None and result.errors and all(error.path is None for error in result.errors):
            raise Rejected(with_code(result.errors, "BAD_USER_INPUT"))
        return result

    async def source(
        self, operation: Operation, variables: dict[str, Any], context: Any
    ) -> tuple[Executor[Any], AsyncIterator[Any]]:
        """The events a subscription is about, and the executor that gives each its shape."""
        executor = self._executor.build(
            self._schema,
            operation.document,
            context_value=context,
            raw_variable_values=variables,
            operation_name=operation.name,
            is_awaitable=is_awaitable,
            max_coercion_errors=MAX_COERCION_ERRORS,
            hide_suggestions=self._hide,
        )
        if isinstance(executor, list):
            raise Rejected(with_code(executor, "BAD_USER_INPUT"))
        made: Any = create_source_event_stream(executor)
        stream = await made if executor.is_awaitable(made) else made
        if isinstance(stream, ExecutionResult):
            raise Rejected(stream.errors or [])
        return executor, aiter(stream)

    async def shaped(self, executor: Executor[Any], event: Any, viewer: Viewer) -> bytes:
        """One event as the payload that this subscription asked for."""
        async with self.context(viewer) as context:
            one = executor.build_per_event_executor(event)
            one.context_value = context
            made: Any = execute_subscription_event(one)
            result = await made if executor.is_awaitable(made) else made
        return encoded(result)

    def _plan(self, operation: Operation) -> Plan | None:
        if self._planner is None:
            return None
        if operation not in self._plans:
            if len(self._plans) > 1_000:
                self._plans.clear()
            self._plans[operation] = self._planner(operation)
        return self._plans[operation]

    def context(self, viewer: Viewer) -> AbstractAsyncContextManager[Any]:
        made = self._make_context(viewer)
        return made if isinstance(made, AbstractAsyncContextManager) else nullcontext(made)


def encoded(result: ExecutionResult, extensions: Mapping[str, Any] | None = None) -> bytes:
    body: dict[str, Any] = {"data": result.data}
    if result.errors:
        body["errors"] = formatted(result.errors)
    if extensions:
        body["extensions"] = extensions
    try:
        return orjson.dumps(body)
    except TypeError as error:
        # A value no JSON can hold, such as a lone surrogate, came from a resolver.
        entry = {"message": "Internal error", "extensions": masked(error, "the answer")}
        return orjson.dumps({"data": None, "errors": [entry]})


def encoded_errors(errors: list[GraphQLError]) -> bytes:
    """An answer without ``data``: nothing was run."""
    return orjson.dumps({"errors": formatted(errors)})
