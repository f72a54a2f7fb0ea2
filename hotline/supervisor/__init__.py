"""Starts and watches every process of one hotline, and takes over those that a killed supervisor left.

Reading order: `processes` (one process, by pid and start time), `watched` (keeps one running), `programs`
(which there are), `readiness` (what ready means), `supervisor` (all of them together).
"""
