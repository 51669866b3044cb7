"""Write ``docs/permissions.md`` from ``kit.access`` and the views' declarations."""

from collections.abc import Iterable, Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from platform_shared.documents.generated import GenerateCommand
from platform_shared.documents.management.commands.export_openapi import HOSTS
from platform_shared.kit.access import (
    MATRIX,
    PROGRAMMABLE,
    ROLE_PERMISSIONS,
    Open,
    Permission,
    Role,
    Rule,
)
from platform_shared.kit.views import ApiView

HEADER = """# Who may do what

Generated from `platform_shared/kit/access.py` and the views by `make docs`; do not edit.
What a view does not declare is denied.
"""
OPEN_TO: dict[Rule | None, str] = {Open.PUBLIC: "everybody", Open.API_KEY: "any API key"}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes(urlconf: str) -> Iterator[tuple[str, str, Rule | None]]:
    """Yield (method, path, rule) of every API operation of a kind of host."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, type]]:
        for pattern in patterns:
            path = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, path)
            else:
                yield path, getattr(pattern.callback, "view_class", object)

    for path, view in walk(get_resolver(urlconf).url_patterns, "/"):
        if issubclass(view, ApiView):
            for method in METHODS:
                if hasattr(view, method.lower()):
                    yield method, path, view.access.get(method)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _marks(permission: Permission) -> tuple[str, ...]:
    return tuple("yes" if permission in ROLE_PERMISSIONS[role] else "–" for role in Role)


class Command(GenerateCommand):
    help = "Write docs/permissions.md."

    def render(self) -> dict[str, str]:
        roles = tuple(role.replace("_", " ") for role in Role)
        sections = [
            HEADER,
            "## The matrix\n",
            _table(
                ("", *roles),
                [(name, *(row.cell(role) for role in Role)) for name, row in MATRIX.items()],
            ),
            "A system admin acts inside a club only by a support session.\n",
            "## Permissions\n",
            _table(
                ("permission", *roles, "API key"),
                [(f"`{p}`", *_marks(p), "may" if p in PROGRAMMABLE else "–") for p in Permission],
            ),
            "An API key has those of the permissions marked so that its maker gave it.\n",
        ]
        for host, urlconf in HOSTS.items():
            rows = [
                (method, f"`{path}`", OPEN_TO.get(rule, f"`{rule}`"))
                for method, path, rule in routes(urlconf)
            ]
            sections += [f"## Routes of {host} hosts\n", _table(("", "route", "needs"), rows)]
        return {"permissions.md": "\n".join(sections)}
