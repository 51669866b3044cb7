from tests.tenant_apps.subscriptions.books import books_balance, watch

__all__ = ["books_balance", "watch"]
