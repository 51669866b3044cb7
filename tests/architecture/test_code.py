"""House rules that a tool of its own would be too much for."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import source

LONGEST = 500  # lines; a file that needs more holds more than one thing

# Who may touch the process's environment besides env.py, and for what: they name the settings
# module, which has to be said before any setting can be read.
SETTINGS_NAMED_IN = {"platform_shared/project/celery.py", "platform_shared/project/wsgi.py"}
READER = "platform_shared/project/env.py"

MIGRATION = re.compile(r"0001_initial|\d{4}_[a-z][a-z0-9]*(_[a-z0-9]+)+|0001_[a-z0-9_]+")
GENERATED = re.compile(r"\d{4}_(auto_|alter_.*_and_more|.*_and_more$|.*\d{8}_\d{4})")

WRITES = {"save", "create", "bulk_create", "update", "bulk_update", "delete", "get_or_create",
          "update_or_create", "select_for_update", "raw", "execute"}  # fmt: skip
TRANSACTIONS = {"atomic", "on_commit", "savepoint_create", "set_rollback"}

Rule = Callable[[ast.Module], list[str]]


def lines_with(tree: ast.Module, matches: Callable[[ast.AST], str | None]) -> list[str]:
    """Return ``line: what`` for every node that the rule names."""
    found = []
    for node in ast.walk(tree):
        if what := matches(node):
            found.append(f"{getattr(node, 'lineno', 0)}: {what}")
    return found


def environment_uses(tree: ast.Module) -> list[str]:
    """Return the places that read or set the process's environment, imports by name included."""

    def matches(node: ast.AST) -> str | None:
        if isinstance(node, ast.Attribute) and source.dotted(node) in ("os.environ", "os.getenv"):
            return source.dotted(node)
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            names = {alias.name for alias in node.names} & {"environ", "getenv", "environb"}
            return f"from os import {', '.join(sorted(names))}" if names else None
        return None

    return lines_with(tree, matches)


def view_faults(tree: ast.Module) -> list[str]:
    """Return where a view does more than declare, validate, call once and serialise."""

    def matches(node: ast.AST) -> str | None:
        if isinstance(node, ast.Try | ast.TryStar) and node.handlers:
            return "catches an error"
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager"):
            return f"queries by {source.dotted(node)}"
        if isinstance(node, ast.Call):
            called = source.dotted(node.func)
            last = called.rpartition(".")[2]
            if last in TRANSACTIONS:
                return f"opens a transaction by {called}"
            if last in WRITES and "services" not in called.split("."):
                return f"writes by {called}"
        if isinstance(node, ast.Attribute) and node.attr in TRANSACTIONS:
            return f"opens a transaction by {source.dotted(node)}"
        if isinstance(node, ast.ImportFrom) and (node.module or "") in (
            "django.db",
            "django.db.transaction",
        ):
            return f"imports {node.module}"
        return None

    return lines_with(tree, matches)


def model_faults(tree: ast.Module) -> list[str]:
    """Return the business logic in a models module: overridden saves, and signals."""

    def matches(node: ast.AST) -> str | None:
        if isinstance(node, ast.FunctionDef) and node.name in ("save", "delete", "clean"):
            return f"overrides {node.name}"
        if isinstance(node, ast.ImportFrom) and "signals" in (node.module or ""):
            return "uses signals"
        return None

    return lines_with(tree, matches)


def broken(rule: Rule, paths: Iterator[Path] | list[Path]) -> dict[str, list[str]]:
    """Return what breaks the rule, by file."""
    return {source.name_of(path): found for path in paths if (found := rule(source.parsed(path)))}


def migrations() -> list[Path]:
    return [
        path
        for path in source.files()
        if path.parent.name == "migrations" and path.name != "__init__.py"
    ]


class TestEnvironment:
    def test_is_read_by_one_module(self) -> None:
        found = broken(environment_uses, source.files())
        assert set(found) == {READER, *SETTINGS_NAMED_IN}

    def test_is_told_the_settings_module_by_the_entry_points_and_no_more(self) -> None:
        for name in SETTINGS_NAMED_IN:
            text = (source.ROOT / name).read_text()
            assert len(environment_uses(ast.parse(text))) == 1
            assert 'os.environ.setdefault("DJANGO_SETTINGS_MODULE"' in text

    @pytest.mark.parametrize(
        "text",
        [
            "import os\nvalue = os.environ['A']",
            "import os\nvalue = os.getenv('A')",
            "from os import environ",
        ],
    )
    def test_would_be_found_read_elsewhere(self, text: str) -> None:
        assert environment_uses(ast.parse(text))


class TestViews:
    def paths(self) -> list[Path]:
        return [p for p in source.files() if p.parent.name == "api" and p.name != "__init__.py"]

    def test_catch_nothing_open_no_transaction_and_write_nothing(self) -> None:
        modules = [path for path in self.paths() if path.name in ("views.py", "guards.py")]
        assert len(modules) > 10
        assert broken(view_faults, modules) == {}

    @pytest.mark.parametrize(
        "text",
        [
            "try:\n    f()\nexcept NotFound:\n    pass",
            "with transaction.atomic():\n    pass",
            "@transaction.atomic\ndef f(): ...",
            "from django.db import transaction",
            "customer.save()",
            "Customer.objects.all()",
            "Customer(name='x').delete()",
            "selectors.list_customers().update(name='x')",
        ],
    )
    def test_would_be_found_doing_so(self, text: str) -> None:
        assert view_faults(ast.parse(text))

    @pytest.mark.parametrize(
        "text", ["services.create_customer(name='x')", "services.update(name='x')"]
    )
    def test_may_call_services(self, text: str) -> None:
        assert view_faults(ast.parse(text)) == []


class TestModels:
    def test_hold_no_logic_in_save_and_no_signals(self) -> None:
        modules = [path for path in source.files() if path.name in ("models.py", "terms.py")]
        assert len(modules) > 10
        assert broken(model_faults, modules) == {}

    @pytest.mark.parametrize(
        "text",
        [
            "class A:\n    def save(self): ...",
            "from django.db.models.signals import post_save",
        ],
    )
    def test_would_be_found_doing_so(self, text: str) -> None:
        assert model_faults(ast.parse(text))


class TestFiles:
    def test_are_short_enough_to_read(self) -> None:
        long = {
            source.name_of(path): lines
            for path in source.files("platform_shared", "tenant_apps", "deploy")
            if (lines := len(path.read_text().splitlines())) > LONGEST
        }
        assert long == {}


class TestMigrations:
    def test_are_named_by_what_they_do(self) -> None:
        names = [path.stem for path in migrations()]
        assert [name for name in names if not MIGRATION.fullmatch(name)] == []
        assert [name for name in names if GENERATED.match(name)] == []
        assert len(names) > 15

    @pytest.mark.parametrize(
        "name",
        ["0002_auto_20260302_0900", "0003_alter_customer_name_and_more", "0002_x"],
    )
    def test_would_be_found_named_by_a_machine(self, name: str) -> None:
        assert GENERATED.match(name) or not MIGRATION.fullmatch(name)

    def test_never_import_models(self) -> None:
        def imports_models(tree: ast.Module) -> list[str]:
            return lines_with(
                tree,
                lambda node: (
                    f"imports {node.module}"
                    if isinstance(node, ast.ImportFrom)
                    and (node.module or "").startswith(source.PACKAGES)
                    and (node.module or "").endswith((".models", ".services", ".selectors"))
                    else None
                ),
            )

        assert broken(imports_models, migrations()) == {}
        assert imports_models(ast.parse("from tenant_apps.customers.models import Customer"))
