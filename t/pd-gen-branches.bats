#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-gen --branches: what stands in parallel branches, and that it may stand there in every order.
# shellcheck disable=SC2154 # variables from bats and the helper
# shellcheck disable=SC2016 # models and filters are written in quotes

load lib/helper

setup() {
  pd_setup
  cp "$PD_ROOT"/share/pd/examples/{toybank,counter}.jq .
}

teardown() {
  pd_teardown
}

# model NAME: its functions are read from standard input.
model() { { printf 'include "pd";\n' && cat; } >"$1.jq"; }

# A room with four doors at most. Who knows a door can close it.
room_model() {
  model room <<'END'
def init: {open: []};
def commands: {Open: {when: ((.open | length) < 4)}, Close: {args: {door: oneof(.open)}}, Look: {}};
def simulate_Open($c): {type: "Opened", door: external};
def on_Opened($e): .open += [$e.door];
def on_Close($c): .open -= [$c.door];
END
}
room_step='
  if $item.command.type == "Open" and (.open | length) < 4 then .open += ["@\($item.id).door"]
  elif $item.command.type == "Close" and (.open | index([$item.command.door])) then .open -= [$item.command.door]
  elif $item.command.type == "Look" then . else null end'

# Only what is there can be taken, and the ledger tells each order from all others.
purse_model() {
  model purse <<'END'
def init: {there: 0, ledger: []};
def commands: {Put: {args: {n: int(1; 9)}}, Take: {weight: 2, args: {n: int(1; .there)}}, Look: {weight: 2}};
def on_Put($c): .there += $c.n | .ledger += [$c.n];
def on_Take($c): .there -= $c.n | .ledger += [-$c.n];
END
}
purse_step='
  if $item.command.type == "Put" then . + $item.command.n
  elif $item.command.type == "Take" and $item.command.n <= . then . - $item.command.n
  elif $item.command.type == "Look" then . else null end'

sequences() { jq -c 'select(.type == "sequence")' "$@"; }

# admitted FIRST STEP: how many branching sequences hold in every order of their branches, and how many do
# not. STEP makes the state after $item of the one before, or null where the command is not possible.
admitted() {
  sequences | jq -rs '
    def orders:
      if all(.[]; length == 0) then []
      else range(length) as $i | select(.[$i] | length > 0) | [.[$i][0]] + (.[$i] |= .[1:] | orders) end;
    def run($items): reduce $items[] as $item (.; if . == null then null else '"$2"' end);
    def admitted:
      . as {$prefix, $suffix} | ('"$1"' | run($prefix)) as $state
      | all(.branches | orders; . as $order | $state | run($order + $suffix) != null);
    map(select(.branches) | admitted) | "\(map(select(.)) | length) \(map(select(not)) | length)"'
}

# linear sequences, cut into branches that nobody asked about
cut_up() {
  sequences | jq -c 'select(.prefix | length > 8)
    | .branches = [.prefix[3:5], .prefix[5:7]] | .suffix = [] | .prefix |= .[:3]'
}

@test "the plans of these seeds stay what they are: people keep seeds" {
  pd-gen -m counter.jq -n 2 -s 7 --branch-probability 1 --max-commands 12 | sequences >plans
  jq -es 'map([.prefix, .branches[]?, .suffix] | map(map(.id + .command.type[:1]) | join(" ")))
    == [["c1D c2D c3G", "c4D", "c5I c6D c7G c8I c9G", "c10I c11G"], ["c1D c2D c3I", "c4D c7D", "c5D", "c6G", ""]]' plans
}

@test "prefix, number and length of the branches are within their limits, both ends included" {
  room_model
  pd-gen -m room.jq -n 400 -s 1 --branches --min-commands 40 | sequences >plans
  jq -es 'map(select(.branches)) | length > 300
    and (map(.branches | length) | unique == [2, 3])
    and (map(.branches[] | length) | unique == [1, 2, 3, 4, 5])
    and (map(.prefix | length) | min == 3 and max > 10)' plans
  pd-gen -m counter.jq -n 80 -s 1 --min-commands 20 --min-prefix 0 --min-branches 3 --max-branches 5 \
    --min-branch-length 2 --max-branch-length 3 | sequences >plans
  jq -es 'map(select(.branches)) | length > 60
    and (map(.branches | length) | unique == [3, 4, 5])
    and (map(.branches[] | length) | unique | . - [1] == [2, 3])
    and (map(.prefix | length) | min == 0)' plans
}

