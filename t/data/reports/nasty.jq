# SPDX-License-Identifier: MIT
# Every text that somebody else wrote, in a stream with a shrunk failure, becomes one that no format may take for its
# own. LONE stands for a half of a surrogate pair, which jq cannot write: sed 's/LONE/\\udc00/g'.
def nasty:
  "q\"'`$(touch pwned) `x` ${a} \\ a\nb\r\nc\td \u0000\u0001\u001b[2J ]]> </script><!-- & &amp; | # SKIP %0A%25:, ::error:: ##[error]"
  + " \ud83c\udf89 \u202eabc\u202c LONE \ufffe\uffff \u2028 \\# " + ("x" * 100000);
if .type == "stream" then .model.name = nasty | .model.path = nasty
elif .type == "end" then .problems = [nasty]
elif .type == "run_end" then .fired[nasty] = 3 | .fired[nasty + "2"] = 0
elif .type == "failure" then
  .failure |= (.name = nasty | .message = nasty | .data = {(nasty): nasty})
  | (.. | objects | select(.type? == "Debit")).memo = nasty | .model.path = nasty | .model.name = nasty
else . end
