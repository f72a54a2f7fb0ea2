"""`python -m recording --data DATA`: the keeper of recordings as a service."""

from hotline.service import run_service
from recording.service import start

if __name__ == "__main__":
    run_service("keeper", start)
