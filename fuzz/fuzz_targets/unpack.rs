//! A node's archive, in plain: nothing panics, and what is unpacked is all of what its list says, below the root, with modes
//! that let nobody write or execute. Once as it stands, and once with the digests of the list made right, so that what is
//! behind them is reached. The same bytes as an age file, too.
#![no_main]

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Component;
use std::sync::LazyLock;

use kubepki::disk::parcel::{PLACE, Parcel};
use kubepki::disk::seal::{Identity, open};
use kubepki::exchange::bundle::{digest, read, write};
use kubepki::exchange::unpack::unpack;

static KEYS: LazyLock<Vec<Identity>> = LazyLock::new(|| vec![Identity::generate()]);

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    if let Some(bytes) = repaired(bytes) {
        check(&bytes);
    }
    if let Ok(mut plain) = open(bytes, &KEYS) {
        let _ = plain.read_to_end(&mut Vec::new());
    }
});

fn check(bytes: &[u8]) {
    let Ok((parcel, files)) = unpack(bytes) else { return };
    assert_eq!(parcel.files.len(), files.len());
    let mut places = BTreeSet::new();
    for (member, file) in parcel.files.iter().zip(&files) {
        assert_eq!(digest(&file.bytes), member.sha256);
        assert_eq!(file.mode & !0o644, 0);
        assert!(file.path.components().all(|part| matches!(part, Component::Normal(_))));
        assert!(places.insert(file.path.components().collect::<Vec<_>>()));
    }
}

fn repaired(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut files = read(bytes).ok()?;
    let mut parcel: Parcel = serde_json::from_slice(files.get(PLACE)?).ok()?;
    for member in &mut parcel.files {
        member.sha256 = digest(files.get(&member.path)?);
    }
    files.insert(PLACE.to_owned(), serde_json::to_vec(&parcel).ok()?);
    write(&files, 0).ok()
}
