"""Accounts: making and changing them, signing in and out, and links that set a password."""

from platform_shared.accounts.services.password_links import (
    PASSWORD_LINK_ASKED,
    ask_for_password_link,
    create_password_link,
    get_password_link,
    renew_password_link,
    set_password_by_link,
)
from platform_shared.accounts.services.passwords import change_password
from platform_shared.accounts.services.signing_in import (
    SignedIn,
    open_support_session,
    refresh,
    sign_in,
    sign_out,
)
from platform_shared.accounts.services.users import (
    change_email,
    change_user,
    create_first_admin,
    create_user,
    discard_unused,
    rename,
    renew_invitation,
)

__all__ = [
    "PASSWORD_LINK_ASKED",
    "SignedIn",
    "ask_for_password_link",
    "change_email",
    "change_password",
    "change_user",
    "create_first_admin",
    "create_password_link",
    "create_user",
    "discard_unused",
    "get_password_link",
    "open_support_session",
    "refresh",
    "rename",
    "renew_invitation",
    "renew_password_link",
    "set_password_by_link",
    "sign_in",
    "sign_out",
]
