"""Organizations, teams, people, their keys, connections, secrets, files and flows; every query is scoped here."""
