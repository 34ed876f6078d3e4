//! ST: what is there, and is it what its name says?

super::rules![
    missing,
    unreadable,
    key_mismatch,
    rival_file,
    bundle_order,
    bundle_clutter,
    leaf_in_bundle,
    named_elsewhere,
    what_it_is,
];
