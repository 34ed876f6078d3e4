//! TM: from when until when.

super::rules![
    expired,
    expiring,
    not_yet_valid,
    outlives_issuer,
    short_authority,
    long_lived,
    very_long_lived,
    backdated,
    simultaneous,
    unattended,
    time_encoding,
    invalid_then,
    kubelet_disagreement,
    very_short_lived,
];
