"""Which addresses are public, and which origins an operator allows besides. Pure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import httpx

PORTS = {"http": 80, "https": 443}

# Written out, because what Python calls global changed between its releases (IANA special-purpose registries).
_NOT_PUBLIC_4 = [
    ip_network(net)
    for net in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip
_PUBLIC_6 = ip_network("2000::/3")
# Tunnels among them: what they lead to is an IPv4 address of the sender's choice.
_NOT_PUBLIC_6 = [
    ip_network(net)
    for net in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "3ffe::/16")
]
_NAT64 = ip_network("64:ff9b::/96")


class OriginFault(ValueError):
    """Not an origin: ``scheme://host`` or ``scheme://host:port``, http or https."""


@dataclass(frozen=True, slots=True)
class Origin:
    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def origin_of(url: str | httpx.URL) -> Origin:
    """Raises OriginFault for an address of anything but a web server."""
    try:
        url = httpx.URL(url)
        scheme, host, port = url.scheme, url.raw_host.decode("ascii"), url.port
    except (httpx.InvalidURL, UnicodeError, ValueError, TypeError):
        raise OriginFault("it is not a URL") from None
    if scheme not in PORTS:
        raise OriginFault("only http and https are spoken")
    if not host:
        raise OriginFault("it names no host")
    return Origin(scheme, host.lower(), port or PORTS[scheme])


@dataclass(frozen=True, slots=True)
class Origins:
    """Origins an operator named, which may also be private."""

    named: frozenset[Origin] = frozenset()

    @classmethod
    def of(cls, urls: Iterable[str], setting: str = "") -> Origins:
        """Of URLs with any path. Raises OriginFault, with the name of the setting."""
        try:
            return cls(frozenset(origin_of(url) for url in urls))
        except OriginFault as fault:
            raise OriginFault(f"{setting or 'an origin'}: {fault}") from None

    @classmethod
    def among(cls, urls: Iterable[str]) -> Origins:
        """Of those that have one."""
        found = set()
        for url in urls:
            with contextlib.suppress(OriginFault):
                found.add(origin_of(url))
        return cls(frozenset(found))

    def __contains__(self, origin: object) -> bool:
        return origin in self.named

    def __or__(self, other: Origins) -> Origins:
        return Origins(self.named | other.named)


def is_public(address: str) -> bool:
    """Whether anybody on the internet could connect to it."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    return _is_public_6(ip) if isinstance(ip, IPv6Address) else _is_public_4(ip)


def _is_public_4(ip: IPv4Address) -> bool:
    return ip.is_global and not any(ip in net for net in _NOT_PUBLIC_4)


def _is_public_6(ip: IPv6Address) -> bool:
    if ip in _NAT64:
        return _is_public_4(IPv4Address(int(ip) & 0xFFFFFFFF))
    # The addresses that map or embed IPv4 (::ffff:0:0/96 and the like) lie outside of what is public.
    return ip.scope_id is None and ip in _PUBLIC_6 and not any(ip in net for net in _NOT_PUBLIC_6)
