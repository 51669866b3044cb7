"""Who gets which answer where: one line for each method of each route, one column for each caller.

The callers of both tables, from left to right:

- ``anonymous``: no token;
- ``customer``, ``staff``, ``admin``: accounts of the club alpha;
- ``support``: a system admin with a support session for alpha;
- ``platform``: the same system admin with the platform's own token;
- ``other``: the admin of the club beta, with beta's token;
- ``gone``: an admin of alpha (on the platform host: a system admin) deactivated after sign-in;
- ``out``: one who has signed out;
- ``key``: an API key of alpha with all that a key can be given. Its column is not written out: it is
  answered as the admin is, but for ``NOT_FOR_KEYS``, and on the platform host as ``other`` is.

A club's token opens nothing on the platform host, and the platform's nothing at a club but the
question for a support session (403). Public routes look at no token, so they answer everybody.
Where a customer's own things are asked for by an account that is no customer's, there is nothing
to see: 404.
"""

from dataclasses import dataclass

CALLERS = (
    "anonymous",
    "customer",
    "staff",
    "admin",
    "support",
    "platform",
    "other",
    "gone",
    "out",
    "key",
)

CLUB = """
                                                                                  anon cust staf admn supp plat othr gone  out
POST   /api/v1/auth/token                                                          200  200  200  200  200  200  200  200  200
POST   /api/v1/auth/token/refresh                                                  200  200  200  200  200  200  200  200  200
POST   /api/v1/auth/logout                                                         204  204  204  204  204  204  204  204  204
GET    /api/v1/auth/password                                                       200  200  200  200  200  200  200  200  200
POST   /api/v1/auth/password                                                       204  204  204  204  204  204  204  204  204
POST   /api/v1/auth/password-links                                                 204  204  204  204  204  204  204  204  204
GET    /api/v1/me                                                                  401  200  200  200  200  403  401  401  401
POST   /api/v1/me/password                                                         401  204  204  204  404  403  401  401  401
GET    /api/v1/club                                                                401  200  200  200  200  403  401  401  401
PATCH  /api/v1/club                                                                401  403  403  200  200  403  401  401  401
GET    /api/v1/club/origins                                                        401  403  403  200  200  403  401  401  401
PUT    /api/v1/club/origins                                                        401  403  403  200  200  403  401  401  401
GET    /api/v1/club/usage                                                          401  403  403  200  200  403  401  401  401
GET    /api/v1/staff                                                               401  403  403  200  200  403  401  401  401
POST   /api/v1/staff                                                               401  403  403  201  201  403  401  401  401
GET    /api/v1/staff/<uuid:user_id>                                                401  403  403  200  200  403  401  401  401
PATCH  /api/v1/staff/<uuid:user_id>                                                401  403  403  200  200  403  401  401  401
POST   /api/v1/staff/<uuid:user_id>/password-link                                  401  403  403  201  201  403  401  401  401
GET    /api/v1/api-keys                                                            401  403  403  200  200  403  401  401  401
POST   /api/v1/api-keys                                                            401  403  403  201  403  403  401  401  401
GET    /api/v1/api-keys/<uuid:key_id>                                              401  403  403  200  200  403  401  401  401
PATCH  /api/v1/api-keys/<uuid:key_id>                                              401  403  403  200  200  403  401  401  401
GET    /api/v1/api-keys/<uuid:key_id>/changes                                      401  403  403  200  200  403  401  401  401
POST   /api/v1/api-keys/<uuid:key_id>/rotate                                       401  403  403  201  403  403  401  401  401
POST   /api/v1/api-keys/<uuid:key_id>/revoke                                       401  403  403  200  200  403  401  401  401
GET    /api/v1/api-keys/current                                                    401  403  403  403  403  403  401  401  401
GET    /api/v1/locations                                                           401  403  200  200  200  403  401  401  401
POST   /api/v1/locations                                                           401  403  403  201  201  403  401  401  401
GET    /api/v1/locations/<uuid:location_id>                                        401  403  200  200  200  403  401  401  401
PATCH  /api/v1/locations/<uuid:location_id>                                        401  403  403  200  200  403  401  401  401
GET    /api/v1/customers                                                           401  403  200  200  200  403  401  401  401
POST   /api/v1/customers                                                           401  403  201  201  201  403  401  401  401
GET    /api/v1/customers/<uuid:customer_id>                                        401  403  200  200  200  403  401  401  401
PATCH  /api/v1/customers/<uuid:customer_id>                                        401  403  200  200  200  403  401  401  401
POST   /api/v1/customers/<uuid:customer_id>/invitation                             401  403  201  201  201  403  401  401  401
POST   /api/v1/customers/<uuid:customer_id>/merge                                  401  403  200  200  200  403  401  401  401
GET    /api/v1/customers/export                                                    401  403  403  200  200  403  401  401  401
POST   /api/v1/customers/imports                                                   401  403  403  202  202  403  401  401  401
GET    /api/v1/customers/imports/<uuid:import_id>                                  401  403  403  200  200  403  401  401  401
GET    /api/v1/customers/imports/<uuid:import_id>/rows                             401  403  403  200  200  403  401  401  401
POST   /api/v1/registrations                                                       202  202  202  202  202  202  202  202  202
GET    /api/v1/registrations/confirm                                               200  200  200  200  200  200  200  200  200
POST   /api/v1/registrations/confirm                                               201  201  201  201  201  201  201  201  201
GET    /api/v1/catalogue                                                           200  200  200  200  200  200  200  200  200
GET    /api/v1/packages                                                            401  200  200  200  200  403  401  401  401
POST   /api/v1/packages                                                            401  403  403  201  201  403  401  401  401
GET    /api/v1/packages/<uuid:package_id>                                          401  200  200  200  200  403  401  401  401
PATCH  /api/v1/packages/<uuid:package_id>                                          401  403  403  200  200  403  401  401  401
GET    /api/v1/subscriptions                                                       401  403  200  200  200  403  401  401  401
POST   /api/v1/subscriptions                                                       401  403  403  201  201  403  401  401  401
GET    /api/v1/subscriptions/<uuid:subscription_id>                                401  403  200  200  200  403  401  401  401
PATCH  /api/v1/subscriptions/<uuid:subscription_id>                                401  403  200  200  200  403  401  401  401
POST   /api/v1/subscriptions/<uuid:subscription_id>/freeze                         401  403  200  200  200  403  401  401  401
POST   /api/v1/subscriptions/<uuid:subscription_id>/unfreeze                       401  403  200  200  200  403  401  401  401
POST   /api/v1/subscriptions/<uuid:subscription_id>/cancel                         401  403  200  200  200  403  401  401  401
POST   /api/v1/subscriptions/<uuid:subscription_id>/extend                         401  403  403  200  200  403  401  401  401
POST   /api/v1/subscriptions/<uuid:subscription_id>/renew                          401  403  403  200  200  403  401  401  401
POST   /api/v1/subscriptions/<uuid:subscription_id>/adjust                         401  403  403  200  200  403  401  401  401
POST   /api/v1/subscriptions/<uuid:subscription_id>/transfer                       401  403  200  200  200  403  401  401  401
GET    /api/v1/subscriptions/<uuid:subscription_id>/members                        401  403  200  200  200  403  401  401  401
POST   /api/v1/subscriptions/<uuid:subscription_id>/members                        401  403  201  201  201  403  401  401  401
GET    /api/v1/subscriptions/<uuid:subscription_id>/members/<uuid:customer_id>     401  403  200  200  200  403  401  401  401
DELETE /api/v1/subscriptions/<uuid:subscription_id>/members/<uuid:customer_id>     401  403  204  204  204  403  401  401  401
GET    /api/v1/subscriptions/<uuid:subscription_id>/entries                        401  403  200  200  200  403  401  401  401
GET    /api/v1/subscriptions/<uuid:subscription_id>/changes                        401  403  200  200  200  403  401  401  401
GET    /api/v1/qr-codes                                                            401  403  200  200  200  403  401  401  401
POST   /api/v1/qr-codes                                                            401  403  201  201  201  403  401  401  401
GET    /api/v1/qr-codes/<uuid:code_id>                                             401  403  200  200  200  403  401  401  401
PATCH  /api/v1/qr-codes/<uuid:code_id>                                             401  403  200  200  200  403  401  401  401
POST   /api/v1/qr-codes/<uuid:code_id>/reissue                                     401  403  201  201  201  403  401  401  401
POST   /api/v1/qr-codes/sheets                                                     401  403  200  200  200  403  401  401  401
GET    /api/v1/qr-codes/<uuid:code_id>/image                                       401  403  200  200  200  403  401  401  401
GET    /api/v1/invoices                                                            401  403  200  200  200  403  401  401  401
GET    /api/v1/invoices/<uuid:invoice_id>                                          401  403  200  200  200  403  401  401  401
POST   /api/v1/door/scans                                                          401  403  201  201  201  403  401  401  401
GET    /api/v1/door/feed                                                           401  403  200  200  200  403  401  401  401
GET    /api/v1/door/inside                                                         401  403  200  200  200  403  401  401  401
GET    /api/v1/door/occupancy                                                      401  403  200  200  200  403  401  401  401
GET    /api/v1/check-ins                                                           401  403  200  200  200  403  401  401  401
GET    /api/v1/check-ins/<uuid:check_in_id>                                        401  403  200  200  200  403  401  401  401
GET    /api/v1/check-ins/<uuid:check_in_id>/explanation                            401  403  200  200  200  403  401  401  401
POST   /api/v1/check-ins/<uuid:check_in_id>/annul                                  401  403  201  201  201  403  401  401  401
POST   /api/v1/sales                                                               401  403  201  201  201  403  401  401  401
GET    /api/v1/payments                                                            401  403  200  200  200  403  401  401  401
GET    /api/v1/payments/<uuid:payment_id>                                          401  403  200  200  200  403  401  401  401
POST   /api/v1/payments/<uuid:payment_id>/confirm                                  401  403  200  200  200  403  401  401  401
GET    /api/v1/me/customer                                                         401  200  404  404  404  403  401  401  401
PATCH  /api/v1/me/customer                                                         401  200  404  404  404  403  401  401  401
GET    /api/v1/me/subscriptions                                                    401  200  404  404  404  403  401  401  401
GET    /api/v1/me/subscriptions/<uuid:subscription_id>                             401  200  404  404  404  403  401  401  401
GET    /api/v1/me/subscriptions/<uuid:subscription_id>/entries                     401  200  404  404  404  403  401  401  401
GET    /api/v1/me/qr-codes                                                         401  200  404  404  404  403  401  401  401
GET    /api/v1/me/qr-codes/<uuid:code_id>/image                                    401  200  404  404  404  403  401  401  401
GET    /api/v1/me/qr-codes/<uuid:code_id>/card                                     401  200  404  404  404  403  401  401  401
GET    /api/v1/me/check-ins                                                        401  200  403  403  403  403  401  401  401
GET    /api/v1/me/check-ins/<uuid:check_in_id>                                     401  200  403  403  403  403  401  401  401
GET    /api/v1/me/invoices                                                         401  200  404  404  404  403  401  401  401
GET    /api/v1/me/invoices/<uuid:invoice_id>                                       401  200  404  404  404  403  401  401  401
GET    /api/v1/me/payments                                                         401  200  404  404  404  403  401  401  401
GET    /api/v1/reports/overview                                                    401  403  200  200  200  403  401  401  401
GET    /.well-known/jwks.json                                                      200  200  200  200  200  200  200  200  200
"""

