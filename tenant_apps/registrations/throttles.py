"""How often one may be wrong about a registration's link."""

from platform_shared.kit.throttles import Counts, Per, Throttle

CONFIRMATIONS = (
    Throttle(
        "registration-links",
        Per.ADDRESS,
        30,
        15 * 60,
        Counts.MISSES,
        frozenset({"invalid_registration_link"}),
    ),
)
