#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# pd-suggest: what fields are, what no check reads, checks in place of one that was taken away, invariants
# that are learned and judge, trouble.
# shellcheck disable=SC2016,SC2034,SC2154 # jq in quotes; variables of the helpers

load lib/helper
load lib/exec
load lib/toybank

setup() {
  pd_setup
}

teardown() {
  pd_teardown
}

# suggest [OPTION…] FILE: its record to out; sets status and stderr.
suggest() {
  run --separate-stderr pd-suggest "$@"
  printf '%s\n' "$output" >all
  jq -c 'select(.type == "suggestion")' all >out
}

# assert_suggested FILTER: it is so of the one suggestion record.
assert_suggested() { assert_json "length == 1 and (.[0] | $1)" out; }

# tickets: a shop's model without checks, and its events.
tickets() {
  cat >shop.jq <<'END'
include "pd";
def init: {orders: {}};
def commands: {};
def on_Ordered($e): .orders[$e.order] = {status: $e.status};
END
  jq -nc 'range(1; 5) as $run | range(4) as $i | ("new", "paid", "shipped") as $status
    | {type: "event", run: $run, event: {type: "Ordered", order: "o\($i)", $status, price: ($i * 7 % 5 + 1), currency: "EUR",
       placed_at: "2026-01-0\($i + 1)T10:00:00Z", position: ($run * 100 + $i), ticket: "\($i)\($status)\($run)"}}' >events
}

# learned_verdict FILE: what the learned model says of it.
learned_verdict() { pd-check -m "$1" "$2" | jq -r 'select(.type == "run_end") | .failure.name // .status' | sort -u | tr '\n' ' '; }

# --- What is told ---

@test "fields are told by their names and by their values" {
  tickets
  suggest -m shop.jq events
  assert_status 0
  assert_suggested '[.fields[] | {key: .field, value: (.kinds | join(" "))}] | from_entries == {
    order: "enumeration reference", status: "enumeration status", price: "amount", currency: "currency",
    placed_at: "timestamp", position: "monotonic", ticket: "unique"}'
  assert_suggested '.fields[] | select(.field == "order").refers_to == "orders"'
  assert_suggested '.fields[] | select(.field == "position") | [.min, .max] == [100, 403]'
}

@test "what no check reads is found by folding, not by its text" {
  tickets
  suggest -m shop.jq events
  assert_suggested '.unread == ["Ordered.status", "Ordered.price", "Ordered.currency", "Ordered.placed_at",
    "Ordered.position", "Ordered.ticket"]'
  # No check reads the order; without it the model cannot fold.
  assert_suggested '.fields[] | select(.field == "order") | .read_by == [] and .folded'
  # One names the price and does not look at it, one reads all texts without a name.
  cat >>shop.jq <<'END'
def check_price($e): true or $e.price > 0;
def check_texts($e): [$e | del(.price, .position) | .[]?] | all(type == "string" and . != "");
END
  suggest -m shop.jq events
  assert_suggested '.unread == ["Ordered.price", "Ordered.position"]'
  assert_suggested '.fields[] | select(.field == "ticket").read_by == ["texts"]'
}

# --- Checks ---

@test "without a check the score falls, survivors name what it read, and that very check is suggested" {
  local check field says whole score
  record_bank 12
  mutation() { pd-mutate -m "$1" --sample 6 recorded | jq -c 'select(.type == "mutation")' >score; jq .score score; }
  cp "$examples/toybank.jq" .
  whole=$(mutation toybank.jq)
  while read -r check field says; do
    without_check "$check"
    score=$(mutation less.jq)
    assert_json ".[0] | .score < $whole and any(.survivors[]; \"\\(.event).\\(.field)\" == \"$field\" and .mutants > 5)" score
    suggest -m less.jq recorded
    assert_status 0
    assert_suggested "any(.suggestions[]; .priority == \"high\" and .support > 5 and (.says | test(\"$says\")))"
    # Whoever copies what is suggested gets the score back.
    {
      cat less.jq
      jq -r '.suggestions[] | select(.fold == null).check' out
    } >more.jq
    jq '[.suggestions[] | select(.fold == null) | {key: .name, value: .trigger}] | from_entries' out >triggers
    perl -0pi -e 'BEGIN { local $/; open F, "triggers"; $t = <F>; $t =~ s/\A\{|\}\s*\z//g } s/("triggers": \{)/$1$t,/' more.jq
    jq -en "$(mutation more.jq) >= $whole" || fail "$check: $score without, $(jq .score score) with the suggestions, $whole with it"
  done <<'END'
reported_balances_agree Credited.balance paid_in == .paid_out \\+ .*reported.balance
refusals_have_reasons Refused.reason \\[command, reason\\] in .*Transfer.*same_account
currencies_do_not_mix AccountCreated.currency Credited: currency == .accounts\\[account\\].currency
END
  without_check money_is_conserved
  # Its mutants are few: hardly any lie about money gets past the others.
  suggest -m less.jq --sample 30 recorded
  assert_suggested 'any(.suggestions[]; .kind == "sum" and .priority == "high" and (.says | test("paid_in == .paid_out \\+ .*reported.balance")))'
}

