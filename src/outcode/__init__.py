"""Outcode: an open, self-hosted, no-code automation platform. ARCHITECTURE.md shows the rooms."""

__version__ = "0.1.0"
