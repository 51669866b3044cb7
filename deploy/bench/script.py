"""Make of a recorded scan what pgbench runs: the same statements, for other customers.

Two scans that were recorded tell what differs from scan to scan. Ids that ``numbering`` made are
recognised; an id that appears in one alone was made for it; a time is the transaction's; a number
or a hash has to be a different one each time and nothing else. Whatever is alike stays as it is, so
pgbench's planner knows more than the platform's does.
"""

import re
from uuid import UUID

from deploy.bench import numbering
from deploy.bench.errors import NotAlike
from deploy.bench.tap import Recording, literal

# Literals, names, the rest; a driver writes a negative number with a space before it.
TOKEN = re.compile(
    r"E?'(?:[^'\\]|''|\\.)*'|(?<![\w\".\s])\s*-?\d+\b|(?<![\w\".])\d+\b"
    r"|\"[^\"]*\"|\w+|\s+|.",
    re.DOTALL,
)
# With the dashes or, as psycopg writes them, without.
UUID_TEXT = re.compile(r"\b[0-9a-f]{8}(-?)[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\b")
MIDDLE = numbering.MIDDLE.replace("-", "")
TIME_TEXT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d(:?\d\d)?|Z)?")
BYTES_TEXT = re.compile(r"\\x([0-9a-f]{16,})")
# Below this a number that differs is a count or an amount, which has a meaning.
SMALLEST_KEY = 2**31
SET_UP = """\
\\set i :i + 1
\\set s :run * {run_step} + :client_id * {client_step} + :i
\\set n {base} + :first + mod(:client_id * :share + mod(:i - 1, :share), :count)
"""


def pgbench_script(first: Recording, second: Recording) -> str:
    """Return the script of the transaction that both recordings are of.

    It expects the variables run, i (0), first, count, share; ``numbering`` says what of.

    Raises:
        NotAlike: they differ in more than in what a scan brings along.
    """
    shapes = [[len(trip) for trip in recording.round_trips] for recording in (first, second)]
    if shapes[0] != shapes[1]:
        raise NotAlike(f"round trips of {shapes[0]} and {shapes[1]} statements")
    if not first.statements:
        raise NotAlike("nothing was recorded")
    lines = [
        SET_UP.format(
            base=numbering.BASE,
            run_step=numbering.RUN_STEP,
            client_step=numbering.CLIENT_STEP,
        )
    ]
    made: dict[str, str] = {}
    for ours, theirs in zip(first.round_trips, second.round_trips, strict=True):
        statements = [f"{_merged(a.sql, b.sql, made)};" for a, b in zip(ours, theirs, strict=True)]
        together = len(statements) > 1
        lines += ["\\startpipeline"] * together + statements + ["\\endpipeline"] * together
    return "\n".join(lines) + "\n"


def _merged(ours: str, theirs: str, made: dict[str, str]) -> str:
    """Return one statement for both; ``made`` are the ids made so far in the transaction."""
    a, b = TOKEN.findall(ours), TOKEN.findall(theirs)
    if len(a) != len(b):
        raise NotAlike(f"{ours!r} and {theirs!r}")
    return "".join(_token(*pair, made, ours) for pair in zip(a, b, strict=True)).strip()


def _token(ours: str, theirs: str, made: dict[str, str], whole: str) -> str:
    if not ours.endswith("'"):
        if ours == theirs:
            return ours
        if _is_number(ours) and _is_number(theirs):
            return _number(int(ours), int(theirs), whole)
        raise NotAlike(f"{ours!r} and {theirs!r} in {whole!r}")
    mine, yours = _text(ours), _text(theirs)
    if mine == yours and not numbering.KNOWN.search(mine):
        return literal(mine)
    if BYTES_TEXT.fullmatch(mine) and BYTES_TEXT.fullmatch(yours):
        return f"('\\x' || lpad(:s::text, {len(mine) - 2}, '0'))"
    if TIME_TEXT.fullmatch(mine):
        return "now()"
    if _is_number(mine) and _is_number(yours):
        return _number(int(mine), int(yours), whole)
    return _concatenated(mine, yours, made)


def _is_number(text: str) -> bool:
    return text.strip().removeprefix("-").isdigit()


def _number(mine: int, yours: int, whole: str) -> str:
    if min(abs(mine), abs(yours)) < SMALLEST_KEY:
        raise NotAlike(f"the number {mine} is {yours} in another scan: {whole!r}")
    return " (:s::bigint)"


def _concatenated(mine: str, yours: str, made: dict[str, str]) -> str:
    """Return a text in which ids are this transaction's own, and the rest is as recorded."""
    parts, at = [], 0
    theirs = {found[0] for found in UUID_TEXT.finditer(yours)}
    for found in UUID_TEXT.finditer(mine):
        known = numbering.KNOWN.fullmatch(found[0])
        if known is None and found[0] in theirs:
            continue
        if found.start() > at:
            parts.append(literal(mine[at : found.start()]))
        if known is None:
            kind = made.setdefault(UUID(found[0]).hex, f"{numbering.NEW}{len(made):02x}")
            number = ":s"
        else:
            kind, number = known[1], ":s" if known[1] == numbering.SCAN else ":n"
        start = f"{kind}{numbering.MIDDLE}" if found[1] else f"{kind}{MIDDLE}"
        parts.append(f"'{start}' || {number}::text")
        at = found.end()
    if at < len(mine):
        parts.append(literal(mine[at:]))
    return "(" + " || ".join(parts) + ")"


def _text(quoted: str) -> str:
    """Return what a literal says."""
    if quoted.startswith("E"):
        inner = quoted[2:-1].replace("''", "'")
        return re.sub(
            r"\\(x[0-9a-f]{2}|.)",
            lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 3 else m[1],
            inner,
        )
    return quoted[1:-1].replace("''", "'")
