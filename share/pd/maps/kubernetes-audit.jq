# SPDX-License-Identifier: MIT
# Kubernetes writes a record for each stage of a request: the event is the complete one.
module {"name": "kubernetes-audit", "description": "Kubernetes audit log"};
include "log";

def one:
  if .kind != "Event" or (.apiVersion | startswith("audit.k8s.io/") | not) then skip("no audit event")
  elif .stage != "ResponseComplete" then skip("stage \(.stage)")
  else event({type: ("\(.verb) \(.objectRef.resource // "url")\(.objectRef.subresource | if . then " \(.)" else "" end)" | event_name),
              time: .requestReceivedTimestamp, end: .stageTimestamp, id: .auditID, user: .user.username,
              namespace: .objectRef.namespace, name: .objectRef.name, resource: .objectRef.resource,
              code: .responseStatus.code, path: .requestURI, request: .requestObject, response: .responseObject}; {}) end;
def map: if .kind == "EventList" then .items[] else . end | one;
