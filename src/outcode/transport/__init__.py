"""The only room that opens a connection to the outside; every address goes through ``guard.py`` first."""