PLATFORM = """
                                                                                  anon cust staf admn supp plat othr gone  out
POST   /api/v1/auth/token                                                          200  200  200  200  200  200  200  200  200
POST   /api/v1/auth/token/refresh                                                  200  200  200  200  200  200  200  200  200
POST   /api/v1/auth/logout                                                         204  204  204  204  204  204  204  204  204
GET    /api/v1/auth/password                                                       200  200  200  200  200  200  200  200  200
POST   /api/v1/auth/password                                                       204  204  204  204  204  204  204  204  204
POST   /api/v1/auth/password-links                                                 204  204  204  204  204  204  204  204  204
GET    /api/v1/me                                                                  401  401  401  401  401  200  401  401  401
POST   /api/v1/me/password                                                         401  401  401  401  401  204  401  401  401
GET    /api/v1/plans                                                               401  401  401  401  401  200  401  401  401
GET    /api/v1/clubs                                                               401  401  401  401  401  200  401  401  401
POST   /api/v1/clubs                                                               401  401  401  401  401  201  401  401  401
GET    /api/v1/clubs/<uuid:club_id>                                                401  401  401  401  401  200  401  401  401
PATCH  /api/v1/clubs/<uuid:club_id>                                                401  401  401  401  401  200  401  401  401
POST   /api/v1/clubs/<uuid:club_id>/support-sessions                               401  401  401  401  401  201  401  401  401
GET    /api/v1/system-users                                                        401  401  401  401  401  200  401  401  401
POST   /api/v1/system-users                                                        401  401  401  401  401  201  401  401  401
GET    /api/v1/system-users/<uuid:user_id>                                         401  401  401  401  401  200  401  401  401
PATCH  /api/v1/system-users/<uuid:user_id>                                         401  401  401  401  401  200  401  401  401
POST   /api/v1/system-users/<uuid:user_id>/password-link                           401  401  401  401  401  201  401  401  401
GET    /.well-known/jwks.json                                                      200  200  200  200  200  200  200  200  200
"""

