use super::Case;

pub const CASES: &[Case] = &[
    Case::finds("KP-SA001", |bed| {
        bed.peer("openssl", &["ec", "-in", "out/pki/ca.key", "-pubout", "-out", "out/pki/sa.pub"]).success();
    }),
    Case::passes("KP-SA001", |_| {}),
];
