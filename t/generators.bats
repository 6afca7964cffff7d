#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The generators of the prelude: each draws what it says, all of it, and nothing else. Values are drawn
# by pd-gen from models of one command.
# shellcheck disable=SC2154 # variables from bats and the helper
# shellcheck disable=SC2016 # models are written in quotes

load lib/helper

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# draws GENERATOR: an array of 3,000 drawn values into $output.
draws() {
  printf 'include "pd";\ndef init: 0;\ndef commands: {A: {args: {x: (%s)}}};\n' "$1" >draws.jq
  pd-gen -m draws.jq -n 60 -s 1 --min-commands 50 >draws.ndjson || return
  # data that starts with @ is doubled in a plan
  output=$(jq -sc '[.[] | select(.prefix).prefix[].command.x]
    | walk(if type == "string" then ltrimstr("@") as $rest | if $rest[:1] == "@" then $rest else . end else . end)' draws.ndjson)
}

# of GENERATOR FILTER…: each filter is true of the array of values.
of() {
  local filter
  draws "$1"
  for filter in "${@:2}"; do
    jq -e "$filter" <<<"$output" >/dev/null || fail "not so of $1: $filter" "${output:0:2000}"
  done
}

# impossible GENERATOR: it draws nothing; malformed GENERATOR MESSAGE: it is refused.
impossible() {
  run -2 --separate-stderr draws "$1"
  assert_stderr_has "nothing to choose for x"
}
malformed() {
  run -2 --separate-stderr draws "$1"
  assert_stderr_has "$2"
}

@test "int gives every whole number of a small range" {
  of 'int(-3; 4)' 'unique == [-3, -2, -1, 0, 1, 2, 3, 4]'
  of 'int(7; 7)' 'unique == [7]'
  of 'int(0.5; 2.5)' 'unique == [1, 2]'
  of 'int(-0.5; 0.5)' 'unique == [0] and (map(tojson) | unique == ["0"])'
}

@test "int gives the bounds and small numbers of a large range, and much between" {
  of 'int(1; 1000000)' 'all(. == floor and . >= 1 and . <= 1000000)' 'min == 1 and max == 1000000' \
    'map(select(. < 100)) | length > 200' 'map(select(. > 500000)) | length > 600' 'unique | length > 1000'
  of 'int(-1000000; 1000000)' 'min == -1000000 and max == 1000000' \
    'map(select(. < 0)) | length | . > 1200 and . < 1800' 'map(select(. > -100 and . < 100)) | length > 200'
  of 'int(-900; -100)' 'min == -900 and max == -100' 'map(select(. > -110)) | length > 150'
}

@test "int is exact up to its largest bounds" {
  of 'int(-9007199254740991; 9007199254740991)' 'all(. == floor)' \
    'min == -9007199254740991 and max == 9007199254740991'
  of 'int(9007199254740990; 9007199254740991)' 'unique == [9007199254740990, 9007199254740991]'
  of 'int(-9007199254740991; 9007199254740990)' 'min == -9007199254740991 and max == 9007199254740990'
  malformed 'int(0; 9007199254740992)' 'a bound past 2^53'
  malformed 'int(-9007199254740992; 0)' 'a bound past 2^53'
  malformed 'int(0; infinite)' 'a bound past 2^53'
  malformed 'int(null; 4)' 'min and max must be numbers'
  impossible 'int(5; 4)'
  impossible 'int(0.2; 0.8)'
}

@test "float stays in its range, gives its bounds, whole numbers and decimals" {
  of 'float(-2.5; 10)' 'min == -2.5 and max == 10' 'any(. == 0)' \
    'map(select(. != floor)) | length > 1000' 'map(select(. == floor)) | length > 300' \
    'all(tojson | test("^-?[0-9]+([.][0-9]{1,6})?$"))'
  of 'float(0.25; 0.25)' 'unique == [0.25]'
  of 'float(-1.7e308; 1.7e308)' 'all(type == "number" and . >= -1.7e308 and . <= 1.7e308)' 'any(. < 0) and any(. > 0)'
  of 'float(0.1; 0.3)' 'all(. >= 0.1 and . <= 0.3)' 'any(. == 0.2)'
  impossible 'float(1; 0)'
  malformed 'float(0; infinite)' 'min and max must be finite'
  malformed 'float(0; "1")' 'min and max must be numbers'
}

@test "bool gives both" {
  of 'bool' 'unique == [false, true]' 'map(select(.)) | length | . > 1350 and . < 1650'
}

@test "oneof gives each value about as often, whatever its type" {
  of 'oneof([null, false, 7, "seven", [7], {seven: 7}])' 'unique == [null, false, 7, "seven", [7], {seven: 7}]' \
    'group_by(.) | map(length) | min > 390 and max < 610'
  of 'oneof(["only"])' 'unique == ["only"]'
  of 'oneof([{"$gen": "int", min: 1, max: 2}])' 'unique == [{"$gen": "int", min: 1, max: 2}]'
  of 'oneof(["", "", "x"])' 'map(select(. == "")) | length > 1800'
  impossible 'oneof([])'
  malformed 'oneof("abc")' 'values must be an array'
  malformed 'oneof({a: 1})' 'values must be an array'
}

@test "oneof and constants keep the digits of their numbers" {
  draws 'oneof([1499816949527975237, 0.10, 1.50e3])'
  [[ $(grep -o '"x":[^}]*' draws.ndjson | sort -u | tr '\n' ' ') == '"x":0.10 "x":1.50E+3 "x":1499816949527975237 ' ]]
  draws 'const(123456789012345678901234567890)'
  grep -q '"x":123456789012345678901234567890}' draws.ndjson
}

@test "const gives just its value, generators in it included" {
  of 'const({"$gen": "int", min: 1, max: 9})' 'unique == [{"$gen": "int", min: 1, max: 9}]'
  of 'const(null)' 'unique == [null]'
  of 'const([])' 'unique == [[]]'
}

@test "what is no generator is a constant, in which generators are drawn" {
  of '5' 'unique == [5]'
  of '"text"' 'unique == ["text"]'
  of '[]' 'unique == [[]]'
  of '{a: int(1; 2), b: [bool, "c", {d: oneof([3, 4])}]}' \
    'unique | length == 8 and all(keys == ["a", "b"] and .b[1] == "c")'
  of 'object({n: int(1; 3), s: "fixed"})' 'unique == [{n: 1, s: "fixed"}, {n: 2, s: "fixed"}, {n: 3, s: "fixed"}]'
  impossible '{a: [1, {b: oneof([])}]}'
}

@test "what is drawn for an object does not depend on the order of its fields" {
  draws '{a: int(1; 1000), b: int(1; 1000), c: {x: string, y: name}}'
  local first=$output
  draws '{c: {y: name, x: string}, b: int(1; 1000), a: int(1; 1000)}'
  [[ $output == "$first" ]]
}

@test "frequency keeps its weights and leaves out what can draw nothing" {
  of 'frequency([[9, "a"], [1, "b"]])' 'map(select(. == "b")) | length | . > 218 and . < 382'
  of 'frequency([[0.5, "a"], [0.5, int(1; 2)]])' 'unique == [1, 2, "a"]'
  of 'frequency([[9, oneof([])], [1, "b"]])' 'unique == ["b"]'
  of 'frequency([[0, "a"], [1, "b"]])' 'unique == ["b"]'
  of 'frequency([[1, frequency([[1, "a"], [1, frequency([[1, "b"], [1, "c"]])]])]])' 'unique == ["a", "b", "c"]'
  impossible 'frequency([])'
  impossible 'frequency([[0, 1]])'
  impossible 'frequency([[1, oneof([])], [0, 1]])'
  malformed 'frequency([1])' 'a choice must be [weight, generator]'
  malformed 'frequency([[1]])' 'a choice must be [weight, generator]'
  malformed 'frequency([["1", 2]])' 'a choice must be [weight, generator]'
  malformed 'frequency([[-1, 2], [3, 4]])' 'a choice must be [weight, generator]'
  malformed 'frequency([[nan, 2], [3, 4]])' 'a choice must be [weight, generator]'
  malformed 'frequency([[0, {"$gen": "x"}], [3, 4]])' "unknown generator 'x'"
  malformed 'frequency({})' 'choices must be an array'
}

@test "optional gives null sometimes" {
  of 'optional(int(1; 3))' 'unique == [null, 1, 2, 3]' 'map(select(. == null)) | length | . > 600 and . < 900'
  of 'optional(oneof([]))' 'unique == [null]'
}

@test "list gives every length, and elements of its generator" {
  of 'list(int(1; 3); 0; 3)' 'map(length) | unique == [0, 1, 2, 3]' 'add | unique == [1, 2, 3]'
  of 'list(bool; 2; 2)' 'map(length) | unique == [2]' 'unique | length == 4'
  of 'list(name)' 'map(length) | min == 0 and max == 8'
  of 'list(list(int(0; 1); 0; 2); 1; 2)' 'map(length) | unique == [1, 2]' 'add | map(length) | unique == [0, 1, 2]'
  of 'list({k: oneof(["a", "b"])}; 1; 1)' 'unique == [[{k: "a"}], [{k: "b"}]]'
  of 'list(1; 0; 40)' 'map(length) | min == 0 and max == 40' 'map(select(length < 5)) | length > 1300'
  of 'list(oneof([]); 0; 5)' 'unique == [[]]'
  of 'list(1; -3; 1)' 'map(length) | unique == [0, 1]'
  impossible 'list(oneof([]); 1; 5)'
  impossible 'list(1; 3; 2)'
  malformed 'list(1; 0; 10001)' 'max is over 10000'
  malformed 'list(1; 0; 1.5)' 'min and max must be whole numbers'
  malformed 'list(1; 0; nan)' 'min and max must be whole numbers'
  malformed 'list(1; null; 2)' 'min and max must be numbers'
  malformed 'list(pattern("["); 0; 2)' 'a [ without its ]'
}

@test "string gives lengths in characters, plain letters mostly, nasty characters often" {
  of 'string' 'map(length) | min == 0 and max == 16' \
    'add | test("[a-z]") and test("[\"'\''\\\\<>&;%]") and test("é") and test("漢") and test("🙂") and test("\n")' \
    'map(select(test("^[a-z]*$"))) | length > 900'
  of 'string(3; 5)' 'map(length) | unique == [3, 4, 5]'
  of 'string(0; 0)' 'unique == [""]'
  of 'string(200; 200)' 'map(length) | unique == [200]'
  of 'string(-5; 1)' 'map(length) | unique == [0, 1]'
  impossible 'string(3; 2)'
  malformed 'string(0; 100001)' 'max is over 100000'
  malformed 'string(0.5; 2)' 'min and max must be whole numbers'
}

