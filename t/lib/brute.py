#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""For tests of pd-linearize: judges small histories by trying every order.

brute.py SPEC [--initial JSON] [--count] [--feasibility] [--compare FILE] [FILE]: reads op records and
prints a verdict for each history, and when asked to the number of orders that explain it (operations of
unknown outcome are in them or not) and of those that precedence alone allows (all operations are in them).

With --compare the linearization records of FILE, one a history in the same order, are looked at instead:
verdict and numbers must be the same, an order must explain the history, a prefix what it holds, and what is
blocked after it must be so. Prints a line of counts and the smallest history that differs; exit 1 when one does.

With --constructed the histories are those of histories.py large, which are too long to try every order. One
as it was made is linearizable. With a result changed, it may be refuted, unless the operations around it in the
order that it was made in (WINDOW to each side) can be put into another that ends in the same state.
"""
import argparse
import functools
import itertools
import json
import sys

from specifications import ILLEGAL, SPECIFICATIONS, canonical


WINDOW = 4


class History:
    """Operations with what precedes them, as sets of bits."""

    def __init__(self, specification, initial, operations):
        self.specification = specification
        self.step_in_part = specification.step
        self.initial = specification.initial if initial is None else initial
        self.operations = operations
        self.parts = [canonical(o["key"]) if "key" in o else None for o in operations]
        self.definite = sum(1 << i for i, o in enumerate(operations) if o.get("events") is not None)

    @functools.cached_property
    def before(self):
        every = range(len(self.operations))
        return [sum(1 << a for a in every if self.precedes(a, b)) for b in every]

    def precedes(self, a, b):
        first, second = self.operations[a], self.operations[b]
        returned = first.get("return_us")
        if a == b or returned is None or first.get("events") is None:
            return False
        process = first.get("process")
        return returned < second["call_us"] or (
            a < b and process is not None and process == second.get("process") and returned <= second["call_us"])

    def step(self, states, i):
        """The states by part after operation i, or ILLEGAL."""
        part = self.parts[i]
        after = self.step_in_part(states.get(part, self.initial), self.operations[i])
        return after if after is ILLEGAL else {**states, part: after}

    def next(self, placed):
        """What may stand next in an order, by precedence."""
        return (i for i in range(len(self.operations)) if not placed >> i & 1 and not self.before[i] & ~placed)

    def linearizable(self, placed=0, states={}, last=None):
        """Is there an order, which ends in these last states if they are given?"""
        if placed & self.definite == self.definite and (last is None or states == last):
            return True
        for i in self.next(placed):
            after = self.step(states, i)
            if after is not ILLEGAL and self.linearizable(placed | 1 << i, after, last):
                return True
        return False

    def count(self, placed=0, states={}):
        total = 1 if placed & self.definite == self.definite else 0
        for i in self.next(placed):
            after = self.step(states, i)
            if after is not ILLEGAL:
                total += self.count(placed | 1 << i, after)
        return total

    def feasible(self, placed=0):
        if placed + 1 == 1 << len(self.operations):
            return 1
        return sum(self.feasible(placed | 1 << i) for i in self.next(placed))

    def verdict(self):
        return "linearizable" if self.linearizable() else "not_linearizable"

    def too_early(self, order, everything):
        """One of these positions that stands before another that precedes it, or None. With everything, what is
        not in the order stands behind it."""
        there = sum(1 << i for i in (range(len(self.operations)) if everything else order))
        placed = 0
        for i in order:
            if self.before[i] & there & ~placed:
                return i
            placed |= 1 << i
        return None

    def replay(self, ids, everything=True):
        """What is wrong with an order, or None; and what is placed, and the states after it."""
        positions = {o["id"]: i for i, o in enumerate(self.operations)}
        if len(set(ids)) < len(ids) or not positions.keys() >= set(ids):
            return f"an id is unknown or twice in {ids}", set(), {}
        order = [positions[name] for name in ids]
        early = self.too_early(order, everything)
        if early is not None:
            return f"{self.operations[early]['id']} comes too early in {ids}", set(order), {}
        states = {}
        for i in order:
            states = self.step(states, i)
            if states is ILLEGAL:
                return f"{self.operations[i]['id']} is illegal in {ids}", set(order), {}
        return None, set(order), states

    def wrong_order(self, order):
        problem, placed, _ = self.replay(order)
        lacking = [o["id"] for i, o in enumerate(self.operations) if self.definite >> i & 1 and i not in placed]
        return f"the order lacks {lacking}" if lacking and not problem else problem

    def wrong_prefix(self, record):
        # One of several parts is explained without the others.
        problem, placed, states = self.replay(record["prefix"], everything=record["parts"] == 1)
        positions = {o["id"]: i for i, o in enumerate(self.operations)}
        if not problem and not record["blocked"]:
            problem = "nothing is blocked"
        for blocked in record["blocked"]:
            i = positions[blocked["id"]]
            if not problem and i in placed:
                problem = f"{blocked['id']} is blocked and in the prefix"
            if not problem and self.step(states, i) is not ILLEGAL:
                problem = f"{blocked['id']} is blocked, but could be placed"
        return problem

    def wrong(self, record, options):
        """What is wrong with a linearization record, or None."""
        verdict = self.verdict()
        if record["verdict"] != verdict:
            return f"{record['verdict']}, by brute force {verdict}"
        if options.count and record["count"] != str(self.count()):
            return f"{record['count']} orders, by brute force {self.count()}"
        if options.feasibility and record["feasible"]["orders"] != str(self.feasible()):
            return f"{record['feasible']} orders are feasible, by brute force {self.feasible()}"
        return self.wrong_explanation(record)

    def wrong_explanation(self, record):
        if record["operations"] != len(self.operations):
            return f"{record['operations']} operations of {len(self.operations)}"
        return self.wrong_order(record["order"]) if record["verdict"] == "linearizable" else self.wrong_prefix(record)


class Constructed(History):
    """Too long to try every order, but one was known before a result was changed."""

    def too_early(self, order, everything):
        # In these no operation of a process begins at the very time that the one before it ended.
        def ends(i):
            o = self.operations[i]
            return float("inf") if o["events"] is None or o["return_us"] is None else o["return_us"]
        behind = set(range(len(self.operations))).difference(order) if everything else ()
        earliest = min(map(ends, behind), default=float("inf"))
        for i in reversed(order):
            if earliest < self.operations[i]["call_us"]:
                return i
            earliest = min(earliest, ends(i))
        return None

    def explained_around_change(self):
        order = sorted((o for o in self.operations if "constructed" in o), key=lambda o: o["constructed"])
        changed = next(i for i, o in enumerate(order) if "changed" in o)
        first, last = max(0, changed - WINDOW), changed + WINDOW + 1
        state = self.initial
        for operation in order[:first]:
            state = self.step_in_part(state, operation)
        end = state
        for operation in order[first:last]:
            end = self.step_in_part(end, {**operation, "events": None})
        window = sorted(order[first:last], key=lambda o: o["call_us"])
        return History(self.specification, state, window).linearizable(0, {None: state}, {None: end})

    def wrong(self, record, options):
        if record["verdict"] == "not_linearizable":
            if not any("changed" in o for o in self.operations):
                return "refuted, but linearizable by construction"
            if self.explained_around_change():
                return "refuted, but the operations around the change can be explained"
        elif record["verdict"] != "linearizable":
            return record["verdict"]
        return self.wrong_explanation(record)


def histories(file, kind, specification, initial):
    records = (json.loads(line) for line in file)
    for number, operations in itertools.groupby(records, lambda record: record.get("history")):
        yield number, kind(specification, initial, list(operations))


def judge(number, history, options):
    answer = {"history": number, "verdict": history.verdict()}
    if options.count:
        answer["count"] = str(history.count())
    if options.feasibility:
        answer["feasible"] = {"orders": str(history.feasible())}
    print(json.dumps(answer))


def compare(every_history, options):
    with open(options.compare) as file:
        records = [json.loads(line) for line in file if line.startswith('{"type":"linearization"')]
    every_history = list(every_history)
    if [number for number, _ in every_history] != [record.get("history") for record in records]:
        sys.exit("not one record for each history in the same order")
    refuted, unknown, different = 0, 0, []
    for (number, history), record in zip(every_history, records):
        refuted += record["verdict"] == "not_linearizable"
        unknown += record["unknown_outcomes"]
        problem = history.wrong(record, options)
        if problem:
            different.append((len(history.operations), number, problem, history, record))
    print(json.dumps({"judged": len(records), "refuted_percent": round(100 * refuted / len(records), 1),
                      "unknown_outcomes": unknown, "different": len(different)}))
    if different:
        size, number, problem, history, record = min(different, key=lambda d: d[:2])
        print(f"history {number}: {problem}"[:2000])
        if size <= 20:
            print(*map(json.dumps, history.operations), json.dumps(record), sep="\n")
        sys.exit(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("spec", choices=SPECIFICATIONS)
    parser.add_argument("file", nargs="?", type=argparse.FileType(), default=sys.stdin)
    parser.add_argument("--initial", type=json.loads)
    parser.add_argument("--count", action="store_true")
    parser.add_argument("--feasibility", action="store_true")
    parser.add_argument("--compare", metavar="FILE")
    parser.add_argument("--constructed", action="store_true")
    options = parser.parse_intermixed_args()
    specification = SPECIFICATIONS[options.spec]
    initial = None if options.initial is None else specification.start(options.initial)
    kind = Constructed if options.constructed else History
    every_history = histories(options.file, kind, specification, initial)
    if options.compare:
        compare(every_history, options)
    else:
        for number, history in every_history:
            judge(number, history, options)


if __name__ == "__main__":
    main()
