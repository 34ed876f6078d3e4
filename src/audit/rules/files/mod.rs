//! FS: files and who may read them.

super::rules![
    readable_key,
    wrong_owner,
    writable_certificate,
    readable_kubeconfig,
    kubeconfig_owner,
    kubelet_authority_custody,
    writable_directory,
    writable_manifest,
    symlink_outside,
    worker_authority_key,
    idle_authority_key,
    super_admin,
    leftover,
    plain_authority_key,
    acl,
    unclaimed,
    mixed_file,
    untidy_text,
    scattered_key,
    open_data,
];
