#!/bin/sh
# Everything that must hold before a change is good: peers, format, lints, documentation, tests, both feature sets.
set -eu
cd "$(dirname "$0")/.."

tests/peers.sh
cargo fmt --check
# The rules are declared by a macro, which cargo fmt does not follow.
rustfmt --check --edition 2024 src/audit/rules/*/*.rs
# With tokens, which no default build has; without them and the server, what the signing box may have.
cargo clippy --locked --all-targets --features pkcs11 -- --deny warnings
cargo clippy --locked --no-default-features -- --deny warnings
RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps --quiet --features pkcs11
# Sessions wait for peers and for disks more than they compute.
cargo test --locked --features pkcs11 -- --test-threads 4
