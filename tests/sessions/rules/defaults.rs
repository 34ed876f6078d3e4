//! What kubeadm 1.36 starts (`kubeadm init phase control-plane all`, `etcd local`, `kubelet-start`) is no cause for alarm.

use super::files::{kubelet, manifest};
use super::{audit, weighty};
use crate::testbed::{SINGLE, Testbed};

/// The flags that kubeadm gives each component, as far as they are about files and who is let in.
const COMPONENTS: [(&str, &str); 4] = [
    (
        "etcd",
        "--advertise-client-urls=https://192.0.2.10:2379 --cert-file=PKI/etcd/server.crt --client-cert-auth=true \
         --data-dir=/var/lib/etcd --initial-advertise-peer-urls=https://192.0.2.10:2380 --key-file=PKI/etcd/server.key \
         --listen-client-urls=https://127.0.0.1:2379,https://192.0.2.10:2379 \
         --listen-metrics-urls=http://127.0.0.1:2381 --listen-peer-urls=https://192.0.2.10:2380 \
         --peer-cert-file=PKI/etcd/peer.crt --peer-client-cert-auth=true --peer-key-file=PKI/etcd/peer.key \
         --peer-trusted-ca-file=PKI/etcd/ca.crt --trusted-ca-file=PKI/etcd/ca.crt",
    ),
    (
        "kube-apiserver",
        "--advertise-address=192.0.2.10 --authorization-mode=Node,RBAC --client-ca-file=PKI/ca.crt \
         --etcd-cafile=PKI/etcd/ca.crt --etcd-certfile=PKI/apiserver-etcd-client.crt \
         --etcd-keyfile=PKI/apiserver-etcd-client.key --etcd-servers=https://127.0.0.1:2379 \
         --kubelet-client-certificate=PKI/apiserver-kubelet-client.crt \
         --kubelet-client-key=PKI/apiserver-kubelet-client.key --proxy-client-cert-file=PKI/front-proxy-client.crt \
         --proxy-client-key-file=PKI/front-proxy-client.key --requestheader-allowed-names=front-proxy-client \
         --requestheader-client-ca-file=PKI/front-proxy-ca.crt --service-account-key-file=PKI/sa.pub \
         --service-account-signing-key-file=PKI/sa.key --service-cluster-ip-range=10.96.0.0/12 \
         --tls-cert-file=PKI/apiserver.crt --tls-private-key-file=PKI/apiserver.key",
    ),
    (
        "kube-controller-manager",
        "--authentication-kubeconfig=/etc/kubernetes/controller-manager.conf --client-ca-file=PKI/ca.crt \
         --authorization-kubeconfig=/etc/kubernetes/controller-manager.conf --cluster-signing-cert-file=PKI/ca.crt \
         --cluster-signing-key-file=PKI/ca.key --kubeconfig=/etc/kubernetes/controller-manager.conf \
         --requestheader-client-ca-file=PKI/front-proxy-ca.crt --root-ca-file=PKI/ca.crt \
         --service-account-private-key-file=PKI/sa.key",
    ),
    (
        "kube-scheduler",
        "--authentication-kubeconfig=/etc/kubernetes/scheduler.conf --kubeconfig=/etc/kubernetes/scheduler.conf",
    ),
];

#[test]
fn what_kubeadm_starts_has_no_finding_of_weight() {
    let bed = Testbed::applied(SINGLE);
    for (component, flags) in COMPONENTS {
        let flags = flags.replace("PKI/", "/etc/kubernetes/pki/");
        let lines: String = flags.split(' ').map(|flag| format!("    - {flag}\n")).collect();
        manifest(&bed, "out", component, &lines, "");
    }
    kubelet(&bed, "/etc/kubernetes/pki/ca.crt");
    for arguments in [&["-d", "out"][..], &["-d", "out", "-f", "cluster.yaml", "--kubelet-dir", "kubelet"]] {
        assert_eq!(weighty(&audit(&bed, arguments)), <[String; 0]>::default(), "{arguments:?}");
    }
    bed.run(&["plan", "-f", "cluster.yaml", "-d", "out", "--exit-code"]).success();
}
