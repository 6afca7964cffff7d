#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Histories for tests and benchmarks of pd-linearize: op records, the same ones for the same arguments.

histories.py small SPEC SEED COUNT    small histories for brute force, about half of them linearizable
histories.py large SPEC SEED          one that is linearizable by construction, see --help for its options
histories.py CASE NUMBER…             one of the hard cases at the end of this file

Records of a large history carry two fields more: "constructed", the place of the operation in the order that
it was made in (none: it never happened), and "changed", where a result was replaced afterwards.
"""
import argparse
import heapq
import json
import random
import sys

from specifications import SPECIFICATIONS, plain

# --- Commands: by specification, names with weights, and what they take. ---

COMMANDS = {
    "register": [("Write", 1, "value"), ("Read", 1)],
    "cas-register": [("Write", 2, "value"), ("Read", 3), ("CompareAndSet", 2, "expected", "value"),
                     ("Cas", 1, "expected", "value")],
    "counter": [("Add", 2, "amount"), ("Increment", 1), ("Decrement", 1), ("Read", 3)],
    "set": [("Add", 4, "value"), ("Remove", 2, "value"), ("Contains", 2, "value"), ("Read", 2)],
    "queue": [("Enqueue", 1, "value"), ("Dequeue", 1)],
    "stack": [("Push", 1, "value"), ("Pop", 1)],
    "kv": [("Put", 3, "key", "value"), ("Get", 4, "key"), ("Delete", 1, "key"),
           ("CompareAndSet", 2, "key", "expected", "value"), ("Cas", 1, "key", "expected", "value")],
    "bank": [("Deposit", 3, "account", "amount"), ("Withdraw", 2, "account", "amount"), ("Balance", 4, "account"),
             ("Transfer", 1, "from", "to", "amount"), ("Adjust", 0.3, "account"), ("Audit", 0.7)],
}
NULLABLE = {"register", "cas-register"}  # where null may be written
# What a command may be answered without: its specification does not insist.
OPTIONAL = {("counter", "add"), ("counter", "increment"), ("counter", "decrement"), ("set", "add"),
            ("set", "remove"), ("kv", "delete")}
STYLES = [str, str, str.lower, lambda name: "".join("_" + c if c.isupper() else c for c in name)[1:].lower(),
          lambda name: "".join("-" + c if c.isupper() else c for c in name)[1:]]
# Values of a history: plain ones, and some whose equality is not that of their text.
DOMAINS = [[1, 2], [1, 2, 3], [0, 1], ["a", "b", "c"], [1, 1.0, 2], ["1", 1, True], [{"a": 1, "b": [2]},
           {"b": [2], "a": 1}, {"a": 1}], [[], {}, ""], [0, False, "", -1],
           [{"a": 1.0}, {"a": 1}, [1]]]


class Commands:
    """Draws commands of a specification, and the results that they may have been answered."""

    def __init__(self, rng, spec, domain, style=str):
        self.rng, self.spec, self.domain, self.style = rng, spec, domain, style
        self.specification = SPECIFICATIONS[spec]
        self.weights = [entry[1] for entry in COMMANDS[spec]]

    def argument(self, name):
        if name == "key":
            return self.rng.choice("kl")
        if name in ("account", "from", "to"):
            return self.rng.choice("ab")
        if name == "amount":
            return self.rng.choice((1, 2, 4))
        if (name == "expected" or self.spec in NULLABLE) and self.rng.random() < 0.1:
            return None
        return self.rng.choice(self.domain)

    def draw(self):
        name, _, *arguments = self.rng.choices(COMMANDS[self.spec], self.weights)[0]
        command = {"type": self.style(name) if self.spec != "bank" else name}
        command.update((argument, self.argument(argument)) for argument in arguments)
        if name == "Transfer":
            command["from"], command["to"] = self.rng.choice(("ab", "ba"))
        return command

    def answer(self, state, command):
        """What the system does: the state after it, and its events."""
        if self.spec == "bank":
            return self.bank_answer(state, command)
        after, fields = self.specification.apply(state, command)
        return after, self.events(command, fields)

    def bank_answer(self, state, command):
        event = self.specification.predict(state, command)
        if command["type"] == "Withdraw" and self.rng.random() < 0.1:
            event = {"type": "Busy"}
        elif command["type"] == "Adjust":
            event = {"type": "Adjusted", "account": command["account"], "balance": self.rng.randrange(7)}
        return self.specification.fold(state, event), [event]

    def events(self, command, fields):
        fields = {name: self.json(value) for name, value in fields.items()}
        dice = self.rng.random()
        if (self.spec, plain(command["type"])) in OPTIONAL and dice < 0.5:
            fields = {}
        if "empty" in fields and dice < 0.3:
            fields = {"value": None}
        if "values" in fields:
            fields["values"] = self.rng.sample(fields["values"], len(fields["values"]))
        events = [{"type": "Done", **fields}] if fields or dice < 0.2 else []
        if dice > 0.9:  # neither other events before it nor a second result matter
            events = [{"type": "Noted", "by": "x"}, *events, {"type": "Done", **fields}]
        return events

    def json(self, value):
        """Back from the specification's canonical values."""
        if isinstance(value, frozenset):
            return [self.json(v) for v in sorted(value, key=repr)]
        if not isinstance(value, tuple):
            return value
        kind, *rest = value
        if kind == "bool":
            return rest[0]
        if kind == "list":
            return [self.json(v) for v in rest]
        return {name: self.json(v) for name, v in rest}

    def other_events(self, command):
        """Some result for the command, right only by chance."""
        rng, name = self.rng, plain(command["type"])
        if self.spec == "bank":
            return [self.other_bank_event(command)]
        if name in ("cas", "compareandset", "delete") or (self.spec, name) in (("set", "add"), ("set", "remove")):
            return [{"type": "Done", "ok": rng.random() < 0.5}]
        if name == "contains":
            return [{"type": "Done", "found": rng.random() < 0.5}]
        if self.spec == "counter":
            return [{"type": "Done", "value": rng.randrange(-1, 6)}]
        if self.spec == "set":
            distinct = {repr(self.specification.start([v])): v for v in self.domain}
            return [{"type": "Done", "values": [v for v in distinct.values() if rng.random() < 0.5]}]
        if name in ("read", "get", "dequeue", "pop"):
            value = rng.choice(self.domain) if rng.random() < 0.8 else None
            if value is None and name in ("dequeue", "pop"):
                return [{"type": "Done", "empty": True}]
            return [{"type": "Done", "value": value}]
        return []

    def other_bank_event(self, command):
        rng, name = self.rng, command["type"]
        balance = rng.randrange(7)
        if name == "Audit":
            return {"type": "Audited", "total": balance}
        if name in ("Deposit", "Withdraw", "Transfer") and rng.random() < 0.3:
            return {"type": "Refused"}
        if name == "Transfer":
            return {**command, "type": "Transferred"}
        done = {"Deposit": "Deposited", "Withdraw": "Withdrawn", "Balance": "Told", "Adjust": "Adjusted"}[name]
        return {"type": done, "account": command["account"], "balance": balance}


