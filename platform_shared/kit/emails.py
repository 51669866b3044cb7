"""E-mail addresses in the one form in which they are stored and compared."""

from django.utils.encoding import punycode


def normalise(address: str) -> str:
    """Return ``address`` in lower case, without blanks around it, its domain as ASCII (RFC 5891).

    What is no address comes back as near to one as it was: it equals none that is stored.
    """
    local, at, domain = address.strip().lower().rpartition("@")
    try:
        # Some letters get longer, or stay, in lower case; so lower case comes before any check.
        return local + at + punycode(domain)
    except UnicodeError:
        return local + at + domain
