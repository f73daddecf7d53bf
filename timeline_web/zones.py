"""Time zones: the one in which a member reads times, as their browser's cookie has it.

The script knows the browser's own zone; the setting is for readers without it, and for those who
want another one. A page for all visitors has UTC.
"""

from zoneinfo import ZoneInfo, available_timezones

from django.utils import timezone

from .site_request import SiteRequest

COOKIE = "twitsite_zone"
COOKIE_SECONDS = 365 * 24 * 3600

# Regions of the tz database that are places; the others are old names of these.
_PLACES = ("Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe")
ZONES = sorted(
    name
    for name in available_timezones()
    if name == "UTC" or name.startswith(tuple(f"{p}/" for p in (*_PLACES, "Indian", "Pacific")))
)
_KNOWN = frozenset(ZONES)


def chosen_zone(request: SiteRequest) -> str:
    """Return the name of the zone that a member has chosen; "" for none, and for visitors."""
    name = request.COOKIES.get(COOKIE, "")
    return name if request.member and name in _KNOWN else ""


def is_zone(name: str) -> bool:
    return name in _KNOWN


def activate(request: SiteRequest) -> None:
    """Let the times of this request's page be in the zone of its reader."""
    name = chosen_zone(request)
    timezone.activate(ZoneInfo(name) if name else timezone.get_default_timezone())