# --- Small histories. ---

class Small:
    """One of them: a timetable full of ties, what a real system answered to it, then perturbed."""

    def __init__(self, rng, spec, initial):
        self.rng, self.initial = rng, initial
        domain = rng.choice(DOMAINS) if rng.random() < 0.5 else [1, 2, 3]
        self.commands = Commands(rng, spec, domain, rng.choice(STYLES))
        self.unknown = rng.choice((0, 0, 0.1, 0.2, 0.3))
        keys = ["x", ["y"]] if spec not in ("kv", "bank") and rng.random() < 0.15 else None
        self.operations = [self.operation(i, keys) for i in range(rng.randrange(3, 8))]
        if rng.random() < 0.15:  # the order of records matters only to those of one process
            rng.shuffle(self.operations)

    def operation(self, i, keys):
        operation = {"type": "op", "id": f"o{i + 1}", "call_us": 0, "command": self.commands.draw()}
        if keys:
            operation["key"] = self.rng.choice(keys)
        return operation

    def timetable(self):
        rng = self.rng
        processes = rng.choice(([1, 2], [1, 2], ["a", "b", "c"], [1, 2, 3, "1"], [None, 1]))
        free = [0] * len(processes)
        for operation in self.operations:
            i = rng.randrange(len(processes))
            if processes[i] is not None:
                operation["process"] = processes[i]
            called = max(0, free[i] + rng.choice((-1, 0, 0, 1, 2)))
            returned = called + rng.choice((0, 1, 2, 3, 5))
            free[i] = returned
            operation["call_us"], operation["return_us"] = called, returned
            operation["point"] = rng.uniform(called, returned)

    def answer(self):
        states = {}
        for operation in sorted(self.operations, key=lambda o: o["point"]):
            part = repr(operation.get("key"))
            state = states.get(part, self.initial)
            states[part], operation["events"] = self.commands.answer(state, operation["command"])

    def lose_outcomes(self):
        """Some answers never came: it took effect at its time, or later, or not. Some are only slow."""
        rng, lost = self.rng, []
        for operation in self.operations:
            if rng.random() < self.unknown:
                lost.append(operation)
                operation["point"] += rng.choice((0, 2, 4, 8, 1000))
            elif rng.random() < 0.05:
                operation["return_us"] = None
                operation["point"] += rng.choice((0, 3, 6))
        return lost

    def perturb(self):
        rng = self.rng
        a, b = rng.choice(self.operations), rng.choice(self.operations)
        change = rng.randrange(4)
        if change <= 1:
            a["events"] = self.commands.other_events(a["command"])
        elif change == 2 and a["command"]["type"] == b["command"]["type"] != "Adjust":
            # (What a teller adjusts by hand has no rule that ties it to the account, as the model's keys do.)
            a["events"], b["events"] = b["events"], a["events"]
        else:
            a["call_us"], b["call_us"] = b["call_us"], a["call_us"]
            a["return_us"], b["return_us"] = b["return_us"], a["return_us"]

    def records(self):
        self.timetable()
        lost = self.lose_outcomes()
        self.answer()
        for _ in range(self.rng.choice((0, 1, 1, 2, 2, 3))):
            self.perturb()
        for operation in lost:
            operation["events"] = None
            if self.rng.random() < 0.5:
                operation["return_us"] = None
            if self.rng.random() < 0.2:
                del operation["events"]
        for operation in self.operations:
            del operation["point"]
        return self.operations


