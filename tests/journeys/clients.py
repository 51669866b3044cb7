"""The generated Python client, as the journeys speak through it: `make clients python`."""

import http
from typing import Protocol

import httpx
from qr_checkin_club import AuthenticatedClient
from qr_checkin_club.api.authentication import sign_in
from qr_checkin_club.models import Credentials, Problem, SignedIn
from qr_checkin_platform import AuthenticatedClient as PlatformClient
from qr_checkin_platform.models import Problem as PlatformProblem

PASSWORD = "journey-password-1"
TIMEOUT = httpx.Timeout(30)
# The client has to send something; what is open to anybody does not look at it.
NOBODY = "nobody"


class Answer[T](Protocol):
    """What every operation of either client returns."""

    @property
    def status_code(self) -> http.HTTPStatus: ...
    @property
    def content(self) -> bytes: ...
    @property
    def parsed(self) -> T | None: ...


def ok[T](answer: Answer[T | Problem | PlatformProblem], status: int = 200) -> T:
    """Return what was answered; the status must be the one, and it no problem."""
    found = answer.parsed
    what = f"{answer.status_code} {answer.content[:400].decode(errors='replace')}"
    assert answer.status_code == status, what
    assert found is not None, what
    assert not isinstance(found, Problem | PlatformProblem), what
    return found


def done(answer: Answer[object], status: int = 204) -> None:
    """Hold an answer without content to its status."""
    what = f"{answer.status_code} {answer.content[:400].decode(errors='replace')}"
    assert answer.status_code == status, what


def refused(answer: Answer[object], status: int) -> Problem:
    """Return the problem that was answered; the status must be the one."""
    found = answer.parsed
    assert answer.status_code == status, (answer.status_code, answer.content[:400])
    assert isinstance(found, Problem), answer.content[:400]
    assert found.status == status, found
    return found


class Host:
    """A host of clubs, and a client of it with a token once somebody has signed in."""

    def __init__(self, port: int, name: str, token: str = NOBODY) -> None:
        self.port = port
        self.name = name
        self.use(token)

    def use(self, token: str) -> None:
        """Send this token from now on."""
        self.token = token
        self.client = AuthenticatedClient(
            f"http://127.0.0.1:{self.port}",
            token,
            headers={"Host": f"{self.name}.localhost:{self.port}"},
            timeout=TIMEOUT,
        )

    def sign_in(self, email: str, password: str = PASSWORD) -> SignedIn:
        credentials = Credentials(email=email, password=password)
        answer = ok(sign_in.sync_detailed(client=self.client, body=credentials))
        self.use(answer.access)
        return answer

    @property
    def platform(self) -> PlatformClient:
        """The same for the operations that are the platform's."""
        return PlatformClient(
            f"http://127.0.0.1:{self.port}",
            self.token,
            headers={"Host": f"{self.name}.localhost:{self.port}"},
            timeout=TIMEOUT,
        )
