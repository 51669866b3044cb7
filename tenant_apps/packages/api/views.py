from uuid import UUID

from platform_shared.kit import clock
from platform_shared.kit.access import Open, Permission
from platform_shared.kit.openapi import operation
from platform_shared.kit.views import ApiView, Request, Response
from tenant_apps.packages import selectors, services
from tenant_apps.packages.api import serializers
from tenant_apps.packages.api.filters import PackageFilter
from tenant_apps.packages.errors import PackageArchived


class _PackageView(ApiView):
    @property
    def only_on_offer(self) -> bool:
        """Customers see what they may buy; those who sell see everything."""
        return Permission.SALES_CREATE not in self.caller.permissions


class PackagesView(_PackageView):
    access = {"GET": Permission.PACKAGES_VIEW, "POST": Permission.PACKAGES_MANAGE}
    queryset = selectors.list_packages(only_on_offer=False)
    filterset_class = PackageFilter
    orderings = (selectors.BY_POSITION,)

    @operation("listPackages", "Packages", answers=serializers.PackageSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What the club sells; customers see what is for sale and public alone."""
        packages = selectors.list_packages_for(self.caller)
        return self.page(packages, serializers.PackageSerializer)

    @operation(
        "createPackage",
        "Packages",
        body=serializers.NewPackageSerializer,
        answers={201: serializers.PackageSerializer},
        errors=(PackageArchived,),
    )
    def post(self, request: Request) -> Response:
        """Add a package: `credits` for a number of visits, `period` for as many as they like."""
        data = self.valid(serializers.NewPackageSerializer)
        package = services.create_package(now=clock.now(), fields=data)
        return Response(serializers.PackageSerializer(package).data, status=201)


class CatalogueView(ApiView):
    """What the club offers, for its own site: nobody has to sign in, and a token is ignored."""

    access = {"GET": Open.PUBLIC}
    authentication_classes = ()
    orderings = (selectors.BY_POSITION,)
    default_ordering = "position"

    @operation("listCatalogue", "Packages", answers=serializers.OfferSerializer(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.list_packages(only_on_offer=True), serializers.OfferSerializer)


class PackageView(_PackageView):
    access = {"GET": Permission.PACKAGES_VIEW, "PATCH": Permission.PACKAGES_MANAGE}
    tagged_as = serializers.PackageSerializer

    @operation("getPackage", "Packages", answers=serializers.PackageSerializer)
    def get(self, request: Request, package_id: UUID) -> Response:
        """One package."""
        package = selectors.get_package(package_id, only_on_offer=self.only_on_offer)
        return self.one(package, serializers.PackageSerializer)

    @operation(
        "changePackage",
        "Packages",
        body=serializers.ChangePackageSerializer,
        answers=serializers.PackageSerializer,
        errors=(PackageArchived,),
    )
    def patch(self, request: Request, package_id: UUID) -> Response:
        """Change what is named. Subscriptions that were bought before keep their terms."""
        changes = self.valid(serializers.ChangePackageSerializer)
        package = services.change_package(
            package_id=package_id,
            changes=changes,
            now=clock.now(),
            precondition=self.precondition,
        )
        return Response(serializers.PackageSerializer(package).data)
