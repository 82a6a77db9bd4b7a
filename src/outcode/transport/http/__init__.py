"""HTTP calls: prepared without I/O, sent through the egress guard, judged, decoded, paged, traced without secrets."""

from outcode.transport.http.auth import HttpConnection
from outcode.transport.http.batch import chunks, perform_batch
from outcode.transport.http.body import BODY_LIMIT as REQUEST_BODY_LIMIT
from outcode.transport.http.choices import ChoiceList, load_choices
from outcode.transport.http.client import HttpClient
from outcode.transport.http.files import Files, FileSink, FileSource
from outcode.transport.http.limits import Bucket, Limiter, MemoryLimiter
from outcode.transport.http.prepare import CallContext, PreparedRequest, prepare
from outcode.transport.http.trace import Trace

__all__ = [
    "REQUEST_BODY_LIMIT",
    "Bucket",
    "CallContext",
    "ChoiceList",
    "FileSink",
    "FileSource",
    "Files",
    "HttpClient",
    "HttpConnection",
    "Limiter",
    "MemoryLimiter",
    "PreparedRequest",
    "Trace",
    "chunks",
    "load_choices",
    "perform_batch",
    "prepare",
]
