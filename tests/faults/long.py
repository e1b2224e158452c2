"""Faults of every kind at random moments, from one seed: for as long as one likes.

*Safety*: faults never stop, and the invariants are checked all the while. *Liveness*: faults stop at a
moment, and everything must drain within a bound without a restart.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from .checker import Rules, judge
from .kafka_proxy import KafkaFaults
from .proxy import Way
from .result import Result
from .row import Durations
from .site import Site
from .worker import Bench, fill, seed_of

JUDGE_EVERY_S = 30.0
LIVENESS_BOUND_S = 120.0
NOT_LEADER, NOT_ENOUGH, TIMED_OUT, AFTER_APPEND = 6, 19, 7, 20


@dataclass(frozen=True)
class Trouble:
    """One kind of fault: begun, and ended after a while."""

    name: str
    begin: Callable[[Site], None]
    end: Callable[[Site], None]
    longest: Callable[[Durations], float]


def _restart(site: Site) -> None:
    site.engine.restart(ready=False)


def _nothing(site: Site) -> None:
    pass


def _hold_mqtt(*ways: Way) -> Callable[[Site], None]:
    def hold(site: Site) -> None:
        site.mqtt.trace.doubt()
        site.mqtt.proxy.faults.held = set(ways)

    return hold


def _thaw_broker(site: Site) -> None:
    site.mosquitto.daemon.thaw()


def _freeze_broker(site: Site) -> None:
    site.mqtt.trace.doubt()
    site.mosquitto.daemon.freeze()


def _freeze_engine(site: Site) -> None:
    site.mqtt.trace.doubt()
    site.engine.daemon.freeze()


def _swallow(site: Site) -> None:
    site.mqtt.breaks.swallow = lambda count: count % 5 == 0


def _heal_acks(site: Site) -> None:
    site.mqtt.breaks.swallow = None
    site.mqtt.proxy.cut()


def _slow(site: Site) -> None:
    for proxy in site.kafka_proxy.proxies:
        proxy.faults.delay_s = 0.3


def _narrow(site: Site) -> None:
    site.mqtt.proxy.faults.bytes_per_s, site.mqtt.proxy.faults.slice_bytes = 8_000, 400


def _broken(faults: KafkaFaults) -> Callable[[Site], None]:
    return lambda site: site.kafka_proxy.break_with(faults)


TROUBLES = (
    Trouble("kill -9", _restart, _nothing, lambda d: 0),
    Trouble("SIGSTOP", _freeze_engine, lambda s: s.engine.daemon.thaw(), lambda d: d.freeze),
    Trouble("Kafka killed", lambda s: s.kafka.kill(), lambda s: s.kafka.restart(), lambda d: d.outage),
    Trouble("Kafka frozen", lambda s: s.kafka.freeze(), lambda s: s.kafka.thaw(), lambda d: d.freeze),
    Trouble("Kafka's connections cut", lambda s: s.kafka_proxy.cut(), _nothing, lambda d: 0),
    Trouble("retriable errors", _broken(KafkaFaults(refuse=(NOT_LEADER, NOT_ENOUGH), share=0.5)),
            lambda s: s.kafka_proxy.heal(), lambda d: d.freeze),
    Trouble("errors after the append", _broken(KafkaFaults(rewrite=(TIMED_OUT, AFTER_APPEND), share=0.3)),
            lambda s: s.kafka_proxy.heal(), lambda d: d.freeze),
    Trouble("Kafka slow", _slow, lambda s: s.kafka_proxy.heal(), lambda d: d.freeze),
    Trouble("Kafka hears and does not answer", lambda s: s.kafka_proxy.hold(Way.DOWN), lambda s: s.kafka_proxy.hold(), lambda d: d.freeze),
    Trouble("MQTT cut", lambda s: s.mqtt.proxy.cut() and None, _nothing, lambda d: 0),
    Trouble("broker frozen", _freeze_broker, _thaw_broker, lambda d: d.freeze),
    Trouble("broker silent", _hold_mqtt(Way.DOWN), _hold_mqtt(), lambda d: d.freeze),
    Trouble("broker deaf", _hold_mqtt(Way.UP), _hold_mqtt(), lambda d: d.freeze),
    Trouble("PUBACKs swallowed", _swallow, _heal_acks, lambda d: d.freeze),
    Trouble("64 kbit/s from the broker", _narrow, lambda s: s.mqtt.proxy.heal(), lambda d: d.freeze),
)


def run(bench: Bench, durations: Durations, seconds: float, seed: int, liveness: bool) -> Result:
    """One variant, as a row of the table."""
    name = "L1" if liveness else "L2"
    fault = "random mix, then peace" if liveness else "random mix without end"
    result = Result(name, fault)
    started = time.monotonic()
    site = bench.site(name, seed_of(seed, name))
    site.rate, site.drain_s = 1000, LIVENESS_BOUND_S
    site.settings.link = 'keep_alive = "5s"\n'
    # A row's early acks are exact; here lost replies are the rule, and what they imply counts.
    site.rules = Rules()
    try:
        site.start()
        _mix(site, durations, seconds, random.Random(seed_of(seed, name)), started)
        starts = site.engine.starts
        site.healed()
        site.finish()
        if liveness and site.engine.starts != starts:
            result.problems.append("it took a restart to drain")
    except Exception as failure:
        result.problems.append(f"{type(failure).__name__}: {failure}")
        result.logs = str(site.directory)
    fill(result, site)
    site.close()
    result.elapsed_s = time.monotonic() - started
    return result


def _mix(site: Site, durations: Durations, seconds: float, chance: random.Random, started: float) -> None:
    """Up to three troubles at a time, at random moments, for random times."""
    end = time.monotonic() + seconds
    going: list[tuple[float, Trouble]] = []
    judged = time.monotonic()
    while time.monotonic() < end:
        site.pause(chance.uniform(0.2, 3))
        now = time.monotonic()
        for over in [entry for entry in going if entry[0] <= now]:
            over[1].end(site)
            going.remove(over)
        busy = {trouble.name.split()[0] for _, trouble in going}
        trouble = chance.choice(TROUBLES)
        if len(going) < 3 and trouble.name.split()[0] not in busy:
            lasts = chance.uniform(0.5, max(trouble.longest(durations), 1))
            print(f"  [{now - started:6.0f} s] {trouble.name} for {lasts:.1f} s", flush=True)
            trouble.begin(site)
            going.append((now + lasts, trouble))
        if now - judged > JUDGE_EVERY_S:
            judged = now
            _judge_now(site, now - started)
    for _, trouble in going:
        trouble.end(site)
    site.kafka_proxy.heal()
    site.mqtt.heal()


def _judge_now(site: Site, at: float) -> None:
    """What holds at every moment: nothing is out of order, nothing comes twice without an excuse."""
    verdict = judge(site.evidence(), Rules(broker_survives=False, judge_early=False, spool_records=1 << 30))
    print(f"  [{at:6.0f} s] {verdict.confirmed} confirmed, {verdict.reordered} reordered", flush=True)
    if verdict.reordered or verdict.disordered_acks or verdict.stale_acks or site.unbalanced:
        raise AssertionError("; ".join(verdict.problems + site.unbalanced[:1]))
    if not site.engine.daemon.alive():
        raise AssertionError(f"the engine ended with {site.engine.daemon.ended()}")


def both(bench: Bench, durations: Durations, seconds: float, seed: int) -> list[Result]:
    """Safety for half of the time, then liveness."""
    return [run(bench, durations, seconds / 2, seed, liveness) for liveness in (False, True)]
