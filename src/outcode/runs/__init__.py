"""Carrying runs out: the queue, the journal, the sandbox for user code, starts by hand and by webhook."""
