#!/bin/sh
# Fills the corpora of the fuzz targets from the fixtures, the examples and the tables of tests/csr.
set -eu
cd "$(dirname "$0")/.."
for target in certificate content csr_object csr_request kubeconfig request spec; do mkdir -p "fuzz/corpus/$target"; done
number=0
for file in $(find tests/fixtures examples templates -type f); do
    number=$((number + 1))
    case $file in
    *.crt)
        openssl x509 -in "$file" -outform DER -out "fuzz/corpus/certificate/$number"
        cp "$file" "fuzz/corpus/content/$number"
        ;;
    *.csr)
        openssl req -in "$file" -outform DER -out "fuzz/corpus/request/$number"
        cp "fuzz/corpus/request/$number" "fuzz/corpus/csr_request/$number"
        cp "$file" "fuzz/corpus/content/$number"
        ;;
    *.key | *.pub) cp "$file" "fuzz/corpus/content/$number" ;;
    *.conf) cp "$file" "fuzz/corpus/kubeconfig/$number" ;;
    *.yaml | *.toml) cp "$file" "fuzz/corpus/spec/$number" ;;
    esac
done
KUBEPKI_SEEDS="$PWD/fuzz/corpus" cargo test --quiet --test csr there_are_hundreds_of_cases
