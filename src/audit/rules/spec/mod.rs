//! SP: what differs from the spec.

super::rules![subject_drift, alt_name_drift, usage_drift, lifetime_drift, server_drift, root_drift,];
