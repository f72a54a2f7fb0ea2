"""`python -m acd --data DATA`: the automatic call distributor as a service."""

from acd.service import start
from hotline.service import run_service

if __name__ == "__main__":
    run_service("acd", start)