# What a club's admin may do, or ask for, and none of the club's programs: 403.
NOT_FOR_KEYS = """
GET    /api/v1/me
POST   /api/v1/me/password
PATCH  /api/v1/club
GET    /api/v1/club/origins
PUT    /api/v1/club/origins
GET    /api/v1/club/usage
GET    /api/v1/staff
POST   /api/v1/staff
GET    /api/v1/staff/<uuid:user_id>
PATCH  /api/v1/staff/<uuid:user_id>
POST   /api/v1/staff/<uuid:user_id>/password-link
GET    /api/v1/api-keys
POST   /api/v1/api-keys
GET    /api/v1/api-keys/<uuid:key_id>
PATCH  /api/v1/api-keys/<uuid:key_id>
GET    /api/v1/api-keys/<uuid:key_id>/changes
POST   /api/v1/api-keys/<uuid:key_id>/rotate
POST   /api/v1/api-keys/<uuid:key_id>/revoke
POST   /api/v1/customers/<uuid:customer_id>/invitation
GET    /api/v1/me/customer
PATCH  /api/v1/me/customer
GET    /api/v1/me/subscriptions
GET    /api/v1/me/subscriptions/<uuid:subscription_id>
GET    /api/v1/me/subscriptions/<uuid:subscription_id>/entries
GET    /api/v1/me/qr-codes
GET    /api/v1/me/qr-codes/<uuid:code_id>/image
GET    /api/v1/me/qr-codes/<uuid:code_id>/card
GET    /api/v1/me/invoices
GET    /api/v1/me/invoices/<uuid:invoice_id>
GET    /api/v1/me/payments
"""
# What answers a program alone.
ONLY_FOR_KEYS = {"GET /api/v1/api-keys/current": 200}


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the statuses of one operation, by caller."""

    host: str
    method: str
    route: str
    statuses: dict[str, int]

    def __str__(self) -> str:
        return f"{self.host}: {self.method} {self.route}"


def rows() -> list[Row]:
    """Return both tables, line by line."""
    found = []
    for host, text in (("club", CLUB), ("platform", PLATFORM)):
        for line in text.strip().splitlines()[1:]:
            method, route, *cells = line.split()
            statuses = dict(zip(CALLERS[:-1], map(int, cells), strict=True))
            statuses["key"] = _for_a_key(host, f"{method} {route}", statuses)
            found.append(Row(host, method, route, statuses))
    return found


def _for_a_key(host: str, operation: str, statuses: dict[str, int]) -> int:
    if host == "platform":
        return statuses["other"]
    if operation in {" ".join(line.split()) for line in NOT_FOR_KEYS.strip().splitlines()}:
        return 403
    return ONLY_FOR_KEYS.get(operation, statuses["admin"])
