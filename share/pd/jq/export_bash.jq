# SPDX-License-Identifier: MIT
# What the formats in bash share: requests by curl, replies and variables as JSON in
# files, so that jq reads and compares them and no text goes through the shell.
include "quote";
include "export";

def bash_comment($text): "# \($text | comment)";

# --- jq programs in the script: $v has the variables ---

def jq_variable: if has("environment") then "env.\(.environment)" else "$v.\(.variable)" end;
def jq_text:
  if . == [] then "\"\""
  elif plain then plain_text | tojson
  else map(if type == "string" then tojson
      elif .encode == "uri" then "(\(jq_variable) | tostring | @uri)"
      else "(\(jq_variable) | tostring)" end) | join(" + ") end;
def jq_key:
  if plain and (plain_text | test("\\A[A-Za-z_][A-Za-z0-9_]*\\z")) then plain_text else "(\(jq_text))" end;
def jq_value:
  if has("constant") then .constant | tojson
  elif has("variable") or has("environment") then jq_variable
  elif has("text") then "(\(.text | jq_text))"
  elif has("array") then "[\(.array | map(jq_value) | join(", "))]"
  else "{\(.object | map("\(.[0] | jq_key): \(.[1] | jq_value)") | join(", "))}" end;
def jq_path:
  map(if type == "number" then "[\(.)]" elif test("\\A[A-Za-z_][A-Za-z0-9_]*\\z") then ".\(.)" else "[\(tojson)]" end)
  | join("") | if startswith("[") then ".\(.)" else . end;
def jq_place:
  (if .in == "body" then ".body" + (.path | if . == [] then "" else jq_path | if startswith(".[") then .[1:] else . end end)
   elif .in == "header" then ".headers[\(.name | tojson)]"
   else ".\(.in)" end)
  + (if has("before") then " | between(\(.before | tojson); \(.after | tojson))" else "" end)
  + (if .as == "number" then " | tonumber" else "" end);
def jq_assertion:
  "(\(.at | jq_place))" as $place
  | if has("one_of") then "\($place) | IN(\(.one_of | map(tojson) | join(", ")))"
    else "\($place) == \(.equals | jq_value)" end;

# --- Words of the shell ---

def joined: reduce .[] as $part ([]; if type == "array" and length > 0 and (.[-1] | type) == "string" and ($part | type) == "string" then .[-1] += $part else . + [$part] end);
def bash_word:
  if . == [] then "''"
  else joined | map(if type == "string" then shell
      elif has("environment") then (if .encode == "uri" then "\"$(uri 'env.\(.environment)')\"" else "\"$\(.environment)\"" end)
      elif .encode == "uri" then "\"$(uri '$v.\(.variable)')\""
      else "\"$(raw '$v.\(.variable)')\"" end) | join("") end;
# Arguments of programs keep every byte: they are read into variables of the shell first.
def bash_fetches: [.[] | .[]? | objects | .variable | values] | unique | map("fetch \(.)");
def bash_argument:
  if . == [] then "''"
  else map(if type == "string" then shell elif has("environment") then "\"$\(.environment)\"" else "\"$\(.variable)\"" end) | join("") end;

# --- Requests ---

def bash_form: map("(\(.[0] | jq_text) | @uri) + \"=\" + (\(.[1] | jq_text) | @uri)") | join(" + \"&\" + ");
def bash_pair: .[0] as $name | .[1] as $value
  | if $value == [] then $name + [";"] else $name + [": "] + $value end;
