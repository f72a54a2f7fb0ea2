"""The web process: one listener for the pages of all rooms, the API, health and metrics.

It mounts what the rooms offer (`hotline.web.server.ROOMS`), and gives each a `Site`: the live picture, the
settings, texts, templates, and who has signed in. It must not know what a room shows, and it never writes
facts. Pages survive without PostgreSQL for those who have signed in.
"""
