#!/bin/sh
# rustdoc with its JSON output on a stable compiler, and for this program alone: set for Cargo, the variable would have
# every build script that reads it run again.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
