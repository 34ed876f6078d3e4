//! SN: the names that certificates speak for.

super::rules![
    service_names,
    service_address,
    api_server_address,
    unnamed_server,
    etcd_names,
    kubelet_names,
    claimed_name,
    surplus_name,
    wildcard,
    many_names,
];
