//! ST: what is there, and is it what its name says?

super::rules![
    missing,
    unreadable,
    key_mismatch,
];
