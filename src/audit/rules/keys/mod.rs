//! KY: keys and algorithms.

super::rules![
    short_rsa,
    broken_hash,
    broken_root_hash,
    oversized_rsa,
    weak_key,
    unsupported_curve,
    unsupported_algorithm,
    shared_key,
    authority_key_reuse,
    kept_key,
    key_on_several_nodes,
    malformed_rsa,
    key_encipherment,
    classical_keys,
    algorithm_drift,
    algorithm_parameters,
];
