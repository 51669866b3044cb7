"""What drf-spectacular's generator does not know: which kind of host it describes."""

from typing import Any

from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

from platform_shared.tenancy.errors import UnknownHost


class Generator(SchemaGenerator):
    """Tells each view whether it is described as a club's host has it, or as the platform's."""

    def create_view(self, *args: Any, **kwargs: Any) -> Any:
        view = super().create_view(*args, **kwargs)  # type: ignore[no-untyped-call]
        view.on_club_hosts = self.urlconf == settings.CLUB_URLCONF
        # A club's host can be one that is gone. The platform's is known, or another one answers.
        view.host_errors = (UnknownHost,) if view.on_club_hosts else ()
        return view