@test "string keeps to its alphabet" {
  of 'string(1; 3; "ab")' 'unique | length == 14 and all(test("^[ab]{1,3}$"))'
  of 'string(1; 1; "é漢🙂\u0000\"")' 'unique | length == 5 and (add | explode | unique) == ([0, 34, 233, 28450, 128578])'
  of 'string(0; 3; "")' 'unique == [""]'
  impossible 'string(1; 3; "")'
  malformed 'string(0; 3; 5)' 'alphabet must be a string'
}

@test "timestamp stays within its bounds, both included, and gives whole seconds in UTC" {
  of 'timestamp("2024-02-28T23:59:58Z"; "2024-03-01T00:00:00Z")' \
    'all(test("^2024-0[23]-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"))' \
    'all(. >= "2024-02-28T23:59:58Z" and . <= "2024-03-01T00:00:00Z")' 'any(startswith("2024-02-29"))'
  of 'timestamp("2026-01-01T00:00:00Z"; "2026-01-01T00:00:02Z")' \
    'unique == ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"]'
  of 'timestamp' 'all(. >= "2020-01-01T00:00:00Z" and . <= "2029-12-31T23:59:59Z")' 'map(.[:4]) | unique | length == 10'
  of 'timestamp("0001-01-01T00:00:00Z"; "0999-12-31T23:59:59Z")' 'all(test("^0[0-9]{3}-"))'
  of 'timestamp("1960-01-01T00:00:00Z"; "9999-12-31T23:59:59Z")' 'any(. < "1970") or any(. > "2100")'
  impossible 'timestamp("2026-01-01T00:00:01Z"; "2026-01-01T00:00:00Z")'
  for wrong in 2026-01-01 2026-02-30T00:00:00Z 2026-01-01T24:00:00Z 2026-01-01T00:00:60Z 2026-1-1T0:0:0Z \
    "2026-01-01 00:00:00Z" 2026-01-01T00:00:00+01:00 2026-01-01T00:00:00.5Z " 2026-01-01T00:00:00Z"; do
    malformed "timestamp(\"$wrong\"; \"2027-01-01T00:00:00Z\")" 'from and to must be like 2026-01-31T12:00:00Z'
  done
}

