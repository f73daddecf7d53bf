"""GET, PUT and DELETE /api/v1/accounts/{username}/avatar/"""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from shardrouter import shard_for
from timeline_api.domain import pictures
from timeline_api.models import Account, Avatar
from timeline_api.services import accounts, avatars

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/accounts/alice/avatar/"


def picture(colour="red", kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, kind)
    return file.getvalue()


def put(client, data, url=URL, **extra):
    file = SimpleUploadedFile("me.png", data, "image/png")
    return client.put(url, {"picture": file}, format="multipart", **extra)


@pytest.fixture
def uploaded(as_alice):
    response = put(as_alice, picture())
    assert response.status_code == 200
    return response.json()["avatar_url"]


def test_it_is_nobodys_at_first(visitor, alice):
    response = visitor.get(URL)
    assert response.status_code == 404
    assert response.json() == {"detail": "This member has no picture."}
    assert visitor.get("/api/v1/accounts/alice/").json()["avatar_url"] is None


def test_it_is_shown_to_everybody(visitor, uploaded):
    response = visitor.get(uploaded, HTTP_ACCEPT="image/avif,image/webp,*/*;q=0.8")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/webp"
    assert Image.open(io.BytesIO(response.content)).size == (160, 160)
    assert response["Cache-Control"] == "public, max-age=31536000"
    assert visitor.get("/api/v1/accounts/alice/").json()["avatar_url"] == uploaded


@pytest.mark.parametrize("accept", ["", "*/*", "image/png", "application/json"])
def test_it_is_a_picture_whatever_is_asked_for(visitor, uploaded, accept):
    response = visitor.get(URL, HTTP_ACCEPT=accept)
    assert (response.status_code, response["Content-Type"]) == (200, "image/webp")


def test_it_is_kept_for_ever_under_its_version_alone(visitor, uploaded):
    for url in (URL, f"{URL}?v=", f"{URL}?v=000000000000"):
        assert visitor.get(url)["Cache-Control"] == "public, max-age=60"


def test_it_is_not_sent_again(visitor, uploaded):
    etag = visitor.get(uploaded)["ETag"]
    response = visitor.get(uploaded, HTTP_IF_NONE_MATCH=etag)
    assert (response.status_code, response.content) == (304, b"")


def test_it_stands_beside_what_one_writes(as_alice, as_bob, uploaded):
    as_alice.post("/api/v1/messages/", {"text": "hello"})
    (message,) = as_bob.get("/api/v1/timelines/public/").json()["results"]
    assert message["author"]["avatar_url"] == uploaded
    me = as_alice.get("/api/v1/notifications/unread/").json()["account"]
    assert me["avatar_url"] == uploaded


def test_it_is_replaced_by_the_next(as_alice, visitor, uploaded):
    again = put(as_alice, picture("blue", "JPEG")).json()["avatar_url"]
    assert again != uploaded
    assert put(as_alice, picture("blue", "JPEG")).json()["avatar_url"] == again
    shown = Image.open(io.BytesIO(visitor.get(again).content)).convert("RGB")
    assert shown.getpixel((80, 80))[2] > 200
    assert Avatar.objects.scatter().count() == 1


def test_it_lives_on_its_members_shard(alice, uploaded):
    row = Avatar.objects.get(account=alice)
    assert shard_for(row) == shard_for(alice)


def test_it_can_be_taken_back(as_alice, visitor, alice, uploaded):
    for _ in range(2):
        assert as_alice.delete(URL).status_code == 204
    assert visitor.get(URL).status_code == 404
    assert visitor.get("/api/v1/accounts/alice/").json()["avatar_url"] is None
    assert not Avatar.objects.filter(account=alice).exists()


def test_it_goes_with_its_member(alice, uploaded, relay):
    accounts.delete(account=alice)
    relay()
    assert not Avatar.objects.scatter().exists()


def test_it_is_the_owners_alone(visitor, as_bob, alice):
    assert put(visitor, picture()).status_code == 401
    assert put(as_bob, picture()).status_code == 403
    assert as_bob.delete(URL).status_code == 403
    assert put(as_bob, picture(), "/api/v1/accounts/nobody/avatar/").status_code == 404


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "The submitted file is empty."),
        (b"<svg><script>alert(1)</script></svg>", "This is not a JPEG, PNG, WebP or GIF picture."),
        (picture()[:80], "The picture is damaged or cut short."),
    ],
)
def test_it_refuses_what_is_no_picture_and_keeps_the_one_that_was(
    as_alice, visitor, uploaded, data, reason
):
    response = put(as_alice, data)
    assert response.status_code == 400
    assert response.json() == {"picture": [reason]}
    assert visitor.get("/api/v1/accounts/alice/").json()["avatar_url"] == uploaded


def test_it_refuses_a_picture_of_forty_megapixels(as_alice):
    file = io.BytesIO()
    Image.new("L", (8000, 5000)).save(file, "JPEG")
    response = put(as_alice, file.getvalue())
    assert response.status_code == 400
    assert response.json() == {"picture": ["The picture has 40 megapixels; at most 25."]}


def test_it_is_503_while_others_are_decoded(as_alice, monkeypatch):
    monkeypatch.setattr(pictures, "WAIT_SECONDS", 0)
    with pictures._turn:
        response = put(as_alice, picture())
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert put(as_alice, picture()).status_code == 200


def test_it_refuses_what_is_too_long(as_alice):
    assert put(as_alice, picture() + bytes(11 * 1024 * 1024)).status_code == 413
    assert put(as_alice, picture() + bytes(10 * 1024 * 1024)).status_code == 400


def test_it_takes_more_than_other_endpoints_do(as_alice, alice):
    assert put(as_alice, picture() + bytes(3 * 1024 * 1024)).status_code == 200
    longer = {"text": "x" * 70_000}
    assert as_alice.post("/api/v1/messages/", longer).status_code == 413


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (picture(), "image/png", 415),
        (b"picture=hello", "application/x-www-form-urlencoded", 415),
        (b"", "multipart/form-data; boundary=x", 400),
        (b"nonsense", "multipart/form-data", 400),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x", 400),
    ],
)
def test_it_takes_a_form_with_a_file_and_nothing_else(as_alice, body, kind, status):
    assert as_alice.generic("PUT", URL, body, content_type=kind).status_code == status


def test_it_limits_how_often(as_alice, settings):
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | {"picture": "1/min"}
    assert put(as_alice, picture()).status_code == 200
    assert put(as_alice, picture()).status_code == 429


def test_it_has_a_form_in_the_browsable_api(as_alice, as_bob, uploaded):
    browser = "text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8"
    shown = as_alice.get(URL, HTTP_ACCEPT=browser)
    assert shown.status_code == 200
    assert b'type="file"' in shown.content
    assert b"[a picture of " in shown.content
    assert b'type="file"' not in as_bob.get(URL, HTTP_ACCEPT="text/html").content


def test_it_is_in_the_export(as_alice, uploaded):
    body = as_alice.get("/api/v1/accounts/alice/export/").json()
    assert body["avatar"].startswith("data:image/webp;base64,")


def test_it_answers_404_for_a_deleted_account(alice, as_alice):
    with pytest.raises(Account.DoesNotExist):
        avatars.replace(account=Account(pk=alice.pk + (1 << 30)), picture=picture())
