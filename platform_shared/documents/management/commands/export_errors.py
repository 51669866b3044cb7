"""Write ``docs/errors.md``: every code that an error can carry, from the code and the documents."""

import importlib
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from platform_shared.documents import generated
from platform_shared.documents.generated import GenerateCommand
from platform_shared.documents.management.commands.export_openapi import HOSTS, document
from platform_shared.kit import field_codes, problem
from platform_shared.kit.errors import DomainError

# One line a code that an answer has ever carried: programs branch on them, so none ever goes.
GIVEN = "error-codes.txt"
OURS = ("platform_shared.", "tenant_apps.")
MANY = 12
HEADER = """# Errors

Generated from the errors of the code and the API documents by `make docs`; do not edit.

Every error is `application/problem+json` (RFC 9457):

| member | |
| --- | --- |
| `type` | `urn:qr-checkin:error:` and the code |
| `title` | the same for each code |
| `status` | the HTTP status |
| `code` | one of those below; permanent, so programs branch on it |
| `detail` | what happened this time, for people; may change |
| `instance` | the path that was asked for |
| `request_id` | as in the header `X-Request-Id`; quote it to support |
| `errors` | of a refused payload or query alone: `field`, `code` and `detail` of each |

Codes may have more members; they are named below. A code that is new to a program is to be taken
for what its status says.

## Problems
"""
FIELDS = """## Codes of fields

`field` is a dotted path into the payload (`price.currency`, `codes.3`), the name of a parameter, or
`body`. Of one field there may be several.
"""
MEANINGS = {
    "malformed_request": "No JSON: not UTF-8, cut short, nested too deeply, a name twice in one "
    "object, a number that is none. `detail` says where.",
    "method_not_allowed": "`Allow` names the methods that there are.",
    "not_acceptable": "The document is served as YAML or JSON alone.",
    "length_required": "Send `Content-Length`; a body in chunks is not read.",
    "payload_too_large": "`detail` says how much there may be.",
    "unsupported_media_type": "The operation reads another `Content-Type`.",
    "internal_error": "Our fault, and logged; the same request may fail again.",
    "temporarily_unavailable": "The database is busy or away; see `Retry-After`.",
}


def domain_errors() -> list[type[DomainError]]:
    """Return all of the product's errors, also those of modules that nothing imports."""
    for app in ("platform_shared.kit", *settings.INSTALLED_APPS):
        if app.startswith(OURS) and find_spec(f"{app}.errors"):
            importlib.import_module(f"{app}.errors")

    def below(base: type[DomainError]) -> Iterator[type[DomainError]]:
        for sub in base.__subclasses__():
            yield sub
            yield from below(sub)

    return [error for error in below(DomainError) if error.__module__.startswith(OURS)]


def given() -> dict[str, int]:
    """Return the codes that answers have ever carried, with their statuses."""
    path = generated.DOCS / GIVEN
    lines = path.read_text().splitlines() if path.exists() else []
    return {code: int(status) for code, status in (line.split() for line in lines)}


def problems() -> dict[str, tuple[int, str, str, dict[str, str]]]:
    """Return status, title, meaning and members of each code."""
    found: dict[str, tuple[int, str, str, dict[str, str]]] = {
        code: (status, title, MEANINGS.get(code, ""), {})
        for code, (status, title) in problem.GENERIC.items()
    }
    for error in domain_errors():
        meaning = " ".join((error.__doc__ or "").split())
        found[error.code] = (error.status, error.title, meaning, dict(error.members))
    return found


def require_permanence(known: dict[str, int], before: dict[str, int]) -> None:
    """Refuse to forget a code.

    Raises:
        CommandError: a code that was given is gone, or has another status.
    """
    broken = sorted(code for code, status in before.items() if known.get(code) != status)
    if broken:
        raise CommandError(f"codes are permanent; gone or of another status: {', '.join(broken)}")


def given_by(documents: dict[str, dict[str, Any]]) -> dict[str, list[str]]:
    """Return the ids of the operations that can give each code."""
    found: dict[str, set[str]] = defaultdict(set)
    for described in documents.values():
        for item in described["paths"].values():
            for operation in item.values():
                for answer in operation["responses"].values():
                    for code in answer.get("x-error-codes", ()):
                        found[code].add(operation["operationId"])
    return {code: sorted(ids) for code, ids in found.items()}


def _who(ids: list[str], everybody: int) -> str:
    if not ids:
        return "no operation"
    if len(ids) == everybody:
        return "every operation"
    return f"{len(ids)} operations" if len(ids) > MANY else ", ".join(f"`{i}`" for i in ids)


class Command(GenerateCommand):
    help = "Write docs/errors.md, and docs/error-codes.txt, from which no code may ever go."

    def render(self) -> dict[str, str]:
        documents = {host: document(urlconf) for host, urlconf in HOSTS.items()}
        found, operations = problems(), given_by(documents)
        known = {code: status for code, (status, *_) in found.items()}
        known |= dict.fromkeys((f"field:{code}" for code in field_codes.CODES), 400)
        before = given()
        require_permanence(known, before)
        everybody = len({i for ids in operations.values() for i in ids})
        parts = [HEADER]
        for code, (status, title, meaning, members) in sorted(found.items()):
            parts.append(f"### `{code}`\n\n{status} · {title}\n")
            parts += [f"{meaning}\n"] if meaning else []
            if members:
                parts.append("".join(f"- `{name}`: {told}\n" for name, told in members.items()))
            parts.append(f"Given by {_who(operations.get(code, []), everybody)}.\n")
        rows = "".join(f"| `{code}` | {told} |\n" for code, told in field_codes.CODES.items())
        parts += [FIELDS, f"| code | |\n| --- | --- |\n{rows}"]
        codes = {**known, **before}
        return {
            "errors.md": "\n".join(parts),
            GIVEN: "".join(f"{code} {status}\n" for code, status in sorted(codes.items())),
        }
