#!/bin/sh
# Fills the corpora of the fuzz targets from the fixtures, the examples and the tables of tests/csr.
set -eu
cd "$(dirname "$0")/.."
for target in api audit certificate content crl csr_object csr_request encrypted_key exchange key kubeconfig path pem \
    request spec unpack; do
    mkdir -p "fuzz/corpus/$target"
done
number=0
for file in $(find tests/fixtures examples templates -type f); do
    number=$((number + 1))
    case $file in
    *.crt)
        openssl x509 -in "$file" -outform DER -out "fuzz/corpus/certificate/$number"
        cp "fuzz/corpus/certificate/$number" "fuzz/corpus/audit/$number"
        cp "$file" "fuzz/corpus/content/$number"
        cp "$file" "fuzz/corpus/pem/$number"
        ;;
    *.csr)
        openssl req -in "$file" -outform DER -out "fuzz/corpus/request/$number"
        cp "fuzz/corpus/request/$number" "fuzz/corpus/csr_request/$number"
        cp "$file" "fuzz/corpus/content/$number"
        ;;
    *.key)
        openssl pkey -in "$file" -outform DER -out "fuzz/corpus/key/$number"
        cp "$file" "fuzz/corpus/key/pem-$number"
        cp "$file" "fuzz/corpus/content/$number"
        cp "$file" "fuzz/corpus/pem/$number"
        ;;
    *.pub) cp "$file" "fuzz/corpus/content/$number" ;;
    *.conf) cp "$file" "fuzz/corpus/kubeconfig/$number" ;;
    *.yaml | *.toml) cp "$file" "fuzz/corpus/spec/$number" ;;
    esac
done

# Objects, patches and selectors that clients send to the API.
object='{"apiVersion":"certificates.k8s.io/v1","kind":"CertificateSigningRequest","metadata":{"name":"x","labels":{"a":"1"}},
"spec":{"request":"YQ==","signerName":"example.com/a","usages":["any"],"extra":{"k":["v"]},"expirationSeconds":600},
"status":{"conditions":[{"type":"Approved","status":"True","lastUpdateTime":"2026-11-22T05:13:14Z"}]}}'
for form in '\000' '\001' '\006'; do
    number=$((number + 1))
    { printf "$form"; echo "$object"; } >"fuzz/corpus/api/$number"
done
printf '\003[{"op":"add","path":"/metadata/labels/c","value":"3"},{"op":"move","from":"/metadata/finalizers","path":"/x"}]' \
    >fuzz/corpus/api/json
printf '\004{"metadata":{"labels":{"a":null},"finalizers":["c"]},"status":{"certificate":"YQ=="}}' >fuzz/corpus/api/merge
printf '\005{"metadata":{"$setElementOrder/finalizers":["b","a"],"$deleteFromPrimitiveList/finalizers":["a"],
"labels":{"$patch":"replace","a":"2"},"ownerReferences":[{"uid":"1","$patch":"delete"}]}}' >fuzz/corpus/api/strategic
printf '\003[{"op":"add","op":"add","path":"/x","x":1,"value":{"a":1,"a":2}}]' >fuzz/corpus/api/json-twice
printf '\004{"metadata":{"labels":{"a":"1","a":"2"}},"metadata":{"labels":{"c":"3"}}}' >fuzz/corpus/api/merge-twice
for roles in templates/*rbac.yaml templates/signer-roles.yaml; do
    { printf '\010'; cat "$roles"; } >"fuzz/corpus/api/$(basename "$roles")"
done
printf '\011{"apiVersion":"certificates.k8s.io/v1beta1","kind":"ClusterTrustBundle","metadata":{"name":"x"},"spec":
{"trustBundle":"a\\n\\"b"}}' >fuzz/corpus/api/bundle
printf '\007a in (b,c),!d,e>1\nmetadata.name=x,spec.signerName!=y' >fuzz/corpus/api/selector

# Paths: a byte of conditions, then a leaf, intermediates and an anchor.
for ca in tests/fixtures/kubeadm-1.36/*/kubernetes/pki/ca.crt; do
    for leaf in "${ca%ca.crt}"apiserver*.crt; do
        for flags in '\002' '\006' '\032' '\062'; do
            number=$((number + 1))
            {
                printf "$flags"
                openssl x509 -in "$leaf" -outform DER
                openssl x509 -in "$ca" -outform DER
            } >"fuzz/corpus/path/$number"
        done
    done
