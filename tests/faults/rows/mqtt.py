"""M: the broker, and the way to it."""

import time
from collections import deque

from .. import wait
from ..checker import Rules
from ..generator import Generator, Sent, device_time
from ..mqtt_proxy import MqttProxy
from ..process import free_port
from ..raw_broker import PUBREL, RawBroker, publish5
from ..reader import Sighting
from ..row import Durations, row
from ..site import Site

KEEP_ALIVE_S = 5
FORGETFUL = Rules(broker_survives=False)
"""Of what the broker forgot itself only what trygg confirmed is owed."""
RETAINED = 1
CUTS_A_LIFE = 3
"""Each cut doubles the wait for the next connection, up to half a minute: another life begins anew."""


def _short_keep_alive(site: Site) -> None:
    site.settings.link = f'keep_alive = "{KEEP_ALIVE_S}s"\n'


@row("M1", "connection cut inside a PUBLISH, at many byte positions")
def cut_in_frame(site: Site, durations: Durations) -> None:
    """What was cut comes again, whole; nothing half is taken."""
    site.start()
    positions = [1, 2, 3, *site.chance.sample(range(4, 110), durations.cuts - 3)]
    for start in range(0, len(positions), CUTS_A_LIFE):
        site.mqtt.breaks.cuts = deque(positions[start : start + CUTS_A_LIFE])
        site.mqtt.breaks.cut_every = 50
        wait.until("every cut was made", lambda: not site.mqtt.breaks.cuts, 30)
        site.flows()
        site.engine.terminate()
        site.engine.start()
    site.healed()


@row("M2", "PUBACKs swallowed")
def swallowed_acks(site: Site, durations: Durations) -> None:
    """What the broker sends again carries the event id it had."""
    site.start()
    for swallow in (lambda count: True, lambda count: count % 3 == 0):
        site.mqtt.breaks.swallow = swallow
        site.pause(3)
        site.mqtt.proxy.cut()
        site.mqtt.breaks.swallow = None
        site.flows()
    site.healed()


@row("M3", "late reports after a reconnect with packet ids used again", ack="kafka")
def stale_acks(site: Site, durations: Durations) -> None:
    """Reports of the old epoch acknowledge nothing of the new one."""
    site.rules = FORGETFUL
    site.start()
    site.kafka.freeze()
    site.pause(2)
    site.mqtt.trace.doubt()
    count = len(site.mqtt.trace.connections)
    # A broker without memory numbers from 1 again: the same ids stand for other messages.
    site.mosquitto.kill(forget=True)
    site.mosquitto.start()
    wait.until("the engine is subscribed again", lambda: _subscribed_since(site, count - 1), 30)
    site.pause(2)
    site.kafka.thaw()
    site.healed()


def _subscribed_since(site: Site, index: int) -> bool:
    return any(c.suback_at for c in site.mqtt.trace.connections[index + 1 :])


@row("M4", "broker killed, its session lost")
def session_lost(site: Site, durations: Durations) -> None:
    """Subscribed again within 2 s of the connection; the loss of the session is counted."""
    site.rules = FORGETFUL
    site.start()
    count = len(site.mqtt.trace.connections)
    site.mqtt.trace.doubt()
    site.mosquitto.kill(forget=True)
    site.pause(1)
    site.mosquitto.start()
    wait.until("the engine is subscribed again", lambda: _subscribed_since(site, count - 1), 30)
    new = next(c for c in site.mqtt.trace.connections[count:] if c.suback_at)
    assert new.suback_at is not None and new.suback_at - new.opened_at < 2, "2 s to subscribe"
    assert site.engine.metric("trygg_link_session_lost_total") >= 1, "the lost session was counted"
    site.flows()
    site.healed()


@row("M4K", "broker killed, its store kept")
def broker_killed(site: Site, durations: Durations) -> None:
    """Everything the broker had accepted arrives, under the ids it had."""
    site.start()
    site.kafka.freeze()
    site.pause(1.5)
    site.generator.fall_silent()
    site.mosquitto.save()
    site.mqtt.trace.doubt()
    site.mosquitto.kill()
    site.mosquitto.start()
    site.generator.rate = site.rate
    site.kafka.thaw()
    site.flows()
    site.healed()


