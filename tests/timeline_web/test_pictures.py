"""Members' pictures: uploading, showing and removing them."""

import io
import re
from xml.etree import ElementTree

import pytest
import requests
from PIL import Image


def picture(colour="red", kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, kind)
    return file.getvalue()


def upload(member, data, name="me.png"):
    member.get("/settings")
    form = member.form("/settings/picture")
    return member.post("/settings/picture", form.fields, files={"picture": (name, data)})


def addresses(page):
    return set(re.findall(r'<img class="avatar" src="([^"]+)"', page.text))


def test_it_draws_a_picture_from_the_name(visitor, new_member):
    _, name = new_member()
    page = visitor.get(f"/{name}/avatar")
    assert page.headers["Content-Type"] == "image/svg+xml"
    assert ElementTree.fromstring(page.text).tag == "{http://www.w3.org/2000/svg}svg"
    assert page.headers["Cache-Control"] == "public, max-age=60"
    again = visitor.get(f"/{name}/avatar", headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 304
    assert visitor.get(f"/{name.upper()}/avatar").text == page.text
    assert visitor.get("/nobody_at_all/avatar").status_code == 404


def test_it_shows_an_uploaded_picture_everywhere(visitor, new_member):
    member, name = new_member()
    member.share("See my face")
    upload(member, picture())
    assert member.path == "/settings"
    assert member.flashes == ["Your picture was changed"]
    (address,) = addresses(member.page)  # in the header and in the form
    assert re.fullmatch(rf"/{name}/avatar\?v=[0-9a-f]{{12}}", address)
    for path in ("/public", f"/{name}", f"/search?q={name}&in=people"):
        assert address in addresses(visitor.get(path)), path
    assert (
        f'property="og:image" content="{visitor.base_url}{address}"' in visitor.get(f"/{name}").text
    )


def test_it_may_be_kept_for_ever_by_everybody(visitor, new_member):
    member, _ = new_member()
    upload(member, picture())
    (address,) = addresses(member.page)
    for reader in (visitor, member):
        page = reader.get(address)
        assert Image.open(io.BytesIO(page.content)).size == (160, 160)
        assert page.headers["Cache-Control"] == "public, max-age=31536000"
        assert "Cookie" not in page.headers.get("Vary", "")
        assert "Set-Cookie" not in page.headers
        again = reader.get(address, headers={"If-None-Match": page.headers["ETag"]})
        assert again.status_code == 304
    old = visitor.get(address[:-1] + ("0" if address[-1] != "0" else "1"))
    assert old.headers["Cache-Control"] == "public, max-age=60"


def test_it_is_removed_again(visitor, new_member):
    member, name = new_member()
    upload(member, picture())
    member.submit("/logout", redirects=False)  # another session sees it too
    member.log_in(name)
    member.get("/settings")
    key = member.form("/logout").fields["csrfmiddlewaretoken"]
    member.post("/settings/picture/remove", {"csrfmiddlewaretoken": key})
    assert member.flashes == ["Your picture was removed"]
    assert not addresses(member.page)
    assert visitor.get(f"/{name}/avatar").headers["Content-Type"] == "image/svg+xml"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "Choose a picture first"),
        (b"<svg><script>alert(1)</script></svg>", "This is not a JPEG, PNG, WebP or GIF picture."),
        (picture()[:80], "The picture is damaged or cut short."),
        (bytes(10 * 1024 * 1024 + 1), "The picture may have 10 MB at most"),
    ],
    ids=["nothing", "svg", "stump", "too long"],
)
def test_it_rejects_what_is_not_a_picture_in_its_form(new_member, data, error):
    member, _ = new_member()
    assert upload(member, data).status_code == 400
    assert member.error == error
    assert "@example.com" in member.form("/settings").fields["email"]


def test_it_rejects_a_form_without_a_file(new_member):
    member, _ = new_member()
    member.get("/settings")
    assert member.submit("/settings/picture").status_code == 400
    assert member.error == "Choose a picture first"


def test_it_sends_a_visitor_to_the_login(site, visitor):
    visitor.get("/login")
    fields = visitor.form("/login").fields
    page = visitor.post("/settings/picture", fields, allow_redirects=False)
    assert page.headers["Location"].startswith("/login")


def test_it_answers_503_without_the_api(site_without_api):
    page = requests.get(f"{site_without_api.url}/alice/avatar", timeout=10)
    assert page.status_code == 503