@test "what a good model notices is not suggested again" {
  record_bank
  suggest "${bank[@]}" recorded
  assert_suggested '.unnoticed as $left | $left < .mutants / 5 and all(.suggestions[]; .kills * 10 < $left)'
  # Which checks look at only in few states, and for few values.
  assert_suggested '.unread == ["HoldReleased.amount", "Transferred.transfer"]
    and any(.suggestions[]; .says == "of HoldReleased: amount == .holds[hold].amount")'
  suggest "${bank[@]}" --most 1 recorded
  assert_suggested '.suggestions | length == 1'
}

# --- Without any system ---

@test "a model alone is read by runs of its own, and what is proved on them only says so" {
  suggest "${bank[@]}" -n 12 -s 4 --learn learned.jq
  assert_status 0
  "$PD_ROOT/t/lib/validate-records" --stream all
  assert_suggested '.simulated and .runs == 12 and .failed == 0 and all(.suggestions[]; .simulated) and (.suggestions | length) > 4'
  assert_suggested '(.unread | sort) == ["HoldReleased.amount", "Transferred.transfer"] and any(.fields[]; .field == "hold" and .refers_to == "holds")'
  grep -q '^# What held over 12 simulated runs' learned.jq
  grep -q '^# change: of Credited: .accounts\[account\].balance == what it was + amount. Held [0-9]* times in simulated runs only.$' learned.jq
  cp out first
  suggest "${bank[@]}" -n 12 -s 4
  cmp out first
  suggest "${bank[@]}" -n 12 -s 5
  run -1 cmp -s out first
  # It loads beside the model, and judges a system.
  record_bank 3
  cp "$examples/toybank.jq" .
  { pd-check -m learned.jq recorded || true; } >judged
  assert_json 'map(select(.type == "end"))[0] | .counts.errors == 0 and .fired.credited_adds_amount_to_accounts_balance > 0' judged
}

@test "at a terminal runs are simulated and it is said; nobody waits for a terminal's input" {
  run "$helper_folder/at-terminal" screen -- sh -c 'pd-suggest -m "$1" </dev/tty 2>err' - "$examples/counter.jq"
  assert_status 0
  [[ $(<err) == *'20 are simulated'* && $output == *'"simulated":true'* ]]
  run --separate-stderr pd-suggest "${bank[@]}" -n 2 recorded
  assert_status 2
  assert_stderr_has 'goes with no file'
  printf 'def check_never($e): false;\n' | cat "$examples/counter.jq" - >never.jq
  suggest -m never.jq -n 2
  assert_status 2
  [[ $stderr == *'2 of 2 runs do not pass by this model'*'no simulated run passed'* ]]
  sed 's/^def simulate_Increment.*/def simulate_Increment($c): error("no idea");/' "$examples/counter.jq" >broken.jq
  suggest -m broken.jq -n 2
  assert_status 2
  [[ $stderr == *'broken.jq'*'no idea'* ]]
}

@test "numbers of mutants are those that each check kills" {
  tickets
  suggest -m shop.jq events
  assert_suggested '.mutants == 192 and .unnoticed > 150 and all(.suggestions[]; .kills >= .kills_new and .kills_new > 0)'
  assert_suggested '[.suggestions[].kills_new] | add <= 48 * 4'
  suggest -m shop.jq --sample 1 events
  assert_suggested '.mutants == 48'
}

# --- Learning ---

@test "what held is learned, with its support, and judges" {
  record_bank
  without_check money_is_conserved
  suggest -m less.jq --learn learned.jq recorded
  assert_status 0
  grep -Fq '# sum: .paid_in == .paid_out + ([.accounts[] | .reported.balance // 0] | add // 0). Held ' learned.jq
  grep -Eq '^# agreement: of all accounts: \.balance == \.reported\.balance\. Held [0-9]+ times\.' learned.jq
  grep -Fq '# state: of all accounts: .balance == 0 once .closed.' learned.jq
  [[ $(learned_verdict learned.jq recorded) == 'pass ' ]]
  awk '/"type":"Credited"/ && !done { done = 1; sub(/"balance":[0-9]+/, "\"balance\":7777777") } 1' recorded >falsified
  [[ $(learned_verdict learned.jq falsified) == 'accounts_balance_is_reported_balance pass ' ]]
}

