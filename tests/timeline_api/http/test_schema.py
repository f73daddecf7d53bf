"""GET /api/schema/ and /api/docs/"""

import re

import pytest
import yaml
from django.core.management import call_command
from jsonschema import Draft202012Validator

from timeline_api.http.representations import Representer
from timeline_api.http.serializers import responses
from timeline_api.selectors import accounts, notifications
from timeline_api.selectors import messages as message_selectors
from timeline_api.selectors.rows import Author
from timeline_api.services import likes, messages, tokens

pytestmark = pytest.mark.django_db(databases="__all__")


@pytest.fixture
def schema(visitor, db):
    response = visitor.get("/api/schema/")
    assert response.status_code == 200
    return yaml.safe_load(response.content)


def test_it_is_valid_without_warnings(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))


def test_it_lists_every_operation_under_a_stable_name(schema):
    assert {
        f"{method.upper()} {path.removeprefix('/api/v1')}": operation["operationId"]
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    } == {
        "POST /accounts/": "accounts_create",
        "GET /accounts/{username}/": "accounts_retrieve",
        "PATCH /accounts/{username}/": "accounts_update",
        "DELETE /accounts/{username}/": "accounts_delete",
        "POST /accounts/{username}/password/": "accounts_change_password",
        "GET /accounts/{username}/avatar/": "avatars_retrieve",
        "PUT /accounts/{username}/avatar/": "avatars_update",
        "DELETE /accounts/{username}/avatar/": "avatars_delete",
        "GET /accounts/{username}/export/": "accounts_export",
        "GET /accounts/{username}/messages/": "accounts_messages",
        "GET /accounts/{username}/followers/": "accounts_followers",
        "GET /accounts/{username}/following/": "accounts_following",
        "PUT /accounts/{username}/follow/": "follows_create",
        "DELETE /accounts/{username}/follow/": "follows_delete",
        "PUT /accounts/{username}/block/": "blocks_create",
        "DELETE /accounts/{username}/block/": "blocks_delete",
        "PUT /accounts/{username}/mute/": "mutes_create",
        "DELETE /accounts/{username}/mute/": "mutes_delete",
        "GET /blocks/": "blocks_list",
        "GET /mutes/": "mutes_list",
        "GET /names/": "names_list",
        "GET /suggestions/": "accounts_suggestions",
        "GET /sitemap/": "sitemap",
        "GET /search/messages/": "search_messages",
        "GET /search/accounts/": "search_accounts",
        "GET /tags/trending/": "tags_trending",
        "GET /tags/{tag}/messages/": "tags_messages",
        "GET /timelines/public/": "timelines_public",
        "GET /timelines/home/": "timelines_home",
        "POST /messages/": "messages_create",
        "GET /messages/{id}/": "messages_retrieve",
        "PATCH /messages/{id}/": "messages_update",
        "DELETE /messages/{id}/": "messages_delete",
        "GET /messages/{id}/history/": "messages_history",
        "POST /messages/{id}/report/": "messages_report",
        "POST /accounts/{username}/report/": "accounts_report",
        "PUT /messages/{id}/pin/": "pins_create",
        "DELETE /messages/{id}/pin/": "pins_delete",
        "GET /messages/{id}/ancestors/": "messages_ancestors",
        "GET /messages/{id}/replies/": "messages_replies",
        "PUT /messages/{id}/like/": "likes_create",
        "DELETE /messages/{id}/like/": "likes_delete",
        "GET /messages/{id}/likes/": "messages_likes",
        "PUT /messages/{id}/repost/": "reposts_create",
        "DELETE /messages/{id}/repost/": "reposts_delete",
        "GET /messages/{id}/reposts/": "messages_reposts",
        "GET /notifications/": "notifications_list",
        "GET /notifications/unread/": "notifications_unread",
        "POST /notifications/read/": "notifications_read",
        "POST /tokens/": "tokens_create",
        "GET /tokens/": "tokens_list",
        "POST /tokens/personal/": "tokens_create_personal",
        "DELETE /tokens/current/": "tokens_delete_current",
        "DELETE /tokens/{id}/": "tokens_delete",
    }


