//! SA: the keys of service accounts.

super::rules![
    public_key_mismatch,
    different_signer,
    weak_signer,
    signer_with_certificate,
    signer_not_verified,
    private_verifier,
    external_signer,
];
