# SPDX-License-Identifier: MIT
"""For tests of pd-linearize: its specifications, written a second time from their descriptions.

apply(state, command) is what a command does and answers when nothing disturbs it: (state, fields).
step(state, operation) is the state after an operation, or ILLEGAL when it cannot have been answered
so. States are immutable. Nothing is shared with the C library.
"""

ILLEGAL = object()


def canonical(value):
    """Equal JSON values become equal Python values, and others do not: 1.0 is 1, true is not."""
    kind = type(value)
    if kind is bool:
        return ("bool", value)
    if kind is float and value.is_integer():
        return int(value)
    if kind is list:
        return ("list", *map(canonical, value))
    if kind is dict:
        return ("object", *((name, canonical(value[name])) for name in sorted(value)))
    return value


def plain(name):
    return name.replace("-", "").replace("_", "").lower()


def result(events, field):
    """(is there one, the value) of the first event that has the field."""
    for event in events:
        if field in event:
            return True, event[field]
    return False, None


class Specification:
    """A type built in. A subclass has its first state and apply with one branch a command."""

    initial = None

    def start(self, given):
        """The state that --initial describes."""
        return canonical(given)

    def answers(self, fields, events):
        """Do the events agree with the fields that should be answered? What they lack is not judged."""
        for field, expected in fields.items():
            there, seen = result(events, field)
            if there and canonical(seen) != expected:
                return False
        return True

    def step(self, state, operation):
        after, fields = self.apply(state, operation["command"])
        events = operation.get("events")
        if events is None or self.answers(fields, events):
            return after
        return ILLEGAL


class Register(Specification):
    def apply(self, state, command):
        name = plain(command["type"])
        if name == "write":
            return canonical(command["value"]), {}
        if name == "read":
            return state, {"value": state}
        raise ValueError(name)


class CasRegister(Register):
    def apply(self, state, command):
        if plain(command["type"]) not in ("cas", "compareandset"):
            return super().apply(state, command)
        ok = state == canonical(command["expected"])
        return canonical(command["value"]) if ok else state, {"ok": ("bool", ok)}


class Counter(Specification):
    initial = 0

    def apply(self, state, command):
        name = plain(command["type"])
        amount = {"add": command.get("amount"), "increment": 1, "decrement": -1, "read": 0}[name]
        return state + amount, {"value": state + amount}


class Set(Specification):
    initial = frozenset()

    def start(self, given):
        return frozenset(map(canonical, given))

    def apply(self, state, command):
        name = plain(command["type"])
        if name == "read":
            return state, {"values": state}
        value = canonical(command["value"])
        if name == "add":
            return state | {value}, {"ok": ("bool", value not in state)}
        if name == "remove":
            return state - {value}, {"ok": ("bool", value in state)}
        if name == "contains":
            return state, {"found": ("bool", value in state)}
        raise ValueError(name)

    def answers(self, fields, events):
        if "values" not in fields:
            return super().answers(fields, events)
        there, seen = result(events, "values")
        return not there or sorted(map(repr, map(canonical, seen))) == sorted(map(repr, fields["values"]))


class Queue(Specification):
    initial = ()
    put, take, end = "enqueue", "dequeue", 0

    def start(self, given):
        return tuple(map(canonical, given))

    def apply(self, state, command):
        name = plain(command["type"])
        if name == self.put:
            return state + (canonical(command["value"]),), {}
        if name == self.take:
            if not state:
                return state, {"empty": ("bool", True)}
            return state[1:] if self.end == 0 else state[:-1], {"value": state[self.end]}
        raise ValueError(name)

    def answers(self, fields, events):
        if not fields:
            return True
        value = canonical(result(events, "value")[1])
        if result(events, "empty")[1] is True or value is None:
            return "empty" in fields
        return fields.get("value") == value


class Stack(Queue):
    put, take, end = "push", "pop", -1


class KeyValue(Specification):
    initial = {}

    def start(self, given):
        return {key: canonical(value) for key, value in given.items()}

    def apply(self, state, command):
        name, key = plain(command["type"]), canonical(command["key"])
        if name == "get":
            return state, {"value": state.get(key)}
        if name == "delete":
            return {k: v for k, v in state.items() if k != key}, {"ok": ("bool", key in state)}
        if name == "put":
            return {**state, key: canonical(command["value"])}, {}
        if name in ("cas", "compareandset"):
            ok = state.get(key) == canonical(command["expected"])
            return {**state, key: canonical(command["value"])} if ok else state, {"ok": ("bool", ok)}
        raise ValueError(name)


class Bank(Specification):
    """t/data/linearize/bank.jq. Here fields are those of the event that it predicts."""

    initial = {}

    def start(self, given):
        return given

    def apply(self, state, command):
        event = self.predict(state, command)
        return self.fold(state, event), event

    def predict(self, state, command):
        name = command["type"]
        if name == "Audit":
            return {"type": "Audited", "total": sum(state.values())}
        if name == "Transfer":
            amount = command["amount"]
            if state.get(command["from"], 0) < amount or state.get(command["to"], 0) + amount > 6:
                return {"type": "Refused"}
            return {**command, "type": "Transferred"}
        account = command["account"]
        balance = state.get(account, 0)
        if name == "Adjust":
            return {}
        if name == "Balance":
            return {"type": "Told", "account": account, "balance": balance}
        balance += command["amount"] if name == "Deposit" else -command["amount"]
        if balance < 0 or balance > 6 and name == "Deposit":
            return {"type": "Refused"}
        return {"type": name + ("ed" if name == "Deposit" else "n"), "account": account, "balance": balance}

    def fold(self, state, event):
        kind = event.get("type")
        if kind in ("Deposited", "Withdrawn", "Adjusted"):
            return {**state, event["account"]: event["balance"]}
        if kind == "Transferred":
            return {**state, event["from"]: state.get(event["from"], 0) - event["amount"],
                    event["to"]: state.get(event["to"], 0) + event["amount"]}
        return state

    def step(self, state, operation):
        name, events = operation["command"]["type"], operation.get("events")
        expected = self.predict(state, operation["command"])
        if events is None:
            return self.fold(state, expected)
        seen = events[0]
        if name == "Withdraw":
            legal = seen["type"] == "Busy" or (seen["type"] == expected["type"]
                                               and seen.get("balance") == expected.get("balance"))
        else:
            legal = all(seen.get(field) == value for field, value in expected.items())
        return self.fold(state, seen) if legal else ILLEGAL


SPECIFICATIONS = {"register": Register(), "cas-register": CasRegister(), "counter": Counter(), "set": Set(),
                  "queue": Queue(), "stack": Stack(), "kv": KeyValue(), "bank": Bank()}
