# SPDX-License-Identifier: MIT
# What the formats in Python share.
include "quote";
include "export";

def python_comment($text): "# \($text | comment)";

def python_variable: if has("environment") then "os.environ[\(.environment | tojson)]" else "v.\(.variable)" end;
def python_text:
  if . == [] then "\"\""
  elif plain then plain_text | python_string
  else map(if type == "string" then python_string
      elif .encode == "uri" then "uri(\(python_variable))"
      elif has("environment") then python_variable
      else "text(\(python_variable))" end) | join(" + ") end;
def python_value:
  if has("constant") then .constant | python
  elif has("variable") or has("environment") then python_variable
  elif has("text") then .text | python_text
  elif has("array") then "[\(.array | map(python_value) | join(", "))]"
  else "{\(.object | map("\(.[0] | python_text): \(.[1] | python_value)") | join(", "))}" end;

def python_place($reply):
  (if .in == "body" then "look(\([$reply, "\"body\"", (.path[] | tojson)] | join(", ")))"
   elif .in == "header" then "look(\($reply), \"headers\", \(.name | python_string))"
   else "look(\($reply), \(.in | tojson))" end) as $whole
  | (if has("before") then "between(\($whole), \(.before | python_string), \(.after | python_string))" else $whole end);
def python_number($at; $reply): $at | python_place($reply) | if $at.as == "number" then "number(\(.))" else . end;
def python_assertion($reply):
  python_number(.at; $reply) as $place
  | if has("one_of") then "\($place) in (\(.one_of | map(python) | join(", ")),)"
    else "same(\($place), \(.equals | python_value))" end;

# --- Requests ---

def python_pairs: "[\(map("(\(.[0] | python_text), \(.[1] | python_text))") | join(", "))]";
def python_call:
  if .transport == "program" then
    "run_program([\(.argv | map(python_text) | join(", "))]"
    + (if has("stdin") then ", stdin=\(.stdin | python_text)" else "" end)
    + (if .env != [] then ", env={\(.env | map("\(.[0] | python_string): \(if .[1] == null then "None" else .[1] | python_text end)") | join(", "))}" else "" end)
    + (if .cwd then ", cwd=\(.cwd | python_text)" else "" end) + ")"
  else
    "send(\(.method | python_string), \(if has("url") then .url | python_text else (if .path == [] then "BASE_URL" else "BASE_URL + \(.path | python_text)" end) end)"
    + (if .query != [] then ", query=\(.query | python_pairs)" else "" end)
    + (if has("json") then ", json=\(.json | python_value)"
       elif has("form") then ", form=\(.form | python_pairs)"
       elif has("body") then ", body=\(.body | python_text)" else "" end)
    + (.headers | map(select((.[0] == ["Content-Type"] and .[1] == ["application/json"]) | not))
       | if . == [] then "" else ", headers={\(map("\(.[0] | python_text): \(.[1] | python_text)") | join(", "))}" end)
    + (if .redirects then ", redirects=\(.redirects)" else "" end) + ")"
  end;

def python_request($id):
  (.request.after_ms | values | "time.sleep(\(. / 1000))"),
  (if .again then "for _ in again():" else empty end),
  ((if .again then "    " else "" end) + "reply = \(.request | python_call)"),
  (if .again then
     "    if not (\(.again | map("same(\(python_number(.at; "reply")), \(.equals | python))") | if . == [] then "False" else join(" or ") end)):",
     "        break"
   else empty end),
  (.keep[] | "v.\(.variable) = \(if has("at") then "keep(\($id | python_string), \(.variable | tojson), reply, \(python_number(.at; "reply")))" else .value | python_value end)");

# The whole of a step but for what is expected.
def python_requests:
  (.id as $id | .requests[] | python_request($id)),
  (.keeps_out | if . == [] then empty else "let_in(reply, \(map(tojson) | join(", ")))" end);

def python_hook: python_request("setup"), "succeeded(reply)";

def indent($text): if . == "" then . else $text + . end;

def python_minted:
  .minted[] | "v.\(.variable) = " + (if .template == "uuid" then "str(uuid.uuid4())"
    else .template | index("{}") as $at
      | if $at == null then python_string
        else [(.[:$at], null, .[$at + 2:]) | if . == null then "letters()" elif . == "" then empty else python_string end] | join(" + ") end end);

