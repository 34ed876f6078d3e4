use super::Case;

pub const CASES: &[Case] = &[
    Case::finds("KP-KC002", |bed| {
        bed.run(&["apply", "-f", "cluster.yaml", "-d", "other"]).success();
        bed.copy("other/admin.conf", "out/admin.conf");
    }),
    Case::passes("KP-KC002", |_| {}),
];
