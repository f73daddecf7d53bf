"""The bodies in docs/api.md, from the examples of the OpenAPI description.

python -m tests.timeline_api.bodies    writes them anew
"""

import json
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
BEGIN, END = "<!-- bodies: python -m tests.timeline_api.bodies -->", "<!-- end of the bodies -->"
WIDTH = 110


def operations(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path.removeprefix('/api/v1')}", operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def example(media: dict[str, Any] | None) -> Any:
    """Return the example of a body; None if it has no JSON."""
    shown = (media or {}).get("application/json", {}).get("examples", {})
    return next(iter(shown.values()))["value"] if shown else None


def written(value: Any, indent: str = "") -> str:
    """Return JSON that has a line for each member of what does not fit into one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(indent + line) <= WIDTH or not isinstance(value, dict | list):
        return line
    inner = indent + "  "
    if isinstance(value, list):
        parts, brackets = [written(item, inner) for item in value], "[]"
    else:
        parts = [f"{json.dumps(key)}: {written(item, inner)}" for key, item in value.items()]
        brackets = "{}"
    filled, lines = "", []
    for part in parts:  # as many in a line as fit
        if filled and len(inner + filled + part) + 2 <= WIDTH and "\n" not in filled + part:
            filled += f", {part}"
        else:
            lines += [filled] if filled else []
            filled = part
    text = f",\n{inner}".join([*lines, filled])
    return f"{brackets[0]}\n{inner}{text}\n{indent}{brackets[1]}"


def markdown(schema: dict[str, Any]) -> str:
    """Return the section: for each operation what is sent and what is answered. A list shows one
    row; the same answer is shown once."""
    shown: dict[str, str] = {}
    return "\n".join(line for each in operations(schema) for line in _lines(*each, shown))


def _lines(name: str, operation: dict[str, Any], shown: dict[str, str]) -> list[str]:
    sent = example(operation.get("requestBody", {}).get("content"))
    lines = ["", f"**`{name}`**", ""]
    if sent is not None:
        lines += ["```json", written(sent), "```", ""]
    elif "requestBody" in operation:
        lines += [f"{', '.join(operation['requestBody']['content'])}.", ""]
    answers = {code: each for code, each in operation["responses"].items() if code < "300"}
    for status, answer in sorted(answers.items()):
        lines += _answer(name, status, answer.get("content", {}), shown)
    return lines


def _answer(name: str, status: str, content: dict[str, Any], shown: dict[str, str]) -> list[str]:
    answered = example(content)
    if answered is None:
        return [f"{status}: {next(iter(content), 'no body')}."]
    text = written(answered)
    # The first page of some list says what all of its kind look like.
    kind = re.sub(r"https?://[^\"]+", "URL", text)
    if kind in shown:
        return [f"{status}: as `{shown[kind]}`."]
    shown[kind] = name
    return [f"{status}:", "", "```json", text, "```"]


def replaced(page: str, section: str) -> str:
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{section}\n\n{END}{after}"


def main() -> None:
    import django

    django.setup()
    from drf_spectacular.generators import SchemaGenerator

    section = markdown(SchemaGenerator().get_schema(request=None, public=True))
    PAGE.write_text(replaced(PAGE.read_text(), section))


if __name__ == "__main__":
    main()
