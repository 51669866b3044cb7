"""What the launcher says instead of a stack trace."""


class LaunchError(Exception):
    """Something the person at the console can act on; the message says what."""


class ChildDied(LaunchError):
    """A child ended that was meant to go on, or failed where it had to succeed."""


class Interrupted(Exception):
    """Somebody asked the launcher to stop."""
