"""A typed client for Persona Graph."""

from persona_graph_client.client import PersonaGraph as PersonaGraph
from persona_graph_client.errors import JobFailed as JobFailed
from persona_graph_client.errors import PersonaGraphError as PersonaGraphError
from persona_graph_client.errors import Refused as Refused
from persona_graph_client.errors import RequestFailed as RequestFailed
from persona_graph_client.errors import TransferFailed as TransferFailed
from persona_graph_client.errors import WebhookUnverified as WebhookUnverified
from persona_graph_client.generated.enums import *  # noqa: F403
from persona_graph_client.generated.inputs import *  # noqa: F403
from persona_graph_client.generated.shapes import *  # noqa: F403
from persona_graph_client.webhooks import Message as Message
from persona_graph_client.webhooks import verify_webhook as verify_webhook

__version__ = "0.1.0"
