"""HTTP calls: prepared without I/O, sent through the egress guard, decoded, paged, and traced without secrets."""

from outcode.transport.http.auth import HttpConnection
from outcode.transport.http.client import HttpClient
from outcode.transport.http.prepare import PreparedRequest, prepare
from outcode.transport.http.trace import Trace

__all__ = ["HttpClient", "HttpConnection", "PreparedRequest", "Trace", "prepare"]
