"""Reports travel between pytest's processes as UTF-8, which the hostile strings of our tests are not."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

# Files that take minutes. Begun last, they would leave the other workers idle at the end.
LONG_FILES = (
    "tests/journeys/",
    "tests/examples/",
    "tests/jobs/test_workers",
    "tests/jobs/test_sandbox_chaos",
    "plugins/persona-graph-local/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_FILES))


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    return encodable((yield))


def encodable(value: Any) -> Any:
    """``value`` with every lone surrogate written out."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {encodable(key): encodable(item) for key, item in value.items()}
        case list():
            return [encodable(item) for item in value]
        case tuple():
            return tuple(encodable(item) for item in value)
    return value
