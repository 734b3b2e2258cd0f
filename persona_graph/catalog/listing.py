"""The catalog as the command line shows it."""

from __future__ import annotations

from typing import Any

from persona_graph.catalog.registry import Catalog
from persona_graph.provider import Cost, Limits, Offer


def listed(catalog: Catalog) -> dict[str, Any]:
    providers = [
        {
            "id": provider.id,
            "name": provider.name,
            "plugin": provider.plugin.name,
            "distribution": f"{provider.plugin.distribution} {provider.plugin.version}".strip(),
            "grade": provider.grade.value if provider.grade else None,
            "offers": [_offer(offer) for offer in provider.offers],
        }
        for provider in catalog.providers
    ]
    left_out = [
        {
            "plugin": plugin.plugin,
            "distribution": f"{plugin.distribution} {plugin.version}".strip(),
            "reason": plugin.reason,
        }
        for plugin in catalog.quarantined
    ]
    return {"providers": providers, "leftOut": left_out}


def shown(catalog: Catalog) -> str:
    lines = []
    for provider in listed(catalog)["providers"]:
        grade = f"  grade {provider['grade']}" if provider["grade"] else ""
        lines.append(f"{provider['id']}  {provider['name']} ({provider['distribution']}){grade}")
        for offer in provider["offers"]:
            facts = [offer["fidelity"], offer["cost"], offer["limits"], f"payment {offer['paymentSafety']}"]
            lines.append(
                f"    {offer['capability']:<14}  {offer['id']}: {', '.join(fact for fact in facts if fact)}"
            )
    for plugin in listed(catalog)["leftOut"]:
        lines.append(f"{plugin['plugin']}  left out: {plugin['reason']}")
    return "\n".join(lines) or "No plugin is installed. The extra `local` brings one that needs no key."


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "id": offer.id,
        "capability": offer.capability.value,
        "fidelity": offer.fidelity.value if offer.fidelity else None,
        "cost": _cost(offer.cost),
        "limits": _limits(offer.limits),
        "paymentSafety": offer.payment_safety.value,
        "dataLeaves": list(offer.data_use.leaves),
    }


def _cost(cost: Cost) -> str:
    parts = [
        f"${cost.per_run} a run" if cost.per_run else "",
        f"${cost.per_1000_chars} per 1000 characters" if cost.per_1000_chars else "",
        f"${cost.per_block} per {cost.block_seconds} s" if cost.per_block else "",
    ]
    return " + ".join(part for part in parts if part) or "no vendor cost"


def _limits(limits: Limits) -> str:
    parts = []
    if limits.min_seconds is not None or limits.max_seconds is not None:
        parts.append(
            f"{limits.min_seconds or 0:g}–{'∞' if limits.max_seconds is None else f'{limits.max_seconds:g}'} s"
        )
    if limits.max_chars is not None:
        parts.append(f"≤ {limits.max_chars} characters")
    if limits.resolutions:
        parts.append("/".join(limits.resolutions))
    return ", ".join(parts)
