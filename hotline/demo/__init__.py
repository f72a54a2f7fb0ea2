"""A living hotline for newcomers: simulated callers and agents on a second Asterisk, over real SIP and RTP."""