@test "uuid, email, name" {
  of uuid 'all(test("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"))' 'unique | length == 3000'
  of email 'all(test("^[a-z]{1,10}@example[.](com|org|net)$"))' 'map(split(".")[1]) | unique | length == 3'
  of name 'unique | length > 10 and any(test("\\p{Han}")) and any(test("'\''"))'
}

@test "mint needs a place for what is unique" {
  of 'mint("u-{}@x")' 'all(test("^@mint[.]c[0-9]+[.]x:u-[{][}]@x$"))'
  of 'mint("uuid")' 'all(endswith(":uuid"))'
  malformed 'mint("user")' 'the template needs {}'
  malformed 'mint(5)' 'template must be a string'
  malformed 'mint("{}\u0000")' 'a template cannot hold'
}

@test "patterns: each construct gives what a regular expression means by it" {
  local pattern same
  while IFS=$'\t' read -r pattern same; do
    of "pattern($pattern)" "($pattern | \"^(?:\" + . + \")\$\") as \$p | all(test(\$p))" "$same"
  done <<'END'
"abc"	unique == ["abc"]
""	unique == [""]
"a|b|cd"	unique == ["a", "b", "cd"]
"a|"	unique == ["", "a"]
"(a|b)(c|d)"	unique == ["ac", "ad", "bc", "bd"]
"(?:a|(b|(c)))x"	unique == ["ax", "bx", "cx"]
"a?b"	unique == ["ab", "b"]
"a*"	map(length) | min == 0 and max == 8
"a+"	map(length) | min == 1 and max == 9
"a{3}"	unique == ["aaa"]
"a{2,4}"	unique == ["aa", "aaa", "aaaa"]
"a{2,}"	map(length) | min == 2 and max == 10
"a{0}b"	unique == ["b"]
"(ab){1,2}"	unique == ["ab", "abab"]
"((a|b){2}c)?"	unique == ["", "aac", "abc", "bac", "bbc"]
"[abc]"	unique == ["a", "b", "c"]
"[a-c1-2_]"	unique == ["1", "2", "_", "a", "b", "c"]
"[-a]"	unique == ["-", "a"]
"[a-]"	unique == ["-", "a"]
"[a\\]b]"	unique == ["]", "a", "b"]
"[\\d_]"	unique | length == 11
"[+-\\.]"	unique == ["+", ",", "-", "."]
"[a\\-c]"	unique == ["-", "a", "c"]
"[^a-z]"	unique | length > 60 and all(test("^[ -~]$"))
"\\d"	unique | length == 10
"\\w"	unique | length == 63
"a\\sb"	unique == ["a b"]
"\\."	unique == ["."]
"\\(\\)\\[\\]\\{\\}\\|\\*\\+\\?\\\\"	unique == ["()[]{}|*+?\\"]
"\\t\\n"	unique == ["\t\n"]
"."	unique | length > 80 and all(test("^[ -~]$"))
"^a$"	unique == ["a"]
"\\^\\$"	unique == ["^$"]
"é漢*🙂"	all(startswith("é") and endswith("🙂")) and (map(length) | max == 10)
"é{2}"	unique == ["éé"]
"}"	unique == ["}"]
"[A-Z]{3}-\\d{4}"	unique | length > 2900
END
  of 'pattern("[]a]")' 'unique == ["]", "a"]'
}

