//! SA: the keys of service accounts.

super::rules![public_key_mismatch,];
