//! GO: what the Go of a release refuses.

super::rules![
    common_name_only,
    sha1_signature,
    duplicate_extension,
    tls_rsa_size,
    negative_serial,
    tiny_rsa,
    crt_values,
    negative_path_length,
    bmp_string,
];
