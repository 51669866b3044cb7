"""Workers find every task, and none that belongs to nobody."""

from django.conf import settings

from platform_shared.project.celery import app
from platform_shared.tenancy.tasks import BaseTask, ClubTask, PlatformTask


class TestApp:
    def test_knows_the_tasks_of_the_apps(self) -> None:
        app.loader.import_default_modules()
        ours = {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}
        assert {"due_work.dispatch", "due_work.carry_out"} <= set(ours)
        assert {"outbox.relay", "outbox.deliver", "outbox.deliver_at_platform"} <= set(ours)
        assert all(isinstance(task, ClubTask | PlatformTask) for task in ours.values())

    def test_makes_tasks_that_refuse_to_run_for_nobody(self) -> None:
        assert issubclass(app.Task, BaseTask)
        assert not issubclass(app.Task, ClubTask | PlatformTask)

    def test_is_told_only_of_tasks_that_exist(self) -> None:
        scheduled = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
        assert scheduled <= set(app.tasks)

    def test_forgets_no_task_whose_worker_died(self) -> None:
        assert app.conf.task_acks_late
        assert app.conf.task_reject_on_worker_lost
        assert app.conf.task_time_limit < app.conf.broker_transport_options["visibility_timeout"]

    def test_trusts_nothing_but_json(self) -> None:
        assert app.conf.accept_content == ["json"]
        assert app.conf.task_serializer == "json"
