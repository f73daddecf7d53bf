"""Names of browsers, by which their owner knows a session again. Pure: imports no Django."""

import ipaddress
import re

# The first pattern that is found names the browser, or the system: most browsers claim to be
# several others as well, https://developer.mozilla.org/docs/Web/HTTP/Browser_detection_using_the_user_agent
BROWSERS = (
    ("Edge", r"Edg(e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
    ("curl", r"^curl/"),
)
SYSTEMS = (
    ("Android", r"Android"),
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux"),
)


def session_name(user_agent: str, address: str) -> str:
    """Return the name of a session, such as "Firefox, Linux · 192.0.2.7", of 50 characters at most.

    Of an IPv6 address it has the network (/64), as the rest of it changes with time.
    """
    known = [_first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)]
    parts = [", ".join(filter(None, known)), _network(address)]
    return " · ".join(filter(None, parts))


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, user_agent)), "")


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
