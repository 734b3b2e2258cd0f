"""Messages are believed as the Standard Webhooks scheme says; its own library signs them here."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from persona_graph_client import JobKind, JobState, Platform, WebhookUnverified, verify_webhook
from persona_graph_client.generated.shapes import Money
from standardwebhooks.webhooks import Webhook

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
BODY = json.dumps(
    {
        "type": "job.failed",
        "timestamp": "2026-11-22T10:00:00+00:00",
        "data": {
            "jobId": "Sm9i", "personaId": "UGVy", "kind": "SPEECH", "state": "FAILED", "askedBy": "blog",
            "failure": {"code": "REJECTED", "message": "No.", "fix": None}, "new": ["field"],
        },
    }
).encode()  # fmt: skip


def signed(secret: str = SECRET, body: bytes = BODY, when: datetime = NOW) -> dict[str, str]:
    signature = Webhook(secret).sign("msg_1", when, body.decode())
    return {
        "Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(when.timestamp())), "Webhook-Signature": signature,
    }  # fmt: skip


def test_a_signed_message_is_typed() -> None:
    message = verify_webhook(SECRET, signed(), BODY, now=NOW.timestamp())
    assert (message.id, message.type, message.timestamp) == ("msg_1", "job.failed", NOW)
    told = message.data
    assert (told.job_id, told.kind, told.state) == ("Sm9i", JobKind.SPEECH, JobState.FAILED)
    assert told.failure is not None and told.failure.code == "REJECTED"


def test_while_a_secret_changes_either_is_good() -> None:
    headers = signed(OTHER)
    headers["Webhook-Signature"] = f"{signed(OTHER)['Webhook-Signature']} {signed()['Webhook-Signature']}"
    for secret in (SECRET, OTHER):
        assert verify_webhook(secret, headers, BODY, now=NOW.timestamp()).id == "msg_1"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (signed(OTHER), BODY),
        (signed(), BODY.replace(b"FAILED", b"EARNED")),
        (signed(when=NOW - timedelta(seconds=301)), BODY),
        (signed(when=NOW + timedelta(seconds=301)), BODY),
        ({**signed(), "Webhook-Id": "msg_2"}, BODY),
        ({**signed(), "Webhook-Signature": "v1,not base64"}, BODY),
        ({**signed(), "Webhook-Signature": signed()["Webhook-Signature"].replace("v1", "v2")}, BODY),
        ({**signed(), "Webhook-Timestamp": "soon"}, BODY),
        ({}, BODY),
        (signed(body=b"[]"), b"[]"),
    ],
    ids=[
        "another secret", "changed body", "old", "from the future", "another id", "no signature", "another scheme",
        "no time", "nothing", "no message",
    ],
)  # fmt: skip
def test_anything_else_is_not_believed(headers: dict[str, str], body: bytes) -> None:
    with pytest.raises(WebhookUnverified):
        verify_webhook(SECRET, headers, body, now=NOW.timestamp())


def test_words_and_fields_of_a_newer_server_are_no_trouble() -> None:
    word = Platform("THREADS")
    assert word == "THREADS" and word not in list(Platform) and Platform("LINKEDIN") is Platform.LINKEDIN
    assert Money.model_validate({"amount": "0.10", "currency": "USD", "precision": 4}).currency == "USD"
