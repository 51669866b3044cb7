"""What the sample clubs are filled with; the people are made up."""

from platform_shared.kit.money import Money

PASSWORD = "demo-password-1"  # noqa: S105 - protects sample data on loopback
LOCATIONS = ("Main entrance", "Studio door")
PACKAGES: tuple[dict[str, object], ...] = (
    {
        "name": "Ten visits",
        "type": "credits",
        "price": Money(9900, "EUR"),
        "tax_rate_basis_points": 1900,
        "credits": 10,
        "duration": {"unit": "month", "count": 6},
    },
    {
        "name": "Monthly pass",
        "type": "period",
        "price": Money(4900, "EUR"),
        "tax_rate_basis_points": 1900,
        "duration": {"unit": "month", "count": 1},
    },
    {
        "name": "Morning pass",
        "type": "period",
        "price": Money(2900, "EUR"),
        "tax_rate_basis_points": 1900,
        "duration": {"unit": "month", "count": 1},
        "access_rules": [{"weekdays": [1, 2, 3, 4, 5], "from": "06:00", "until": "12:00"}],
    },
)
# name, local part of the e-mail, phone, birth date
CUSTOMERS = (
    ("Carla Customer", "customer", "+49 30 5550101", "1990-04-12"),
    ("Miriam Sample", "miriam", "+49 30 5550102", "1984-11-02"),
    ("Tomás Example", "tomas", "+351 21 555 0103", "1999-01-30"),
    ("Noor Placeholder", "noor", "+31 20 555 0104", "2001-07-19"),
    ("Walk-in Guest", None, "", "1975-02-28"),
)
# customer, package, method, sold how many days ago, visits since
SALES = (
    (0, 0, "cash", 12, 3),
    (1, 1, "card_terminal", 9, 4),
    (2, 2, "card_terminal", 5, 0),
    (3, 0, "transfer", 2, 0),
)