def small(spec, seed, count, initial=None):
    rng = random.Random(f"{spec} {seed}")
    specification = SPECIFICATIONS[spec]
    initial = specification.initial if initial is None else specification.start(json.loads(initial))
    for number in range(1, count + 1):
        for record in Small(rng, spec, initial).records():
            yield {"type": "op", "history": number, **record}


# --- Long runs of a simulated system. ---

def unique_values():
    value = 0
    while True:
        value += 1
        yield value


def large(spec, seed, operations=5000, processes=20, unknown=0, change=None, unique=False, think=10):
    """Clients call one operation after another; each takes effect at some point between call and return. One that
    gets no answer is replaced by a new client, and its operation takes effect then, long after, or never."""
    rng = random.Random(f"{spec} {seed} {operations} {processes} {unknown} {unique} {think}")
    values = unique_values()
    commands = Commands(rng, spec, range(5))
    if unique or spec in ("queue", "stack"):
        commands.argument = lambda name, drawn=commands.argument: next(values) if name == "value" else drawn(name)
    lost = set(rng.sample(range(operations), unknown))
    records, clients, last = [], [(rng.randrange(100), p) for p in range(1, processes + 1)], processes
    heapq.heapify(clients)
    for i in range(operations):
        free, process = heapq.heappop(clients)
        called = free + 1 + int(rng.expovariate(1 / (10 * think)))
        returned = called + 2 + int(rng.expovariate(1 / 100))
        record = {"type": "op", "id": f"o{i + 1}", "process": process, "call_us": called, "return_us": returned,
                  "command": commands.draw(), "point": rng.uniform(called, returned)}
        if i in lost:
            last += 1
            process, record["return_us"] = last, None
            record["point"] += rng.choice((0, rng.expovariate(1 / 3000), float("inf")))
        records.append(record)
        heapq.heappush(clients, (returned, process))
    answer(records, commands, lost)
    records.sort(key=lambda r: r["call_us"])
    if change:
        replace(rng, records, commands, change)
    return records


def answer(records, commands, lost):
    state = commands.specification.initial
    unanswered = {f"o{i + 1}" for i in lost}
    for place, record in enumerate(sorted(records, key=lambda r: r["point"])):
        if record.pop("point") != float("inf"):
            state, events = commands.answer(state, record["command"])
            record["constructed"] = place
        record["events"] = None if record["id"] in unanswered else events


IMPOSSIBLE = {"value": 10**9, "values": [10**9]}


