use crate::testbed::Testbed;

use super::{Case, respec};

const AT_2030: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--at", "2030-01-01"];
const AT_2020: &[&str] = &["-d", "out", "-f", "cluster.yaml", "--at", "2020-01-01"];

pub const CASES: &[Case] = &[
    Case::finds("KP-TM001", |_| {}).with(AT_2030).of("critical"),
    Case::passes("KP-TM001", |_| {}),
    Case::finds("KP-TM002", short_lived),
    Case::passes("KP-TM002", |_| {}),
    Case::finds("KP-TM003", |_| {}).with(AT_2020),
    Case::passes("KP-TM003", |_| {}),
];

/// A certificate of six minutes, five of which are the allowance for clocks and over when it is issued.
fn short_lived(bed: &Testbed) {
    respec(bed, "certificateValidityPeriod: 60s\n");
    bed.run(&["renew", "apiserver", "-f", "cluster.yaml", "-d", "out"]).success();
}
