//! POSIX access control lists: who may do what with a file beside its owner, its group and all others (acl(5)).
//!
//! The kernel keeps them in two extended attributes. SELinux labels are another matter: what they allow is said by a
//! policy that is not in the file.

use std::fmt;
use std::os::fd::AsFd;

/// An access control list, as far as it gives more than the mode says of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl {
    /// Users and groups that are named, and what they may do once the mask is applied.
    pub grants: Vec<Grant>,
    /// Users and groups that are named by the list that new files of a directory inherit.
    pub inherited: Vec<Grant>,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who.
    pub who: Who,
    /// What: the bits 4, 2 and 1 for reading, writing and executing.
    pub permissions: u32,
}

/// Somebody that a list names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The user of this number.
    User(u32),
    /// The group of this number.
    Group(u32),
}

/// More is not read of a list: some four thousand entries (the kernel's own bound on an attribute is 64 KiB).
const MAX_SIZE: usize = 32 << 10;

impl Acl {
    /// The list of an open file or directory; nothing where there is none, or the file system has none.
    #[must_use]
    pub fn of(file: impl AsFd) -> Option<Box<Self>> {
        let read = |name: &str| {
            let mut small = [0; 256];
            match rustix::fs::fgetxattr(&file, name, &mut small) {
                Ok(length) => parse(small.get(..length).unwrap_or_default()),
                Err(rustix::io::Errno::RANGE) => {
                    let mut large = vec![0; MAX_SIZE];
                    let length = rustix::fs::fgetxattr(&file, name, &mut large).unwrap_or_default();
                    parse(large.get(..length).unwrap_or_default())
                }
                Err(_) => Vec::new(),
            }
        };
        let acl =
            Self { grants: read("system.posix_acl_access"), inherited: read("system.posix_acl_default") };
        (acl != Self::default()).then(|| Box::new(acl))
    }
}

/// `user 1000 (rw-)`.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, number) = match self.who {
            Who::User(number) => ("user", number),
            Who::Group(number) => ("group", number),
        };
        let letters = [(4, 'r'), (2, 'w'), (1, 'x')];
        let letters = letters.map(|(bit, letter)| if self.permissions & bit == 0 { '-' } else { letter });
        write!(f, "{kind} {number} ({})", String::from_iter(letters))
    }
}

/// The named entries of a list in the form in which the kernel hands it out (linux/posix_acl_xattr.h): a version, and
/// for each entry a tag, permissions and an identifier, all little-endian. Only version 2 is known.
fn parse(bytes: &[u8]) -> Vec<Grant> {
    const USER: u16 = 0x02;
    const GROUP: u16 = 0x08;
    const MASK: u16 = 0x10;
    let Some(entries) = bytes.strip_prefix(&[2, 0, 0, 0]) else { return Vec::new() };
    let read = |entry: &[u8]| {
        let (tag, rest) = entry.split_first_chunk()?;
        let (permissions, number) = rest.split_first_chunk()?;
        let permissions = u32::from(u16::from_le_bytes(*permissions));
        Some((u16::from_le_bytes(*tag), permissions, u32::from_le_bytes(*number.first_chunk()?)))
    };
    let entries: Vec<(u16, u32, u32)> = entries.chunks_exact(8).filter_map(read).collect();
    let mask = entries.iter().find(|(tag, ..)| *tag == MASK).map_or(7, |(_, permissions, _)| *permissions);
    let grant = |(tag, permissions, number): (u16, u32, u32)| {
        let who = match tag {
            USER => Who::User(number),
            GROUP => Who::Group(number),
            _ => return None,
        };
        Some(Grant { who, permissions: permissions & mask & 7 })
    };
    entries.into_iter().filter_map(grant).filter(|grant| grant.permissions != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_entries_count_as_far_as_the_mask_lets_them() {
        let entry = |tag: u16, permissions: u16, number: u32| {
            [&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &number.to_le_bytes()].concat()
        };
        let nobody = u32::MAX;
        let base = [entry(1, 6, nobody), entry(4, 0, nobody), entry(0x20, 0, nobody)].concat();
        let list = |more: &[Vec<u8>]| [&[2, 0, 0, 0][..], &base, &more.concat()].concat();
        assert_eq!(parse(&list(&[])), []);
        let named = [entry(2, 6, 1000), entry(8, 4, 50)];
        let shown = |list: &[u8]| parse(list).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(shown(&list(&named)), ["user 1000 (rw-)", "group 50 (r--)"]);
        let masked = [&named[..], &[entry(0x10, 4, nobody)]].concat();
        assert_eq!(shown(&list(&masked)), ["user 1000 (r--)", "group 50 (r--)"]);
        let closed = [&named[..], &[entry(0x10, 0, nobody)]].concat();
        assert_eq!(parse(&list(&closed)), []);
        for hostile in [&[][..], &[1, 0, 0, 0], &[2, 0, 0, 0, 1], &[0xff; 300]] {
            assert_eq!(parse(hostile), []);
        }
    }
}
