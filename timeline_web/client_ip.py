"""The IP address of the client. The same rule as the API's, which the site may not import."""

from functools import lru_cache
from ipaddress import ip_address, ip_network

from django.http import HttpRequest

from .conf import conf


def client_ip(request: HttpRequest) -> str:
    """Return the client's IP address: X-Forwarded-For read from the right, past TRUSTED_PROXIES.

    Entries further to the left may be made up by the client.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return _client_ip(peer, forwarded, tuple(conf.TRUSTED_PROXIES))


@lru_cache(maxsize=1024)
def _client_ip(peer: str, forwarded: str, proxies: tuple[str, ...]) -> str:
    # A peer without an address came through a Unix socket, which only a proxy of ours can open.
    address = peer or "127.0.0.1"
    hops = forwarded.split(",")
    while hops and _is_trusted(address, proxies) and _is_address(hops[-1].strip()):
        address = hops.pop().strip()
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_trusted(address: str, proxies: tuple[str, ...]) -> bool:
    networks = [ip_network(network) for network in proxies]
    return any(ip_address(address) in network for network in networks)
