"""The client's address, past the proxies that are believed and no further."""

import pytest

from timeline_api.http.client_ip import client_address, throttle_identity


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", "", "127.0.0.1"),
        ("203.0.113.5", "198.51.100.7", "203.0.113.5"),  # no proxy of ours: not believed
        ("127.0.0.1", "203.0.113.5", "203.0.113.5"),  # nginx
        ("127.0.0.1", "198.51.100.7, 203.0.113.5", "203.0.113.5"),  # nginx; a forged claim
        ("127.0.0.1", "203.0.113.5, 127.0.0.1", "203.0.113.5"),  # nginx, site, nginx
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.5, nonsense", "127.0.0.1"),
        ("127.0.0.1", " 2001:db8::1 , ::1", "2001:db8::1"),
        ("", "203.0.113.5", "203.0.113.5"),  # a Unix socket
    ],
)
def test_it_finds_the_client(rf, peer, forwarded, client):
    request = rf.get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == client


def test_it_believes_the_proxies_of_the_settings_alone(rf, settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    request = rf.get("/", REMOTE_ADDR="10.1.2.3", HTTP_X_FORWARDED_FOR="203.0.113.5")
    assert client_address(request) == "203.0.113.5"
    request = rf.get("/", REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.5")
    assert client_address(request) == "127.0.0.1"


def test_it_counts_an_ipv6_network_as_one(rf):
    one = rf.get("/", REMOTE_ADDR="2001:db8:1:2::1")
    other = rf.get("/", REMOTE_ADDR="2001:db8:1:2:ffff::9")
    assert throttle_identity(one) == throttle_identity(other) == "2001:db8:1:2::/64"
