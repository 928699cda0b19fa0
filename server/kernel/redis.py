"""Redis: the stream, wake-ups, positions. Whatever it holds can be wiped; nobody waits long for it."""

import asyncio
import contextlib

import structlog
from redis.asyncio import Redis, from_url
from redis.exceptions import RedisError

log = structlog.get_logger("redis")
BELL = "hamyar:bell:"


def connect(url: str) -> "Redis":
    """A client whose every call gives up after two seconds (blocking reads ask for at most four)."""
    client: Redis = from_url(url, socket_timeout=6, socket_connect_timeout=2, health_check_interval=15)
    return client


async def ring(redis: "Redis", bell: str) -> None:
    """Wake whoever waits for `bell`. A lost ring costs one polling interval, so failures are swallowed."""
    with contextlib.suppress(RedisError, OSError, TimeoutError):
        await asyncio.wait_for(redis.publish(BELL + bell, b"1"), 0.2)


class Bell:
    """Waits for rings of one bell; without Redis it is a plain timer."""

    def __init__(self, redis: "Redis", bell: str) -> None:
        self._redis, self._bell = redis, bell
        self._rung = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    async def wait(self, timeout_s: float) -> None:
        """Return at the next ring or after `timeout_s` seconds."""
        if self._listener is None:
            self._listener = asyncio.create_task(self._listen())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), timeout_s)
        self._rung.clear()

    async def close(self) -> None:
        """Stop listening."""
        if self._listener:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(BELL + self._bell)
                    while True:
                        message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=4)
                        if message:
                            self._rung.set()
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(1)
