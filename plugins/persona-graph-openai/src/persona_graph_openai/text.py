"""TEXT by chat completions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from persona_graph.provider import (
    API_VERSION,
    Call,
    Capability,
    Cost,
    Delivery,
    Limits,
    Offer,
    Order,
    OrderRejected,
    OutcomeUnknown,
    Progress,
    Ticket,
    Write,
)
from persona_graph_openai.settings import Server
from persona_graph_openai.wire import ask, parsed

_THOUGHTS = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*(?=\s|$)|[。！？][”’」』）]*")


class OpenAiText:
    """One question, one answer: nothing is left to be asked about later."""

    id = "openai-text"
    api_version = API_VERSION

    def __init__(self, server: Server) -> None:
        self._server = server
        self.name = f"Text by {server.model}"
        self.offers: Sequence[Offer] = (
            Offer(
                id="write",
                capability=Capability.TEXT,
                cost=Cost(per_1000_chars=server.per_1000_chars),
                limits=Limits(max_chars=server.max_chars, max_concurrent=server.max_concurrent),
                payment_safety=server.safety,
                typical_seconds=10.0,
                give_up_after=timedelta(minutes=15),
                data_use=server.data_use("the brief", "the description of the writing style"),
            ),
        )

    def __repr__(self) -> str:
        return f"OpenAiText({self._server.base_url}, {self._server.model})"

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        if not isinstance(order, Write):
            raise OrderRejected("This server writes texts, nothing else.", code="NOT_OFFERED")
        self._check(order)
        body = {"model": self._server.model, "messages": messages(order)}
        answer = await ask(self._server, call, "/chat/completions", body, "application/json")
        text, facts = _written(parsed(answer))
        if order.max_chars is not None and len(text) > order.max_chars:
            text, facts["shortened"] = shortened(text, order.max_chars), True
        return Delivery(text=text, facts=facts)

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        raise OutcomeUnknown("This provider gives no tickets.")

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        """The protocol keeps no list of what was asked."""
        return None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        """An answer that is under way cannot be stopped."""

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        """There are no voices."""

    def _check(self, order: Write) -> None:
        if not order.brief.strip():
            raise OrderRejected("The brief is empty. Say what the text is about.", code="TEXT_EMPTY")
        most = self._server.max_chars
        if len(order.brief) > most or (order.max_chars or 0) > most:
            raise OrderRejected(f"Brief and text may have at most {most:,} characters.", code="TEXT_TOO_LONG")
        if order.max_chars is not None and order.max_chars < 1:
            raise OrderRejected("A text has at least one character.", code="SETTING_OUT_OF_RANGE")


def messages(order: Write) -> list[dict[str, str]]:
    """The style is the system's word, the brief the user's."""
    rules = [f"Write in the language with the BCP 47 tag {order.language}."] if order.language else []
    if order.max_chars is not None:
        rules.append(f"Use at most {order.max_chars} characters.")
    rules.append("Answer with the text alone, without a word about it.")
    system = "\n\n".join(filter(None, (order.style_prompt.strip(), " ".join(rules))))
    return [{"role": "system", "content": system}, {"role": "user", "content": order.brief}]


def shortened(text: str, most: int) -> str:
    """Its first sentences, else its first words."""
    head = text[:most]
    ends = [found.end() for found in _SENTENCE_END.finditer(text) if found.end() <= most]
    if ends and ends[-1] > most // 3:
        return text[: ends[-1]].rstrip()
    in_a_word = not (head[-1:].isspace() or text[most : most + 1].isspace())
    words = head.rsplit(None, 1)[0] if in_a_word and most < len(text) else head
    return (words if len(words) > most // 3 else head).rstrip()


def _written(body: Any) -> tuple[str, dict[str, Any]]:
    try:
        choice = body["choices"][0]
        message, finish = choice["message"], choice.get("finish_reason")
        refusal, text = message.get("refusal"), _text(message.get("content"))
    except (TypeError, KeyError, IndexError, AttributeError):
        raise OutcomeUnknown("The server answered without a text; it may have done the work.") from None
    if refusal or finish == "content_filter":
        raise OrderRejected("The server's model declines to write this. Change the brief.", code="MODERATION")
    if finish == "length":
        # It broke off in the middle of something.
        text = shortened(text + " …", len(text))
    if not text:
        raise OutcomeUnknown("The server answered with an empty text; it may have done the work.")
    return text, {**_usage(body), **({"broke_off": True} if finish == "length" else {})}


def _text(content: object) -> str:
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        content = "".join(part for part in parts if isinstance(part, str))
    if not isinstance(content, str):
        return ""
    plain = "".join(char for char in content if char != "\x00" and not "\ud800" <= char <= "\udfff")
    return _THOUGHTS.sub("", plain).strip()


def _usage(body: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens, as the server counts them; what they cost is for the operator's price to say."""
    usage = body.get("usage")
    names = ("prompt_tokens", "completion_tokens")
    if not isinstance(usage, dict):
        return {}
    return {
        name: usage[name] for name in names if isinstance(usage.get(name), int) and 0 <= usage[name] < 2**53
    }
