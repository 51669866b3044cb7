"""The Python client is typed throughout, and made of nothing but the documents.

`make journey` walks the main path with it.
"""

import filecmp
import sys
from pathlib import Path

import pytest
import yaml

from deploy.clients import making, python
from tests.clients.conftest import Tools, run

STRICT = Path(__file__).with_name("mypy.ini")
WRONG = """
from qr_checkin_club import AuthenticatedClient
from qr_checkin_club.api.customers import create_customer
from qr_checkin_club.models import NewCustomer

client = AuthenticatedClient("http://club.test", "key")
NewCustomer(name="Ada", nickname="A")
answer = create_customer.sync(client=client, body=NewCustomer(name="Ada"))
print(answer.name)
"""


def mypy(*arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "mypy", "--config-file", str(STRICT), *arguments]
    done = run(command, cwd=making.ROOT)
    return done.returncode, done.stdout + done.stderr


class TestTypes:
    def test_hold_for_the_client_and_for_the_journey_that_uses_it(self, tools: Tools) -> None:
        packages = ("qr_checkin_club", "qr_checkin_platform", "tests.journeys")
        status, said = mypy(*(part for name in packages for part in ("-p", name)))
        assert status == 0, said

    def test_tell_of_mistakes(self, tools: Tools, tmp_path: Path) -> None:
        program = tmp_path / "wrong.py"
        program.write_text(WRONG)
        status, said = mypy(str(program))
        assert status == 1, said
        assert 'Unexpected keyword argument "nickname"' in said
        assert 'Item "Problem" of "Customer | Problem | None" has no attribute "name"' in said


class TestMaking:
    @pytest.fixture
    def draft(self, tmp_path: Path) -> Path:
        folder = tmp_path / "draft"
        folder.mkdir()
        return folder

    def test_gives_the_same_again(self, tools: Tools, draft: Path) -> None:
        python.build(draft)
        files = [path.relative_to(draft) for path in draft.rglob("*.*") if path.is_file()]
        assert len(files) > 300
        same, *others = filecmp.cmpfiles(draft, tools.python, files, shallow=False)
        assert (len(same), others) == (len(files), [[], []])

    def test_takes_a_warning_for_a_failure(
        self, tools: Tools, draft: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        described = yaml.safe_load(making.DOCUMENTS["platform"].read_text())
        answers = described["paths"]["/api/v1/plans"]["get"]["responses"]
        answers["200"]["content"] = {"application/msword": {"schema": {"type": "string"}}}
        document = tmp_path / "document.yaml"
        document.write_text(yaml.safe_dump(described))
        monkeypatch.setattr(making, "DOCUMENTS", {"platform": document})
        with pytest.raises(making.Failed, match="Unsupported content_type application/msword"):
            python.build(draft)
