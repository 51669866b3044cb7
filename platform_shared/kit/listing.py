"""The shape of what is read: which members (``?fields=``) and what beside them (``?expand=``).

Ids stay ids whatever is expanded: the objects stand in ``expanded``, a member of its own. An
answer with some members only has a media type and a schema of its own, so that whoever asks for
all of them need not expect one to be missing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from platform_shared.kit.access import Permission
from platform_shared.kit.errors import FieldError, Forbidden, InvalidInput
from platform_shared.kit.principal import Principal

SPARSE = "application/vnd.qr-checkin.sparse+json"
Serializer = type[Any]  # of rows


@dataclass(frozen=True, slots=True)
class Expansion:
    """An object that a row names by its id and that can be asked for along with it.

    ``relation`` is the row's foreign key. ``rows`` are those that the caller may see, with what
    ``serializer`` shows of them; ``permission`` is the one that reading them by themselves needs.
    """

    relation: str
    rows: Callable[[Principal], QuerySet[Any]]
    serializer: Serializer
    permission: Permission

    @property
    def attribute(self) -> str:
        """Return what a row has the object under."""
        return f"expanded_{self.relation}"


def expansions_of(serializer_class: Serializer) -> dict[str, Expansion]:
    """Return what ``Meta.expansions`` of the rows' serializer declares, by name."""
    meta = getattr(serializer_class, "Meta", None)
    return {e.relation: e for e in getattr(meta, "expansions", ())}


def members_of(serializer_class: Serializer) -> tuple[str, ...]:
    """Return the names of everything that a row shows."""
    return tuple(serializer_class().fields)


@dataclass(frozen=True, slots=True)
class Shape:
    """What the caller wants to see of each row; ``members`` None: all of them."""

    serializer: Serializer
    caller: Principal | None
    members: frozenset[str] | None
    expansions: tuple[Expansion, ...]

    @property
    def media_type(self) -> str | None:
        """Return the answer's media type, if it is another than usual."""
        return None if self.members is None else SPARSE

    def narrowed(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return ``rows`` without the queries for members that are left out.

        ``Meta.prefetches`` of the serializer says which member needs which prefetch.
        """
        prefetches = getattr(getattr(self.serializer, "Meta", None), "prefetches", {})
        if self.members is None or not prefetches:
            return rows
        kept = (lookup for member, lookup in prefetches.items() if member in self.members)
        return rows.prefetch_related(None).prefetch_related(*kept)

    def represent(self, rows: Sequence[Any]) -> list[Any]:
        """Return the rows as they are answered; one query for each expansion, and what it needs."""
        serializer: Any = self.serializer()
        if self.members is not None:
            for name in set(serializer.fields) - self.members:
                del serializer.fields[name]
        shown = [serializer.to_representation(row) for row in rows]
        if self.expansions:
            for row, expanded in zip(shown, self._expanded(rows), strict=True):
                row["expanded"] = expanded
        return shown

    def _expanded(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        assert self.caller is not None
        prefetch_related_objects(
            rows,
            *(
                Prefetch(e.relation, queryset=e.rows(self.caller), to_attr=e.attribute)
                for e in self.expansions
            ),
        )
        serializers = {e: e.serializer() for e in self.expansions}
        return [
            {
                e.relation: None if found is None else serializer.to_representation(found)
                for e, serializer in serializers.items()
                for found in (getattr(row, e.attribute),)
            }
            for row in rows
        ]


def asked(query: Any, serializer_class: Serializer, caller: Any) -> Shape:
    """Return the shape that a query asks for.

    Raises:
        InvalidInput: ``fields`` or ``expand`` names something that the rows do not have.
        Forbidden: the caller may not read what is to be expanded.
    """
    known = members_of(serializer_class) if "fields" in query else ()
    offered = expansions_of(serializer_class)
    fields = _names(query, "fields", known)
    expanded = [offered[name] for name in dict.fromkeys(_names(query, "expand", offered) or ())]
    for expansion in expanded:
        if expansion.permission not in caller.permissions:
            raise Forbidden(f"To expand {expansion.relation} needs {expansion.permission}.")
    members = None if fields is None else frozenset(fields) | ({"id"} & set(known))
    return Shape(serializer_class, caller, members, tuple(expanded))


def _names(query: Any, parameter: str, known: Any) -> list[str] | None:
    given = query.get(parameter)
    if given is None:
        return None
    names: list[str] = given.split(",")
    if set(names) - set(known):
        detail = f"One or more of: {', '.join(known)}."
        raise InvalidInput(FieldError(parameter, "invalid_choice", detail))
    return names


def parameters(serializer_class: Serializer, *, expandable: bool) -> list[dict[str, Any]]:
    """Return the two parameters as an OpenAPI document has them."""
    fields = f"Only these members, and `id`; the answer is then `{SPARSE}`."
    found = [_parameter("fields", members_of(serializer_class), fields)]
    if expandable:
        expand = (
            "Objects that a row names by their ids, told along with it in `expanded`. "
            "Each needs the permission to read it."
        )
        found.append(_parameter("expand", expansions_of(serializer_class), expand))
    return found


def _parameter(name: str, choices: Iterable[str], description: str) -> dict[str, Any]:
    items = {"type": "string", "enum": list(choices)}
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "style": "form",
        "explode": False,
        "schema": {"type": "array", "items": items, "minItems": 1},
    }