@test "all parts together have as many commands as were asked for" {
  pd-gen -m counter.jq -n 200 -s 1 --branch-probability 1 --min-commands 9 --max-commands 11 --max-branch-length 3 |
    sequences >plans
  jq -es 'map([.prefix, .branches[], .suffix] | map(length) | add) | unique == [9, 10, 11]' plans
  jq -es 'any(.[]; .suffix | length > 3)' plans
  # The shortest that there can be: two branches of one command.
  pd-gen -m counter.jq -n 50 -s 1 --branch-probability 1 --min-commands 5 --max-commands 5 | sequences >plans
  jq -es 'all(.[]; [.prefix, .branches[], .suffix] | map(length) == [3, 1, 1, 0])' plans
}

@test "a probability of 1 begins branches at once, of 0 never, and those between at later places" {
  pd-gen -m counter.jq -n 60 -s 1 --min-commands 20 --branch-probability 1 | sequences >always
  jq -es 'all(.[]; .branches and (.prefix | length == 3))' always
  pd-gen -m counter.jq -n 60 -s 1 --min-commands 20 | sequences >linear
  pd-gen -m counter.jq -n 60 -s 1 --min-commands 20 --branch-probability 0 | sequences | cmp - linear
  pd-gen -m counter.jq -n 1000 -s 1 --min-commands 50 --max-branch-length 1 | sequences >some
  # Every fifth at the first place, every fifth of the others at the next; 5 standard deviations are 64.
  jq -es 'map(select(.branches).prefix | length) | (map(select(. == 3)) | length | . > 136 and . < 264)
    and (map(select(. == 4)) | length | . > 103 and . < 217) and max > 15' some
}

@test "until branches begin, a sequence is the one without them" {
  pd-gen -m toybank.jq -n 50 -s 3 | sequences >linear
  pd-gen -m toybank.jq -n 50 -s 3 --branches | sequences >branching
  jq -es 'map(select(.branches)) | length > 30' branching
  jq -es 'group_by(.seed) | length == 50 and all(.[]; (map(.prefix | length) | min) as $least
    | .[0].prefix[:$least] == .[1].prefix[:$least])' linear branching
}

@test "each option of branches asks for them, and the header tells them all" {
  for option in --branches --branch-probability=0.2 --min-prefix=3 --min-branches=2 --max-branches=3 \
    --min-branch-length=1 --max-branch-length=5; do
    run -0 pd-gen -m counter.jq -n 20 -s 1 "$option"
    assert_json '.[0].options == {runs: 20, min_commands: 1, max_commands: 50, branch_probability: 0.2,
      min_prefix: 3, min_branches: 2, max_branches: 3, min_branch_length: 1, max_branch_length: 5}'
    sequences <<<"$output" >"plans.$option"
    cmp plans.--branches "plans.$option"
  done
  jq -es 'any(.[]; .branches)' plans.--branches
}

@test "ids are unique, and without a gap in all parts together" {
  for model in counter toybank; do
    pd-gen -m "$model.jq" -n 100 -s 5 --branches | sequences >plans
    jq -es 'any(.[]; .branches) and all(.[]; [.prefix, .branches[]?, .suffix | .[].id]
      | sort_by(.[1:] | tonumber) == [range(length) | "c\(. + 1)"])' plans
  done
}

@test "a branch refers to what comes before the branches and to itself, the suffix to all" {
  model links <<'END'
def init: [];
def setup: {type: "Make"};
def commands: {Make: {}, Link: {weight: 3, args: {to: oneof(.), by: mint("m-{}")}}};
def simulate_Make($c): {type: "Made", thing: external};
def on_Made($e): . + [$e.thing];
def on_Link($c): . + [$c.by];
END
  pd-gen -m links.jq -n 100 -s 1 --branches | sequences >plans
  jq -es '
    def ids: map(.id);
    def used: [.[].command.to | strings | capture("^@(mint[.])?(?<id>[cs][0-9]+)[.]").id];
    map(select(.branches)) | length > 50
    and all(.[]; (.setup + .prefix | ids) as $before | (.branches | add | ids) as $in
      | all(.branches[]; used - $before - ids == []) and ((.suffix | used) - $before - $in - (.suffix | ids) == []))
    and any(.[].branches[]; . as $own | used | any(.[]; IN($own[].id)))
    and any(.[]; (.branches | add | ids) as $in | .suffix | used | any(.[]; IN($in[])))' plans
}