@test "patterns: what they cannot mean is refused, with the place" {
  local pattern message
  while IFS=$'\t' read -r pattern message; do
    malformed "pattern($pattern)" "$message"
  done <<'END'
"a("	a ( without its )
"a)"	a ) without its ( at character 2
"(a|b"	a ( without its )
"[a"	a [ without its ]
"[]"	a [ without its ]
"[z-a]"	a range that holds nothing
"[^ -~]"	a set that holds nothing
"[é]"	only ASCII can stand in [ ]
"*a"	nothing to repeat at character 1
"a**"	nothing to repeat at character 3
"a+?"	nothing to repeat
"(|*)"	nothing to repeat
"a{"	a number is missing in { }
"a{,3}"	a number is missing in { }
"a{2"	a { without its }
"a{2,x}"	a number is missing in { }
"a{3,2}"	a repeat that holds nothing
"a{1001}"	more than 1000 repeats
"a{2,1001}"	more than 1000 repeats
"a{99999999999999999999}"	more than 1000 repeats
"(a{1000}){11}"	can give more than 10000 bytes
"((a{1000}){1000}){1000}"	can give more than 10000 bytes
"a\\"	a \ at the end
"\\D"	an unknown letter after \
"\\bx"	an unknown letter after \
"\\1"	an unknown letter after \
"[\\S]"	an unknown letter after \
"\\é"	an unknown letter after \
"(?=a)"	nothing to repeat
"a^b"	^ and $ stand at the start and the end only
"(a$)"	^ and $ stand at the start and the end only
"a\u0000b"	a pattern cannot hold \u0000
("(" * 200 + ")" * 200)	groups more than 100 deep
5	pattern must be a string
END
}

@test "a generator of no known kind, or with a key that its kind lacks, is refused" {
  malformed '{"$gen": "integer"}' "unknown generator 'integer'"
  malformed '{"$gen": "strnig", min: 1, max: 2}' "did you mean 'string'?"
  malformed '{"$gen": "int", min: 1, max: 2, mim: 3}' 'unknown key "mim"'
  malformed '{"$gen": "oneof"}' 'values must be an array'
  malformed '{"$gen": "list", min: 1, max: 2}' 'it needs of, a generator'
}

@test "the prelude does what its own tests say" {
  run -0 jq -L "$PD_ROOT/share/pd/jq" --run-tests "$PD_ROOT/t/jq/pd.test"
  assert_output_has "(0 malformed, 0 skipped)"
}
