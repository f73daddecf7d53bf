"""The OpenAPI description drives schemathesis against a real server: every operation, as a visitor
and as two members, with what fits its schema and what does not. Nothing is a 5xx, and every status,
body, header and type is one that the description knows.

`CONTRACT_CASES` sets how many requests are made of each operation by each of the three.
"""

import os

import hypothesis
import pytest
import requests
import schemathesis
from django.db import connection
from hypothesis import HealthCheck
from schemathesis.checks import CHECKS

from tests import postgresql
from tests.stack import new_member
from tests.timeline_web.servers import environment, manage, running

pytestmark = [pytest.mark.long, pytest.mark.django_db(databases="__all__")]

CASES = int(os.environ.get("CONTRACT_CASES", "15"))
# Ids and names of things that are there, so that not every request ends at a 404.
KNOWN = {"id": [], "username": ["alice_here", "bob_here"], "tag": ["birds"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contract")
    throttles = {f"THROTTLE_{name}": "" for name in ("LOGIN", "LOGIN_ADDRESS", "REGISTER", "POST")}
    if connection.vendor == "postgresql":
        throttles |= postgresql.create("contract_")
    env = environment("twitsite.settings.test", folder, THROTTLE_ANONYMOUS="", **throttles)
    manage("migrate", "--verbosity", "0", env=env)
    with running("twitsite.wsgi_api", env, folder / "api.log") as server:
        yield server


@pytest.fixture(scope="module")
def people(server):
    """Who asks: name → headers."""
    people = {"visitor": {}}
    for name in KNOWN["username"]:
        session = new_member(f"{server.url}/api/v1", name)
        people[name] = {"Authorization": session.headers["Authorization"]}
        body = {"text": "Two #birds", "in_reply_to": (KNOWN["id"] or [None])[0]}
        made = session.post(f"{server.url}/api/v1/messages/", json=body, timeout=10)
        KNOWN["id"].append(made.json()["id"])
    return people


def test_it_answers_as_it_says(server, people):
    schema = schemathesis.openapi.from_url(f"{server.url}/api/schema/")
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        for headers in people.values():
            asked += ask(server, operation, headers)
    assert asked >= 2000 * CASES / 15


def ask(server, operation, headers):
    asked = 0
    # All but one: that a name is taken or a password weak, no schema can say.
    checks = CHECKS.get_all()
    checks.remove(CHECKS.get_one("positive_data_acceptance"))

    @hypothesis.settings(
        max_examples=CASES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(), known=hypothesis.strategies.integers(0, 3))
    def run(case, known):
        nonlocal asked
        asked += 1
        for name, values in KNOWN.items():
            if known and name in (case.path_parameters or {}):
                case.path_parameters[name] = values[known % len(values)]
        response = case.call(base_url=server.url, headers=sent(server, case, headers))
        case.validate_response(response, checks=checks)

    run()
    return asked


def sent(server, case, headers):
    """The headers of a request. Where it would end the login, one of its own that may end."""
    if case.method == "DELETE" and "/tokens/" in case.path and headers:
        session = requests.Session()
        body = {"username": KNOWN["username"][0], "password": "two herons"}
        token = session.post(f"{server.url}/api/v1/tokens/", json=body, timeout=10).json()["token"]
        return {"Authorization": f"Bearer {token}"}
    return headers
