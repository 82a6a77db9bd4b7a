"""The apps: one package each, holding its declaration ``APP``; ``registry`` finds them all."""
