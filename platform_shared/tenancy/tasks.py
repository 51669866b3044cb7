"""The base of every background task: it runs for a living club, or for the platform, by name."""

from typing import Any, Self
from uuid import UUID

from celery import Task
from django_tenants.utils import get_tenant_model

from platform_shared.kit import context
from platform_shared.kit.ids import new_id
from platform_shared.tenancy import binding
from platform_shared.tenancy.club_ref import ClubRef
from platform_shared.tenancy.errors import ClubNotBound, NoLivingClub

CLUB_HEADER = "club_id"
CAUSE_HEADER = "caused_by"


class BaseTask(Task):  # type: ignore[type-arg]
    """Refuses to run unless a subclass says what it is bound to.

    It logs under the id of the request, or the task, that has sent it; sent by neither, its own.
    """

    abstract = True

    def apply_async(self, *args: Any, **options: Any) -> Any:
        headers = dict(options.pop("headers", None) or {})
        if cause := context.request_id.get():
            headers.setdefault(CAUSE_HEADER, cause)
        return super().apply_async(*args, headers=headers, **options)

    def sent_with(self, header: str) -> Any:
        """Return a header of the message, or None."""
        return (self.request.headers or {}).get(header) or self.request.get(header)

    def target(self) -> ClubRef | str:
        raise NoLivingClub(f"{self.name} is neither a club's nor the platform's task")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        target = self.target()
        with binding.club(target) if isinstance(target, ClubRef) else binding.platform():
            cause = self.sent_with(CAUSE_HEADER) or self.request.id or str(new_id())
            with context.caused_by(cause):
                return self.run(*args, **kwargs)


class PlatformTask(BaseTask):
    """A task that works on the shared tables."""

    abstract = True

    def target(self) -> str:
        return binding.PLATFORM


class ClubTask(BaseTask):
    """A task of one club. Send it by ``send(club_id, ...)``: the club is said, never guessed.

    ``delay`` and ``apply_async`` without the club's header are refused, on the sending side and
    again by the worker: a schema read at sending time would be that of whoever happens to be
    bound when an on_commit hook fires.
    """

    abstract = True

    @classmethod
    def header(cls, club_id: UUID) -> dict[str, str]:
        return {CLUB_HEADER: str(club_id)}

    def send(self: Self, club_id: UUID, *args: Any, **kwargs: Any) -> None:
        """Queue the task for the club; arguments are ids and plain values."""
        self.apply_async(args=args, kwargs=kwargs, headers=self.header(club_id))

    def apply_async(self, *args: Any, **options: Any) -> Any:
        if CLUB_HEADER not in (options.get("headers") or {}):
            raise ClubNotBound(f"{self.name} was sent without a club")
        return super().apply_async(*args, **options)

    def target(self) -> ClubRef:
        """Return the message's club.

        Raises:
            NoLivingClub: the message has none, or it does not exist or is closed.
        """
        try:
            club_id = UUID(str(self.sent_with(CLUB_HEADER)))
        except ValueError as error:
            raise NoLivingClub(f"{self.name}: the message names no club") from error
        with binding.platform():
            club = (
                get_tenant_model()
                ._default_manager.filter(pk=club_id, status__in=("active", "suspended"))
                .first()
            )
        if club is None:
            raise NoLivingClub(f"{self.name}: club {club_id} does not exist or is closed")
        return ClubRef.of(club)
