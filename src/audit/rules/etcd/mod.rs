//! ET: etcd.

super::rules![
    unchecked_client,
    one_way_certificate,
    shared_authority,
    copied_client,
    unusable_revocation,
    plain_listener,
];
