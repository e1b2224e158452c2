"""K: Kafka, and the way to it."""

import time

from confluent_kafka.admin import (
    AclBinding, AclBindingFilter, AclOperation, AclPermissionType, ResourcePatternType, ResourceType,
)

from .. import wait
from ..checker import Rules
from ..kafka import LIMIT_S
from ..kafka_proxy import KafkaFaults
from ..proxy import Way
from ..row import Durations, row
from ..site import Site

UNKNOWN_TOPIC, NOT_LEADER, TIMED_OUT = 3, 6, 7
NOT_ENOUGH, NOT_ENOUGH_AFTER_APPEND = 19, 20
TOO_LARGE, UNAUTHORIZED, INVALID_RECORD = 10, 29, 87
OUT_OF_ORDER, BAD_EPOCH, UNKNOWN_PRODUCER = 45, 47, 59
TOUCHY = '"socket.timeout.ms" = 4000\n"request.timeout.ms" = 3000\n'
"""Requests that time out within the row."""
LENIENT = Rules(allow_late=True, allow_dead=True)
"""A record that Kafka refused for good becomes a dead letter; its neighbours may come late, and say so."""
ANOTHER_LOG = Rules(judge_early=False, allow_late=True)
"""Places in a topic that was made again are those of others: no early ack can be judged by them."""


@row("K1", "Kafka killed for a while")
def outage(site: Site, durations: Durations) -> None:
    """MQTT stays connected beyond its keep-alive; everything drains afterwards without a restart."""
    site.settings.link = 'keep_alive = "5s"\n'
    site.start()
    connections = len(site.mqtt.trace.connections)
    site.kafka.kill()
    site.pause(2)
    ready = site.engine.ready()
    assert ready == site.spools, f"readiness while Kafka is away: {ready}"
    site.pause(durations.outage - 2)
    if site.spools:
        before = site.confirmed()
        site.pause(1)
        assert site.confirmed() > before, "the spool goes on acknowledging"
    site.kafka.restart()
    site.healed()
    assert len(site.mqtt.trace.connections) == connections, "MQTT stayed connected"
    site.engine.wait_until_ready()


@row("K1K", "kill -9 while Kafka is away")
def killed_in_outage(site: Site, durations: Durations) -> None:
    """trygg dies and starts during the outage; what it confirmed before is there."""
    site.start()
    site.kafka.freeze()
    site.pause(durations.freeze / 2)
    site.engine.restart(ready=False)
    site.pause(durations.freeze / 2)
    site.kafka.thaw()
    site.engine.wait_until_ready()
    site.healed()


@row("K2", "retriable errors for half of the requests, nothing appended")
def retriable(site: Site, durations: Durations) -> None:
    """NOT_LEADER, NOT_ENOUGH_REPLICAS, UNKNOWN_TOPIC made up by the proxy: no reorder, no copy."""
    site.open()
    site.engine.start()
    # From the first request on: the broker that refuses it has never heard of the producer, and would
    # take the second for its first.
    site.kafka_proxy.break_with(KafkaFaults(refuse=(NOT_LEADER, NOT_ENOUGH, UNKNOWN_TOPIC), share=0.5))
    site.begin_load()
    site.pause(durations.freeze)
    _injected(site)


@row("K2A", "errors for what was appended", ack="kafka")
def retriable_appended(site: Site, durations: Durations) -> None:
    """REQUEST_TIMED_OUT and NOT_ENOUGH_REPLICAS_AFTER_APPEND written into real replies: no copy."""
    site.start()
    site.kafka_proxy.break_with(KafkaFaults(rewrite=(TIMED_OUT, NOT_ENOUGH_AFTER_APPEND), share=0.3))
    site.pause(durations.freeze)
    _injected(site)