@row("M5", "broker frozen: a half-open connection")
def broker_frozen(site: Site, durations: Durations) -> None:
    """Noticed within 1.5 keep-alives."""
    _short_keep_alive(site)
    site.start()
    connection = site.mqtt.trace.connections[-1]
    frozen = time.monotonic()
    site.mqtt.trace.doubt()
    site.mosquitto.daemon.freeze()
    limit = 1.5 * KEEP_ALIVE_S + 1
    wait.until("the dead connection is given up", lambda: connection.ended_at, limit + 2)
    took = (connection.ended_at or 0) - frozen
    site.notes.append(f"noticed after {took:.1f} s at a keep-alive of {KEEP_ALIVE_S} s")
    assert took <= limit, f"noticed after {took:.1f} s"
    site.pause(max(durations.freeze - took, 0))
    site.mosquitto.daemon.thaw()
    site.flows()
    site.healed()


@row("M6", "oversize packets from one device")
def oversize(site: Site, durations: Durations) -> None:
    """Each becomes a dead letter; the connection lives on, and so do the neighbours."""
    site.start()
    connections = len(site.mqtt.trace.connections)
    site.generator.poison(4, lambda number: b'{"n":%d,"x":"' % number + b"x" * (1 << 20) + b'"}')
    site.flows()
    site.healed()
    assert len(site.mqtt.trace.connections) == connections, "the connection lived on"
    assert [reason for _, reason in site.evidence().seen.dead] == ["oversize"] * 4


POISON = 30_000
"""So many that what is under way at the end is little beside them."""


@row("M7", "30 000 payloads in a row that nobody can read")
def poison(site: Site, durations: Durations) -> None:
    """Each becomes a dead letter, and the good ones keep nine tenths of their rate."""
    site.start()
    before, began = len(site.generator.log.accepted), time.monotonic()
    good_before = _good(site)
    site.generator.poison(POISON, lambda number: b'{"n":%d,"energy":' % number)
    log = site.generator.log
    poisoned = {number for number, sent in list(log.sent.items()) if not sent.usable}
    wait.until("the broker has taken the poison", lambda: poisoned <= log.accepted)
    site.healed()
    seconds = time.monotonic() - began
    good = _good(site) - good_before
    due = len(site.generator.log.accepted) - before - POISON
    site.notes.append(f"{good / seconds:.0f} good messages a second beside them, at {site.rate:.0f} offered")
    assert good >= 0.9 * due, f"{good} of {due} good messages delivered beside the poison"
    assert len(site.evidence().seen.dead) >= POISON, "each becomes a dead letter"


def _good(site: Site) -> int:
    return len(site.evidence().seen.readings)


@row("M8", "a storm of retained messages at subscribe")
def retained(site: Site, durations: Durations) -> None:
    """All stored, flagged as retained, in bounded memory."""
    site.open()
    # The first subscription of all brings what is retained.
    site.load = Generator(site.loop, site.mosquitto.port, 1)
    site.generator.start()
    site.generator.retain(durations.retained)
    wait.until("the broker has them", lambda: len(site.generator.log.accepted) >= durations.retained, 60)
    site.engine.start()
    site.generator.rate = site.rate
    site.rules = Rules(broker_survives=False)
    wait.until("all retained are read", lambda: len(_retained(site)) >= durations.retained, site.drain_s, 0.5)
    flagged = sum(RETAINED in sighting.flags for sighting in _retained(site))
    assert flagged >= durations.retained, f"{flagged} of {durations.retained} flagged as retained"
    site.healed()


def _retained(site: Site) -> list[Sighting]:
    return [sighting for sighting in site.evidence().seen.readings if "/kept-" in sighting.device]


