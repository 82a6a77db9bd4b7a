"""Pure decisions over a document and what has happened so far: what runs next, on what, and what its end means."""
