# SPDX-License-Identifier: MIT
# The prelude that models and adapters include: generators, marks and answers.
# All of it is plain JSON, so a model can be tried with jq alone:
#   jq -L share/pd/jq -n 'include "pd"; oneof(["USD","EUR"])'
# No function here calls another one: jq 1.7 loses such functions when the
# module that includes them is itself included.
module {"name": "pd", "description": "generators for models, answers for adapters"};

# --- Generators: what an argument may be. ---

# A whole number in $min..$max; small ones and the bounds are likelier.
def int($min; $max): {"$gen": "int", min: $min, max: $max};

# A number in $min..$max with few decimals.
def float($min; $max): {"$gen": "float", min: $min, max: $max};

# One of the values of an array; the first is the simplest. Nothing to choose
# from disables the command.
def oneof($values): {"$gen": "oneof", values: $values};

def const($value): {"$gen": "oneof", values: [$value]};

def bool: {"$gen": "oneof", values: [false, true]};

# A choice by weight: frequency([[9, int(1; 500)], [1, const(0)]]).
def frequency($choices): {"$gen": "frequency", choices: $choices};

# The value or null.
def optional($generator): {"$gen": "frequency", choices: [[1, null], [3, $generator]]};

# Text of $min..$max characters, nasty ones among them, or of an alphabet's only.
def string($min; $max): {"$gen": "string", min: $min, max: $max};
def string($min; $max; $alphabet): {"$gen": "string", min: $min, max: $max, alphabet: $alphabet};
def string: {"$gen": "string", min: 0, max: 16};

# An array of $min..$max elements.
def list($of; $min; $max): {"$gen": "list", of: $of, min: $min, max: $max};
def list($of): {"$gen": "list", of: $of, min: 0, max: 8};

# An object whose values are generators, which any argument may be anyway.
def object($fields): $fields;

# Text that matches a pattern: letters, . [a-z] \d \w \s ( | ) ? * + {2,5}
def pattern($pattern): {"$gen": "pattern", pattern: $pattern};

# A time in RFC 3339 form, whole seconds, between two such times.
def timestamp($from; $to): {"$gen": "timestamp", from: $from, to: $to};
def timestamp: {"$gen": "timestamp", from: "2020-01-01T00:00:00Z", to: "2029-12-31T23:59:59Z"};

def uuid: {"$gen": "pattern", pattern: "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"};

def email: {"$gen": "pattern", pattern: "[a-z]{1,10}@example\\.(com|org|net)"};

def name: {"$gen": "oneof", values: ["Ada", "Bo", "Ng", "Łukasz", "Zoë", "O'Brien", "María José", "李雷",
                                     "van der Berg", "Nuñez-Ødegård", "X Æ", "محمد", "Null"]};

# A value that is unique in each execution, for what may be used only once:
# {} in the template is replaced; mint("uuid") makes a UUID.
def mint($template): {"$gen": "mint", template: $template};

# --- Marks in predicted events and verdicts of checks. ---

# A field of a predicted event that only the system can fill.
def external: {"$external": true};

def fail($message): {"$fail": $message};
def fail($message; $data): {"$fail": $message, data: $data};

# --- Answers of an adapter's events functions. ---

# Ask again, after a pause that grows, until the command's timeout.
def retry($reason): {"$retry": $reason};

# The adapter does not know this reply: the run fails.
def unexpected($reason): {"$unexpected": $reason};
def unexpected: {"$unexpected": null};

# Another request of the same command, after a pause in milliseconds, with
# events to make visible at once: follow($request; {after_ms: 100, inject: []}).
def follow($request; $options): {"$follow": $request} + $options;
def follow($request): {"$follow": $request};
