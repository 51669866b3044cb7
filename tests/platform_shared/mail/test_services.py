"""Mail: rendered when it is sent, sent once, and nobody writes headers but us."""

from collections.abc import Callable
from datetime import datetime, timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import connection

from platform_shared.kit import clock
from platform_shared.kit.ids import new_id
from platform_shared.mail import services
from platform_shared.mail.services import Message
from platform_shared.outbox import services as outbox
from platform_shared.outbox.models import Event
from platform_shared.tenancy import binding
from tenant_apps.locations.models import Location
from tests.conftest import LiveDatabase
from tests.support.background import relay
from tests.support.world import ClubWorld

KIND = "tests.mail"
Sent = list[EmailMessage]
Rendering = Callable[[services.Render], None]


def carla(subject: str = "Hello") -> Message:
    return Message(to="carla@alpha.test", subject=subject, text="Your visit is over.\n")


@pytest.fixture
def rendering(monkeypatch: pytest.MonkeyPatch) -> Rendering:
    """Say how the tests' mail reads."""

    def register(render: services.Render) -> None:
        monkeypatch.setitem(outbox._subscribers, KIND, {})
        services.register(KIND, render)

    return register


def post(subject: UUID | None = None) -> None:
    services.send(kind=KIND, subject_id=subject or new_id(), now=clock.now())


def waiting() -> int:
    return Event.objects.filter(kind=KIND).count()


def again(monkeypatch: pytest.MonkeyPatch, after: timedelta) -> None:
    """Relay once more, so much later."""
    later = clock.now() + after
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: later)
        relay()


class TestSend:
    def test_has_the_mail_rendered_and_sent_by_the_relay(
        self, bound_a: ClubWorld, rendering: Rendering, mailoutbox: Sent
    ) -> None:
        asked: list[UUID] = []
        rendering(lambda subject, now: asked.append(subject) or carla())
        subject = new_id()
        post(subject)
        assert (asked, mailoutbox) == ([], [])
        relay()
        (mail,) = mailoutbox
        assert (asked, mail.to, mail.subject) == ([subject], ["carla@alpha.test"], "Hello")
        assert mail.body == "Your visit is over.\n"
        assert waiting() == 0

    def test_keeps_no_more_than_the_id(self, bound_a: ClubWorld, rendering: Rendering) -> None:
        rendering(lambda subject, now: carla())
        post()
        event = Event.objects.get(kind=KIND)
        assert (event.data, event.waiting) == ({}, ["mail"])

    def test_is_from_the_platform_and_asks_for_no_answer(
        self, bound_a: ClubWorld, rendering: Rendering, mailoutbox: Sent
    ) -> None:
        rendering(lambda subject, now: carla())
        post()
        relay()
        message = mailoutbox[0].message()
        assert message["From"] == "no-reply@localhost"
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Message-ID"].endswith("@localhost>")
        assert {"Reply-To", "Cc", "Bcc"} & set(message.keys()) == set()

    def test_sends_none_when_there_is_none(
        self, bound_a: ClubWorld, rendering: Rendering, mailoutbox: Sent
    ) -> None:
        rendering(lambda subject, now: None)
        post()
        relay()
        assert (mailoutbox, waiting()) == ([], 0)

    def test_knows_only_mail_that_somebody_renders(self, bound_a: ClubWorld) -> None:
        with pytest.raises(LookupError, match=r"tests\.nothing"):
            services.send(kind="tests.nothing", subject_id=new_id(), now=clock.now())

    def test_renders_where_it_was_asked_for(
        self, club_a: ClubWorld, club_b: ClubWorld, rendering: Rendering, mailoutbox: Sent
    ) -> None:
        rendering(lambda subject, now: carla(binding.scope()))
        for target in (binding.club(club_b.ref), binding.platform()):
            with target:
                post()
        relay()
        assert {mail.subject for mail in mailoutbox} == {str(club_b.ref.id), "platform"}


