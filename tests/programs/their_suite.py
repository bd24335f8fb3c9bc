"""Runs a test suite of socketIO-client with one import changed; each test in a thread of its own, as they mostly sleep.

Told as JSON: the ``file`` of the suite, its ``port``, the test case ``kind``. Prints what failed, by name: null or why.
"""

import json
import re
import sys
import threading
import types
import unittest

told = json.loads(sys.argv[1])
with open(told["file"], encoding="utf-8") as file:
    text = file.read()
text = re.sub(
    r"^from \.+(\w*) import",
    lambda found: f"from {told['package']}{'.' * bool(found[1])}{found[1]} import",
    text,
    flags=re.M,
)
suite = types.ModuleType("suite")
exec(compile(text, told["file"], "exec"), vars(suite))  # the changed text is that of the suite
suite.HOST, suite.PORT = "127.0.0.1", told["port"]
kind = getattr(suite, told["kind"])
outcomes = {}


def run(name):
    result = unittest.TestResult()
    kind(name).run(result)
    outcomes[name] = next((text for _, text in result.errors + result.failures), None)


threads = [threading.Thread(target=run, args=(name,)) for name in unittest.defaultTestLoader.getTestCaseNames(kind)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps(outcomes))
