"""How operations come in and answers go out: HTTP, server-sent events, WebSockets."""

from __future__ import annotations

from persona_graph.graphql.transport.edge import Edge, graphql_routes
from persona_graph.graphql.transport.engine import Plan, Planner
from persona_graph.graphql.transport.faults import CODES
from persona_graph.graphql.transport.guard import Limits
from persona_graph.graphql.transport.server import Server, uvicorn_options

__all__ = ["CODES", "Edge", "Limits", "Plan", "Planner", "Server", "graphql_routes", "uvicorn_options"]
