//! FS: files and who may read them.

super::rules![
    readable_key,
    writable_certificate,
    readable_kubeconfig,
    symlink_outside,
];
