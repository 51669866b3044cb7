from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "platform_shared.accounts"

    def ready(self) -> None:
        from platform_shared.accounts import mails, selectors, services
        from platform_shared.clubs import usage
        from platform_shared.mail import services as mail
        from platform_shared.plans.enums import Limit
        from platform_shared.tenancy import provisioning

        provisioning.register("first admin", services.create_first_admin)
        usage.register(Limit.STAFF, selectors.list_active_staff)
        mail.register(services.PASSWORD_LINK_ASKED, mails.password_link)
