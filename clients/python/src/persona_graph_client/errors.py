"""What can go wrong, by what the caller does next. ``code`` is stable; all are listed in docs/errors.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from persona_graph_client.generated.shapes import JobEvent, Problem


class PersonaGraphError(Exception):
    """The root of all. ``fix`` says what to do about it, where something can be done."""

    def __init__(self, code: str, message: str, fix: str | None = None) -> None:
        super().__init__(f"{code}: {message}" + (f" {fix}" if fix else ""))
        self.code = code
        self.message = message
        self.fix = fix


class Refused(PersonaGraphError):
    """A mutation was understood and refused. Nothing was changed and nothing is charged."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(first.code, first.message, first.fix)
        self.problems = tuple(problems)

    @property
    def codes(self) -> set[str]:
        return {problem.code for problem in self.problems}


class RequestFailed(PersonaGraphError):
    """The request itself could not be answered. ``status`` is HTTP's; 0 where nobody answered."""

    def __init__(self, code: str, message: str, fix: str | None = None, *, status: int = 200) -> None:
        super().__init__(code, message, fix)
        self.status = status


class TransferFailed(PersonaGraphError):
    """The bytes of a file did not arrive, or were refused."""


class JobFailed(PersonaGraphError):
    """A job ended without what was asked for: it failed or was cancelled. Nothing was charged."""

    def __init__(self, event: JobEvent) -> None:
        why = event.failure
        super().__init__(
            why.code if why else str(event.state),
            why.message if why else event.message,
            why.fix if why else None,
        )
        self.event = event


class WebhookUnverified(PersonaGraphError):
    """A message that is not from the server, is too old, or was changed: answer 401 and do nothing."""
