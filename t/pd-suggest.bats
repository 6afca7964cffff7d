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

# record: runs of the bank that pass, made once for the suite, to recorded.
record() {
  local kept=$BATS_FILE_TMPDIR/recorded
  if [[ ! -s $kept ]]; then
    start_toybank
    pd-gen "${bank[@]}" -n 20 -s 1 |
      pd-exec "${bank[@]}" -a "$examples/toybank-http.jq" -u "$TOYBANK_URL" --no-exchange >"$kept.part"
    mv "$kept.part" "$kept"
  fi
  cp "$kept" recorded
}

# without CHECK: the bank's model without it, to less.jq.
without() {
  awk -v check="$1" '
    $1 == "\"" check "\":" { next }
    index($0, "def check_" check "(") { gone = 1 }
    !gone
    gone && /;$/ { gone = 0 }' "$examples/toybank.jq" >less.jq
  # The list of triggers ends without a comma.
  perl -0pi -e 's/,(\n  \})/$1/' less.jq
  run ! grep -q "check_$1" less.jq
}

# suggest [OPTION…] FILE: its record to out; sets status and stderr.
suggest() {
  run --separate-stderr pd-suggest "$@"
  printf '%s\n' "$output" >all
  jq -c 'select(.type == "suggestion")' all >out
}

# assert_suggested FILTER: it is so of the one suggestion record.
assert_suggested() { assert_json "length == 1 and (.[0] | $1)" out; }

# tickets [RUNS]: a shop's model without checks, and its events.
tickets() {
  cat >shop.jq <<'END'
include "pd";
def init: {orders: {}};
def commands: {};
def on_Ordered($e): .orders[$e.order] = {status: $e.status};
END
  jq -nc --argjson runs "${1-4}" 'range(1; $runs + 1) as $run | range(4) as $i | ("new", "paid", "shipped") as $status
    | {type: "event", run: $run, event: {type: "Ordered", order: "o\($i)", $status, price: ($i * 7 % 5 + 1), currency: "EUR",
       placed_at: "2026-01-0\($i + 1)T10:00:00Z", position: ($run * 100 + $i), ticket: "\($i)\($status)\($run)"}}' >events
}

# learned_verdict FILE: what the learned model says of it.
learned_verdict() { pd-check -m "$1" "$2" | jq -r 'select(.type == "run_end") | .failure.name // .status' | sort -u | tr '\n' ' '; }

# survivors MODEL: how many mutants of the recorded runs it does not notice.
survivors() { pd-mutate -m "$1" --sample 4 recorded | jq 'select(.type == "mutation").survived'; }

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
  assert_suggested '.unread == ["Ordered.order", "Ordered.status", "Ordered.price", "Ordered.currency", "Ordered.placed_at",
    "Ordered.position", "Ordered.ticket"]'
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

@test "of a check that was taken away another one does the work" {
  local check before after whole
  record
  cp "$examples/toybank.jq" .
  whole=$(survivors toybank.jq)
  for check in money_is_conserved reported_balances_agree; do
    without "$check"
    suggest -m less.jq recorded
    assert_status 0
    assert_suggested '.suggestions[0] | .priority == "high" and .kind == "sum" and (.says | test("paid_in == .paid_out \\+ .*reported.balance"))'
    {
      cat less.jq
      jq -r '.suggestions[] | select(.fold == null).check' out
    } >more.jq
    jq '[.suggestions[] | select(.fold == null) | {key: .name, value: .trigger}] | from_entries' out >triggers
    perl -0pi -e 'BEGIN { local $/; open F, "triggers"; $t = <F>; $t =~ s/\A\{|\}\s*\z//g } s/("triggers": \{)/$1$t,/' more.jq
    before=$(survivors less.jq) after=$(survivors more.jq)
    ((after <= whole && whole < before)) || fail "$check: $before without, $after with the suggestions, $whole with the check"
  done
  assert_suggested 'any(.suggestions[]; .name == "accounts_balance_is_reported_balance" and .support > 100)'
}

@test "what a good model notices is not suggested again" {
  record
  suggest "${bank[@]}" recorded
  assert_suggested 'all(.suggestions[]; .kind == "unique" or .kind == "enumeration") and .unnoticed < .mutants / 5'
  # Which checks look at only in few states, and for few values.
  assert_suggested '.unread | contains(["HoldReleased.amount", "Transferred.transfer"]) and all(.[]; endswith(".status") | not)'
  suggest "${bank[@]}" --most 1 recorded
  assert_suggested '.suggestions | length == 1'
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
  record
  without money_is_conserved
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

# --- Text and trouble ---

@test "the text has what is needed to copy a check" {
  tickets
  run -0 pd-suggest -m shop.jq --format terminal --color never events
  [[ $output == *'suggestions for shop: '*' went unnoticed'*'No check reads:'*'# triggers: {"ordered_'*'    def check_ordered_'* ]]
  [[ $output == *'# with .learned = {} in init, and .learned["Ordered.status"]'*' in on_Ordered($x)'* ]]
  run -0 pd-suggest -m shop.jq --format markdown events
  [[ $output == '## '*'```jq'*'def check_ordered_'* ]]
  run -0 pd-suggest -m shop.jq --format compact events
  [[ $output == 'SUGGESTION suggestions='*' unread=7 '* ]]
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
