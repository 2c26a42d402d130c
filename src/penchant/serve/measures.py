"""What the service measures of itself, for Prometheus and for the page of those in charge."""

from collections import deque
from dataclasses import dataclass, field
from time import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
LATEST = 5_000
"""Requests whose times are kept, for the quantiles that the page shows."""


@dataclass(slots=True)
class Measures:
    """Counters of one service; a registry of its own, so that several can live in one process."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    latest: deque[tuple[float, str, int, float]] = field(default_factory=lambda: deque(maxlen=LATEST))
    children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = field(default_factory=dict)
    given: dict[tuple[str, str, str], Counter] = field(default_factory=dict)
    requests: Counter = field(init=False)
    seconds: Histogram = field(init=False)
    events: Counter = field(init=False)
    lists: Counter = field(init=False)
    lost: Gauge = field(init=False)
    people: Gauge = field(init=False)
    items: Gauge = field(init=False)

    def __post_init__(self) -> None:
        own = self.registry
        self.requests = Counter(
            "penchant_requests_total", "Requests answered.", ["method", "route", "status"], registry=own
        )
        self.seconds = Histogram(
            "penchant_request_seconds", "Seconds to an answer.", ["route"], buckets=BUCKETS, registry=own
        )
        self.events = Counter("penchant_events_total", "Events acknowledged.", ["kind"], registry=own)
        self.lists = Counter(
            "penchant_lists_total", "Lists given.", ["policy", "version", "fallback"], registry=own
        )
        self.lost = Gauge("penchant_impressions_lost", "Lists that the journal did not take.", registry=own)
        self.people = Gauge("penchant_people_in_memory", "People in memory.", registry=own)
        self.items = Gauge("penchant_items", "Items that can be recommended.", registry=own)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        route = route or "other"
        told = self.children.get((method, route, status))
        if told is None:
            told = self.children[method, route, status] = (
                self.requests.labels(method, route, str(status)),
                self.seconds.labels(route),
            )
        told[0].inc()
        told[1].observe(seconds)
        self.latest.append((time(), route, status, seconds))

    def list_given(self, policy: str, version: str, fallback: str) -> None:
        """Count a list."""
        key = (policy, version[:12], fallback or "no")
        told = self.given.get(key)
        if told is None:
            told = self.given[key] = self.lists.labels(*key)
        told.inc()

    def text(self) -> bytes:
        """Return all of it in the format of Prometheus."""
        return bytes(generate_latest(self.registry))
