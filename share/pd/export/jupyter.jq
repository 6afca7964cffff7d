# SPDX-License-Identifier: MIT
# A notebook in Python to explore the failure in: a cell for each step, and a verdict.
module {"name": "jupyter", "description": "a Jupyter notebook in Python with requests; with --stdlib without it", "file": "{}.ipynb",
        "stdlib": true, "transports": ["http", "program"], "concurrent": true};
include "quote";
include "export";
include "export_python";

# Lines as a cell keeps them. Blank ones at its ends are left out.
def source(lines): [lines] | join("\n") | gsub("\\A\n+|\n+\\z"; "") | split("\n") | [.[:-1][] + "\n", .[-1]];
def cell($id; $more): {id: $id, metadata: {}} + $more;
def text_cell($id; lines): cell($id; {cell_type: "markdown", source: source(lines)});
def code_cell($id; lines): cell($id; {cell_type: "code", execution_count: null, outputs: [], source: source(lines)});

def linear_cells:
  .decided_by as $decided_by
  | (if .minted != [] or .before != [] then code_cell("start"; python_minted, (.before[] | python_hook)) else empty end),
    (.steps[]
     | text_cell("about-\(.id)"; "### \(.id | markdown) \(step_words | markdown)",
         (if .failing then "", "This is the step that failed." else empty end)),
       code_cell("step-\(.id)"; python_step($decided_by), "reply")),
    (if .after != [] then code_cell("end"; .after[] | python_hook) else empty end),
    text_cell("about-verdict"; "### Is the failure there?"),
    code_cell("verdict";
      "failed = \(if $decided_by == "recorded" then "not outcome.different" else "outcome.broken" end)",
      "print(\("reproduced: " + title | python_string) if failed else \"not reproduced\")");

def concurrent_cells:
  code_cell("run"; python_concurrent),
  text_cell("about-verdict"; "### Is the failure there?", "", "The branches run at the same time, again and again."),
  code_cell("verdict";
    "attempts = int(os.environ.get(\"PD_ATTEMPTS\", \"200\"))",
    "failed = False",
    "for attempt in range(1, attempts + 1):",
    "    said.clear()",
    "    failed = run()",
    "    if failed:",
    "        break",
    "print(*said, sep=\"\\n\")",
    "for step_id, reply in replies.items():",
    "    print(f\"  {step_id} got: {brief(reply)}\")",
    "print(f\"reproduced at attempt {attempt}\" if failed else f\"not reproduced in {attempts} attempts\")");

def plan($o):
  {nbformat: 4, nbformat_minor: 5,
   metadata: {kernelspec: {display_name: "Python 3", language: "python", name: "python3"}, language_info: {name: "python"}},
   cells: [
     text_cell("title"; "# \(title | markdown)", "", "Found by PropertyDamage: \(origin | markdown)."),
     code_cell("functions"; python_head($o),
       (if .concurrent then empty else "", "",
         "def expect(words, holds, reply, decides=False):",
         "    print(\"  as expected:\" if holds else \"  expected:\", words)",
         "    outcome.broken = outcome.broken or (decides and not holds)" end)),
     (if .concurrent then concurrent_cells else linear_cells end)]}
  | tojson;
