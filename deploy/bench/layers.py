"""Where a scan's time goes: samples of a web worker's stack (py-spy), put down to layers.

py-spy looks at the process from outside, so waiting counts as much as computing and no line is
slower for being watched, as it would be under a tracing profiler.
"""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

# A request is what happens inside the WSGI application; the rest of the samples is idle threads.
REQUEST = "platform_shared/kit/wsgi.py"
# Modules are loaded by the first request alone, and the door signs in once.
NOT_A_SCAN = ("importlib", "accounts/api/views.py")
LAYERS = (
    ("waiting for PostgreSQL", r"\bwait\S* \(psycopg"),
    (
        "authentication",
        r"accounts/(authentication|tokens|keys|sessions|selectors)\.py|\bjwt/|simplejwt",
    ),
    ("code and signature", r"qr_codes/(tokens|keys|kinds)\.py|base45"),
    ("logging", r"\blogging/|kit/logs\.py|pythonjsonlogger"),
    (
        "driver",
        r"psycopg|django/db/backends|tenancy/postgres|django_tenants|tenancy/pipeline\.py",
    ),
    (
        "building SQL",
        r"django/db/models/(sql|expressions|lookups|functions|query)|/selectors\.py",
    ),
    ("models", r"django/db/models/|kit/ids\.py"),
    # What serializers and their fields do belongs to whoever asked them for it.
    ("validation", r"\b(valid|is_valid|run_validation) \(|kit/parsers\.py"),
    ("serialisation", r"\b(data|to_representation|render) \("),
    ("judging", r"checkins/(decision|explanation|occupancy)\.py|packages/terms\.py"),
    (
        "DRF and views",
        r"rest_framework/(?!serializers|fields|relations|validators)"
        r"|kit/views\.py|/api/views\.py|kit/access\.py|api/guards\.py",
    ),
    ("services", r"tenant_apps/|platform_shared/clubs/"),
    ("middleware and routing", r"django/(core|urls|http)|middleware|platform_shared/|whitenoise"),
)
OTHER = "other"
_PATTERNS = [(name, re.compile(pattern)) for name, pattern in LAYERS]


def read(file: Path) -> Counter[str]:
    """Return how many samples of requests fell into each layer, from py-spy's raw format."""
    return count(file.read_text().splitlines())


def count(lines: Iterable[str]) -> Counter[str]:
    """Return the same for its lines: frames from the outermost one on, then a number."""
    found: Counter[str] = Counter()
    for line in lines:
        stack, _, samples = line.rpartition(" ")
        if REQUEST in stack and not any(word in stack for word in NOT_A_SCAN):
            found[layer_of(stack.split(";"))] += int(samples)
    return found


def layer_of(frames: list[str]) -> str:
    """Return the layer of the innermost frame that belongs to one."""
    for frame in reversed(frames):
        for name, pattern in _PATTERNS:
            if pattern.search(frame):
                return name
    return OTHER
