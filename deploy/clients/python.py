"""The Python client: openapi-python-client's package of each document."""

import os
import sys
from importlib.metadata import version
from pathlib import Path

from deploy.clients import making

TARGET = making.CLIENTS / "python"
CONFIG = Path(__file__).with_name("python.yaml")


def make() -> bool:
    """Make the packages `qr_checkin_club` and `qr_checkin_platform`; return whether it was due.

    Raises:
        making.Failed: the generator failed, or had a warning.
    """
    return making.make(
        TARGET,
        sources=[*making.DOCUMENTS.values(), CONFIG, Path(__file__)],
        version=f"{version('openapi-python-client')} {version('ruff')}",
        build=build,
    )


def build(folder: Path) -> None:
    """Write both packages into a folder.

    Raises:
        making.Failed: the generator failed, or had a warning.
    """
    # The generator calls ruff by its name.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    for host, document in making.DOCUMENTS.items():
        arguments = (
            *("--path", str(document), "--config", str(CONFIG), "--meta", "none"),
            *("--output-path", f"qr_checkin_{host}", "--fail-on-warning"),
        )
        making.run(
            [sys.executable, "-m", "openapi_python_client", "generate", *arguments],
            cwd=folder,
            env={**os.environ, "PATH": path},
        )
        (folder / f"qr_checkin_{host}" / "py.typed").touch()
