# SPDX-License-Identifier: MIT
# The shrunk sequence of a failure record in words: each command with its arguments by name, references
# as the number of the command that they speak of, minted keys as KEY. Branches follow, each after two
# bars, in the order of their words, and then the suffix after "then".
def argument($number):
  if type == "string" and test("^@c[0-9]+\\.") then "#\($number[.[1:] | split(".")[0]])"
  elif type == "string" and test("^@mint\\.") then "KEY" else tostring end;
def words($number):
  [.type, (to_entries | sort_by(.key)[] | select(.key != "type") | .value | argument($number))] | join(" ");

def list($number): map(.command | words($number)) | join(", ");

select(.type == "failure" and .shrunk).shrunk
| ([.prefix, .branches[]?, .suffix | .[].id] | to_entries | map({key: .value, value: (.key + 1)}) | from_entries) as $number
| [.prefix | list($number)]
  + [.branches // [] | map("|| " + list($number)) | sort[]]
  + [.suffix | select(. != []) | "then " + list($number)]
| join(" ")
