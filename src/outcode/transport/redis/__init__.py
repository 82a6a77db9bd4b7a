"""Redis and Valkey: declared commands on a guarded address."""

from outcode.transport.redis.client import RedisTransport
from outcode.transport.redis.settings import RedisConnection

__all__ = ["RedisConnection", "RedisTransport"]
