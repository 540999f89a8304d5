"""What the API does by itself while it runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any, Final

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 3.0

Chore = Callable[[], None]


def lifespan(chore: Chore | None) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """For FastAPI: `chore` is done in a thread every few seconds, for as long as the application runs."""

    @asynccontextmanager
    async def running(_app: object) -> AsyncIterator[None]:
        if chore is None:
            yield
            return
        task = asyncio.create_task(_again_and_again(chore))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return running


async def _again_and_again(chore: Chore) -> None:
    failing = False
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await asyncio.to_thread(chore)
            failing = False
        except Exception:
            if not failing:
                log.exception("Charges begun on phones cannot be looked after.")
            failing = True