@row("M9", "the broker's queue overflows while trygg is away")
def overflow(site: Site, durations: Durations) -> None:
    """Not ours to prevent: it is seen in trygg_broker_messages_dropped, and nothing confirmed is lost."""
    site.rules = FORGETFUL
    site.mosquitto.configure("max_queued_messages 100")
    site.start()
    site.engine.kill()
    site.pause(3)
    site.engine.start()
    wait.until("what the broker discarded is seen", lambda: site.engine.metric("trygg_broker_messages_dropped") > 0, 15)
    site.notes.append(f"{site.engine.metric('trygg_broker_messages_dropped'):.0f} discarded by the broker")
    site.flows()
    site.healed()


@row("M10", "a broker that breaks the protocol")
def bad_broker(site: Site, durations: Durations) -> None:
    """Packet id 0, QoS 2 and unasked-for packets end the connection, never the process; what is legal is taken."""
    log = Generator(site.loop, 0, 0)

    def message(number: int, packet_id: int, qos: int = 1, dup: bool = False) -> bytes:
        log.log.sent[number] = Sent("h1/raw")
        payload = f'{{"n":{number},"energy":{number},"last_seen":"{device_time(number, log.first_us)}"}}'
        return publish5("homes/h1/zigbee2mqtt/raw", packet_id, payload.encode(), qos, dup)

    scripts = [
        [message(0, 9), message(1, 3), message(2, 7), message(3, 0)],
        [message(3, 1, dup=True), message(4, 2, qos=2)],
        [bytes([PUBREL << 4 | 2, 2, 0, 77]), bytes([PUBREL << 4, 2, 0, 78])],
        [bytes([0xF3, 1, 0])],
        [message(4, 65_535, dup=True), message(5, 1), message(6, 65_534)],
    ]
    broker = RawBroker(site.loop, free_port(), scripts)
    broker.start()
    site.mqtt = MqttProxy(site.loop, free_port(), broker.port)
    site.settings.port = site.mqtt.port
    site.settings.link += "broker_statistics = false\n"
    site.open()
    site.load = log
    site.engine.start(ready=False)
    wait.until("what is legal in the last script is confirmed", lambda: {4, 5, 6} <= site.mqtt.trace.confirmed.keys(), 60)
    site.notes.append(f"{broker.connections} connections, PUBACKs for ids {broker.acked}, bore with {broker.borne}")
    assert site.engine.daemon.alive() and site.engine.starts == 1
    # A decent broker would have sent the others again.
    log.log.accepted |= {4, 5, 6}
    site.healed()


@row("M11", "a slow drip, then a burst of twenty times the rate")
def drip_and_burst(site: Site, durations: Durations) -> None:
    """Back pressure by withheld PUBACKs; memory within the budget; no connection lost."""
    site.start()
    connections = len(site.mqtt.trace.connections)
    site.mqtt.proxy.faults.slice_bytes, site.mqtt.proxy.faults.bytes_per_s = 1, 50
    site.pause(durations.freeze / 2)
    site.mqtt.proxy.heal()
    site.generator.burst(int(site.rate * 20))
    site.healed()
    assert len(site.mqtt.trace.connections) == connections, "the connection lived on"
    assert site.peak_rss < 128 << 20, f"peak of {site.peak_rss >> 20} MiB"


@row("M12", "login refused while running, and allowed again")
def login_refused(site: Site, durations: Durations) -> None:
    """Tries again with back-off, not in a loop, and comes back without a restart."""
    password = site.directory / "password"
    password.write_text("right")
    password.chmod(0o600)
    site.settings.link += f'user = "trygg"\npassword_file = "{password}"\n'
    site.mosquitto.demand("trygg", "right")
    site.start()
    before, cpu = len(site.mqtt.trace.connections), site.engine.daemon.cpu_s()
    site.mosquitto.demand("trygg", "wrong")
    site.pause(0.5)
    site.mqtt.proxy.cut()
    site.pause(durations.freeze)
    attempts = len(site.mqtt.trace.connections) - before
    used = site.engine.daemon.cpu_s() - cpu
    site.notes.append(f"{attempts} attempts in {durations.freeze:.0f} s, {used:.2f} s of CPU")
    assert attempts >= 1 and not site.engine.ready(), "it was refused, and says so"
    assert attempts <= 2 * durations.freeze and used < durations.freeze / 4, "a loop"
    site.mosquitto.demand("trygg", "right")
    site.flows(90)
    site.healed()
