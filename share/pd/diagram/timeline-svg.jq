# SPDX-License-Identifier: MIT
# The timeline of one run as a picture that stands alone.
module {"name": "timeline-svg", "description": "operations that overlap, as one picture", "single": true};
import "overlap" as overlap;
import "overlap_svg" as picture;

def run($o):
  [{text: overlap::run_title, class: "title"}, (overlap::message_lines | {text: ., class: null})] as $above
  | [overlap::run_verdict | picture::reason_lines] as $below
  | overlap::of_run | picture::svg($above; $below; null);

def linearization($o):
  [{text: overlap::linearization_title, class: "title"}, (overlap::verdict_notes | {text: ., class: null})] as $above
  | [picture::reason_lines] as $below
  | overlap::of_linearization | picture::svg($above; $below; null);
