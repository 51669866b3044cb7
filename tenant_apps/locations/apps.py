from django.apps import AppConfig


class LocationsConfig(AppConfig):
    name = "tenant_apps.locations"

    def ready(self) -> None:
        from platform_shared.clubs import usage
        from platform_shared.plans.enums import Limit
        from tenant_apps.locations import selectors

        usage.register(Limit.LOCATIONS, selectors.list_active)
