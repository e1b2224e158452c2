"""Real Apache Kafka (KRaft) on loopback ports: one node, or three."""

from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, OffsetSpec, ResourceType

from . import wait
from .process import Daemon, free_port
from .tools import Tools

LIMIT_S = 20.0
CLUSTER = "dHJ5Z2ctZmF1bHQtc3VpdA"


@dataclass
class Node:
    """One broker with its controller."""

    number: int
    direct: int
    """Port for the checker's reader and for administration: no fault stands between."""
    proxied: int
    """Port behind the proxy."""
    controller: int
    advertised: int
    """The proxy's port, which clients of the proxied listener are told."""
    daemon: Daemon


class Kafka:
    """A cluster whose clients are told to come through a proxy."""

    def __init__(self, tools: Tools, directory: Path, nodes: int = 1) -> None:
        self._tools = tools
        ports = [(free_port(), free_port(), free_port(), free_port()) for _ in range(nodes)]
        voters = ",".join(f"{number}@127.0.0.1:{port[2]}" for number, port in enumerate(ports, 1))
        self.nodes = [self._node(directory, number, port, voters) for number, port in enumerate(ports, 1)]
        self._admin: AdminClient | None = None

    def _node(self, directory: Path, number: int, ports: tuple[int, int, int, int], voters: str) -> Node:
        home = directory / f"node-{number}"
        logs = home / "logs"
        logs.mkdir(parents=True)
        # What the storage tool would write; it costs another JVM to ask it.
        (logs / "meta.properties").write_text(
            f"version=1\ncluster.id={CLUSTER}\nnode.id={number}\ndirectory.id=dHJ5Z2ctZGlyZWN0b3J5{'ABCDEF'[number]}Q\n"
        )
        properties = home / "server.properties"
        alone = "," not in voters
        properties.write_text(_properties(number, ports, voters, logs) + (AUTHORIZER if alone else ""))
        argv = [str(self._tools.java), "-Xms160m", "-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
        argv += [f"-Dlog4j2.configurationFile={self._tools.kafka_log4j}", "-cp", f"{self._tools.kafka_jars}/*"]
        argv += ["kafka.Kafka", str(properties)]
        daemon = Daemon(f"kafka-{number}", argv, home / "kafka.log", cwd=home)
        return Node(number, *ports, daemon)

    def start(self) -> None:
        for node in self.nodes:
            node.daemon.start()
        self.wait_until_up()

    def restart(self) -> None:
        """Starts what was killed, with what it had written."""
        for node in self.nodes:
            if not node.daemon.alive():
                node.daemon.start()
        self.wait_until_up()

    def kill(self) -> None:
        for node in self.nodes:
            node.daemon.kill()

    def freeze(self) -> None:
        for node in self.nodes:
            node.daemon.freeze()

    def thaw(self) -> None:
        for node in self.nodes:
            node.daemon.thaw()

    @property
    def brokers(self) -> str:
        """Bootstrap list of the direct listeners."""
        return ",".join(f"127.0.0.1:{node.direct}" for node in self.nodes)

    @property
    def admin(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self.brokers, "log_level": 0})
        return self._admin

    def wait_until_up(self) -> None:
        wait.until(f"{len(self.nodes)} Kafka brokers answer", self._up, 90, 0.2)

    def _up(self) -> bool:
        for node in self.nodes:
            node.daemon.require_alive()
        try:
            return len(self.admin.list_topics(timeout=2).brokers) == len(self.nodes)
        except KafkaException:
            return False

    def create_topic(self, topic: str, partitions: int = 4, replication: int = 0, **config: str) -> None:
        """With a copy on every node unless said otherwise."""
        settings = {key.replace("_", "."): value for key, value in config.items()}
        copies = replication or len(self.nodes)
        wanted = NewTopic(topic, num_partitions=partitions, replication_factor=copies, config=settings)
        for future in self.admin.create_topics([wanted]).values():
            future.result(timeout=LIMIT_S)

    def delete_topic(self, topic: str) -> None:
        for future in self.admin.delete_topics([topic]).values():
            future.result(timeout=LIMIT_S)

    def ends(self, *topics: str) -> dict[TopicPartition, int] | None:
        """The offset behind the last record of each partition of these; none while a leader is new."""
        try:
            listed = self.admin.list_topics(timeout=LIMIT_S).topics
            parts = {TopicPartition(t, number): OffsetSpec.latest() for t in topics for number in listed[t].partitions}
            return {part: found.result(LIMIT_S).offset for part, found in self.admin.list_offsets(parts).items()}
        except KafkaException:
            return None

    def alter_topic(self, topic: str, key: str, value: str) -> None:
        entry = ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        for future in self.admin.incremental_alter_configs([resource]).values():
            future.result(timeout=LIMIT_S)

    def leaders(self, topic: str) -> dict[int, int]:
        """Leader of each partition; -1 without one."""
        partitions = self.admin.list_topics(topic, timeout=LIMIT_S).topics[topic].partitions
        return {number: partition.leader for number, partition in partitions.items()}


def _properties(number: int, ports: tuple[int, int, int, int], voters: str, logs: Path) -> str:
    direct, proxied, controller, advertised = ports
    return f"""process.roles=broker,controller
node.id={number}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=DIRECT://127.0.0.1:{direct},PROXIED://127.0.0.1:{proxied},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=DIRECT://127.0.0.1:{direct},PROXIED://127.0.0.1:{advertised}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,DIRECT:PLAINTEXT,PROXIED:PLAINTEXT
inter.broker.listener.name=DIRECT
log.dirs={logs}
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
log.cleaner.enable=false
log.index.size.max.bytes=1048576
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
broker.session.timeout.ms=6000
replica.lag.time.max.ms=5000
delete.topic.enable=true
file.delete.delay.ms=1000
"""

# For a single node only: the controllers of a cluster would have to be let in first.
AUTHORIZER = """authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
"""
