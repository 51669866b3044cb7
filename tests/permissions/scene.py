"""What the table's requests need: every caller's token, an id for every route, a valid body."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.files.base import ContentFile

from platform_shared.accounts import services as account_services
from platform_shared.clubs import services as club_services
from platform_shared.kit import clock
from platform_shared.kit.access import Role
from platform_shared.kit.money import Money
from platform_shared.kit.principal import SYSTEM
from platform_shared.tenancy import binding
from tenant_apps.checkins import services as checkin_services
from tenant_apps.checkins.enums import Kind
from tenant_apps.customers import imports as customer_imports
from tenant_apps.customers import services as customer_services
from tenant_apps.packages import services as package_services
from tenant_apps.payments.enums import PaymentMethod
from tenant_apps.registrations import services as registration_services
from tenant_apps.registrations.models import Registration
from tenant_apps.sales import services as sale_services
from tenant_apps.subscriptions import services as subscription_services
from tests.permissions.table import CALLERS, Row
from tests.support import api
from tests.support.api import PLATFORM_HOST, Caller
from tests.support.world import BORN, PASSWORD, ClubWorld

Committing = Callable[[], AbstractContextManager[Any]]
NEW_PASSWORD = "another-horse-battery"


@dataclass(frozen=True)
class Scene:
    """One kind of host, ready to be asked: ids by route parameter, bodies, queries, tokens.

    ``headers`` are those that an operation cannot do without.
    """

    host: str
    ids: dict[str, UUID]
    bodies: dict[str, Any]
    queries: dict[str, str]
    tokens: dict[str, str | None]
    ids_of_rows: dict[str, dict[str, UUID]] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def path(self, row: Row) -> str:
        """Return the row's route with the scene's ids in it, and its query."""
        path = row.route
        own = self.ids_of_rows.get(f"{row.method} {row.route}", {})
        for name, value in {**self.ids, **own}.items():
            path = path.replace(f"<uuid:{name}>", str(value))
        return path + self.queries.get(f"{row.method} {row.route}", "")

    def ask(self, row: Row, caller: str, **headers: str) -> Any:
        """Return the answer that ``caller`` gets."""
        body = self.bodies.get(f"{row.method} {row.route}")
        headers = {**self.headers.get(f"{row.method} {row.route}", {}), **headers}
        if row.method != "GET" and body is None:
            raise LookupError(f"no valid body is written down for {row}")
        asking = Caller(self.host, self.tokens[caller])
        return asking.request(row.method, self.path(row), body, **headers)


def at_club(club: ClubWorld, other: ClubWorld, committing: Committing) -> Scene:
    """Return the scene at ``club``; ``committing`` runs what waits for a commit."""
    with binding.club(club.ref):
        colleague, secret = _account("colleague", Role.CLUB_STAFF)
        signed_in = account_services.sign_in(
            email=club.email(Role.CLUB_STAFF), password=PASSWORD, now=clock.now()
        )
        guest = customer_services.create_customer(
            name="Gerda", email=f"gerda@{club.ref.slug}.test", now=BORN
        )
        customer_import = customer_imports.start_import(
            file=ContentFile(b"name\nIda\n"), dry_run=False, now=BORN, actor=SYSTEM
        )
        customer_imports.work_on(customer_import.id, BORN)
        check_in = checkin_services.record_scan(
            scan=checkin_services.Scan(uuid4(), Kind.ENTRY, customer_id=club.customer),
            now=BORN + timedelta(days=1),
            actor=SYSTEM,
        ).check_in
        family = package_services.create_package(
            now=BORN,
            fields={
                "name": "Family",
                "type": "period",
                "price": Money(9900, "EUR"),
                "duration": {"unit": "year", "count": 1},
                "max_members": 3,
            },
        )
        transfer = sale_services.sell_at_desk(
            customer_id=club.customer,
            package_id=club.credits_package,
            method=PaymentMethod.TRANSFER,
            starts_at=None,
            now=BORN,
            actor=SYSTEM,
        )
        frozen, shared = (
            subscription_services.grant_subscription(
                customer_id=club.customer,
                package_id=family.id,
                starts_at=None,
                now=clock.now(),
                actor=SYSTEM,
            )
            for _ in range(2)
        )
        subscription_services.freeze_subscription(
            subscription_id=frozen.id,
            starts_at=None,
            ends_at=None,
            reason="",
            now=clock.now(),
            actor=SYSTEM,
        )
        subscription_services.add_member(
            subscription_id=shared.id, customer_id=guest.id, now=clock.now(), actor=SYSTEM
        )
        newcomer = _registration(club)
    sale = {"customer": club.customer, "package": club.period_package}
    one = "/api/v1/subscriptions/<uuid:subscription_id>"
    return Scene(
        host=club.host,
        ids={
            "user_id": colleague,
            "location_id": club.location,
            "customer_id": guest.id,
            "import_id": customer_import.id,
            "package_id": club.credits_package,
            "subscription_id": club.subscription,
            "code_id": club.qr_code,
            "invoice_id": club.invoice,
            "check_in_id": check_in.id,
            "payment_id": transfer.payment.id,
        },
        bodies={
            **_sign_in_bodies(club.email(Role.CLUB_STAFF), signed_in.refresh, secret),
            "PATCH /api/v1/club": {"reentry_seconds": 7},
            "PUT /api/v1/club/origins": {"origins": ["https://app.example.com"]},
            "POST /api/v1/staff": {"email": "new@club.test", "role": "club_staff"},
            "PATCH /api/v1/staff/<uuid:user_id>": {"name": "Changed"},
            "POST /api/v1/staff/<uuid:user_id>/password-link": {},
            "POST /api/v1/locations": {"name": "Side door"},
            "PATCH /api/v1/locations/<uuid:location_id>": {"name": "Changed"},
            "POST /api/v1/customers": {"name": "New"},
            "PATCH /api/v1/customers/<uuid:customer_id>": {"name": "Changed"},
            "POST /api/v1/customers/<uuid:customer_id>/invitation": {},
            "POST /api/v1/customers/<uuid:customer_id>/merge": {"duplicate": club.other_customer},
            "PATCH /api/v1/me/customer": {"address": "Changed"},
            "POST /api/v1/customers/imports": "name\nJan\n",
            "POST /api/v1/registrations": {"name": "Rita", "email": "rita@guests.test"},
            "POST /api/v1/registrations/confirm": {"token": newcomer, "password": NEW_PASSWORD},
            "POST /api/v1/packages": {
                "name": "New",
                "type": "period",
                "price": {"amount": 100, "currency": "EUR"},
                "duration": {"unit": "day", "count": 1},
            },
            "PATCH /api/v1/packages/<uuid:package_id>": {"name": "Changed"},
            "POST /api/v1/subscriptions": sale,
            f"PATCH {one}": {"cancel_at_end": True},
            f"POST {one}/freeze": {},
            f"POST {one}/unfreeze": {},
            f"POST {one}/cancel": {},
            f"POST {one}/extend": {"duration": {"unit": "day", "count": 1}, "reason": "Closed"},
            f"POST {one}/renew": {},
            f"POST {one}/adjust": {"credits": 1, "reason": "Sorry"},
            f"POST {one}/transfer": {"customer": club.other_customer},
            f"POST {one}/members": {"customer": club.other_customer},
            f"DELETE {one}/members/<uuid:customer_id>": {},
            "POST /api/v1/qr-codes": {"customer": club.customer},
            "PATCH /api/v1/qr-codes/<uuid:code_id>": {"is_active": False},
            "POST /api/v1/qr-codes/<uuid:code_id>/reissue": {},
            "POST /api/v1/qr-codes/sheets": {"codes": [club.qr_code]},
            "POST /api/v1/door/scans": {
                "scan_id": uuid4(),
                "kind": "entry",
                "customer": club.customer,
            },
            "POST /api/v1/check-ins/<uuid:check_in_id>/annul": {},
            "POST /api/v1/sales": {**sale, "method": "cash"},
            "POST /api/v1/payments/<uuid:payment_id>/confirm": {},
        },
        queries={
            "GET /api/v1/auth/password": f"?token={secret}",
            "GET /api/v1/registrations/confirm": f"?token={newcomer}",
            "GET /api/v1/reports/overview": "?from=2026-03-01&to=2026-04-01",
        },
        tokens=_tokens(club, other, committing, gone_from=club),
        headers={"PUT /api/v1/club/origins": {"If-Match": "*"}},
        ids_of_rows={
            f"POST {one}/unfreeze": {"subscription_id": frozen.id},
            f"POST {one}/members": {"subscription_id": shared.id},
            f"GET {one}/members/<uuid:customer_id>": {"subscription_id": shared.id},
            f"DELETE {one}/members/<uuid:customer_id>": {"subscription_id": shared.id},
        },
    )


def at_platform(club: ClubWorld, other: ClubWorld, committing: Committing) -> Scene:
    """Return the scene at the platform host, where every club's token is a stranger's."""
    with binding.platform():
        colleague, secret = _account("colleague", Role.SYSTEM_ADMIN)
        signed_in = account_services.sign_in(
            email="root@platform.test", password=PASSWORD, now=clock.now()
        )
    return Scene(
        host=PLATFORM_HOST,
        ids={"club_id": club.ref.id, "user_id": colleague},
        bodies={
            **_sign_in_bodies("root@platform.test", signed_in.refresh, secret),
            "POST /api/v1/clubs": {
                "name": "Club gamma",
                "slug": "gamma",
                "plan": "starter",
                "time_zone": "UTC",
                "currency": "EUR",
                "admin": {"email": "admin@gamma.test"},
            },
            "PATCH /api/v1/clubs/<uuid:club_id>": {"status": "suspended"},
            "POST /api/v1/clubs/<uuid:club_id>/support-sessions": {"reason": "Help", "minutes": 5},
            "POST /api/v1/system-users": {"email": "new@platform.test"},
            "PATCH /api/v1/system-users/<uuid:user_id>": {"name": "Changed"},
            "POST /api/v1/system-users/<uuid:user_id>/password-link": {},
        },
        queries={"GET /api/v1/auth/password": f"?token={secret}"},
        tokens=_tokens(club, other, committing, gone_from=None),
    )


def _sign_in_bodies(email: str, refresh: str, secret: str) -> dict[str, dict[str, Any]]:
    return {
        "POST /api/v1/auth/token": {"email": email, "password": PASSWORD},
        "POST /api/v1/auth/token/refresh": {"refresh": refresh},
        "POST /api/v1/auth/logout": {"refresh": refresh},
        "POST /api/v1/auth/password": {"token": secret, "password": NEW_PASSWORD},
        "POST /api/v1/auth/password-links": {"email": email},
        "POST /api/v1/me/password": {
            "current_password": PASSWORD,
            "new_password": NEW_PASSWORD,
        },
    }


def _account(name: str, role: Role) -> tuple[UUID, str]:
    """Make an account without a password; return its id and the secret of its link."""
    user, link = account_services.create_user(
        email=f"{name}@accounts.test", name="", role=role, password=None, now=clock.now()
    )
    assert link is not None
    return user.id, link.partition("?token=")[2]


def _registration(club: ClubWorld) -> str:
    """Let people register at the bound club; return the secret of one who has."""
    club_services.change_settings(club_id=club.ref.id, changes={"self_registration": True})
    registration_services.register(name="Nils", email="nils@guests.test", now=clock.now())
    registration = Registration.objects.get(email="nils@guests.test")
    return registration_services.create_link(registration=registration).partition("?token=")[2]


def _tokens(
    club: ClubWorld, other: ClubWorld, committing: Committing, gone_from: ClubWorld | None
) -> dict[str, str | None]:
    root = api.as_role(None, Role.SYSTEM_ADMIN)
    support = root.post(f"clubs/{club.ref.id}/support-sessions", {"reason": "Help", "minutes": 5})
    tokens = {
        "anonymous": None,
        "customer": api.access_token(club, Role.CUSTOMER),
        "staff": api.access_token(club, Role.CLUB_STAFF),
        "admin": api.access_token(club, Role.CLUB_ADMIN),
        "support": support.json()["access"],
        "platform": root.access,
        "other": api.access_token(other, Role.CLUB_ADMIN),
        **revoked_tokens(gone_from, committing),
    }
    assert tuple(tokens) == CALLERS
    return tokens


def revoked_tokens(club: ClubWorld | None, committing: Committing) -> dict[str, str]:
    """Return the tokens of an admin who was deactivated and of one who signed out.

    Both tokens have been used before, so the caches knew the sessions as good ones.
    """
    role = Role.CLUB_ADMIN if club else Role.SYSTEM_ADMIN
    host = club.host if club else PLATFORM_HOST
    bound = binding.club(club.ref) if club else binding.platform()
    with bound:
        accounts = {}
        for name in ("gone", "out"):
            email = f"{name}@accounts.test"
            user, _ = account_services.create_user(
                email=email, name="", role=role, password=PASSWORD, now=clock.now()
            )
            accounts[name] = (
                user,
                account_services.sign_in(email=email, password=PASSWORD, now=clock.now()),
            )
    for _, signed_in in accounts.values():
        assert Caller(host, signed_in.access).get("me").status_code == 200
    with committing(), binding.club(club.ref) if club else binding.platform():
        account_services.change_user(
            user_id=accounts["gone"][0].id,
            roles=[role],
            changes={"is_active": False},
            now=clock.now(),
        )
        account_services.sign_out(raw=accounts["out"][1].refresh, now=clock.now())
    return {name: signed_in.access for name, (_, signed_in) in accounts.items()}
