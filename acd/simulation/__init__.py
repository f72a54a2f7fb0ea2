"""`hotline simulate`: the live distributor in virtual time, against simulated callers and agents.

No second routing engine: the house (`house`) tells the very same `acd.core.distributor.Distributor` what
happens, and does what it commands. Read in this order: `scenario` (what is asked for), `reading` (from a
document), `chance` (random times), `house` (the run), `watch` (the promises), `figures` (the answer), `run`.

Pure: only the standard library and cores; no clock, no files. Chance comes from seeded generators.
"""
