//! TR: who trusts whom.

super::rules![
    wrong_issuer,
    open_proxy,
    shared_proxy_authority,
    shared_etcd_authority,
    single_authority,
    corporate_authority,
    public_authority,
    unconstrained_authority,
    incomplete_chain,
    refused_kubelet_client,
    unchecked_kubelets,
    useless_root,
    unknown_signer,
    signing_bundle,
    blast_radius,
];
