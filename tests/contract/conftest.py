"""The scenes of the permission table, whose bodies are valid ones."""

from tests.permissions.conftest import club_scene, committing, platform_scene

__all__ = ["club_scene", "committing", "platform_scene"]
