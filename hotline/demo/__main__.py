"""`python -m hotline.demo --data DATA`: the demo's world as a service."""

from hotline.demo.world import start
from hotline.service import run_service

if __name__ == "__main__":
    run_service("demo", start)
