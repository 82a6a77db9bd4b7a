"""User JavaScript, in V8 isolates inside processes of our own that can do nothing but compute.

``SandboxPool`` is the only door. The server never loads V8: a child process does (``child``), after it has given up its
environment, its user, the network, files and other processes (``confine``); it is killed after a time-out.
"""

from outcode.runs.sandbox.answers import ScriptResult
from outcode.runs.sandbox.pool import SandboxPool

__all__ = ["SandboxPool", "ScriptResult"]