@row("K2M", "two of three brokers away, min.insync.replicas 2", nodes=3)
def too_few_replicas(site: Site, durations: Durations) -> None:
    """The real NOT_ENOUGH_REPLICAS: nothing is confirmed by Kafka; all drains once a second broker is back."""
    site.topic_settings = {"min_insync_replicas": "2"}
    site.start()
    first, second, third = site.kafka.nodes
    second.daemon.freeze()
    third.daemon.freeze()
    site.pause(durations.freeze)
    second.daemon.thaw()
    site.pause(2)
    third.daemon.thaw()
    site.drain_s = 90
    site.healed()


@row("K2D", "the readings topic deleted, and made again")
def topic_deleted(site: Site, durations: Durations) -> None:
    """The real UNKNOWN_TOPIC: nothing is given up, all that follows arrives in the new topic."""
    site.rules = ANOTHER_LOG
    site.drain_s = 120
    site.start()
    _all_is_read(site)
    site.kafka.delete_topic(site.settings.topics[0])
    site.generator.rate = site.rate
    site.pause(durations.freeze / 2)
    _topic_again(site)
    site.healed()


@row("K2R", "the readings topic made again between two requests", ack="kafka")
def topic_exchanged(site: Site, durations: Durations) -> None:
    """The old topic refused the one, the new one takes the next: librdkafka holds both for written, trygg does not."""
    site.rules = ANOTHER_LOG
    # Fewer than the requests that librdkafka has under way at once.
    site.partitions = 2
    readings = frozenset({site.settings.topics[0]})
    site.start()
    for _ in range(4):
        _all_is_read(site)
        site.kafka_proxy.hold(Way.UP)
        site.generator.rate = site.rate
        site.pause(1)
        site.kafka.delete_topic(site.settings.topics[0])
        _topic_again(site)
        site.kafka_proxy.break_with(KafkaFaults(refuse=(UNKNOWN_TOPIC,), topics=readings, first_only=True))
        site.kafka_proxy.hold()
        site.flows()
    _injected(site)
    site.notes.append(f"{site.verdict().late} came late")


def _all_is_read(site: Site) -> None:
    site.generator.fall_silent()
    wait.until("what was sent is read", lambda: site.generator.log.accepted <= site.seen_numbers)


def _topic_again(site: Site) -> None:
    """Once the deleted one is gone; the reader begins it from its start."""
    assert site.reader is not None
    topic = site.settings.topics[0]
    wait.until("the topic is gone", lambda: topic not in site.kafka.admin.list_topics(timeout=10).topics)
    site.kafka.create_topic(topic, site.partitions)
    site.reader.follow_again()


def _fatal(site: Site, code: int) -> None:
    began = time.monotonic()
    before = site.kafka_proxy.injected
    site.kafka_proxy.break_with(KafkaFaults(refuse=(code,), fence=True))
    wait.until(f"code {code} was answered", lambda: site.kafka_proxy.injected > before)
    # Nobody makes the old one whole: things flow again under another id or epoch.
    site.flows()
    site.kafka_proxy.heal()
    # An error means unknown: what was open then may stand twice.
    site.mqtt.trace.purges.append((began, time.monotonic()))


@row("K3", "errors that are fatal to a producer", ack="kafka")
def fatal(site: Site, durations: Durations) -> None:
    """OUT_OF_ORDER_SEQUENCE, UNKNOWN_PRODUCER_ID: the producer, or its epoch, is replaced, in order."""
    site.start()
    for code in (OUT_OF_ORDER, UNKNOWN_PRODUCER):
        _fatal(site, code)
    rebuilds = site.engine.metric("trygg_kafka_producer_rebuilds_total")
    site.notes.append(f"{rebuilds:.0f} producers replaced")
    assert site.engine.starts == 1 and site.engine.daemon.alive()
    site.healed()


@row("K4", "MESSAGE_TOO_LARGE and INVALID_RECORD for single requests")
def refused_records(site: Site, durations: Durations) -> None:
    """A record refused for good is a dead letter, never acknowledged silently; only its neighbours may be late."""
    site.rules = LENIENT
    site.start()
    topics = frozenset({site.settings.topics[0]})
    for partition, code in ((0, TOO_LARGE), (1, INVALID_RECORD)):
        site.kafka_proxy.break_with(KafkaFaults(refuse=(code,), topics=topics, partition=partition, only=2))
        site.pause(4)
    site.notes.append(f"{site.verdict().good_dead} messages became dead letters, {site.verdict().late} came late")
    _injected(site)


