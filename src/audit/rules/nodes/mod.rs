//! XN: nodes compared with each other.

super::rules![copy_drift, copied_certificate, rotation_gap, straggler, unknown_node,];
