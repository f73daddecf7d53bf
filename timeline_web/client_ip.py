"""The IP address of the client. The same rule as the API's, which the site may not import."""

from functools import lru_cache
from ipaddress import ip_address, ip_network

from django.http import HttpRequest

from .conf import conf


def client_ip(request: HttpRequest) -> str:
    """Return the client's IP address: X-Forwarded-For read from the right, past TRUSTED_PROXIES.

    Entries further to the left may be made up by the client.
    """
    # A peer without an address came through a Unix socket, which only a proxy of ours can open.
    address = request.META.get("REMOTE_ADDR") or "127.0.0.1"
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    proxies = tuple(conf.TRUSTED_PROXIES)
    while hops and _is_trusted(address, proxies) and _is_address(hops[-1].strip()):
        address = hops.pop().strip()
    return address


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=256)
def _is_trusted(address: str, proxies: tuple[str, ...]) -> bool:
    networks = [ip_network(network) for network in proxies]
    return any(ip_address(address) in network for network in networks)
