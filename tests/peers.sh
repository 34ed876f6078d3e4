#!/bin/sh
# Installs the programs that the tests compare with or connect to, where they are missing: openssl, age, etcd and etcdctl,
# kubectl, curl, cfssl, strace, SoftHSM, and small tools that a minimal image may lack. Needs root, or sudo.
set -eu

missing=""
need() { # program, Debian package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need openssl openssl
need age age
need age-keygen age
need curl curl
need strace strace
need etcd etcd-server
need etcdctl etcd-client
need kubectl kubernetes-client
need flock util-linux
need setpriv util-linux
need tar tar
need script bsdutils
need time time
need prometheus-node-exporter prometheus-node-exporter
need xmllint libxml2-utils
need cfssl golang-cfssl
need cfssljson golang-cfssl
need cc gcc
need softhsm2-util softhsm2

[ -n "$missing" ] || exit 0
echo "installing:$missing" >&2
root=""
[ "$(id -u)" = 0 ] || root=sudo
$root apt-get update -qq
# Without the services that Debian would start: the tests start their own.
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >&2
