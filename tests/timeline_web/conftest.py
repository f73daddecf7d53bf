"""A real API and a real site, started once for all tests of this folder."""

import itertools
import uuid

import pytest
from playwright.sync_api import sync_playwright

from .chromium import CHROMIUM, console_complaints, request_complaints
from .servers import environment, free_port, manage, running
from .visitor import Visitor

# The tests ask faster than anybody would.
NO_THROTTLES = {
    f"THROTTLE_{scope}": "" for scope in ("LOGIN", "LOGIN_ADDRESS", "REGISTER", "POST", "ANONYMOUS")
}


@pytest.fixture(scope="session")
def var_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="session")
def api(var_dir):
    """A running API with empty databases."""
    env = environment("twitsite.settings.test", var_dir, INSTANCE_NAME="api.1", **NO_THROTTLES)
    manage("migrate", "--verbosity", "0", env=env)
    with running("twitsite.wsgi_api", env, var_dir / "api.log") as server:
        yield server


@pytest.fixture(scope="session")
def collected(var_dir):
    """The site's static files, named by their content as in production."""
    manage("collectstatic", "--noinput", env=environment("twitsite.settings.web", var_dir))


@pytest.fixture(scope="session")
def site(var_dir, api, collected):
    """A running site in front of `api`."""
    env = environment("twitsite.settings.web", var_dir, API_BASE_URL=api.url, INSTANCE_NAME="web.1")
    with running("twitsite.wsgi_web", env, var_dir / "web.log") as server:
        yield server


@pytest.fixture(scope="session")
def site_without_api(var_dir, collected):
    """A running site without an API. It shares its secret with `site`, and so the cookies."""
    no_api = f"http://127.0.0.1:{free_port()}"
    env = environment("twitsite.settings.web", var_dir, API_BASE_URL=no_api, INSTANCE_NAME="web.2")
    with running("twitsite.wsgi_web", env, var_dir / "web-without-api.log") as server:
        yield server


@pytest.fixture
def visitor(site):
    """A visitor with an empty cookie jar."""
    return Visitor(site.url)


_numbers = itertools.count()


@pytest.fixture
def new_name():
    """A function that returns a new username."""
    return lambda stem="user": f"{stem}_{next(_numbers)}_{uuid.uuid4().hex[:6]}"


@pytest.fixture
def new_member(site, new_name):
    """A function that registers and signs in a member, and returns their Visitor and name."""

    def make(stem: str = "user") -> tuple[Visitor, str]:
        member, name = Visitor(site.url), new_name(stem)
        member.register(name)
        member.log_in(name)
        assert member.path == "/"
        return member, name

    return make


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, site):
    """A function that opens the site in a new profile. The test fails if a page complains."""
    opened, complaints = [], []

    def open_it(
        *,
        javascript: bool = True,
        width: int = 1280,
        scheme: str = "light",
        language: str = "en",
        zone: str = "UTC",
    ):
        context = chromium.new_context(
            base_url=site.url,
            java_script_enabled=javascript,
            viewport={"width": width, "height": 844},
            color_scheme=scheme,
            locale=language,
            timezone_id=zone,
        )
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.extend(console_complaints(message)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request", lambda request: complaints.extend(request_complaints(request.url, site.url))
        )
        return page

    yield open_it
    for context in opened:
        context.close()
    assert complaints == []


@pytest.fixture
def friend(new_member):
    """A member who has posted a message with a tag: their Visitor and name."""
    friend, name = new_member("friend")
    friend.share(f"Herons of {name} #birds_{name}")
    return friend, name
