"""Why a figure would be worth nothing."""


class Unfit(Exception):
    """What was measured is not what was to be measured; the message says why."""


class NotAlike(Unfit):
    """Two recorded scans cannot be told to be the same transaction."""