def replace(rng, records, commands, change):
    """One result in the second half becomes another one: "impossible" in any order, or "plausible"."""
    for record in rng.sample(records[len(records) // 2:], len(records) // 2):
        events = record["events"]
        if not events or "Noted" in events[0].values():
            continue
        fields = [field for field in events[0] if field in ("value", "values", "ok", "found", "empty")]
        if not fields or change == "impossible" and fields[0] not in IMPOSSIBLE:
            continue
        if change == "impossible":
            other = [{"type": "Done", fields[0]: IMPOSSIBLE[fields[0]]}]
        else:
            other = plausible(rng, records, commands, record)
        if other[0] != events[0]:
            record["events"], record["changed"] = other, True
            return
    sys.exit("no result to change")


def plausible(rng, records, commands, record):
    """The answer that another such command got shortly before or after."""
    if commands.spec in ("queue", "stack"):
        name, i = record["command"]["type"], records.index(record)
        near = [r["events"] for r in records[i - 40:i + 40] if r["command"]["type"] == name and r["events"]]
        return rng.choice(near)
    if commands.spec == "counter":
        value = record["events"][0]["value"]
        return [{"type": "Done", "value": value + rng.choice((-4, -1, 1, 2))}]
    return commands.other_events(record["command"])


# --- Hard cases. ---

def operation(number, process, called, returned, command, events=()):
    return {"type": "op", "id": f"o{number}", "process": process, "call_us": called, "return_us": returned,
            "command": command, "events": events if events is None else list(events)}


def write(value):
    return {"type": "Write", "value": value}


def read(number, process, called, value, returned=None):
    return operation(number, process, called, returned or called + 5, {"type": "Read"}, [{"type": "Read", "value": value}])


def writers(n, seen):
    """n writers at the same time, then a read: of what "nobody" wrote, or the "first"."""
    records = [operation(i, i, i, 100 + i, write(i)) for i in range(1, n + 1)]
    return [*records, read(n + 1, 1, 1000, {"nobody": n + 1, "first": 1}[seen])]


def powers(n, shape, when):
    """n additions of powers of two at the same time, and a read "after" or "beside" them, of a sum that is too
    "large", or "odd" where all that is added is even, or what is all but "one"."""
    records = [operation(i, i, i, 100 + i, {"type": "Add", "amount": 2**i}) for i in range(1, n + 1)]
    total = {"large": 2**(n + 1), "odd": 2**n + 1, "one": 2**(n + 1) - 2 - 2**(n // 2)}[shape]
    return [*records, read(n + 1, n + 1, {"after": 1000, "beside": 50}[when], total, 2000)]


def unknown_writes(k, wrong, pairs=20):
    """k writes of unknown outcome, beside them pairs of a write and its read one after another, and a last read
    of a value "never" written, or an "old" one of a pair, or one of an unknown write that is used "up"."""
    records = [operation(i, i, i, None, write(1000 + i), None) for i in range(1, k + 1)]
    time = 100
    for i in range(1, pairs + 1):
        records.append(operation(len(records) + 1, 0, time, time + 5, write(i)))
        records.append(read(len(records) + 1, 0, time + 10, 1001 if wrong == "up" and i == pairs // 2 else i))
        time += 20
    value = {"never": 9999, "old": pairs // 4, "up": 1001}[wrong]
    return [*records, read(len(records) + 1, 0, time, value)]


def simulated(operations, unknown, seed, end, unique=True):
    """A register with 5 clients, values all different or of five. At its end it is "right", or the last read is of a value
    "never" written, or an "old" one that no unknown write can bring back, or there are more changes than writes
    of unknown outcome ("changes")."""
    records = large("register", seed, operations, 5, unknown, unique=unique, think=3)
    time = max(r["return_us"] or r["call_us"] for r in records) + 100

    def reads(values):
        return [read(operations + i + 1, 1, time + 10 * i, value) for i, value in enumerate(values)]

    written = [r for r in records if r["command"]["type"] == "Write" and r["events"] is not None]
    if end == "never":
        return records + reads([9999])
    if end == "old":
        return records + reads([written[len(written) // 2]["command"]["value"]])
    if end == "changes":
        return records + reads([i % 2 for i in range(unknown + 2)])
    return records


def cas(processes, operations, end):
    """A compare-and-set register of five values, "right", or at the end two reads that cannot both be true ("wrong")."""
    records = large("cas-register", 1, operations, processes)
    time = max(r["return_us"] for r in records) + 100
    state = final_state("cas-register", records)
    last = state if end == "right" else 0 if state is None else (state + 1) % 5
    return [*records, read(operations + 1, 1, time, state), read(operations + 2, 1, time + 10, last)]


def final_state(spec, records):
    specification = SPECIFICATIONS[spec]
    state = specification.initial
    for record in sorted(records, key=lambda r: r["constructed"]):
        state, _ = specification.apply(state, record["command"])
    return state


CASES = {"writers": writers, "powers": powers, "unknown-writes": unknown_writes, "simulated": simulated, "cas": cas}


def number_or_word(text):
    return int(text) if text.isdigit() else text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["small", "large", *CASES])
    parser.add_argument("arguments", nargs="*", type=number_or_word)
    parser.add_argument("--initial", help="the first state, of small ones")
    parser.add_argument("--operations", type=int, default=5000)
    parser.add_argument("--processes", type=int, default=20)
    parser.add_argument("--unknown", type=int, default=0)
    parser.add_argument("--think", type=int, default=10, help="the pause between a client's operations; these take 10")
    parser.add_argument("--change", choices=["impossible", "plausible"])
    options = parser.parse_intermixed_args()
    if options.kind == "small":
        records = small(*options.arguments, options.initial)
    elif options.kind == "large":
        records = large(*options.arguments, options.operations, options.processes, options.unknown, options.change,
                        think=options.think)
    else:
        records = CASES[options.kind](*options.arguments)
    encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
    for record in records:
        print(encode(record))


if __name__ == "__main__":
    main()