@test "what is possible is so in every order: a capacity, and doors that are known" {
  room_model
  for seed in 1 2; do
    pd-gen -m room.jq -n 100 -s "$seed" --branches --max-commands 16 --max-branch-length 3 >plans
    read -r good bad < <(admitted '{open: []}' "$room_step" <plans)
    ((good > 40 && bad == 0)) || fail "$good $bad"
  done
}

@test "what is possible is so in every order: only what is there can be taken" {
  purse_model
  for seed in 1 2; do
    pd-gen -m purse.jq -n 100 -s "$seed" --branches --max-commands 16 --max-branch-length 3 >plans
    sequences plans | jq -es 'map(select(any(.branches[]?[]; .command.type == "Take"))) | length > 10'
    read -r good bad < <(admitted 0 "$purse_step" <plans)
    ((good > 40 && bad == 0)) || fail "$good $bad"
  done
}

@test "what comes after the branches is possible whichever of them was the last" {
  model last <<'END'
def init: 5;
def commands: {Set: {args: {n: int(1; 9)}}, Use: {weight: 3, args: {n: int(1; .)}}};
def on_Set($c): $c.n;
END
  pd-gen -m last.jq -n 100 -s 1 --branches --max-commands 16 --max-branch-length 3 >plans
  sequences plans | jq -es 'map(select(.branches and any(.suffix[]; .command.type == "Use" and .command.n > 1))) | length > 10'
  read -r good bad < <(admitted 5 '
    if $item.command.type == "Set" then $item.command.n elif $item.command.n <= . then . else null end' <plans)
  ((good > 40 && bad == 0)) || fail "$good $bad"
}

@test "a control: branches that the model was not asked about are not possible in every order" {
  room_model
  purse_model
  pd-gen -m room.jq -n 100 -s 1 --min-commands 9 | cut_up >room
  pd-gen -m purse.jq -n 100 -s 1 --min-commands 9 | cut_up >purse
  read -r good bad < <(admitted '{open: []}' "$room_step" <room)
  ((good > 0 && bad > 20)) || fail "$good $bad"
  read -r good bad < <(admitted 0 "$purse_step" <purse)
  ((good > 0 && bad > 20)) || fail "$good $bad"
  # Nor is what was drawn if a branch gets more than it was granted.
  pd-gen -m purse.jq -n 20 -s 1 --branch-probability 1 --min-commands 9 --max-commands 9 | sequences |
    jq -c '.branches[1] += [{id: "c99", command: {type: "Take", n: 1000}}]' >greedy
  [[ $(admitted 0 "$purse_step" <greedy) == '0 20' ]]
}

@test "a command that its own branch would allow is refused beside another that it disturbs" {
  # One is there: a branch may take it if no other does.
  model one <<'END'
def init: 1;
def commands: {Take: {weight: 9, when: (. > 0)}, Look: {}};
def on_Take($c): . - 1;
END
  pd-gen -m one.jq -n 200 -s 1 --min-prefix 0 --branch-probability 1 --min-commands 6 | sequences >plans
  jq -es 'map(select(.branches)) | length > 100
    and (map([.branches[][].command.type | select(. == "Take")] | length) | unique == [0, 1])' plans
  # Nor may it make impossible what another branch has already.
  model gate <<'END'
def init: {open: true};
def commands: {Pass: {when: .open}, Shut: {}};
def on_Shut($c): .open = false;
END
  pd-gen -m gate.jq -n 200 -s 1 --min-prefix 0 --branch-probability 1 --min-commands 9 | sequences >plans
  jq -es 'def has($type): any(.[]; .command.type == $type);
    all(.[] | select(.branches).branches; . as $branches | all(range(length); . as $i
      | ($branches[$i] | has("Shut") | not) or ($branches | del(.[$i]) | add | has("Pass") | not)))
    and any(.[].branches[]?; has("Pass")) and any(.[].branches[]?; has("Shut"))' plans
}

@test "without two branches that have a command the sequence goes on linear" {
  model alternating <<'END'
def init: 0;
def commands: {Even: {when: (. % 2 == 0), args: {n: int(1; 99)}}, Odd: {when: (. % 2 == 1), args: {n: int(1; 99)}}};
def apply($c): . + 1;
END
  pd-gen -m alternating.jq -n 50 -s 1 | sequences >linear
  pd-gen -m alternating.jq -n 50 -s 1 --branch-probability 1 | sequences | cmp - linear
}

@test "what ends the run stands in no branch" {
  model ends <<'END'
def init: 0;
def commands: {Go: {weight: 4}, Stop: {}};
def on_Go($c): . + 1;
def terminate($c; $events): $c.type == "Stop" or . == 9;
END
  pd-gen -m ends.jq -n 300 -s 1 --branches --min-prefix 1 --min-commands 40 | sequences >plans
  jq -es 'def all_items: .prefix + (.branches | add) + .suffix;
    map(select(.branches)) | length > 50
    and all(.[]; all(.branches[][]; .command.type == "Go") and (.prefix + (.branches | add) | length < 9)
      and all(.suffix[:-1][]; .command.type == "Go")
      and (.suffix[-1].command.type == "Stop" or (all_items | length) == 9))
    and any(.[]; .suffix[-1].command.type == "Stop") and any(.[]; all_items | length == 9)' plans
}

@test "labels and teardown are those of the states in which they stand" {
  model told <<'END'
def init: [];
def commands: {Make: {}};
def teardown: {type: "Drop", all: .};
def simulate_Make($c): {type: "Made", thing: external};
def on_Made($e): . + [$e.thing];
def label_Make($c): join(" ");
END
  pd-gen -m told.jq -n 20 -s 1 --branch-probability 1 --min-commands 12 --max-commands 15 | sequences >plans
  jq -es 'def things: map("@\(.id).thing");
    all(.[]; (.prefix | things) as $before
      | all(.branches[]; . as $branch | all(range(length); . as $i
        | $branch[$i].label == ($before + ($branch[:$i] | things) | join(" "))))
      and .teardown[0].command.all == $before + (.branches | add | things) + (.suffix | things))' plans
}

@test "long branches: each may run before and after all others" {
  purse_model
  # So many orders cannot all be tried.
  local lengths=(--min-branches 5 --max-branches 5 --min-branch-length 40 --max-branch-length 40 --min-commands 203
    --max-commands 203 --branch-probability 1)
  pd-gen -m purse.jq -n 3 -s 1 "${lengths[@]}" | sequences >plans
  jq -es '
    def run($items): reduce $items[] as $item (.; if . == null then null else '"$purse_step"' end);
    def balance: map(.command | if .type == "Put" then .n elif .type == "Take" then -.n else 0 end) | add // 0;
    all(.[]; . as {$prefix, $branches, $suffix} | ($prefix | balance) as $start
      | ($branches | length == 5) and all($branches[]; length > 10)
      and any($branches[][]; .command.type == "Take")
      and all(range(5); . as $i | ($branches | del(.[$i]) | add | balance) as $others
        | ($start | run($branches[$i])) != null and ($start + $others | run($branches[$i])) != null)
      and ($start + ($branches | add | balance) | run($suffix)) != null)
    and all(.[]; [.prefix, .branches[], .suffix | .[].id] | length == (unique | length))' plans
  # Where every command is always possible, all of them stay.
  pd-gen -m counter.jq -n 2 -s 1 "${lengths[@]}" | sequences >plans
  jq -es 'length == 2 and all(.[]; .branches | map(length) == [40, 40, 40, 40, 40])' plans
}

# explained MODEL: what pd-explain, which asks the model about a plan first, says of the one in the file plan
explained() {
  cat >adapter.jq <<'END'
def request: {argv: ["true"]};
def events($c): {type: "Wrong"};
END
  pd-exec -m "$1" -a adapter.jq --report plan >failing.ndjson || (($? == 1))
  run --separate-stderr pd-explain -m "$1" --max-runs 1 failing.ndjson -- pd-exec -m "$1" -a adapter.jq
}

@test "the model admits the plans, whether or not all orders can be tried, and no worse ones" {
  local model refused
  for model in room purse; do
    "${model}_model"
    echo 'def check_never($x): false;' >>"$model.jq"
    pd-gen -m "$model.jq" -n 1 -s 1 --branch-probability 1 --min-commands 12 --max-commands 14 | sequences >plans
    pd-gen -m "$model.jq" -n 1 -s 1 --branch-probability 1 --min-branches 4 --max-branches 4 --min-commands 30 \
      --max-commands 30 --min-branch-length 6 --max-branch-length 6 | sequences >>plans
    # More branches than can all be tried, and short ones.
    pd-gen -m "$model.jq" -n 2 -s 1 --branch-probability 1 --min-branches 14 --max-branches 14 --min-commands 30 \
      --max-commands 30 --max-branch-length 1 | sequences >>plans
    while read -r line; do
      echo "$line" >plan
      explained "$model.jq"
      [[ $stderr != *"does not allow"* && $output == *'"type":"explanation"'* ]] || fail "$line" "$stderr"
      [[ $model == room ]] && refused='{type: "Close", door: "@c1.gone"}' || refused='{type: "Take", n: 1000}'
      jq -c ".branches[1] += [{id: \"c999\", command: $refused}]" <<<"$line" >plan
      explained "$model.jq"
      assert_stderr_has "the model does not allow c999 of the sequence itself: in an order of the branches that may happen: "
      jq -c ".suffix += [{id: \"c999\", command: $refused}]" <<<"$line" >plan
      explained "$model.jq"
      assert_stderr_has "the model does not allow c999 of the sequence itself: after an order of the branches that may happen: "
    done <plans
  done
}

@test "a sequence that only one order refuses is refused" {
  purse_model
  echo 'def check_never($x): false;' >>purse.jq
  # The second branch may take what is there, unless the first has been at it.
  jq -nc '{type: "sequence", run: 1, seed: 1, prefix: [{id: "c1", command: {type: "Put", n: 5}}],
    branches: [[{id: "c2", command: {type: "Take", n: 3}}, {id: "c3", command: {type: "Put", n: 3}}],
               [{id: "c4", command: {type: "Take", n: 3}}]], suffix: []}' >plan
  explained purse.jq
  assert_stderr_has 'does not allow c4 of the sequence itself: in an order of the branches that may happen: argument n is not what {"$gen":"int","min":1,"max":2} gives here'
  jq -c '.branches[1][0].command.n = 2' plan >less && mv less plan
  explained purse.jq
  [[ $stderr != *"does not allow"* && $output == *'"type":"explanation"'* ]] || fail "$stderr"
}

