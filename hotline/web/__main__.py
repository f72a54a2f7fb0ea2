"""Starts the web process: `python -m hotline.web --data DATA`."""

from hotline.service import run_service
from hotline.web.server import start

run_service("web", start)