class TestFailure:
    def refuse(self, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
        def send(self: EmailMessage, **_: Any) -> int:
            raise error

        monkeypatch.setattr(EmailMessage, "send", send)

    @pytest.mark.parametrize(
        "error",
        [ConnectionRefusedError(), TimeoutError(), SMTPRecipientsRefused({"carla@x": (550, b"")})],
    )
    def test_is_followed_by_another_attempt(
        self,
        error: Exception,
        bound_a: ClubWorld,
        rendering: Rendering,
        mailoutbox: Sent,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        rendering(lambda subject, now: carla())
        post()
        with monkeypatch.context() as patch:
            self.refuse(patch, error)
            relay()
        assert (mailoutbox, waiting()) == ([], 1)
        assert "carla" not in caplog.text
        again(monkeypatch, timedelta(minutes=1))
        assert (len(mailoutbox), waiting()) == (1, 0)

    def test_sends_nothing_twice_that_was_sent(
        self, bound_a: ClubWorld, rendering: Rendering, mailoutbox: Sent
    ) -> None:
        rendering(lambda subject, now: carla())
        post()
        assert [relay(), relay()] == [1, 0]
        assert len(mailoutbox) == 1

    def test_of_three_days_is_the_last(
        self,
        bound_a: ClubWorld,
        rendering: Rendering,
        mailoutbox: Sent,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        rendering(lambda subject, now: carla())
        post()
        again(monkeypatch, services.KEPT + timedelta(seconds=1))
        assert (mailoutbox, waiting()) == ([], 0)
        assert "given up" in caplog.text

    def test_to_render_writes_nothing(
        self, bound_a: ClubWorld, rendering: Rendering, mailoutbox: Sent
    ) -> None:
        def render(subject: UUID, now: datetime) -> Message:
            Location.objects.create(name="Half written", created_at=now)
            raise LookupError

        rendering(render)
        post()
        relay()
        assert not Location.objects.filter(name="Half written").exists()
        assert (mailoutbox, waiting()) == ([], 1)


class TestCommit:
    def test_of_what_was_rendered_comes_before_sending(
        self,
        live_database: LiveDatabase,
        world: Any,
        rendering: Rendering,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        inside: list[bool] = []

        def render(subject: UUID, now: datetime) -> Message:
            inside.append(connection.in_atomic_block)
            return carla()

        monkeypatch.setattr(
            EmailMessage, "send", lambda self, **_: inside.append(connection.in_atomic_block)
        )
        rendering(render)
        with binding.club(world.a.ref):
            post()
            relay()
            assert (inside, waiting()) == ([True, False], 0)


class TestMessage:
    @pytest.mark.parametrize(
        "subject", ["Hello\nBcc: eve@x.test", "Hello\r\nBcc: eve@x.test", "Hello\x0b\x85Bcc: eve"]
    )
    def test_has_a_subject_of_one_line(
        self, subject: str, bound_a: ClubWorld, rendering: Rendering, mailoutbox: Sent
    ) -> None:
        rendering(lambda _, now: carla(subject))
        post()
        relay()
        message = mailoutbox[0].message()
        assert message["Subject"] == " ".join(subject.split())
        assert message["Bcc"] is None
        assert mailoutbox[0].recipients() == ["carla@alpha.test"]

    @pytest.mark.parametrize(
        "to",
        [
            "carla@alpha.test\nBcc: eve@x.test",
            "carla@alpha.test, eve@x.test",
            "Carla <carla@alpha.test>",
            "carla",
            "",
        ],
    )
    def test_goes_to_one_plain_address(self, to: str) -> None:
        with pytest.raises(ValidationError):
            Message(to=to, subject="Hello", text="")

    def test_would_be_refused_as_a_mail_in_any_case(
        self,
        bound_a: ClubWorld,
        rendering: Rendering,
        mailoutbox: Sent,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        # Negative control: behind our own look stands Django's.
        monkeypatch.setattr(Message, "__post_init__", lambda self: None)
        rendering(lambda _, now: carla("Hello\nBcc: eve@x.test"))
        post()
        relay()
        assert (mailoutbox, waiting()) == ([], 1)
