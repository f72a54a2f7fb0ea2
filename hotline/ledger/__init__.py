"""The ledger: the only writer of facts to PostgreSQL. It tails the journals in one serial stream."""
