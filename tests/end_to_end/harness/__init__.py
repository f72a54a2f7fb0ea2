"""What end-to-end tests and benchmarks drive a hotline with: SIP phones, SIPp, baresip, a whole hotline.

Nothing here is imported by the product, and nothing here reads the product's memory: it sees what a caller,
an agent, a browser or an operator could see, and the facts that acd streams.
"""
