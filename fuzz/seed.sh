#!/bin/sh
# Fills the corpora of the fuzz targets from the fixtures and examples.
set -eu
cd "$(dirname "$0")/.."
for target in certificate content crl kubeconfig request spec; do mkdir -p "fuzz/corpus/$target"; done
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
        cp "$file" "fuzz/corpus/content/$number"
        ;;
    *.key | *.pub) cp "$file" "fuzz/corpus/content/$number" ;;
    *.conf) cp "$file" "fuzz/corpus/kubeconfig/$number" ;;
    *.yaml | *.toml) cp "$file" "fuzz/corpus/spec/$number" ;;
    esac
done

# The fixtures have no revocation list: one is made, with a revoked certificate, a number and the key of the CA.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ca=tests/fixtures/kubeadm-1.36/stacked-ecdsa/kubernetes/pki/ca
printf 'R\t360101000000Z\t260101000000Z,keyCompromise\t05\tunknown\t/CN=x\n' >"$work/index.txt"
echo 01 >"$work/number"
cat >"$work/ca.cnf" <<EOF
[ca]
default_ca = all
[all]
database = $work/index.txt
crlnumber = $work/number
default_md = sha256
crl_extensions = extensions
[extensions]
authorityKeyIdentifier = keyid:always
EOF
openssl ca -gencrl -config "$work/ca.cnf" -keyfile "$ca.key" -cert "$ca.crt" -crldays 30 -out fuzz/corpus/content/crl
openssl crl -in fuzz/corpus/content/crl -outform DER -out fuzz/corpus/crl/crl
