"""Which domain errors a piece of code can come to raise, by following what it refers to.

An upper bound: a function that is named is taken to be called, whatever the branch. What is only
known when it runs (a method of a value) is not followed; tests that run it see that.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from typing import Any

from platform_shared.kit.errors import DomainError

OURS = ("platform_shared.", "tenant_apps.")


def _is_ours(thing: Any) -> bool:
    return str(getattr(thing, "__module__", "")).startswith(OURS)


def errors_of(function: Any, owner: type) -> set[type[DomainError]]:
    """Return what ``function``, a method of ``owner``, and all it refers to can raise."""
    found: set[type[DomainError]] = set()
    seen: set[tuple[Any, type | None]] = set()
    waiting: list[tuple[Any, type | None]] = [(function, owner)]
    while waiting:
        at = waiting.pop()
        if at in seen:
            continue
        seen.add(at)
        for thing in references(*at):
            if isinstance(thing, type) and issubclass(thing, DomainError):
                found.add(thing)
            elif isinstance(thing, type):
                waiting += [
                    (each, thing)
                    for base in thing.__mro__
                    if _is_ours(base)
                    for each in vars(base).values()
                    if inspect.isfunction(each)
                ]
            else:
                bound = getattr(thing, "__self__", None)
                plain = inspect.unwrap(getattr(thing, "__func__", thing))
                waiting.append((plain, at[1] if bound is None else None))
    return found


@cache
def references(function: Any, owner: type | None) -> tuple[Any, ...]:
    """Return the product's functions, classes and errors that a function's text names."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return ()
    names = {**function.__globals__, **inspect.getclosurevars(function).nonlocals}
    found: list[Any] = []
    for node in _said(tree.body[0]):
        thing = _resolved(node, names, owner)
        if thing is not owner:  # `self` by itself calls none of its methods
            found += _things(thing)
    return tuple(found)


def _said(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the names and attributes of the code that runs: no annotations, nothing caught."""
    if isinstance(tree, ast.FunctionDef):
        parts: list[ast.AST] = [*tree.body]
    elif isinstance(tree, ast.ExceptHandler):
        parts = [*tree.body]
    elif isinstance(tree, ast.AnnAssign):
        parts = [tree.value] if tree.value else []
    else:
        parts = [*ast.iter_child_nodes(tree)]
    if isinstance(tree, ast.Attribute | ast.Name):
        yield tree
    for part in parts:
        yield from _said(part)


def _resolved(node: ast.AST, names: dict[str, Any], owner: type | None) -> Any:
    """Return what a name or a chain of attributes stands for, or None."""
    if isinstance(node, ast.Name):
        return owner if node.id in ("self", "cls") else names.get(node.id)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "super":
        return owner
    if not isinstance(node, ast.Attribute):
        return None
    of = _resolved(node.value, names, owner)
    if of is owner and owner is not None:
        found = [vars(base)[node.attr] for base in owner.__mro__ if node.attr in vars(base)]
        ours = [
            each.fget if isinstance(each, property) else each
            for each in found
            if not isinstance(each, property) or each.fget is not None
        ]
        return ours or None
    if inspect.ismodule(of) or isinstance(of, type):
        return inspect.getattr_static(of, node.attr, None)
    return None


def _things(thing: Any, depth: int = 0) -> Iterator[Any]:
    """Yield the functions and classes of ours that ``thing`` is or, as a table, holds."""
    thing = getattr(thing, "__func__", thing)
    if isinstance(thing, dict) and depth < 3:
        for value in (*thing.keys(), *thing.values()):
            yield from _things(value, depth + 1)
    elif isinstance(thing, list | tuple | set | frozenset) and depth < 3:
        for value in thing:
            yield from _things(value, depth + 1)
    elif (inspect.isfunction(thing) or isinstance(thing, type)) and _is_ours(thing):
        yield thing
