from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "platform_shared.accounts"

    def ready(self) -> None:
        from platform_shared.accounts import mails, services
        from platform_shared.mail import services as mail
        from platform_shared.tenancy import provisioning

        provisioning.register("first admin", services.create_first_admin)
        mail.register(services.PASSWORD_LINK_ASKED, mails.password_link)
