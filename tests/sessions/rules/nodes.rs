use super::{Case, fleet};

pub const CASES: &[Case] = &[
    Case::finds("KP-XN001", |bed| {
        fleet(bed);
        let copy = "out/nodes/cp2/etc/kubernetes/pki/sa.pub";
        bed.write(copy, bed.read(copy) + "\n");
    }),
    Case::passes("KP-XN001", fleet),
];
