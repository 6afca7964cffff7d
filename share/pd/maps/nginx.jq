# SPDX-License-Identifier: MIT
# An access log with log_format ... escape=json: values are text; those that are numbers become numbers.
module {"name": "nginx", "description": "nginx access log with escape=json"};
include "log";

def map:
  event({type: "Request", time: (.time_iso8601 // .time // .msec // .time_local),
         method: (.request_method // .method // (.request | strings | split(" ")[0]) // null),
         path: ((((.uri // .request_uri // .path // (.request | strings | split(" ")[1]))) | strings | split("?")[0]) // null)};
    with_entries(if .key | IN("status", "body_bytes_sent", "bytes_sent", "request_length", "request_time",
      "upstream_status", "upstream_response_time", "connection", "connection_requests", "server_port", "remote_port")
      then .value |= number_from_text else . end));
