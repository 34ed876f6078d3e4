//! `KP-FS015`: an access control list that opens a file or directory.

use crate::audit::rule::rule;
use crate::audit::{Fault, File, Remedy};
use crate::disk::acl::Grant;

rule! {
    /// An access control list gives named users or groups more than the mode gives everyone.
    ///
    /// ## Why it matters
    ///
    /// The mode says nothing of them but the most that any of them may do, in the place of the group's bits. A list
    /// that new files inherit is not seen in any mode: the next key that is made in the directory is theirs too.
    ///
    /// SELinux labels are not looked at: what they allow is said by the machine's policy and not by the file.
    ///
    /// ## What to do
    ///
    /// `setfacl -b FILE`; for a directory also `setfacl -k DIR`.
    ///
    /// ## References
    ///
    /// acl(5).
    "KP-FS015" "access-control-list" Low File "files and directories of the PKI"
}

fn applies(file: &File<'_>) -> bool {
    file.is_directory() || file.is_of_pki()
}

fn check(file: &File<'_>) -> Vec<Fault> {
    let (Some(acl), Some(mode)) = (file.acl(), file.mode()) else { return Vec::new() };
    let everyone = mode & 0o7;
    let more = |grants: &[Grant]| {
        let more = grants.iter().filter(|grant| grant.permissions & !everyone != 0);
        more.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let (now, later) = (more(&acl.grants), more(&acl.inherited));
    let message = match (now.is_empty(), later.is_empty()) {
        (true, true) => return Vec::new(),
        (false, true) => format!("is open to {now} by an access control list"),
        (true, false) => format!("opens new files in it to {later} by an access control list"),
        (false, false) => {
            format!("is open to {now}, and new files in it to {later}, by access control lists")
        }
    };
    let path = file.view.survey.absolute(&file.path());
    let options = if file.is_directory() { "-b -k" } else { "-b" };
    Fault::one(file.path(), message, Remedy::advice(format!("setfacl {options} {}", path.display())))
}