def python_send($stdlib):
  if $stdlib then
    "class NoRedirect(urllib.request.HTTPRedirectHandler):",
    "    def redirect_request(self, *_):",
    "        return None",
    "",
    "",
    "def send(method, url, query=(), json=None, form=None, body=None, headers=None, redirects=0):",
    "    data, kind = encode(json, form, body)",
    "    if query:",
    "        url += (\"&\" if \"?\" in url else \"?\") + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)",
    "    lines = {name: value.encode().decode(\"latin-1\") for name, value in {**kind, **(headers or {})}.items()}",
    "    request = urllib.request.Request(url, data=data, method=method, headers=lines)",
    "    handlers = [] if redirects else [NoRedirect]",
    "    try:",
    "        with urllib.request.build_opener(*handlers).open(request, timeout=TIMEOUT) as answer:",
    "            return reply_of(answer.status, answer.headers, answer.read())",
    "    except urllib.error.HTTPError as answer:",
    "        return reply_of(answer.code, answer.headers, answer.read())",
    "    except urllib.error.URLError as error:",
    "        if isinstance(error.reason, TimeoutError):",
    "            return NO_REPLY",
    "        raise Trouble(f\"{method} {url} could not be sent: {error.reason}\") from error",
    "    except (TimeoutError, ConnectionError):",
    "        return NO_REPLY"
  else
    "def send(method, url, query=(), json=None, form=None, body=None, headers=None, redirects=0):",
    "    data, kind = encode(json, form, body)",
    "    try:",
    "        session = requests.Session()",
    "        session.max_redirects = max(redirects, 1)",
    "        answer = session.request(method, url, params=list(query), data=data, headers={name: value.encode() for name, value in {**kind, **(headers or {})}.items()},",
    "                                 timeout=TIMEOUT, allow_redirects=redirects > 0)",
    "    except requests.exceptions.ReadTimeout:",
    "        return NO_REPLY",
    "    except requests.exceptions.RequestException as error:",
    "        raise Trouble(f\"{method} {url} could not be sent: {error}\") from error",
    "    return reply_of(answer.status_code, answer.headers, answer.content)"
  end;

