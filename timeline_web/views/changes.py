"""Changes: the answer to the script, which does without a new page.

The script names itself in X-Requested-With. It puts each part in the place of what its selector
finds on the page, and tells the reader the text. Without the script the answer is a redirect.
"""

from django.http import HttpResponse, JsonResponse

from ..site_request import SiteRequest

SCRIPT = "enhancements"

# A CSS selector, and the HTML in the place of the elements that it finds; "" removes them.
Part = tuple[str, str]


def asks_for_changes(request: SiteRequest) -> bool:
    """Return whether the script has sent the form of an act, and wants no page."""
    is_script = request.headers.get("X-Requested-With") == SCRIPT
    return is_script and request.method == "POST"


def changed(*parts: Part, text: str = "", status: int = 200) -> HttpResponse:
    """Return the answer to the script."""
    found = [{"selector": selector, "html": html} for selector, html in parts]
    return JsonResponse({"text": text, "parts": found}, status=status)
