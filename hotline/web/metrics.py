"""Joins the metrics of all services into one valid exposition.

Families of the same name become one, each sample labelled with its service. This module must not know which
metrics there are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.samples import Sample

log = logging.getLogger(__name__)


def joined(own: Iterable[Metric], texts: Mapping[str, str | None]) -> CollectorRegistry:
    """A registry with our own families and those of the services' texts; None marks a silent service."""
    families: dict[str, Metric] = {}
    for family in own:
        _add(families, family, None)
    up = GaugeMetricFamily("hotline_service_up", "1 when the service answers", labels=["service"])
    for service, text in texts.items():
        readable = text is not None and _add_text(families, service, text)
        up.add_metric([service], int(readable))
    _add(families, up, None)
    registry = CollectorRegistry()
    registry.register(_Fixed(families.values()))
    return registry


def _add_text(families: dict[str, Metric], service: str, text: str) -> bool:
    try:
        parsed = list(text_string_to_metric_families(text))
    except (ValueError, KeyError, IndexError) as error:
        log.warning("metrics_unreadable", extra={"asked": service, "why": type(error).__name__})
        return False
    for family in parsed:
        _add(families, family, service)
    return True


def _add(families: dict[str, Metric], family: Metric, service: str | None) -> None:
    known = families.get(family.name)
    if known is None:
        known = families[family.name] = Metric(family.name, family.documentation, family.type)
    elif known.type != family.type:
        log.warning("metrics_of_two_kinds", extra={"family": family.name, "asked": service})
        return
    for sample in family.samples:
        known.samples.append(_labelled(sample, service))


def _labelled(sample: Sample, service: str | None) -> Sample:
    if service is None or "service" in sample.labels:
        return sample
    return sample._replace(labels={**sample.labels, "service": service})


class _Fixed(Collector):
    """Gives families that have been collected before."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterator[Metric]:
        yield from self._families
