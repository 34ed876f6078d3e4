//! XN: nodes compared with each other.

super::rules![copy_drift,];
