use std::fs;
use std::os::unix::fs::symlink;

use super::Case;

pub const CASES: &[Case] = &[
    Case::finds("KP-FS001", |bed| bed.set_mode("out/pki/ca.key", 0o640)),
    Case::passes("KP-FS001", |bed| bed.set_mode("out/pki/ca.key", 0o400)),
    Case::finds("KP-FS003", |bed| bed.set_mode("out/pki/ca.crt", 0o664)),
    Case::passes("KP-FS003", |bed| bed.set_mode("out/pki/ca.crt", 0o600)),
    Case::finds("KP-FS004", |bed| bed.set_mode("out/admin.conf", 0o604)),
    Case::passes("KP-FS004", |_| {}),
    Case::finds("KP-FS009", |bed| {
        fs::rename(bed.path("out/pki/ca.crt"), bed.path("ca.crt")).unwrap();
        symlink(bed.path("ca.crt"), bed.path("out/pki/ca.crt")).unwrap();
    }),
    // A link that stays inside is followed.
    Case::passes("KP-FS009", |bed| {
        fs::rename(bed.path("out/pki/ca.crt"), bed.path("out/pki/root.crt")).unwrap();
        symlink("root.crt", bed.path("out/pki/ca.crt")).unwrap();
    }),
];
