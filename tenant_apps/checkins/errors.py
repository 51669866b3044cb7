from platform_shared.kit.errors import DomainError


class ScanIdReused(DomainError):
    code, status, title = "scan_id_reused", 422, "This scan id belongs to another scan"


class AlreadyAnnulled(DomainError):
    code, status, title = "already_annulled", 409, "The check-in is annulled already"


class NotAnnullable(DomainError):
    code, status, title = "not_annullable", 409, "Only an accepted check-in can be annulled"
