"""`python -m ivr --data DATA`: call flows, voice messages and the survey as a service."""

from hotline.service import run_service
from ivr.service import start

if __name__ == "__main__":
    run_service("ivr", start)
