"""What a FastAGI server counts. All labels are of a few fixed values."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class AgiMetrics:
    """One per process and registry; shared by the process's FastAGI servers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sessions = Counter(
            "hotline_agi_sessions_total", "FastAGI sessions begun", ["handler"], registry=registry
        )
        self.open_sessions = Gauge(
            "hotline_agi_open_sessions", "FastAGI sessions open now", registry=registry
        )
        self.refused = Counter(
            "hotline_agi_refused_total", "Connections refused, by reason", ["reason"], registry=registry
        )
        self.commands = Counter(
            "hotline_agi_commands_total", "AGI commands by how they ended", ["outcome"], registry=registry
        )
        self.answered = self.commands.labels("answered")  # looked up once: it counts every command
        self.handler_failures = Counter(
            "hotline_agi_handler_failures_total",
            "Handlers that raised or overran",
            ["handler"],
            registry=registry,
        )
        self.unexpected = Counter(
            "hotline_agi_unexpected_lines_total", "Lines nobody had asked for, dropped", registry=registry
        )
        self.nudges = Counter(
            "hotline_agi_nudges_total",
            "Lines sent to wake an Asterisk that had read two at once",
            registry=registry,
        )
