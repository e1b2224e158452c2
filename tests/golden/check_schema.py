"""Judges the schema of the configuration by a stock validator: the example and the file of defaults
fit, and each of the wrong ones does not. Usage: check_schema.py SCHEMA EXAMPLE"""

import copy
import json
import sys
import tomllib

from jsonschema import Draft202012Validator


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    with open(sys.argv[2], "rb") as file:
        example = tomllib.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for error in validator.iter_errors(example):
        sys.exit(f"the example does not fit: {error.json_path}: {error.message}")
    wrong = [
        (("batch", "linger"), 5, "$.batch.linger"),
        (("batch", "linger"), "5", "$.batch.linger"),
        (("batch", "max_bytes"), "64KB", "$.batch.max_bytes"),
        (("batch", "lingr"), "5ms", "$.batch"),
        (("clok",), {}, "$"),
        (("link", 0, "port"), 0, "$.link[0].port"),
        (("link", 0, "name"), "North", "$.link[0].name"),
        (("link", 0, "allow_downgrade"), "no", "$.link[0].allow_downgrade"),
        (("link", 0, "filter", 0, "qos"), 2, "$.link[0].filter[0].qos"),
        (("kafka", "compression"), "gzip", "$.kafka.compression"),
        (("kafka", "brokers"), "a:1", "$.kafka.brokers"),
        (("kafka", "librdkafka", "socket.timeout.ms"), [], "$.kafka.librdkafka['socket.timeout.ms']"),
        (("link",), [], "$.link"),
    ]
    for path, value, place in wrong:
        planted = copy.deepcopy(example)
        table = planted
        for step in path[:-1]:
            table = table[step]
        table[path[-1]] = value
        found = [error.json_path for error in validator.iter_errors(planted)]
        if found != [place]:
            sys.exit(f"{path} = {value!r}: expected one mistake at {place}, found {found}")
    for path in [("link",), ("kafka", "brokers"), ("link", 0, "host"), ("link", 0, "filter")]:
        planted = copy.deepcopy(example)
        table = planted
        for step in path[:-1]:
            table = table[step]
        del table[path[-1]]
        if not list(validator.iter_errors(planted)):
            sys.exit(f"{path} may be missing")
    print(f"the example fits, {len(wrong)} wrong ones do not")


main()
