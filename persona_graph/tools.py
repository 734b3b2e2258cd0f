"""What other distributions add to the command: modules under the entry-point group ``persona_graph_tools``,
each with a function ``run`` that takes the verb's options and gives the exit code."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points

GROUP = "persona_graph_tools"


class ToolMissing(Exception):
    """No installed distribution brings the tool."""


def find_tool(name: str) -> Callable[..., int]:
    for found in entry_points(group=GROUP, name=name):
        run: Callable[..., int] = found.load().run
        return run
    raise ToolMissing(
        f"the {name} is not installed; `pip install 'persona-graph[{name}]'` brings it, "
        f"in a checkout `uv pip install -e plugins/persona-graph-{name}`"
    )