@test "the same seed gives the same bytes, the shards together the whole, a run's seed its plan" {
  pd-gen -m toybank.jq -n 23 -s 3 --max-branches 4 >whole
  pd-gen -m toybank.jq -n 23 -s 3 --max-branches 4 | cmp - whole
  for shard in 1 2 3; do pd-gen -m toybank.jq -n 23 -s 3 --max-branches 4 --shard "$shard/3"; done | sequences |
    jq -sc 'sort_by(.run)[]' >parts
  cmp parts <(sequences whole)
  room_model
  pd-gen -m room.jq -n 3 -s 1 --min-commands 80 --max-commands 80 --branch-probability 1 --min-branch-length 20 \
    --max-branch-length 20 >long
  pd-gen -m room.jq -n 3 -s 1 --min-commands 80 --max-commands 80 --branch-probability 1 --min-branch-length 20 \
    --max-branch-length 20 | cmp - long
  sequences whole | jq -r 'select(.branches) | "\(.seed) \(.plan)"' | head -n 5 >some
  (($(wc -l <some) == 5))
  while read -r seed plan; do
    [[ $(pd-gen -m toybank.jq --run-seed "$seed" --max-branches 4 | sequences | jq -r .plan) == "$plan" ]]
  done <some
}

@test "a model that fails in one order only is an error that names run and seed" {
  model orderly <<'END'
def init: "";
def commands: {A: {}, B: {}};
def on_A($c): . + "A";
def on_B($c): if test("AAB$") then error("after \(.)") else . + "B" end;
END
  run -2 --separate-stderr pd-gen -m orderly.jq -n 50 -s 1 --branches
  assert_stderr_has "on_B/1: after "
  assert_stderr_has "(seed "
}

@test "options that cannot be meant are refused" {
  refused() { run -2 --separate-stderr pd-gen -m counter.jq "${@:2}" && assert_stderr_has "$1" && [[ -z $output ]]; }
  refused "--branch-probability: '1.5' is not a number from 0 to 1" --branch-probability 1.5
  refused "'often' is not a number from 0 to 1" --branch-probability often
  refused "'nan' is not a number from 0 to 1" --branch-probability nan
  refused "--max-branches: 1 is not in 2.." --max-branches 1
  refused "--min-branches 4 is over --max-branches 3" --min-branches 4
  refused "--max-branch-length: 0 is not in 1.." --max-branch-length 0
  refused "--min-branch-length 6 is over --max-branch-length 5" --min-branch-length 6
  refused "--min-prefix: -1 is not in 0.." --min-prefix -1
  refused "--max-commands 4 leaves no room for branches after --min-prefix 3" --branches --max-commands 4
}
