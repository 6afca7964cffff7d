module {"name": "jobs-http"};
include "pd";
def make: {method: "POST", path: "/jobs", json: {takes_ms}};
def look: {path: "/jobs/\(.job)"};
def finished: .body | if .state == "done" then {type: "Finished", job} else retry(.state) end;
def request_Make: make;
def events_Make($c): .body | {type: "Made", job};
def request_Run: make;
def events_Run($c):
  if .status == 201 then (.body | follow(look; {inject: {type: "Made", job}})) else finished end;
def request_Wait: look;
def request_Once: look;
def request_Ask: look;
def events_Wait($c): finished;
def events_Once($c): finished;
def events_Ask($c): finished;
