"""``make new-app``: a package for a new app that already passes every check, to be turned into the real one."""
