"""What the tests ask of a Kafka cluster besides records.

    admin.py BROKERS ping
    admin.py BROKERS create TOPIC PARTITIONS [KEY=VALUE ...]
    admin.py BROKERS alter TOPIC KEY=VALUE ...
    admin.py BROKERS records TOPIC
    admin.py BROKERS user NAME PASSWORD
    admin.py BROKERS allow USER OPERATION TOPIC
"""

import sys

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

LIMIT_S = 20


def wait(futures):
    for future in futures.values():
        future.result(timeout=LIMIT_S)


def create(admin, topic, partitions, *settings):
    config = dict(setting.split("=", 1) for setting in settings)
    wait(admin.create_topics([NewTopic(topic, num_partitions=int(partitions), replication_factor=1, config=config)]))


def alter(admin, topic, *settings):
    entries = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET)
        for key, value in (setting.split("=", 1) for setting in settings)
    ]
    wait(admin.incremental_alter_configs([ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)]))


def user(admin, name, password):
    # Kafka takes one of a user in a request.
    for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        credential = ScramCredentialInfo(mechanism, 4096)
        wait(admin.alter_user_scram_credentials([UserScramCredentialUpsertion(name, credential, password.encode())]))


def allow(admin, name, operation, topic):
    binding = AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        f"User:{name}",
        "*",
        AclOperation[operation],
        AclPermissionType.ALLOW,
    )
    wait(admin.create_acls([binding]))


def records(brokers, topic):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "admin"})
    partitions = consumer.list_topics(topic, timeout=LIMIT_S).topics[topic].partitions
    ends = (consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=LIMIT_S)[1] for p in partitions)
    print(sum(ends))
    consumer.close()


def main(brokers, verb, *arguments):
    if verb == "records":
        records(brokers, *arguments)
        return
    admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    match verb:
        case "ping":
            admin.list_topics(timeout=2)
        case "create":
            create(admin, *arguments)
        case "alter":
            alter(admin, *arguments)
        case "user":
            user(admin, *arguments)
        case "allow":
            allow(admin, *arguments)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(*sys.argv[1:])
