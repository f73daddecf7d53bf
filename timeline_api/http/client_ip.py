"""The IP address of the client that made a request, behind trusted proxies."""

import ipaddress
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(text, strict=False) for text in texts)


def _parsed(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address, as text.

    X-Forwarded-For is read from the right, past addresses of TRUSTED_PROXIES; the first other
    one is the client (nginx's `real_ip_recursive` does the same). What stands left of it is the
    client's own claim, and is not read. When all are trusted, the leftmost is the client.
    """
    # A Unix socket has no peer address; only the proxy may write to it.
    peer = _parsed(request.META.get("REMOTE_ADDR", "")) or ipaddress.ip_address("127.0.0.1")
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while _is_trusted(peer) and hops and (previous := _parsed(hops.pop())):
        peer = previous
    return str(peer)


def throttle_identity(request: HttpRequest) -> str:
    """Return what a throttle counts the client by: its address, or the /64 of an IPv6 user."""
    address = client_address(request)
    if ":" in address:
        return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return address
