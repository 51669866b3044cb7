"""What is put into the API documents after drf-spectacular has made them."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from platform_shared.documents import words

EXAMPLES = Path(__file__).parent / "examples"


def describe(result: Any, generator: Any, **kwargs: Any) -> Any:
    """Introduce the document: its chapters in order, its servers, and what says nothing itself."""
    host = "club" if generator.urlconf == settings.CLUB_URLCONF else "platform"
    result["info"]["description"] = words.INTRODUCTION.format(what=words.WHAT[host]).strip()
    result["servers"] = servers(host)
    # The members that only some codes have.
    result["components"]["schemas"]["Problem"]["additionalProperties"] = {}
    used = {tag for operation in _operations(result) for tag in operation["tags"]}
    result["tags"] = [{"name": t, "description": d} for t, d in words.TAGS.items() if t in used]
    for operation in _operations(result):
        for parameter in operation.get("parameters", ()):
            told = words.PARAMETERS.get(parameter["name"])
            if told and not parameter.get("description"):
                parameter["description"] = told
        for status, answer in operation["responses"].items():
            answer["description"] = answer["description"] or words.SUCCESS.get(status, "")
    return result


def servers(host: str) -> list[dict[str, Any]]:
    """Return where the operations are: on the host that serves the document, whichever it is."""
    here = {"url": "/", "description": "The host that serves this document."}
    domain = {"default": "localhost", "description": "The installation's base domain."}
    if host == "platform":
        template = "https://platform.{domain}"
        return [here, {"url": template, "variables": {"domain": domain}}]
    club = {"default": "demo", "description": "The club's slug."}
    variables = {"club": club, "domain": domain}
    return [here, {"url": "https://{club}.{domain}", "variables": variables}]


def add_examples(result: Any, generator: Any, **kwargs: Any) -> Any:
    """Put in what the running API was asked and has answered (``tests/contract/examples.py``)."""
    host = "club" if generator.urlconf == settings.CLUB_URLCONF else "platform"
    recorded = examples(host)
    for operation in _operations(result):
        found = recorded.get(operation["operationId"], {})
        if "request" in found:
            _show(operation.get("requestBody", {}), "recorded", found["request"])
        for status, answers in found.get("responses", {}).items():
            for name, value in answers.items():
                _show(operation["responses"].get(status, {}), name, value)
    return result


@cache
def examples(host: str) -> dict[str, Any]:
    """Return the recorded examples of a kind of host by operation."""
    path = EXAMPLES / f"{host}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _show(place: dict[str, Any], name: str, value: Any) -> None:
    kind = "text/csv" if isinstance(value, str) else "json"
    for media_type, content in place.get("content", {}).items():
        if media_type.endswith(kind):
            content.setdefault("examples", {})[name] = {"value": value}


def _operations(result: Any) -> list[dict[str, Any]]:
    return [operation for item in result["paths"].values() for operation in item.values()]
