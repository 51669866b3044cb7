from uuid import UUID

from django.db.models import QuerySet

from platform_shared.kit.access import Permission
from platform_shared.kit.errors import NotFound
from platform_shared.kit.ordering import Sort
from platform_shared.kit.principal import KeyPrincipal, Principal
from tenant_apps.packages.models import Package

BY_POSITION = Sort("position", ("position",), newest_first=True)


def list_packages(*, only_on_offer: bool) -> QuerySet[Package]:
    """Return the club's packages; ``only_on_offer`` leaves out the inactive and the hidden.

    What is archived is inactive.
    """
    packages = Package.objects.all()
    return packages.filter(is_active=True, is_public=True) if only_on_offer else packages


def list_packages_for(caller: Principal | KeyPrincipal) -> QuerySet[Package]:
    """Return what the caller may see: customers what they may buy, those who sell everything."""
    return list_packages(only_on_offer=Permission.SALES_CREATE not in caller.permissions)


def get_package(package_id: UUID, *, only_on_offer: bool = False) -> Package:
    """Return the package.

    Raises:
        NotFound: the club has none with this id, or it is not on offer to the caller.
    """
    package = list_packages(only_on_offer=only_on_offer).filter(pk=package_id).first()
    if package is None:
        raise NotFound("No such package.")
    return package


def find_package(package_id: UUID) -> Package | None:
    """Return the package, or None."""
    return Package.objects.filter(pk=package_id).first()
