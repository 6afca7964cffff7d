# SPDX-License-Identifier: MIT
# Promises about many answers: one slow answer is no bug, half of them are. A model keeps
# samples in its state and asserts on them in a check:
#
#   include "statistics";
#   def init: {answers: samples(100)};
#   def on_Answered($e): .answers |= sample($e.latency_us; $e.ok; $e.at_us);
#   def check_fast($e): .answers | metrics | holds([["p95", "<", 200000], ["error_rate", "<=", 0.01]]; 50);
#
# Times are in microseconds: an adapter's reply has latency_us and at_us, a log its own.
# A check over few samples proves little, and one sample more or less decides it when a
# run is shrunk: say from how many on it holds.
#
# No function here calls another one: jq 1.7 loses such functions when the module that
# includes them is itself included.
module {"name": "statistics", "description": "percentiles, rates and throughput over the last samples, and assertions on them"};

# The part of the state: the last $window samples, and counts of all.
def samples($window): {window: $window, latencies: [], good: [], times: [], total: 0, errors: 0};

# One more. $latency or $at may be null where they are not known; $ok is false for an error.
def sample($latency; $ok; $at):
  .total += 1
  | if $ok then . else .errors += 1 end
  | .latencies = (.latencies + [$latency])[-.window:]
  | .good = (.good + [if $ok then 1 else 0 end])[-.window:]
  | .times = (.times + [$at])[-.window:];

# All metrics of the window: {count, total, p50, p95, p99, max, min, mean, success_rate,
# error_rate, throughput}. Percentiles are nearest ranks. Throughput is per second, between
# the first and last sample of the window that tell their time. What cannot be told is null.
def metrics:
  (.latencies | map(numbers) | sort) as $sorted
  | ($sorted | length) as $known
  | (.good | length) as $count
  | (.times | map(numbers)) as $times
  | (if $times == [] then 0 else ($times | max) - ($times | min) end) as $span
  | def rank($p): if $known == 0 then null else $sorted[([($p * $known | ceil) - 1, 0] | max)] end;
    {count: $count, total,
     p50: rank(0.5), p95: rank(0.95), p99: rank(0.99), max: $sorted[-1:][0], min: $sorted[0],
     mean: (if $known == 0 then null else ($sorted | add) / $known end),
     success_rate: (if $count == 0 then null else (.good | add) / $count end),
     error_rate: (if $count == 0 then null else ($count - (.good | add)) / $count end),
     throughput: (if $span <= 0 then null else (($times | length) - 1) * 1000000 / $span end)};

# For checks, of metrics: true when all of [[METRIC, OPERATOR, LIMIT], ...] hold, or the
# window has fewer than $least samples; else what does not. Operators are <, <=, >, >=, ==;
# another one, or a metric that there is none of, fails.
def holds($assertions; $least):
  . as $metrics
  | [$assertions[] | . as [$metric, $operator, $limit]
     | $metrics[$metric] as $value
     | if $metrics | has($metric) | not then "there is no metric \($metric): there are \($metrics | keys | join(", "))"
       elif $operator | IN("<", "<=", ">", ">=", "==") | not then "there is no operator \($operator): there are <, <=, >, >=, =="
       elif $value == null or $metrics.count < $least then empty
       elif ($operator == "<" and $value < $limit) or ($operator == "<=" and $value <= $limit)
         or ($operator == ">" and $value > $limit) or ($operator == ">=" and $value >= $limit)
         or ($operator == "==" and $value == $limit) then empty
       else "\($metric) is \($value * 1000 | round / 1000) over the last \($metrics.count), promised is \($operator) \($limit)" end]
  | if . == [] then true else {"$fail": join("; "), data: {metrics: $metrics}} end;
