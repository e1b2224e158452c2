"""Judges a row by three witnesses: the generator's log, the proxies' traces, and a Kafka reader.

It shares no code with trygg, and asks trygg nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from .generator import Log
from .reader import Seen
from .trace import Connection, KafkaTrace, MqttTrace


@dataclass(frozen=True)
class Rules:
    """What a fault excuses. Nothing excuses the loss of a confirmed message."""

    broker_survives: bool = True
    """Everything the broker had accepted must arrive, not only what trygg confirmed."""
    allow_late: bool = False
    """Batches that say `delivered_late`."""
    allow_dead: bool = False
    """Good messages as dead letters, because Kafka refused their record for good."""
    judge_early: bool = True
    """PUBACKs are compared with Produce replies: not where a receipt of the disk is as good."""
    spool_records: int = 0
    """Records that may come again after the ends of a process with a spool."""


@dataclass(frozen=True)
class Evidence:
    """All that the checker is fed with."""

    log: Log
    mqtt: MqttTrace
    kafka: KafkaTrace
    seen: Seen
    readings_topic: str


@dataclass
class Verdict:
    """The figures of one row, and what is wrong with them."""

    confirmed: int = 0
    lost: int = 0
    duplicated: int = 0
    bound: int = 0
    """How many copies the cuts, ends and purges excuse."""
    excess: int = 0
    """Copies beyond what excuses them, message by message."""
    reordered: int = 0
    late: int = 0
    undelivered: int = 0
    disordered_acks: int = 0
    stale_acks: int = 0
    early_acks: int = 0
    judged_acks: int = 0
    good_dead: int = 0
    problems: list[str] = field(default_factory=list)


def judge(evidence: Evidence, rules: Rules) -> Verdict:
    """Everything that can be said about one row."""
    verdict = Verdict(confirmed=len(evidence.mqtt.confirmed))
    _losses(evidence, rules, verdict)
    _copies(evidence, rules, verdict)
    _order(evidence, rules, verdict)
    for connection in evidence.mqtt.connections:
        _ack_order(connection, verdict)
    if rules.judge_early:
        _early_acks(evidence, verdict)
    return verdict


def _complain(verdict: Verdict, count: int, what: str, examples: Iterable[object] = ()) -> None:
    if count:
        some = ", ".join(str(example) for example, _ in zip(examples, range(5)))
        verdict.problems.append(f"{count} {what}{': ' + some if some else ''}")


def _losses(evidence: Evidence, rules: Rules, verdict: Verdict) -> None:
    sent, seen = evidence.log.sent, evidence.seen
    dead = {number for number, _ in list(seen.dead)}
    confirmed = list(evidence.mqtt.confirmed)  # a row may ask while messages still flow
    lost = sorted(number for number in confirmed if number not in seen.numbers)
    _complain(verdict, len(lost), "confirmed and in no topic", lost)
    ids = {sighting.number: (sighting.device, sighting.event_id) for sighting in seen.readings}
    alerts = set(seen.alerts)
    silent = [n for n in confirmed if n in sent and sent[n].urgent and n in ids and ids[n] not in alerts]
    _complain(verdict, len(silent), "confirmed alarms that are not in the alerts topic", silent)
    verdict.lost = len(lost) + len(silent)
    if rules.broker_survives:
        missing = sorted(evidence.log.accepted - evidence.mqtt.spared - seen.numbers)
        verdict.undelivered = len(missing)
        _complain(verdict, len(missing), "accepted by the broker and never delivered", missing)
    good = [number for number in dead if number in sent and sent[number].usable]
    verdict.good_dead = len(good)
    if not rules.allow_dead:
        _complain(verdict, len(good), "good messages among the dead letters", good)


def _excuses(mqtt: MqttTrace) -> Counter[int]:
    """How often each message may come again: once for each end that it was open at."""
    excuses: Counter[int] = Counter()
    for connection in mqtt.connections:
        if connection.ended_at is not None:
            excuses.update(d.number for d in connection.unanswered() if d.number is not None)
        for begin, end in mqtt.purges:
            excuses.update(
                d.number
                for d in connection.deliveries
                if d.number is not None and d.at <= end and (d.acked_at is None or d.acked_at >= begin)
            )
    return excuses


def _copies(evidence: Evidence, rules: Rules, verdict: Verdict) -> None:
    excuses = _excuses(evidence.mqtt)
    verdict.bound = sum(excuses.values())
    copies: Counter[int] = Counter()
    ids: dict[int, bytes] = {}
    beyond: dict[tuple[int, int], int] = {}
    for sighting in evidence.seen.readings:
        number = sighting.number
        copies[number] += 1
        if sighting.content and ids.setdefault(number, sighting.event_id) != sighting.event_id:
            verdict.problems.append(f"message {number} stands under two CONTENT ids")
        if copies[number] > 1:
            verdict.duplicated += 1
            if copies[number] - 1 > excuses[number]:
                beyond[sighting.partition, sighting.offset] = number
                verdict.excess += 1
    if len(beyond) <= rules.spool_records:
        verdict.bound += verdict.excess
        verdict.excess = 0
    _complain(verdict, verdict.excess, f"copies that nothing excuses, in {len(beyond)} records", beyond.values())


def _order(evidence: Evidence, rules: Rules, verdict: Verdict) -> None:
    met: set[tuple[str, bytes]] = set()
    last: dict[str, int] = {}
    inverted = []
    for sighting in evidence.seen.readings:
        identity = sighting.device, sighting.event_id
        if identity in met:
            continue
        met.add(identity)
        if sighting.late:
            verdict.late += 1
            continue
        if sighting.number < last.get(sighting.device, -1):
            inverted.append(f"{sighting.device}: {last[sighting.device]} before {sighting.number}")
        last[sighting.device] = max(sighting.number, last.get(sighting.device, -1))
    verdict.reordered = len(inverted)
    _complain(verdict, len(inverted), "readings out of their device's order", inverted)
    if not rules.allow_late:
        _complain(verdict, verdict.late, "readings flagged delivered_late")


def _ack_order(connection: Connection, verdict: Verdict) -> None:
    """PUBACKs answer the PUBLISHes of their own connection, in order, without a gap."""
    sent = connection.deliveries
    disordered = stale = 0
    place = 0
    answered: set[int] = set()
    waiting = {}
    for index in range(len(sent) - 1, -1, -1):
        waiting.setdefault(sent[index].packet_id, []).append(index)
    for packet_id, _ in connection.acks:
        while place in answered:
            place += 1
        indices = waiting.get(packet_id)
        if not indices:
            stale += 1
            continue
        index = indices.pop()
        disordered += index != place
        answered.add(index)
    verdict.disordered_acks += disordered
    verdict.stale_acks += stale
    _complain(verdict, disordered, f"PUBACKs out of order on connection {connection.index}")
    _complain(verdict, stale, f"PUBACKs for what connection {connection.index} was never sent")


def _early_acks(evidence: Evidence, verdict: Verdict) -> None:
    """A PUBACK must come after the Produce reply for a record that holds the message."""
    told: dict[tuple[int, int], float] = {}
    for report in evidence.kafka.reports:
        if report.topic == evidence.readings_topic:
            for offset in range(report.first, report.last + 1):
                told.setdefault((report.partition, offset), report.at)
    if evidence.kafka.broken:
        _imply(told)
    receipts: dict[int, float] = {}
    for sighting in evidence.seen.readings:
        at = told.get((sighting.partition, sighting.offset))
        if at is not None:
            receipts[sighting.number] = min(at, receipts.get(sighting.number, at))
    dead = {number for number, _ in evidence.seen.dead}
    early = []
    for number, at in list(evidence.mqtt.confirmed.items()):
        if number in dead:
            continue
        receipt = receipts.get(number)
        if receipt is None and evidence.kafka.unplaced:
            continue
        verdict.judged_acks += 1
        if receipt is None or at < receipt:
            early.append(number)
    verdict.early_acks = len(early)
    _complain(verdict, len(early), "acknowledged before Kafka's report", sorted(early))


def _imply(told: dict[tuple[int, int], float]) -> None:
    """A report counts for all earlier records of its partition."""
    least: dict[int, float] = {}
    ends: dict[int, int] = {}
    for partition, offset in told:
        ends[partition] = max(offset, ends.get(partition, -1))
    for partition, end in ends.items():
        for offset in range(end, -1, -1):
            at = told.get((partition, offset), float("inf"))
            least[partition] = min(at, least.get(partition, float("inf")))
            told[partition, offset] = least[partition]
