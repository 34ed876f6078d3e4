#!/bin/sh
# Everything that must hold before a change is good: peers, format, lints, documentation, tests, both feature sets.
set -eu
cd "$(dirname "$0")/.."

tests/peers.sh
cargo fmt --check
cargo clippy --locked --all-targets -- --deny warnings
RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps --quiet
cargo test --locked
