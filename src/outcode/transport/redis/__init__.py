"""Redis and Valkey: declared commands on a guarded address."""

from typing import TYPE_CHECKING

from outcode.values.first_use import at_first_use

if TYPE_CHECKING:
    from outcode.transport.redis.client import RedisTransport
    from outcode.transport.redis.settings import RedisConnection

__all__ = ["RedisConnection", "RedisTransport"]

__getattr__ = at_first_use(__name__, {"RedisConnection": "settings", "RedisTransport": "client"})
