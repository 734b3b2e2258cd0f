"""The one way out: every connection to a host that somebody else names is made here, under one guard."""

from persona_graph.outbound.fetching import Downloaded, Outbound, OutboundFailed, Page, Trouble
from persona_graph.outbound.origins import OriginFault, Origins, origin_of
from persona_graph.outbound.wire import OutboundRefused

__all__ = [
    "Downloaded",
    "OriginFault",
    "Origins",
    "Outbound",
    "OutboundFailed",
    "OutboundRefused",
    "Page",
    "Trouble",
    "origin_of",
]