def python_head($o):
  (.transports | index("http")) as $http
  | "import json as json_text",
    "import os",
    (if .transports | index("program") then "import subprocess" else empty end),
    "import sys",
    (if .concurrent then "import threading" else empty end),
    "import time",
    "import traceback",
    (if $http and $o.stdlib then "import urllib.error" else empty end),
    "import urllib.parse",
    (if $http and $o.stdlib then "import urllib.request" else empty end),
    "import uuid",
    "from types import SimpleNamespace",
    (if $http and ($o.stdlib | not) then "", "import requests" else empty end),
    "",
    "BASE_URL = os.environ.get(\"BASE_URL\", \(.base_url // "" | python_string)).rstrip(\"/\")",
    "TIMEOUT = float(os.environ.get(\"TIMEOUT\", \"30\"))",
    "MISSING = object()",
    "NO_REPLY = {}",
    "v = SimpleNamespace()  # what the system gave out",
    (if .concurrent then "replies = {}" else "outcome = SimpleNamespace(broken=False, different=False)" end),
    "",
    "",
    "class Trouble(Exception):",
    "    pass",
    (.environment | if . == [] then empty else
      "", "",
      "for needed in \(map(tojson) | "(\(join(", ")),)"):",
      "    if needed not in os.environ:",
      "        print(f\"set {needed}: the requests need this secret\", file=sys.stderr)",
      "        sys.exit(2)" end),
    "",
    "",
    "def letters():",
    "    return uuid.uuid4().hex[:12]",
    "",
    "",
    "def text(value):",
    "    return value if isinstance(value, str) else json_text.dumps(value)",
    "",
    "",
    "def uri(value):",
    "    return urllib.parse.quote(text(value), safe=\"\")",
    "",
    "",
    (if $http then
      "def encode(json, form, body):",
      "    if form is not None:",
      "        return urllib.parse.urlencode(form, quote_via=urllib.parse.quote).encode(), {",
      "            \"Content-Type\": \"application/x-www-form-urlencoded\"}",
      "    if body is not None:",
      "        return body.encode(), {\"Content-Type\": \"text/plain; charset=utf-8\"}",
      "    if json is not None:",
      "        return json_text.dumps(json).encode(), {\"Content-Type\": \"application/json\"}",
      "    return None, {}",
      "",
      "",
      "def reply_of(status, headers, content):",
      "    try:",
      "        body = json_text.loads(content)",
      "    except ValueError:",
      "        body = None",
      "    return {\"status\": status, \"headers\": {name.lower(): value for name, value in headers.items()},",
      "            \"body\": body, \"text\": content.decode(errors=\"replace\")}",
      "",
      "",
      python_send($o.stdlib),
      "",
      ""
     else empty end),
    (if .transports | index("program") then
      "def run_program(argv, stdin=\"\", env=None, cwd=None):",
      "    environment = {name: value for name, value in {**os.environ, **(env or {})}.items() if value is not None}",
      "    try:",
      "        done = subprocess.run(argv, input=stdin.encode(), capture_output=True, env=environment, cwd=cwd,",
      "                              timeout=TIMEOUT, check=False)",
      "    except subprocess.TimeoutExpired:",
      "        return NO_REPLY",
      "    except OSError as error:",
      "        raise Trouble(f\"{argv[0]} could not be run: {error}\") from error",
      "    return {\"exit\": done.returncode if done.returncode >= 0 else 128 - done.returncode,",
      "            \"stdout\": done.stdout.decode(errors=\"replace\"), \"stderr\": done.stderr.decode(errors=\"replace\")}",
      "",
      ""
     else empty end),
    "def look(value, *path):",
    "    for key in path:",
    "        try:",
    "            value = value[key]",
    "        except (KeyError, IndexError, TypeError):",
    "            return MISSING",
    "    return value",
    "",
    "",
    "def between(value, before, after):",
    "    if not isinstance(value, str) or before not in value:",
    "        return MISSING",
    "    value = value[value.index(before) + len(before):]",
    "    return value if after == \"\" else value[:value.index(after)] if after in value else MISSING",
    "",
    "",
    "def number(value):",
    "    try:",
    "        return json_text.loads(value)",
    "    except (TypeError, ValueError):",
    "        return MISSING",
    "",
    "",
    "def same(one, other):",
    "    \"\"\"Equal as JSON values: true is not 1.\"\"\"",
    "    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):",
    "        return len(one) == len(other) and all(map(same, one, other))",
    "    if isinstance(one, dict) and isinstance(other, dict):",
    "        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)",
    "    return isinstance(one, bool) == isinstance(other, bool) and one == other",
    "",
    "",
    "def brief(reply):",
    "    hidden = (\"headers\",) if reply.get(\"body\") is None else (\"headers\", \"text\")",
    "    return json_text.dumps({name: value for name, value in reply.items() if name not in hidden})[:300]",
    "",
    "",
    "def keep(step_id, name, reply, value):",
    "    if value is MISSING or value is None:",
    "        raise Trouble(f\"{step_id}: the reply has no {name}: {brief(reply)}\")",
    "    return value",
    "",
    "",
    (if any(.steps[]; .keeps_out != []) then
      "def let_in(reply, *statuses):",
      "    if reply.get(\"status\") in statuses:",
      "        raise Trouble(f\"kept out, which tells nothing about the failure: {brief(reply)}\")",
      "",
      ""
     else empty end),
    "def succeeded(reply):",
    "    if reply.get(\"status\", 0) >= 400 or reply.get(\"exit\", 0) != 0:",
    "        raise Trouble(f\"setup failed: {brief(reply)}\")",
    "",
    "",
    "def again():",
    "    end = time.monotonic() + \(patience / 1000)",
    "    while True:",
    "        yield",
    "        if time.monotonic() > end:",
    "            return",
    "        time.sleep(0.1)",
    "",
    "",
    "def step(step_id, words):",
    (if .concurrent then "    said.append(f\"{step_id} {words}\")" else "    print(step_id, words)" end),
    (if .concurrent then
      "", "",
      "said = []", "", "",
      "def at_the_same_time(*branches):",
      "    barrier = threading.Barrier(len(branches))",
      "    errors = []",
      "",
      "    def run_branch(branch):",
      "        barrier.wait()",
      "        try:",
      "            branch()",
      "        except Trouble as error:",
      "            errors.append(error)",
      "",
      "    threads = [threading.Thread(target=run_branch, args=(branch,)) for branch in branches]",
      "    for thread in threads:",
      "        thread.start()",
      "    for thread in threads:",
      "        thread.join()",
      "    if errors:",
      "        raise errors[0]"
     else
      (if .decided_by == "recorded" then
        "", "",
        "def recorded(words, holds):",
        "    if not holds:",
        "        print(\"  not as recorded:\", words)",
        "        outcome.different = True"
       else empty end)
     end);