done
# With an intermediate, and everything that constrains a path.
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
make() { # name, issuer, extensions
    printf '[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\n%b' "$3" >"$home/cnf"
    openssl req -x509 -new -config "$home/cnf" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/O=a/CN=$1" \
        -keyout "$home/$1.key" -out "$home/$1.crt" -days 20000 ${2:+-CA "$home/$2.crt" -CAkey "$home/$2.key"} 2>/dev/null
    openssl x509 -in "$home/$1.crt" -outform DER -out "$home/$1.der"
}
ca='subjectKeyIdentifier=hash\nkeyUsage=critical,keyCertSign\n'
make root "" "${ca}basicConstraints=critical,CA:TRUE,pathlen:1\n"
constraints='permitted;DNS:example.com,permitted;IP:10.0.0.0/255.0.0.0,permitted;email:example.com,permitted;URI:.example.com'
make mid root "${ca}basicConstraints=critical,CA:TRUE,pathlen:0\nauthorityKeyIdentifier=keyid\nextendedKeyUsage=serverAuth\nnameConstraints=critical,$constraints,permitted;dirName:dir,excluded;DNS:bad.example.com\n[dir]\nO=a\n"
make leaf mid 'authorityKeyIdentifier=keyid\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:*.w.example.com,IP:10.96.0.1,email:a@example.com,URI:https://www.example.com/x\n'
for flags in '\002' '\012' '\032'; do
    number=$((number + 1))
    { printf "$flags"; cat "$home/leaf.der" "$home/mid.der" "$home/root.der"; } >"fuzz/corpus/path/$number"
done
cp "$home/leaf.der" fuzz/corpus/certificate/leaf
cp "$home/mid.der" fuzz/corpus/certificate/constrained
# The fixtures have no revocation list: one is made, with a revoked certificate, a number and the key of the CA.
work=$home
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
# Keys under a passphrase, cheap ones; bundles over the air gap; what is in a node's archive.
key=tests/fixtures/kubeadm-1.36/stacked-ecdsa/kubernetes/pki/ca.key
for options in '-iter 10' '-iter 10 -v2 des3' '-iter 10 -v2 aes-128-cbc -v2prf hmacWithSHA512' '-scrypt -scrypt_N 16'; do
    number=$((number + 1))
    # shellcheck disable=SC2086
    openssl pkcs8 -topk8 -in "$key" -passout pass:secret $options -out "fuzz/corpus/encrypted_key/pem-$number"
    openssl pkcs8 -topk8 -in "$key" -passout pass:secret $options -outform DER -out "fuzz/corpus/encrypted_key/$number"
done
cargo build --quiet
kubepki=$PWD/target/debug/kubepki
corpus=$PWD/fuzz/corpus
(
    cd "$home"
    "$kubepki" new single >cluster.yaml
    "$kubepki" apply -f cluster.yaml -d out >/dev/null
    "$kubepki" unpack --new-identity node.key >recipient
    "$kubepki" apply -f cluster.yaml -d out --archive --recipient "$(cat recipient)" >/dev/null
    for archive in *.tar.age; do
        age -d -i node.key "$archive" >"$corpus/unpack/$archive"
        cp "$archive" "$corpus/unpack/sealed"
    done
    mkdir ca && cp -r out/pki/ca.* out/pki/front-proxy-ca.* out/pki/etcd ca
    { cat cluster.yaml && echo 'authority: {mode: external}'; } | grep -v '^authority: self' >apart.yaml
    "$kubepki" request -f apart.yaml -d edge --bundle "$corpus/exchange/requests" >/dev/null || true
    "$kubepki" user jane --request --server https://a:6443 --bundle "$corpus/exchange/user" >/dev/null
    "$kubepki" sign "$corpus/exchange/user" --authority ca --bundle "$corpus/exchange/signed" --yes >/dev/null
)
KUBEPKI_SEEDS="$PWD/fuzz/corpus" cargo test --quiet --test csr there_are_hundreds_of_cases