def bash_query:
  if .query == [] then [] else
    (if (.path // .url | map(strings) | any(contains("?"))) then ["&"] else ["?"] end)
    + (.query | map([(.[0][] | if type == "string" then @uri else . + {encode: "uri"} end), "=",
        (.[1][] | if type == "string" then @uri else . + {encode: "uri"} end), "&"]) | add[:-1]) end;
def bash_target:
  (bash_query) as $query
  | if has("url") then (.url + $query | bash_word)
    else "\"$base\"" + (.path + $query | if . == [] then "" else bash_word end) end;

def bash_http($before; $indent):
  (if has("json") then
     (if .json | has("constant") then "data \(.json.constant | tojson | shell_quoted)" else "json \(.json | jq_value | shell_quoted)" end)
   elif has("form") then "text \(.form | bash_form | shell_quoted)"
   elif has("body") then "text \(.body | jq_text | shell_quoted)"
   else empty end),
  ([$before, "send", (.method | shell), bash_target,
    (if has("json") or has("form") or has("body") then "--data-binary", "@\"$work/request\"" else empty end),
    (if .redirects then "-L", "--max-redirs", "\(.redirects)" else empty end),
    (.headers[] | "-H", (bash_pair | bash_word))]
   | map(select(. != null and . != "")) | join(" "));
def bash_program($before):
  (if has("stdin") then "text \(.stdin | jq_text | shell_quoted)" else ": >\"$work/request\"" end),
  (.argv + [.env[][1]? // empty, .cwd // empty] | bash_fetches[]),
  ([$before, "program", (.cwd // ["."] | bash_argument), "env",
    (.env[] | if .[1] == null then "-u", (.[0] | shell) else (.[0] | shell) + "=" + (.[1] | bash_argument) end),
    (.argv[] | bash_argument)] | map(select(. != "")) | join(" "));

def bash_request:
  (if .again then "again \([.again[] | "(\(.at | jq_place)) == \(.equals | tojson)"]
      | if . == [] then "false" else join(" or ") end | shell_quoted)" else "" end) as $again
  | (.request.after_ms | values | "sleep \(. / 1000)"),
    (.request | if .transport == "program" then bash_program($again) else bash_http($again; "") end),
    (.keep[] | "keep \(.variable) \(if has("at") then (.at | jq_place) else (.value | jq_value) end | shell_quoted)");

# The whole of a step but for what is expected.
def bash_requests:
  (.requests[] | bash_request),
  (.keeps_out | if . == [] then empty else "let_in \(map(tojson) | join(" "))" end);

def bash_hook: bash_request, "succeeded";

def bash_expectations($decided_by):
  if .decides and $decided_by == "recorded" then
    (.reject[] | "same \(assertion_words | shell_quoted) \(jq_assertion | shell_quoted)")
  else (assertions[] | "expect \(assertion_words | shell_quoted) \(jq_assertion | shell_quoted)") end;

def bash_step($decided_by):
  "",
  (if .failing then "# This is the step that failed." else empty end),
  "step \(.id | shell) \(step_words | comment | shell_quoted)\(if .decides then " decides" else "" end)",
  bash_requests,
  bash_expectations($decided_by);

# A step of a run with branches: its reply is judged together with the others. The
# first request of a branch waits for those of the others once it is ready.
def bash_raced_step($first):
  "",
  (if .failing then "# This is the step that failed." else empty end),
  "step \(.id | shell) \(step_words | comment | shell_quoted)",
  (if $first then ([bash_requests] | (map(test("\\A(again '.*' )?(send|program) ")) | index(true)) as $at | .[:$at][], "await_others", .[$at:][])
   else bash_requests end),
  "file_reply \(.id | shell)";

def indented: if . == "" then . else "  \(.)" end;

# --- Races: which combinations of replies could some order have given? ---

def jq_outcomes:
  . as $plan
  | (.steps | map({key: .id, value: .}) | from_entries) as $steps
  | .outcomes | map(to_entries | map(
      .value as $index | .key as $id | $steps[$id] | select(. != null and .phase != "setup" and .phase != "prefix")
      | .expect[$index].assertions | map("($r[\($id | tojson)] | \(jq_assertion))")[])
    | if . == [] then "true" else join(" and ") end) | unique | join("\n  or ");

# --- The script ---

def bash_shellcheck:
  "# Words in single quotes are data and programs of jq, where $v has the variables; branches have folders of their own.",
  "# shellcheck disable=SC1003,SC2016,SC2030,SC2031";

# The functions that steps use. Bats wants failures as statuses, a script counts them.
def bash_start:
  "base=${BASE_URL-\(.base_url // "" | shell)}",
  "base=${base%/}",
  (.environment[] | "[[ ${\(.)+set} ]] || { echo 'set \(.): the requests need this secret' >&2; exit 2; }");

# A reply is what jq makes of its head and its text.
def bash_reply_of($head):
  "    (\($head) | gsub(\"\\r\"; \"\") | split(\"\\n\\n\") | map(select(. != \"\")) | last // \"\" | split(\"\\n\")) as $lines",
  "    | {status: ($lines[0] // \"\" | split(\" \")[1] // 0 | tonumber),",
  "       headers: (reduce ($lines[1:][] | capture(\"^(?<name>[^:]+): *(?<value>.*)$\")) as $h ({};",
  "         ($h.name | ascii_downcase) as $name",
  "         | .[$name] = (if has($name) then \"\\(.[$name]), \\($h.value)\" else $h.value end))),",
  "       body: ($text | try fromjson catch null), $text}' >\"$work/reply\" || die 'a reply could not be read'";

def bash_send($client):
  if $client == "http" then
    "send() {",
    "  local method=$1 url=$2 status arguments=(--ignore-stdin) body=/dev/null",
    "  shift 2",
    "  while (($#)); do",
    "    case $1 in",
    "      -H) arguments+=(\"$(header \"$2\")\") && shift ;;",
    "      --data-binary) body=${2#@} && arguments=(\"${arguments[@]:1}\") && shift ;;",
    "      -L) arguments+=(--follow) ;;",
    "      --max-redirs) arguments+=(--max-redirects \"$2\") && shift ;;",
    "    esac",
    "    shift",
    "  done",
    "  http --timeout \"${TIMEOUT:-30}\" --print=hb --pretty=none \"$method\" \"$url\" \"${arguments[@]}\" \\",
    "    <\"$body\" >\"$work/all\" 2>\"$work/err\"",
    "  status=$?",
    "  case $status in",
    "    0) ;;",
    "    2) : >\"$work/all\" ;; # no reply in time: it meets no expectation",
    "    *) grep -q 'Connection aborted' \"$work/err\" || die \"${id-}: $method $url could not be sent\"; : >\"$work/all\" ;;",
    "  esac",
    "  jq -n --rawfile all \"$work/all\" '",
    "    ($all | index(\"\\r\\n\\r\\n\") // length) as $at | $all[$at + 4:] as $text |",
    bash_reply_of("$all[:$at]"),
    "}",
    "# HTTPie tells a header by its colon, and \\ before what would be another sign.",
    "header() {",
    "  local name=${1%%:*} value=${1#*: }",
    "  case $1 in *';') printf '%s' \"$1\" ;; *': '[=@]*) printf '%s:\\%s' \"$name\" \"$value\" ;; *) printf '%s:%s' \"$name\" \"$value\" ;; esac",
    "}"
  else
    "send() {",
    "  local method=$1 url=$2 status",
    "  shift 2",
    "  curl -gsS --max-time \"${TIMEOUT:-30}\" -X \"$method\" -D \"$work/head\" -o \"$work/body\" \"$@\" \"$url\"",
    "  status=$?",
    "  case $status in",
    "    0) ;;",
    "    28 | 52 | 56) : >\"$work/head\"; : >\"$work/body\" ;; # no reply: it meets no expectation",
    "    *) die \"${id-}: $method $url could not be sent\" ;;",
    "  esac",
    "  jq -n --rawfile head \"$work/head\" --rawfile text \"$work/body\" '",
    bash_reply_of("$head"),
    "}"
  end;

def bash_functions($client):
  "say() { printf '%s\\n' \"$*\"; }",
  "die() { printf '%s\\n' \"$*\" >&2 && exit 2; }",
  ((if .transports | index("http") then $client else empty end), "jq" | "command -v \(.) >/dev/null || die '\(.) is needed'"),
  "",
  "# Variables and the last reply are JSON in files; jq programs have the variables as $v.",
  "query() {",
  "  printf '%s' 'def between($a; $b): (if $a == \"\" then . else .[index($a) + ($a | length):] end)",
  "    | if $b == \"\" then . else .[:index($b)] end; $variables[0] as $v | ' \"$1\" >\"$work/program\"",
  "  jq --slurpfile variables \"$work/variables\" -f \"$work/program\" \"${@:2}\"",
  "}",
  "data() { printf '%s' \"$1\" >\"$work/request\"; }",
  "json() { query \"$1\" -nc >\"$work/request\" || die 'a request could not be made'; }",
  "text() { query \"$1\" -nj >\"$work/request\" || die 'a request could not be made'; }",
  "uri() { query \"$1 | tostring | @uri\" -nr; }",
  "raw() { query \"$1\" -nj; }",
  "fetch() { IFS= read -r -d '' \"$1\" < <(query \"\\$v.$1\" -nj; printf '\\0'); }",
  "",
  bash_send($client),
  (if .transports | index("program") then
    "program() {",
    "  local status",
    "  (cd \"$1\" && \"${@:2}\") <\"$work/request\" >\"$work/out\" 2>\"$work/err\"",
    "  status=$?",
    "  ((status != 127)) || die \"${id-}: $(<\"$work/err\")\"",
    "  jq -n --rawfile stdout \"$work/out\" --rawfile stderr \"$work/err\" --argjson exit \"$status\" \\",
    "    '{$exit, $stdout, $stderr}' >\"$work/reply\" || die 'a reply could not be read'",
    "}"
   else empty end),
  "# Send again while a condition holds of the reply, for a while.",
  "again() {",
  "  local condition=$1 end=$((SECONDS + \(patience / 1000 | floor)))",
  "  shift",
  "  while \"$@\" && query \"$condition\" -e \"$work/reply\" >/dev/null && ((SECONDS < end)); do sleep 0.1; done",
  "}",
  "# Keep what the reply gives out; without it there is no going on.",
  "keep() {",
  "  local name=$1 value",
  "  value=$(query \"$2\" -c \"$work/reply\")",
  "  [[ ${value:-null} != null ]] || die \"$id: the reply has no $name: $(brief)\"",
  "  printf '%s\\n' \"$value\" >\"$work/value\"",
  "  jq --arg name \"$name\" --slurpfile value \"$work/value\" '.[$name] = $value[0]' \"$work/variables\" >\"$work/more\" &&",
  "    mv \"$work/more\" \"$work/variables\"",
  "}",
  "brief() { jq -r 'del(.headers) | if .body then del(.text) else . end | tojson[:300]' \"$work/reply\"; }",
  (if any(.steps[]; .keeps_out != []) then
    "# A reply that keeps us out tells nothing about the failure.",
    "let_in() {",
    "  for status in \"$@\"; do",
    "    if [[ $(jq .status \"$work/reply\") == \"$status\" ]]; then die \"$id: kept out: $(brief)\"; fi",
    "  done",
    "}"
   else empty end),
  "succeeded() {",
  "  query '(.status // 0) < 400 and (.exit // 0) == 0' -e \"$work/reply\" >/dev/null || die \"setup failed: $(brief)\"",
  "}",
  (if .concurrent then "file_reply() { cp \"$work/reply\" \"$work/reply.$1\"; }"
   elif .decided_by == "recorded" then
     "same() { query \"$2\" -e \"$work/reply\" >/dev/null || { say \"  not as recorded: $1\" && different=1; }; }"
   else empty end),
  (if .minted != [] then
    "letters() { od -An -N6 -tx1 /dev/urandom | tr -d ' \\n'; }",
    "uuid() {",
    "  od -An -N16 -tx1 /dev/urandom | tr -d ' \\n' |",
    "    sed 's/^\\(.\\{8\\}\\)\\(.\\{4\\}\\).\\(.\\{3\\}\\).\\(.\\{3\\}\\)/\\1-\\2-4\\3-a\\4-/'",
    "}"
   else empty end);

def bash_step_words: "step() { id=$1 && say \"$1 $2\"; }";

def bash_minted:
  "printf '{}' >\"$work/variables\"",
  (.minted[] | .variable as $name
   | (if .template == "uuid" then "$(uuid)" else null end) as $uuid
   | "printf '\"%s\"' \"$(\(if $uuid then "uuid" else "letters" end))\" >\"$work/reply\"",
     "id=start keep \($name) \(if $uuid then "." else
        (.template | index("{}")) as $at
        | if $at == null then .template | tojson else "\(.template[:$at] | tojson) + . + \(.template[$at + 2:] | tojson)" end end | shell_quoted)");

def bash_linear:
  .decided_by as $decided_by
  | bash_minted, (.before[] | bash_hook), (.steps[] | bash_step($decided_by)), (.after[] | bash_hook);

def bash_branch($number):
  "branch_\($number)() {",
  "  work=$work/\($number)",
  (to_entries[] | .key as $index | .value | bash_raced_step($index == 0) | indented),
  "}";

def bash_concurrent:
  (branches | to_entries[] | .key as $number | .value | bash_branch($number), ""),
  "# The branches run at the same time, each with a folder of its own.",
  "race() {",
  "  local number pids=()",
  "  rm -f \"$work/gate\" && mkfifo \"$work/gate\" || exit 2",
  "  for number in \(branches | keys | map(tostring) | join(" ")); do",
  "    rm -rf \"${work:?}/$number\" && mkdir \"$work/$number\" && cp \"$work/variables\" \"$work/$number\" || exit 2",
  "    (\"branch_$number\" >\"$work/$number/said\") &",
  "    pids+=($!)",
  "  done",
  "  for number in \(branches | keys | map(tostring) | join(" ")); do",
  "    until [[ -e $work/$number/ready ]] || ! kill -0 \"${pids[number]}\" 2>/dev/null; do sleep 0.005; done",
  "  done",
  "  exec 8<>\"$work/gate\"",
  "  for number in \"${pids[@]}\"; do wait \"$number\" || exit 2; done",
  "  exec 8>&-",
  "  cat \"$work\"/[0-9]*/said",
  "  cp \"$work\"/[0-9]*/reply.* \"$work\"",
  "  jq -s add \"$work\"/variables \"$work\"/[0-9]*/variables >\"$work/more\" && mv \"$work/more\" \"$work/variables\"",
  "}",
  "await_others() { : >\"$work/ready\" && : <\"$work/../gate\"; }",
  "",
  "# Is there an order in which all replies are right?",
  "explained() {",
  "  local id",
  "  for id in \([.steps[] | .id | shell] | join(" ")); do",
  "    jq -c --arg id \"$id\" '{($id): .}' \"$work/reply.$id\"",
  "  done | jq -s add >\"$work/replies\"",
  "  query \(". as $r | (" + (jq_outcomes | if . == "" then "false" else . end) + ")" | shell_program) -e \"$work/replies\" >/dev/null",
  "}",
  "",
  "run() {",
  (bash_minted, (.before[] | bash_hook), (steps_before[] | bash_raced_step(false)), "", "race",
   (steps_after[] | bash_raced_step(false)), (.after[] | bash_hook) | indented),
  "}",
  "",
  "# Try until the replies cannot be explained.",
  "search() {",
  "  for ((attempt = 1; attempt <= ${PD_ATTEMPTS:-200}; attempt++)); do",
  "    run >\"$work/log\"",
  "    explained || return 0",
  "  done",
  "  return 1",
  "}",
  "tell() {",
  "  cat \"$work/log\"",
  "  jq -r 'to_entries[] | \"  \\(.key) got: \\(.value | del(.headers, .text) | tojson[:300])\"' \"$work/replies\"",
  "}";

def bash_expect:
  "expect() {",
  "  query \"$2\" -e \"$work/reply\" >/dev/null && return",
  "  say \"  expected: $1\" \"  got: $(brief)\"",
  "  [[ -z $decides ]] || broken=1",
  "}";

def bash_verdict:
  if .concurrent then
    "if search; then",
    "  tell",
    "  say \"reproduced at attempt $attempt: no order of the branches explains these replies\"",
    "  exit 1",
    "fi",
    "say \"not reproduced in ${PD_ATTEMPTS:-200} attempts\""
  else
    "broken=''\(if .decided_by == "recorded" then " different=''" else "" end)",
    "",
    bash_linear,
    "",
    (if .decided_by == "recorded" then "[[ -n $different ]] || broken=1" else empty end),
    "if [[ -n $broken ]]; then",
    "  say \(("reproduced: " + title) | comment | shell_quoted)",
    "  exit 1",
    "fi",
    "say 'not reproduced'"
  end;

# A whole script, which says whether the failure is there.
def bash_script($client):
  "#!/usr/bin/env bash",
  bash_comment(title),
  "#",
  bash_comment("Found by PropertyDamage (\(origin)). It needs bash\(if .transports | index("http") then ", \($client)" else "" end) and jq:"),
  bash_comment("    BASE_URL=\(.base_url // "http://localhost:8080") bash THIS-FILE"),
  "# It sends what failed and says whether the failure is there.",
  "# Exit status: 1 it is, 0 it is not, 2 that could not be found out.",
  bash_shellcheck,
  "set -uo pipefail",
  bash_start,
  "work=$(mktemp -d) || exit 2",
  "trap 'rm -rf \"$work\"' EXIT",
  "trap 'exit 2' INT TERM",
  "",
  bash_functions($client),
  (if .concurrent then bash_step_words, "", bash_concurrent else "step() { id=$1 decides=${3-} && say \"$1 $2\"; }", bash_expect end),
  "",
  bash_verdict;
