//! KC: kubeconfigs.

super::rules![
    stale_client,
    stale_authority,
    unchecked_server,
    static_credential,
    several_users,
    stale_copy,
    static_kubelet,
    unlinked_kubelet,
    bootstrap_left,
    plain_url,
];

/// The kubeconfig that a kubelet requests its first certificate with.
const BOOTSTRAP: &str = "bootstrap-kubelet.conf";
