"""Runs the packet scripts against one guest and prints one JSON line a script. Arguments: sockets, then words to choose by.

Every function of the script files without a leading underscore, with one parameter `guest`, is a script.
"""

import importlib
import inspect
import json
import random
import sys
import time

from guest import Failure, Guest

FILES = ("handshake", "established", "sending", "floods")


def scripts(words):
    for name in FILES:
        module = importlib.import_module(name)
        functions = inspect.getmembers(module, inspect.isfunction)
        # In the order of the file: floods come last, they leave queues full behind them.
        for function_name, function in sorted(functions, key=lambda pair: pair[1].__code__.co_firstlineno):
            own = function.__module__ == name and list(inspect.signature(function).parameters) == ["guest"]
            full = f"{name}/{function_name}"
            if own and (not words or any(word in full for word in words)):
                yield full, function


def main():
    guest = Guest(sys.argv[1], sys.argv[2])
    print(json.dumps({"event": "listening"}), flush=True)
    sys.stdin.readline()
    guest.resolve(timeout=20.0)
    for full, function in scripts(sys.argv[3:]):
        random.seed(full)
        guest.drain()
        started = time.monotonic()
        problem = None
        try:
            function(guest)
        except Failure as failure:
            problem = str(failure)
        except Exception as error:  # a mistake of the script itself
            problem = f"{type(error).__name__}: {error}"
        seconds = round(time.monotonic() - started, 2)
        about = (function.__doc__ or "").strip().split("\n")[0]
        print(json.dumps({"event": "result", "id": full, "problem": problem, "seconds": seconds, "about": about}), flush=True)
    # The last word: is the guest still there after all of it?
    try:
        guest.ping(identifier=31337)
        alive = True
    except Failure:
        alive = False
    print(json.dumps({"event": "end", "alive": alive}), flush=True)


main()