def test_it_documents_the_errors_of_each(schema):
    for methods in schema["paths"].values():
        for operation in methods.values():
            assert {"401", "429", "503"} <= set(operation["responses"])
            assert "Retry-After" in operation["responses"]["429"]["headers"]
            assert "Retry-After" in operation["responses"]["503"]["headers"]
            assert "WWW-Authenticate" in operation["responses"]["401"]["headers"]
            if "requestBody" in operation:
                assert {"400", "413", "415"} <= set(operation["responses"])
    post = schema["paths"]["/api/v1/messages/"]["post"]
    assert set(post["responses"]) == {
        "201",
        *map(str, (400, 401, 403, 409, 413, 415, 422, 429, 503)),
    }
    assert "requestBody" in schema["paths"]["/api/v1/accounts/{username}/"]["delete"]


def bodies(schema):
    """(where, media type) of every JSON body that a request has, or an answer that is a success."""
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            answers = [
                answer for code, answer in operation["responses"].items() if code.startswith("2")
            ]
            for body in (operation.get("requestBody", {}), *answers):
                if "application/json" in body.get("content", {}):
                    yield f"{method} {path}", body["content"]["application/json"]


def without_nullable(schema):
    """OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(schema, list):
        return [without_nullable(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: without_nullable(part) for name, part in schema.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain


def test_it_has_a_valid_example_of_every_body(schema):
    components = {"components": without_nullable(schema["components"])}
    checked = 0
    for where, media_type in bodies(schema):
        examples = media_type.get("examples", {})
        assert examples, where
        for shown in examples.values():
            validator = Draft202012Validator(without_nullable(media_type["schema"]) | components)
            errors = [f"{list(e.path)}: {e.message}" for e in validator.iter_errors(shown["value"])]
            assert errors == [], where
            checked += 1
    assert checked >= 40


def test_it_says_that_ids_are_strings(schema):
    for name in ("Account", "Message", "Author", "Token"):
        assert schema["components"]["schemas"][name]["properties"]["id"]["type"] == "string"
    (pk,) = [
        parameter
        for parameter in schema["paths"]["/api/v1/messages/{id}/"]["get"]["parameters"]
        if parameter["in"] == "path"
    ]
    assert pk["schema"]["type"] == "string"


def test_it_knows_the_ways_to_log_in(schema):
    schemes = schema["components"]["securitySchemes"]
    assert {name: scheme["type"] for name, scheme in schemes.items()} == {
        "bearer": "http",
        "basic": "http",
        "session": "apiKey",
    }
    home = schema["paths"]["/api/v1/timelines/home/"]["get"]["security"]
    public = schema["paths"]["/api/v1/timelines/public/"]["get"]["security"]
    assert {} not in home
    assert {} in public


def test_it_describes_what_is_answered(rf, alice, bob):
    """The dicts that the API gives have the very keys of the serializers that describe them."""
    request = rf.get("/")
    request.user = alice
    token, _ = tokens.issue(account=alice)
    request.auth = token
    represent = Representer(request)
    message = messages.post(author=alice, text="hello")
    likes.like(account=bob, message=message)
    messages.repost(account=alice, message=message)
    repost, posted = message_selectors.of_author(alice, viewer=alice)
    (group,) = notifications.groups(alice)
    (revision,) = message_selectors.history(message)
    profile = accounts.profile(alice, viewer=alice)
    for shown, described in (
        (represent.account(profile), responses.AccountSerializer),
        (represent.author(Author.of(alice)), responses.AuthorSerializer),
        (represent.message(posted), responses.MessageSerializer),
        (represent.message(repost)["repost_of"], responses.OriginalSerializer),
        (represent.revision(revision), responses.RevisionSerializer),
        (represent.notification(group), responses.NotificationSerializer),
        (represent.token(token), responses.TokenSerializer),
    ):
        assert set(shown) == set(described().fields)


def test_it_shows_the_docs_without_the_internet(visitor, db):
    response = visitor.get("/api/docs/", HTTP_ACCEPT="text/html")
    assert response.status_code == 200
    html = response.content.decode()
    assert "swagger-ui" in html
    assert "//" not in re.sub(r"https?://testserver", "", html.replace("<!-- //", ""))
    assert not re.search(r"<script>[^<]*\S", html)
    assert "'unsafe-inline'" in response["Content-Security-Policy"]
    assert "'unsafe-inline'" not in visitor.get("/api/v1/")["Content-Security-Policy"]
