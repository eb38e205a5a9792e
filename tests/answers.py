# SPDX-License-Identifier: Apache-2.0
"""What programs get (-o json), read and compared with its schema in doc/schema."""
import json
import os
import warnings

import jsonschema

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "doc", "schema")


def schemas():
    return {name[:-len(".json")]: read(name) for name in sorted(os.listdir(FOLDER)) if name.endswith(".json")}


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return json.load(file)


def validate(document, name):
    schema, common = read(name + ".json"), read("common.json")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        resolver = jsonschema.RefResolver.from_schema(schema, store={common["$id"]: common})
        found = jsonschema.Draft202012Validator(schema, resolver=resolver).iter_errors(document)
        best = jsonschema.exceptions.best_match(found)
    if best:
        raise AssertionError(f"{name}.json: {'.'.join(map(str, best.absolute_path))}: {best.message}\nin {document}")
    return document


def answer(verb, text):
    """The answer of the verb's -o json: one document and nothing else."""
    return validate(json.loads(text), verb)


def stream(verb, text):
    """Events and the answer of a verb that prints an event a line."""
    *events, last = text.splitlines()
    return [validate(json.loads(line), "event") for line in events], answer(verb, last)


def deployment(verb, text):
    """Of an answer about one deployment: its object."""
    one, = answer(verb, text)["deployments"]
    return one