@row("K4E", "INVALID_PRODUCER_EPOCH for whole batches", ack="kafka")
def fenced(site: Site, durations: Durations) -> None:
    """librdkafka fails the batch and goes on: nothing is lost or given up, and what comes late says so."""
    site.rules = Rules(allow_late=True)
    site.start()
    for _ in range(3):
        _fatal(site, BAD_EPOCH)
    site.notes.append(f"{site.verdict().late} came late")
    site.healed()


@row("K4M", "max.message.bytes of the topic too small for a while")
def too_small(site: Site, durations: Durations) -> None:
    """The real MESSAGE_TOO_LARGE for a whole topic: at most five records given up, the rest waits."""
    site.rules = LENIENT
    site.drain_s = 120
    site.start()
    site.kafka.alter_topic(site.settings.topics[0], "max.message.bytes", "100")
    site.pause(durations.freeze)
    site.kafka.alter_topic(site.settings.topics[0], "max.message.bytes", str(1 << 20))
    site.healed()
    site.notes.append(f"{site.verdict().good_dead} messages became dead letters, {site.verdict().late} came late")


@row("K4A", "the right to write taken away, and given back")
def unauthorized(site: Site, durations: Durations) -> None:
    """The real TOPIC_AUTHORIZATION_FAILED, by an ACL: nothing is given up, nothing acknowledged meanwhile by Kafka."""
    site.drain_s = 120
    site.start()
    _forbid_writing(site, site.settings.topics[0])
    site.pause(durations.freeze)
    _allow_all(site, site.settings.topics[0])
    site.healed()


def _binding(topic: str, operation: AclOperation) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, "User:ANONYMOUS", "*", operation, AclPermissionType.ALLOW
    )


def _forbid_writing(site: Site, topic: str) -> None:
    """A topic with any ACL refuses whatever its ACLs do not allow."""
    wanted = [_binding(topic, operation) for operation in (AclOperation.READ, AclOperation.ALTER, AclOperation.DELETE)]
    for future in site.kafka.admin.create_acls(wanted).values():
        future.result(timeout=LIMIT_S)


def _allow_all(site: Site, topic: str) -> None:
    wanted = AclBindingFilter(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, None, None, AclOperation.ANY, AclPermissionType.ANY
    )
    for future in site.kafka.admin.delete_acls([wanted]).values():
        future.result(timeout=LIMIT_S)


@row("K5", "written, and the reply swallowed", ack="kafka")
def replies_swallowed(site: Site, durations: Durations) -> None:
    """No copy while the process lives: the idempotent producer sends the same sequence again."""
    site.settings.librdkafka = TOUCHY
    site.start()
    for _ in range(2):
        site.kafka_proxy.break_with(KafkaFaults(swallow_replies=True))
        site.pause(1)
        site.kafka_proxy.heal()
        site.pause(4)
        site.flows()
    _injected(site)


@row("K5C", "written, and the connection cut inside the reply", ack="kafka")
def replies_cut(site: Site, durations: Durations) -> None:
    """No copy while the process lives."""
    site.start()
    for _ in range(5):
        site.kafka_proxy.break_with(KafkaFaults(cut_replies=1))
        site.pause(1)
    site.flows()
    _injected(site)


def _injected(site: Site) -> None:
    """Heals, and the fault must have happened."""
    count = site.kafka_proxy.injected
    site.kafka_proxy.heal()
    site.notes.append(f"{count} replies broken")
    assert count > 0, "the fault never happened"
    site.healed()


