from enum import StrEnum


class Limit(StrEnum):
    """What a plan limits; the value is the plan's column."""

    CUSTOMERS = "max_customers"
    STAFF = "max_staff"
    LOCATIONS = "max_locations"
