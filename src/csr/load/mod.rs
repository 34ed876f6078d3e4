//! Files into what decisions are made by: signers, rules of approval, permissions. Each reader takes a text and returns
//! either what it says or everything that is wrong with it, line by line; nothing here opens a file.

mod common;
mod permissions;
mod rules;
mod signers;

pub use permissions::permissions;
pub use rules::rules;
pub use signers::{CLUSTER, CertFiles, Signers, signers};
