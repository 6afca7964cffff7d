# SPDX-License-Identifier: MIT
# The sequence diagram of one run as a picture that stands alone.
module {"name": "svg", "description": "sequence diagram, as one picture", "single": true};
include "text";
import "overlap" as overlap;
import "sequence" as sequence;
import "sequence_svg" as picture;

def run($o): sequence::of_run($o) | picture::svg($o; false);
