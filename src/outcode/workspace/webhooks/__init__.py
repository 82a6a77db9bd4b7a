"""What is kept about webhooks beside their flows: secrets of signatures, captured requests, refused deliveries.

None of it is part of the document: a document can be exported, copied and shown to everyone in the team.
"""

from outcode.workspace.webhooks.captures import Capture, CaptureStore
from outcode.workspace.webhooks.refusals import Refusal, Refusals
from outcode.workspace.webhooks.secrets import SecretInfo, WebhookSecrets

__all__ = [
    "Capture",
    "CaptureStore",
    "Refusal",
    "Refusals",
    "SecretInfo",
    "WebhookSecrets",
]
