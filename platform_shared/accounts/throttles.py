"""How often one may be wrong about what opens an account, and how often have mail sent."""

from platform_shared.kit.throttles import Counts, Per, Throttle

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
WRONG = frozenset({"invalid_credentials"})

# The address first: who is refused by it leaves no more keys behind. Then one account at one
# address, which a stranger elsewhere cannot use up. The last two bound an attack from many
# addresses, and yield to those who have signed in from theirs before.
SIGN_IN = (
    Throttle("sign-in-address", Per.ADDRESS, 100, 15 * MINUTE, Counts.GUESSES, WRONG),
    Throttle("sign-in", Per.ACCOUNT_AND_ADDRESS, 10, 5 * MINUTE, Counts.GUESSES, WRONG, told=True),
    Throttle("sign-in-day", Per.ACCOUNT_AND_ADDRESS, 50, DAY, Counts.GUESSES, WRONG),
    Throttle("sign-in-account", Per.ACCOUNT, 100, DAY, Counts.GUESSES, WRONG, yields_to_known=True),
    Throttle(
        "sign-in-club", Per.CLUB, 1000, 15 * MINUTE, Counts.GUESSES, WRONG, yields_to_known=True
    ),
)

OWN_PASSWORD = (
    Throttle(
        "own-password",
        Per.ACCOUNT,
        10,
        15 * MINUTE,
        Counts.GUESSES,
        frozenset({"wrong_password"}),
        told=True,
    ),
)

# 256 random bits in each: nobody guesses one, and nobody may shut out who has one.
REFRESH_TOKENS = (
    Throttle("refresh-tokens", Per.ADDRESS, 60, 15 * MINUTE, Counts.MISSES, frozenset({"forged"})),
)
PASSWORD_LINKS = (
    Throttle(
        "password-links",
        Per.ADDRESS,
        30,
        15 * MINUTE,
        Counts.MISSES,
        frozenset({"invalid_password_link"}),
    ),
)
FORGED_TOKENS = Throttle("access-tokens", Per.ADDRESS, 60, 15 * MINUTE, Counts.MISSES)

# Every one causes a mail to somebody.
MAIL = (
    Throttle("mail-address", Per.ADDRESS, 60, HOUR, Counts.REQUESTS, told=True),
    Throttle("mail-recipient", Per.ACCOUNT, 10, HOUR, Counts.REQUESTS),
    Throttle("mail-club", Per.CLUB, 600, HOUR, Counts.REQUESTS),
)
