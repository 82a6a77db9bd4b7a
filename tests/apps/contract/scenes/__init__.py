"""Where calls that are no HTTP requests are played: on the real server, or in the part of ours, that they ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from outcode.appkit import FlowStep, Query, ReadSheet, RedisCommand, RedisScan, Script
from tests.apps.contract.backstage import Backstage
from tests.apps.contract.scenes.flow import FlowScene
from tests.apps.contract.scenes.redis import RedisScene
from tests.apps.contract.scenes.sandbox import SandboxScene
from tests.apps.contract.scenes.scene import Scene, Trouble
from tests.apps.contract.scenes.sheets import SheetScene
from tests.apps.contract.scenes.sql import SqlScene
from tests.apps.contract.subjects import Subject

__all__ = ["Scene", "Trouble", "on_scene"]

_SCENES: dict[type, type[Scene]] = {
    Query: SqlScene,
    RedisCommand: RedisScene,
    RedisScan: RedisScene,
    Script: SandboxScene,
    ReadSheet: SheetScene,
    FlowStep: FlowScene,
}


@asynccontextmanager
async def on_scene(subject: Subject) -> AsyncIterator[Scene]:
    """The scene that fits the calls of an app, set up."""
    calls = (type(action.call) for action in subject.app.actions)
    kind = next((_SCENES[call] for call in calls if call in _SCENES), Scene)
    backstage = Backstage(subject.app)
    scene = kind(subject, backstage)
    await scene.set_up()
    try:
        yield scene
    finally:
        await backstage.close()
        await scene.clear()
