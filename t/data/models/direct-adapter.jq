# SPDX-License-Identifier: MIT
module {"name": "direct-adapter"};
include "pd";

def request: .request;
def events($c): {type: "Got", reply: .};
