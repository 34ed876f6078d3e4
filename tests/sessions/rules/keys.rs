use super::{Case, respec};

pub const CASES: &[Case] = &[
    Case::finds("KP-KY015", |bed| respec(bed, "encryptionAlgorithm: ECDSA-P384\n")),
    Case::passes("KP-KY015", |_| {}),
];
