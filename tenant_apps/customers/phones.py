"""Phone numbers: read in any spelling, kept in one (ITU-T E.164)."""

from contextlib import suppress

from babel.core import get_global
from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    is_valid_number,
    national_significant_number,
    parse,
)

from platform_shared.kit.errors import FieldError, InvalidInput

INVALID = FieldError(
    "phone", "invalid", "No valid phone number; from elsewhere it begins with + and the country."
)


def region_of(country: str, time_zone: str) -> str | None:
    """Return where a number without a country's code is at home: a country's ISO 3166 code.

    That is the club's country or, while it has not said, the one that CLDR has its time zone in;
    None when that is none.
    """
    name = get_global("zone_aliases").get(time_zone, time_zone)
    found = country or get_global("zone_territories").get(name, "ZZ")
    return None if found in ("ZZ", "001") else str(found)


def normalise(text: str, region: str | None) -> str:
    """Return the number that ``text`` means, in E.164; an empty text is no number.

    Raises:
        InvalidInput: it is none, or (without ``region``) it does not say of which country.
    """
    if not text:
        return ""
    try:
        number = parse(text, region)
    except NumberParseException as error:
        raise InvalidInput(INVALID) from error
    if not is_valid_number(number):
        raise InvalidInput(INVALID)
    return format_number(number, PhoneNumberFormat.E164)


def terms(e164: str) -> set[str]:
    """Return the digits that a number is found by: as dialled from abroad, and at home."""
    if not e164:
        return set()
    number = parse(e164)
    dialled = format_number(number, PhoneNumberFormat.NATIONAL)
    national = "".join(filter(str.isdigit, dialled))
    return {e164.removeprefix("+"), national, national_significant_number(number)}


def prefixes(text: str, region: str | None) -> set[str]:
    """Return the digits that a number typed so far may begin with; none if it is no number."""
    if any(sign not in "0123456789+()/ .-" for sign in text):
        return set()
    digits = "".join(filter(str.isdigit, text.replace("(0)", "")))
    found = {digits, digits.removeprefix("00")}
    with suppress(InvalidInput):  # it may not be a whole one yet
        found.add(normalise(text, region).removeprefix("+"))
    return {prefix for prefix in found if prefix}
