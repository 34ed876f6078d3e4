//! Layer 4: a certificate authority that decides like Kubernetes. *Decision of (object, policy, now)*: no disk, no clock,
//! no randomness, no socket.
//!
//! | Module | Holds |
//! |---|---|
//! | [`object`] | the CertificateSigningRequest and what is asked of it |
//! | [`request`] | its PKCS#10, read as Go reads it |
//! | [`usage`] | the 23 usages |
//! | [`names`] | what may be a name |
//! | [`refusal`] | what a write is refused with |
//! | [`validate`] | what an object must be to be created or updated |
//! | [`strategy`] | what a write may change, and what the server fills in |
//! | [`user`], [`rbac`], [`admission`] | who may |
//! | [`signer`] | the signers: what each allows, honours and drops |
//! | [`lifetime`] | from when until when |
//! | [`approve`], [`policy`] | who is approved without a person |
//! | [`role`] | what users and groups may, as manifests |
//! | [`power`] | users and groups that Kubernetes itself gives power |
//! | [`expire`] | what is cleaned away |
//! | [`mod@decide`] | the one function |
//! | [`load`] | files into signers, rules and permissions |

pub mod admission;
pub mod approve;
pub mod decide;
pub mod expire;
pub mod lifetime;
pub mod load;
pub mod names;
pub mod object;
pub mod policy;
pub mod power;
pub mod rbac;
pub mod refusal;
pub mod request;
pub mod role;
pub mod signer;
pub mod strategy;
pub mod usage;
pub mod user;
pub mod validate;

pub use decide::{Decision, Order, Step, decide, decide_read};
pub use object::{CertificateSigningRequest, Object};
pub use policy::Policy;
pub use refusal::Refusal;
pub use user::User;
