"""The API over real HTTP: what a client on the wire sees."""

import pytest
import requests

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

DANA = {"username": "dana", "email": "dana@example.org", "password": "two herons"}


@pytest.fixture
def api(live_server):
    return f"{live_server.url}/api/v1"


def test_it_goes_the_whole_way(api):
    assert requests.post(f"{api}/accounts/", json=DANA, timeout=10).status_code == 201
    login = {"username": "dana", "password": "two herons"}
    token = requests.post(f"{api}/tokens/", json=login, timeout=10).json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    posted = requests.post(f"{api}/messages/", json={"text": "héllo"}, headers=bearer, timeout=10)
    assert posted.status_code == 201
    home = requests.get(f"{api}/timelines/home/", headers=bearer, timeout=10).json()
    assert home["results"] == [posted.json()]
    url = posted.json()["url"]
    assert requests.get(url, headers=bearer, timeout=10).json() == posted.json()
    auth = ("dana", "two herons")
    assert requests.get(f"{api}/timelines/home/", auth=auth, timeout=10).json() == home
    assert requests.delete(f"{api}/tokens/current/", headers=bearer, timeout=10).status_code == 204
    assert requests.get(f"{api}/tokens/", headers=bearer, timeout=10).status_code == 401


def test_it_answers_413_before_it_reads_a_large_body(api):
    response = requests.post(f"{api}/messages/", data=b"x" * 200_000, timeout=10)
    assert response.status_code == 413


def test_it_names_the_host_that_was_asked_in_its_links(api):
    requests.post(f"{api}/accounts/", json=DANA, timeout=10)
    url = requests.get(f"{api}/accounts/dana/", timeout=10).json()["url"]
    assert url == f"{api}/accounts/dana/"


def test_it_serves_the_static_files_of_its_pages(live_server):
    for path in (
        "timeline_api/browsable.css",
        "rest_framework/css/bootstrap.min.css",
        "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js",
        "admin/css/base.css",
    ):
        assert requests.get(f"{live_server.url}/static/{path}", timeout=10).status_code == 200
