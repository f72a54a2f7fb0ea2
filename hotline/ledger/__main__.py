"""`python -m hotline.ledger --data DIR`: run the ledger as a service."""

from hotline.ledger.service import start
from hotline.service import run_service

if __name__ == "__main__":
    run_service("ledger", start)
