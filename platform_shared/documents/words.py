"""What the API documents say in prose: the introduction, the chapters, common parameters."""

INTRODUCTION = """
{what}

**Signing in.** `POST /api/v1/auth/token` gives an access token for some minutes and a refresh
token for weeks; a refresh token is spent once, and its answer has the next one. The access
token is sent as `Authorization: Bearer …`. It opens the host that gave it and no other.
`x-permission` says what an operation needs, `GET /api/v1/me` what the caller may do.

**Values.** JSON in UTF-8. Ids are UUIDs, times are RFC 3339 in UTC, days are the club's own.
Money is an amount in the currency's minor unit: `{{"amount": 4900, "currency": "EUR"}}` is
49.00 EUR. A value has the type that its schema names, and a field or parameter that the
operation does not know is an error: nothing is dropped unread.

**Changing.** PATCH changes the fields that are sent. What is null is set to null, what is left
out stays.

**Lists** come in pages: `results`, and the URLs of the `next` and the `previous` page, to be
followed as they are. The end has no `next`.

**Errors** are `application/problem+json` (RFC 9457). Programs branch on `code`, which is
permanent; each answer below names the codes that it can have. A refused payload has `errors`,
which name each field with a code of its own. A code that is new to a program is to be read by
its status.

**Trying again.** 429 and 503 say when by `Retry-After`; what is safe to send twice is said by
each operation.

**Versions.** What is described here stays: fields, operations and codes are added, so clients
have to ignore fields that they don't know. An operation that is to go says so beforehand, here
and in its answers, by `Deprecation` (RFC 9745) and `Sunset` (RFC 8594).
"""
WHAT = {
    "club": "The API of one club: its host name says which. It signs people in, sells packages, "
    "lets customers in at the door and reports what happened. Everything below is about this club "
    "alone; no id and no token of another club means anything here.",
    "platform": "The API of the platform's operators: clubs, the plans that they rent, accounts of "
    "system admins, and support inside a club. What belongs to a club is reached on that club's "
    "own host.",
}

# In the order of the story: signing in, setting up, selling, the door, the reports.
TAGS = {
    "Authentication": "Signing in and out, and passwords that are forgotten.",
    "Registration": "Becoming a customer by oneself, where the club allows it.",
    "Me": "What belongs to whoever is signed in: a customer's own subscriptions, codes and visits.",
    "Plans": "What clubs rent.",
    "Clubs": "Making a club, suspending it, and helping inside of it.",
    "System users": "The accounts of the platform's own people.",
    "Club": "The club's settings, and how much of its plan is used.",
    "Staff": "Who runs the club.",
    "API keys": "What lets the club's own programs and doors in.",
    "Locations": "Places and doors.",
    "Packages": "What the club sells, and its catalogue for everybody.",
    "Customers": "Who the club's customers are; finding, merging, importing and exporting them.",
    "Sales": "Selling at the desk: an invoice, a payment, a subscription and a code in one call.",
    "Subscriptions": "What was bought: credits, freezes, sharing, and how it ends.",
    "Invoices": "What was charged.",
    "Payments": "What was paid.",
    "QR codes": "What customers show at the door.",
    "Door": "Scanning, and who is inside.",
    "Check-ins": "The log of the door.",
    "Reports": "What happened, in figures.",
}

# Parameters that mean the same wherever they are, for those that say nothing themselves.
PARAMETERS = {
    "check_in_id": "The check-in's id.",
    "club_id": "The club's id.",
    "code_id": "The QR code's id.",
    "customer_id": "The customer's id.",
    "import_id": "The import's id.",
    "invoice_id": "The invoice's id.",
    "key_id": "The API key's id.",
    "location_id": "The location's id.",
    "package_id": "The package's id.",
    "payment_id": "The payment's id.",
    "subscription_id": "The subscription's id.",
    "user_id": "The account's id.",
    "customer": "Only this customer's.",
    "invoice": "Only this invoice's.",
    "location": "Only at this location.",
    "guardian": "Only those for whom this customer answers.",
    "kind": "Only of this kind.",
    "type": "Only of this type.",
    "status": "Only in this status.",
    "method": "Only by this method.",
    "purpose": "Only for this purpose.",
    "result": "Only accepted ones, or only refused ones.",
    "reason": "Only those with this reason.",
    "fate": "Only rows of which this became.",
    "is_active": "Only active ones, or only the others.",
    "is_public": "Only public ones, or only the others.",
    "since": "From this time on.",
    "until": "Before this time.",
    "limit": "How many at most.",
    "format": "The form of the image.",
    "token": "The secret of the link.",
}
SUCCESS = {"200": "As asked for.", "201": "Made.", "202": "Taken in.", "204": "Done."}
