from django.apps import AppConfig


class RegistrationsConfig(AppConfig):
    name = "tenant_apps.registrations"

    def ready(self) -> None:
        from platform_shared.due_work import services as due_work
        from platform_shared.mail import services as mail
        from tenant_apps.registrations import mails, services

        due_work.register(services.EXPIRY, services.forget_if_over)
        mail.register(services.ASKED, mails.registration)
