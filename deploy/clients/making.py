"""Make a folder from some files, and not again as long as they are the same."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from deploy.local.locks import locked

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / ".local" / "clients"
DOCUMENTS = {
    "club": ROOT / "docs" / "openapi" / "club.yaml",
    "platform": ROOT / "docs" / "openapi" / "platform.yaml",
}


class Failed(Exception):
    """A generator did not succeed; the message is what it said."""


def make(
    target: Path, *, sources: Iterable[Path], version: str, build: Callable[[Path], None]
) -> bool:
    """Let ``build`` fill a new folder and put it in the place of ``target``; return whether.

    It is not done where ``target`` was made from the same sources by the same version. A failure
    leaves the folder as it was.
    """
    digest = hashlib.sha256(version.encode())
    for source in sources:
        digest.update(source.read_bytes())
    stamp = target / ".made-from"
    target.parent.mkdir(parents=True, exist_ok=True)
    with locked(target.with_name(f".{target.name}.lock")):
        if stamp.exists() and stamp.read_text() == digest.hexdigest():
            return False
        draft = target.with_name(target.name + ".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        build(draft)
        (draft / stamp.name).write_text(digest.hexdigest())
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    return True


def run(command: list[str], *, cwd: Path, env: Mapping[str, str]) -> None:
    """Run a generator in silence.

    Raises:
        Failed: it failed, with all that it said.
    """
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}\n{done.stdout}{done.stderr}".rstrip())
