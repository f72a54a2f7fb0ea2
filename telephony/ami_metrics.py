"""What the AMI link counts. All labels are of a few fixed values."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class AmiMetrics:
    """One per process and registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.up = Gauge("hotline_ami_up", "1 while the link to Asterisk is up", registry=registry)
        self.login_refused = Gauge(
            "hotline_ami_login_refused", "1 while Asterisk refuses our login: an alarm", registry=registry
        )
        self.connections = Counter("hotline_ami_connections_total", "AMI connections made", registry=registry)
        self.losses = Counter(
            "hotline_ami_losses_total",
            "AMI connections lost or not made, by reason",
            ["reason"],
            registry=registry,
        )
        self.actions = Counter(
            "hotline_ami_actions_total", "AMI actions by how they ended", ["outcome"], registry=registry
        )
        self.messages = Counter("hotline_ami_messages_total", "AMI messages read", registry=registry)
        self.dropped = Counter(
            "hotline_ami_dropped_total", "AMI messages dropped, by reason", ["reason"], registry=registry
        )
        self.callback_failures = Counter(
            "hotline_ami_callback_failures_total", "Callbacks of the AMI link that raised", registry=registry
        )
