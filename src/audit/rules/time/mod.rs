//! TM: from when until when.

super::rules![expired, expiring, not_yet_valid,];
