//! ID: who the holder of a client certificate is to Kubernetes.

super::rules![
    masters,
    lasting_masters,
    needless_masters,
    node_identity,
    shared_node,
    component_identity,
    refused_proxy,
    person,
    reserved_prefix,
    odd_user,
    borrowed_name,
    node_name,
    serving_client,
];
