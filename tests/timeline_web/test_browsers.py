"""Names of sessions, from what browsers say of themselves."""

import pytest

from timeline_web.browsers import session_name

MOZILLA = "Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) %s"


@pytest.mark.parametrize(
    ("system", "browser", "name"),
    [
        ("X11; Linux x86_64", "Chrome/131.0 Safari/537.36", "Chrome, Linux"),
        ("Windows NT 10.0; Win64; x64", "Chrome/131.0 Safari/537.36 Edg/131.0", "Edge, Windows"),
        ("Macintosh; Intel Mac OS X 10_15_7", "Version/18.1 Safari/605.1.15", "Safari, macOS"),
        ("Linux; Android 10; K", "SamsungBrowser/27.0 Chrome/125.0", "Samsung, Android"),
        ("iPhone; CPU iPhone OS 18_1 like Mac OS X", "CriOS/131.0 Safari/604", "Chrome, iPhone"),
        ("X11; Ubuntu; Linux x86_64; rv:133.0", "Gecko/20100101 Firefox/133.0", "Firefox, Linux"),
    ],
)
def test_it_knows_the_browser_and_the_system(system, browser, name):
    assert session_name(MOZILLA % (system, browser), "192.0.2.7") == f"{name} · 192.0.2.7"


def test_it_fits_a_token_and_names_networks_of_the_long_addresses():
    longest = session_name("SamsungBrowser/27.0 CrOS", "2001:1db8:85a3:88d3:1319::7348")
    assert longest == "Samsung, ChromeOS · 2001:1db8:85a3:88d3::/64"
    assert len(longest) <= 50
    assert session_name("curl/8.5.0", "::ffff:192.0.2.7") == "curl · 192.0.2.7"
    assert session_name("", "192.0.2.7") == "192.0.2.7"
    assert session_name("?", "unknown") == ""
