//! X5: certificates as RFC 5280 wants them in a private PKI.

super::rules![
    not_an_authority,
    uncritical_constraints,
    missing_cert_sign,
    cert_sign_on_leaf,
    wrong_purpose,
    client_purpose,
    bad_serial,
    guessable_serial,
    key_identifiers,
    ambiguous_authority,
    changed_key_identifier,
    nameless_server,
    bad_alt_name,
    redundant_alt_name,
    refused_extension,
    odd_structure,
    path_too_long,
    constrained_name,
    odd_encoding,
    rewritten_issuer,
    odd_name,
    bad_signature,
    authority_dns_name,
    self_signed,
];

use super::super::{Fault, Remedy, Severity, Sighting};

/// The fault of a certificate that is to be issued anew; of a CA, for the key that it has.
fn renewable(sighting: &Sighting<'_>, severity: Severity, message: String) -> Fault {
    let fault = sighting.graded(severity, message, Remedy::Reissue);
    if sighting.is_authority() {
        fault.cured_by(Remedy::by_hand(
            "issue the CA's certificate anew, for the same key, subject and key identifier",
        ))
    } else {
        fault
    }
}