@row("K6", "two of three brokers frozen and thawed, twice", nodes=3)
def brokers_frozen(site: Site, durations: Durations) -> None:
    """No gap after the thaw (librdkafka #4134)."""
    site.drain_s = 90
    site.start()
    for _ in range(2):
        frozen = site.chance.sample(site.kafka.nodes, 2)
        for node in frozen:
            node.daemon.freeze()
        site.pause(durations.freeze)
        for node in frozen:
            node.daemon.thaw()
        site.pause(durations.freeze / 2)
    site.healed()


@row("K7", "leaders move: brokers killed one after another", nodes=3)
def leaders_move(site: Site, durations: Durations) -> None:
    """Everything goes on, in order, with two of three."""
    site.topic_settings = {"min_insync_replicas": "2"}
    site.drain_s = 90
    site.start()
    for node in site.kafka.nodes[1:]:
        node.daemon.kill()
        site.pause(durations.freeze / 3)
        site.kafka.restart()
        site.flows()
    site.healed()


@row("K7L", "partitions without a leader", nodes=3)
def leaderless(site: Site, durations: Durations) -> None:
    """The other partitions keep flowing while theirs waits."""
    site.drain_s = 90
    site.replication = 1
    site.start()
    victim = site.kafka.nodes[2]
    leaders = site.kafka.leaders(site.settings.topics[0])
    flowing = {partition for partition, leader in leaders.items() if leader != victim.number}
    assert 0 < len(flowing) < len(leaders), f"leaders {leaders}"
    victim.daemon.kill()
    site.pause(durations.freeze / 2)
    before = _in_partitions(site, flowing)
    site.pause(2)
    moved = _in_partitions(site, flowing) - before
    site.notes.append(f"{moved} records' messages in 2 s in the partitions that have a leader")
    assert moved > site.rate * 0.5, f"only {moved} messages in the other partitions"
    site.pause(durations.freeze / 2 - 2)
    site.kafka.restart()
    site.healed()


def _in_partitions(site: Site, partitions: set[int]) -> int:
    return sum(sighting.partition in partitions for sighting in site.evidence().seen.readings)


@row("K8", "the bootstrap name resolves to nothing, then rightly", needs=("root", "netns"))
def unresolved(site: Site, durations: Durations) -> None:
    """The start waits for the name; no restart is needed."""
    hosts = site.directory / "hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    name = "kafka.faults.invalid"
    mount = f'mount --bind {hosts} /etc/hosts; exec "$0" "$@"'
    site.engine.daemon.prefix = ("unshare", "--mount", "sh", "-c", mount)
    site.settings.brokers = site.settings.brokers.replace("127.0.0.1", name)
    site.settings.kafka += 'metadata_timeout = "60s"\n'
    site.open()
    site.engine.start(ready=False)
    site.pause(durations.freeze / 2)
    assert site.engine.daemon.alive() and not site.engine.ready(), "it waits, and says that it is not ready"
    hosts.write_text(f"127.0.0.1 localhost {name}\n")
    site.engine.wait_until_ready()
    assert site.engine.starts == 1
    site.begin_load()
    site.healed()


@row("K9", "certificates and tokens", needs=("certificates",))
def certificates(site: Site, durations: Durations) -> None:
    """Proven by cargo test --test it kafka_security:: with certificates made for it."""
    raise NotImplementedError


@row("K10", "the dead-letter topic refuses")
def no_dead_letters(site: Site, durations: Durations) -> None:
    """Readings go on into Kafka; the poison waits, and is stored once the topic takes it."""
    site.drain_s = 120
    site.start()
    _forbid_writing(site, site.settings.topics[2])
    site.generator.poison(20, lambda number: b'{"n":%d,"energy":' % number)
    before = len(site.seen_numbers)
    site.pause(durations.freeze / 2)
    moved = len(site.seen_numbers) - before
    site.notes.append(f"{moved} readings while dead letters were refused")
    assert moved > site.rate, "readings go on"
    assert not site.evidence().seen.dead
    _allow_all(site, site.settings.topics[2])
    site.healed()
    wait.until("the poison is stored", lambda: len(site.evidence().seen.dead) == 20, site.drain_s)
