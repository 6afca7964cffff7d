#!/bin/sh
# SPDX-License-Identifier: MIT
# The smallest coprocess adapter: every command is answered by an event that names its id.
while read -r line; do
  id=$(printf '%s\n' "$line" | sed 's/.*"id":\([0-9]*\).*/\1/')
  case $line in
    *'"op":"execute"'*) printf '{"id":%s,"events":[{"type":"Got","reply":"from sh"}]}\n' "$id" ;;
    *) printf '{"id":%s}\n' "$id" ;;
  esac
done
