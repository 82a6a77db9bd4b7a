"""The HTTP side: API, webhooks, live updates and the built web application. Nobody imports this room."""
