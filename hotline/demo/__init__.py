"""A living hotline for newcomers: simulated callers and agents on an Asterisk of their own, over real SIP."""
