use std::fs;

use crate::testbed::{FLEET, Testbed};

use super::Case;

pub const CASES: &[Case] = &[
    Case::finds("KP-XN001", |bed| {
        fleet(bed);
        let copy = "out/nodes/cp2/etc/kubernetes/pki/sa.pub";
        bed.write(copy, bed.read(copy) + "\n");
    }),
    Case::passes("KP-XN001", fleet),
];

/// Three control planes and two workers in place of the one control plane.
pub fn fleet(bed: &Testbed) {
    bed.write("cluster.yaml", FLEET);
    fs::remove_dir_all(bed.path("out")).unwrap();
    bed.run(&["apply", "-f", "cluster.yaml", "-d", "out"]).success();
}