def python_step($decided_by):
  "",
  (if .failing then "# This is the step that failed." else empty end),
  "step(\(.id | python_string), \(step_words | python_string))",
  python_requests,
  (if .decides and $decided_by == "recorded" then
     .reject[] | "recorded(\(assertion_words | python_string), \(python_assertion("reply")))"
   else
     .decides as $decides
     | assertions[] | "expect(\(assertion_words | python_string), \(python_assertion("reply")), reply\(if $decides then ", decides=True" else "" end))"
   end);
def python_raced_step:
  "",
  (if .failing then "# This is the step that failed." else empty end),
  "step(\(.id | python_string), \(step_words | python_string))",
  python_requests,
  "replies[\(.id | python_string)] = reply";

# The steps of a plan without branches.
def python_linear:
  .decided_by as $decided_by
  | python_minted, (.before[] | python_hook), (.steps[] | python_step($decided_by)), (.after[] | python_hook);

def python_outcomes:
  . as $plan
  | (.steps | map({key: .id, value: .}) | from_entries) as $steps
  | .outcomes | map(to_entries | map(
      .value as $index | .key as $id | $steps[$id] | select(. != null and .phase != "setup" and .phase != "prefix")
      | .expect[$index].assertions | map(python_assertion("replies[\($id | python_string)]"))[])
    | if . == [] then "True" else join(" and ") end) | unique;

# A function for one attempt with branches.
def python_concurrent:
  "def run():",
  ("\"\"\"One attempt: True when no order of the branches explains the replies.\"\"\"",
   "replies.clear()", python_minted, (.before[] | python_hook), (steps_before[] | python_raced_step) | indent("    ")),
  (branches | to_entries[] | "", "    def branch_\(.key)():", (.value[] | python_raced_step | indent("        "))),
  "",
  "    at_the_same_time(\(branches | keys | map("branch_\(.)") | join(", ")))",
  ((steps_after[] | python_raced_step), (.after[] | python_hook) | indent("    ")),
  "    explained = [",
  (python_outcomes[] | "        \(.),"),
  "    ]",
  "    return not any(explained)";

def python_main:
  "def main():",
  (if .concurrent then
    "    attempts = int(os.environ.get(\"PD_ATTEMPTS\", \"200\"))",
    "    for attempt in range(1, attempts + 1):",
    "        said.clear()",
    "        if run():",
    "            print(*said, sep=\"\\n\")",
    "            for step_id, reply in replies.items():",
    "                print(f\"  {step_id} got: {brief(reply)}\")",
    "            print(f\"reproduced at attempt {attempt}: no order of the branches explains these replies\")",
    "            return 1",
    "    print(f\"not reproduced in {attempts} attempts\")",
    "    return 0"
   else
    "    if run():",
    "        print(\("reproduced: " + title | python_string))",
    "        return 1",
    "    print(\"not reproduced\")",
    "    return 0"
   end),
  "",
  "",
  "if __name__ == \"__main__\":",
  "    try:",
  "        sys.exit(main())",
  "    except Trouble as trouble:",
  "        print(trouble, file=sys.stderr)",
  "        sys.exit(2)",
  "    except Exception:  # a mistake in here must not look like the failure",
  "        traceback.print_exc()",
  "        sys.exit(2)";
