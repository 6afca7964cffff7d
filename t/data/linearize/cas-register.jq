# SPDX-License-Identifier: MIT
# What --spec cas-register is, as a model: the bench compares their times.
module {"name": "cas_register_model"};
include "pd";

def init: {value: null};

def commands:
  { Write: {args: {value: int(0; 4)}},
    Read: {read_only: true},
    CompareAndSet: {args: {expected: int(0; 4), value: int(0; 4)}},
    Cas: {args: {expected: int(0; 4), value: int(0; 4)}} };

def simulate_Write($c): {type: "Done"};
def simulate_Read($c): {type: "Done", value: .value};
def simulate_CompareAndSet($c): {type: "Done", ok: (.value == $c.expected)};
def simulate_Cas($c): {type: "Done", ok: (.value == $c.expected)};

def legal_Write($c; $events): true;
def legal_Read($c; $events): .value == ([$events[] | select(has("value"))] | first.value);
def legal_CompareAndSet($c; $events): (.value == $c.expected) == ([$events[] | select(has("ok"))] | first.ok);
def legal_Cas($c; $events): (.value == $c.expected) == ([$events[] | select(has("ok"))] | first.ok);

def on_Write($c): .value = $c.value;
def on_CompareAndSet($c): if .value == $c.expected then .value = $c.value else . end;
def on_Cas($c): if .value == $c.expected then .value = $c.value else . end;
