"""`hotline soak`: thousands of real calls by SIPp against a hotline of its own, then a look for leaks.

Reading order: `plan` (what each caller and agent will do, from a seed), `house` (settings and prompts),
`sipp` (callers and phones), `site` (the hotline under test, observed from outside), `counts` (what SIPp saw
against the facts), `promises` (what must hold at the end), `soak` (all of it in order).
"""
