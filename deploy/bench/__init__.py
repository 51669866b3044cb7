"""What the platform can do, measured: ``make bench``."""