@test "uniqueness and the way of a status are learned with a memory" {
  tickets
  suggest -m shop.jq --learn learned.jq events
  [[ $(learned_verdict learned.jq events) == 'pass ' ]]
  grep -Fq '# transition: of Ordered: status of each order goes first to new, from new to paid, from paid to shipped. Held 48 times.' learned.jq
  falsify() { jq -c --argjson n "$1" "if input_line_number == \$n then .event.$2 else . end" events >falsified; }
  falsify 5 'status = "shipped"'
  [[ $(learned_verdict learned.jq falsified) == 'ordered_status_goes_on_by_order pass ' ]]
  falsify 5 'ticket = "0new1"'
  [[ $(learned_verdict learned.jq falsified) == 'ordered_ticket_unique pass ' ]]
  # A model that folds all events in one place goes on to do so.
  sed -i 's/^def on_Ordered(/def apply(/' shop.jq
  suggest -m shop.jq --learn learned.jq events
  grep -q '^def on_Ordered($x): . as $before | apply($x)$' learned.jq
  falsify 5 'status = "lost"'
  [[ $(learned_verdict learned.jq falsified) == *pass* && $(learned_verdict learned.jq falsified) != 'pass ' ]]
}

@test "what one run breaks is not learned" {
  tickets
  suggest -m shop.jq --learn learned.jq events
  grep -q check_ordered_price_positive learned.jq
  jq -c 'if input_line_number == 47 then .event.price = 0 else . end' events >free
  suggest -m shop.jq --learn learned.jq free
  run ! grep -q check_ordered_price_positive learned.jq
  grep -q check_ordered_price_not_negative learned.jq
}

@test "sums of three, what stays constant, what an event adds, and bounds are learned" {
  cat >moves.jq <<'END'
include "pd";
def init: {accounts: {a: {balance: 90, held: 0}, b: {balance: 60, held: 0}, c: {balance: 0, held: 0}}};
def on_Moved($e): .accounts[$e.from].balance -= $e.amount | .accounts[$e.to].balance += $e.amount;
def on_Held($e): .accounts[$e.account] |= {balance, held: $e.held};
END
  jq -nc '
    def seen($n): {type: "Seen", free: $n, held: (50 - $n % 4 * 10), total: (50 + $n - $n % 4 * 10), limit: 100, attempts: ($n % 3 + 1)};
    range(1; 4) as $run | range(24) as $i | ["a", "b", "c"] as $all
    | {type: "Moved", from: $all[$i % 3], to: $all[($i + 1) % 3], amount: ($i % 7)}, {type: "Held", account: $all[$i % 3], held: ($i % 5)}, seen($i)
    | {type: "event", run: $run, event: .}' >events
  suggest -m moves.jq --learn learned.jq events
  assert_status 0
  for line in 'sum: of Seen: total == free + held' 'sum: ([.accounts[] | .balance // 0] | add // 0) == 150' \
    'change: of Moved: .accounts[from].balance == what it was - amount' 'change: of Moved: .accounts[to].balance == what it was + amount' \
    'range: of Seen: limit == 100' 'range: of Seen: attempts <= 3' 'agreement: of Held: held == .accounts[account].held'; do
    grep -Fq "# $line. Held " learned.jq || fail "not learned: $line" "$(grep '^# ' learned.jq)"
  done
  [[ $(learned_verdict learned.jq events) == 'pass ' ]]
  jq -c 'if .event.attempts then .event.attempts += 1 else . end' events >falsified
  [[ $(learned_verdict learned.jq falsified) == 'seen_attempts_at_most_3 ' ]]
  # The fold is right, but the model's rows do not get what was moved.
  sed 's/balance += \$e.amount/balance += 1/' moves.jq >wrong.jq && mv wrong.jq moves.jq
  [[ $(learned_verdict learned.jq events) == 'moved_adds_amount_to_accounts_balance ' ]]
}

# --- Text and trouble ---

@test "the text has what is needed to copy a check" {
  tickets
  run -0 pd-suggest -m shop.jq --format terminal --color never events
  [[ $output == *'suggestions for shop: '*' went unnoticed'*'No check reads:'*'# triggers: {"ordered_'*'    def check_ordered_'* ]]
  [[ $output == *'# with .learned = {} in init, and .learned["Ordered.status"]'*' in on_Ordered($x)'* ]]
  run -0 pd-suggest -m shop.jq --format markdown events
  [[ $output == '## '*'```jq'*'def check_ordered_'* ]]
  run -0 pd-suggest -m shop.jq --format compact events
  [[ $output == 'SUGGESTION suggestions='*' unread=6 '* ]]
}

@test "nothing to learn from is trouble, and so is what does not pass" {
  tickets
  run --separate-stderr pd-suggest -m shop.jq </dev/null
  assert_status 2
  [[ $stderr == *'nothing to learn from'* ]]
  printf 'def check_price($e): $e.price < 3;\n' >>shop.jq
  suggest -m shop.jq events
  assert_status 2
  [[ $stderr == *'4 of 4 runs do not pass by this model'* && ! -s out ]]
  tickets
  suggest -m shop.jq --learn no/such/learned.jq events
  assert_status 2
  [[ $stderr == *'no/such/learned.jq'* ]]
  run --separate-stderr pd-suggest events
  assert_status 2
}
