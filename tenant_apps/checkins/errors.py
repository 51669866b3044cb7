from platform_shared.kit.errors import DomainError


class ScanIdReused(DomainError):
    """A scan id is one scan's: the first had another body. Nothing was recorded."""

    code, status, title = "scan_id_reused", 422, "This scan id belongs to another scan"


class AlreadyAnnulled(DomainError):
    """A check-in is annulled once; nothing was given back again."""

    code, status, title = "already_annulled", 409, "The check-in is annulled already"


class NotAnnullable(DomainError):
    """A refused scan and an exit charged nothing."""

    code, status, title = "not_annullable", 409, "Only an accepted check-in can be annulled"
