"""Events that apps send to us: proven, read, and subscribed to; storing and starting runs is others' business."""

from outcode.transport.events.incoming import Event, HandshakeAnswer, events_of, handshake_answer
from outcode.transport.events.signatures import verify
from outcode.transport.events.subscriptions import Ask, Fetched, Subscriber, SubscriptionState

__all__ = [
    "Ask",
    "Event",
    "Fetched",
    "HandshakeAnswer",
    "Subscriber",
    "SubscriptionState",
    "events_of",
    "handshake_answer",
    "verify",
]
