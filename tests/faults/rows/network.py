"""N: the network between them."""

import time

from .. import wait
from ..proxy import Way
from ..row import Durations, row
from ..site import Site

KBIT64 = 8_000.0
"""64 kbit/s in bytes a second."""


def _hold_mqtt(site: Site, *ways: Way) -> None:
    site.mqtt.trace.doubt()
    site.mqtt.proxy.faults.held = set(ways)


@row("N1", "asymmetric partition, each direction to each side")
def asymmetric(site: Site, durations: Durations) -> None:
    """Out goes, in does not, and the reverse: flows again within 10 s of the healing."""
    site.start()
    for way in Way:
        _hold_mqtt(site, way)
        site.pause(durations.freeze / 3)
        _hold_mqtt(site)
        site.flows(10)
    for way in Way:
        site.kafka_proxy.hold(way)
        site.pause(durations.freeze / 3)
        site.kafka_proxy.hold()
        site.flows(10)
    site.healed()


@row("N1L", "the broker's side silent for longer than the keep-alive")
def silent(site: Site, durations: Durations) -> None:
    """Noticed, connected again, nothing lost."""
    site.settings.link = 'keep_alive = "5s"\n'
    site.start()
    _hold_mqtt(site, Way.DOWN)
    site.pause(durations.freeze)
    _hold_mqtt(site)
    site.flows()
    site.healed()
    assert len(site.mqtt.trace.connections) > 1, "it was noticed"


@row("N2", "swizzle-clog: all links stopped one by one, released in random order")
def swizzle(site: Site, durations: Durations) -> None:
    """Whatever the order, everything drains."""
    site.start()
    for _ in range(2):
        links = [(side, way) for side in ("mqtt", "kafka") for way in Way]
        site.chance.shuffle(links)
        held: list[tuple[str, Way]] = []
        for link in links:
            held.append(link)
            _clog(site, held)
            site.pause(1)
        site.chance.shuffle(held)
        while held:
            held.pop()
            _clog(site, held)
            site.pause(0.7)
        site.flows()
    site.healed()


def _clog(site: Site, held: list[tuple[str, Way]]) -> None:
    _hold_mqtt(site, *(way for side, way in held if side == "mqtt"))
    site.kafka_proxy.hold(*(way for side, way in held if side == "kafka"))


@row("N3", "64 kbit/s to Kafka")
def narrow(site: Site, durations: Durations) -> None:
    """Batches grow, requests do not time out in a loop: progress in every 5 s."""
    site.rate = 100
    site.start()
    for proxy in site.kafka_proxy.proxies:
        proxy.faults.bytes_per_s, proxy.faults.slice_bytes = KBIT64, 400
    _progress(site, durations.outage)
    site.kafka_proxy.heal()
    site.healed()


@row("N3M", "64 kbit/s to the broker")
def narrow_broker(site: Site, durations: Durations) -> None:
    """As fast as the line: progress in every 5 s, no lost connection."""
    site.start()
    connections = len(site.mqtt.trace.connections)
    site.mqtt.proxy.faults.bytes_per_s, site.mqtt.proxy.faults.slice_bytes = KBIT64, 400
    _progress(site, durations.freeze)
    site.mqtt.heal()
    site.healed()
    assert len(site.mqtt.trace.connections) == connections, "the connection lived on"


def _progress(site: Site, seconds: float) -> None:
    """Something must be acknowledged in every 5 s."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        before = site.confirmed()
        wait.until("progress within 5 s", lambda: site.confirmed() > before, 5)
        site.pause(1)


@row("N4", "connections to Kafka reset every 100 to 500 ms")
def resets(site: Site, durations: Durations) -> None:
    """Progress in every 5 s, and no copy."""
    site.start()
    end = time.monotonic() + durations.freeze
    while time.monotonic() < end:
        before = site.confirmed()
        window = min(time.monotonic() + 5, end)
        while time.monotonic() < window:
            site.pause(site.chance.uniform(0.1, 0.5))
            site.kafka_proxy.cut()
        assert site.confirmed() > before, "no progress in 5 s of resets"
    site.healed()


@row("N4M", "connections to the broker reset again and again")
def broker_resets(site: Site, durations: Durations) -> None:
    """Back-off or not, it comes back and loses nothing."""
    site.start()
    for _ in range(4):
        site.pause(site.chance.uniform(0.1, 0.5))
        site.mqtt.proxy.cut()
        site.flows()
    site.healed()


@row("N5", "large packets get stuck, small ones pass")
def large_stuck(site: Site, durations: Durations) -> None:
    """As after an MTU that shrank: once large ones pass again, everything drains."""
    site.start()
    for proxy in site.kafka_proxy.proxies:
        proxy.faults.stall_over = 500
    site.pause(durations.freeze)
    site.kafka_proxy.heal()
    site.healed()
