//! User sessions: each test makes a directory, runs commands in it and looks at the result. One file for each theme; the
//! peers (openssl, etcd, kubectl, strace) are real, and `tests/peers.sh` installs them.

#![allow(clippy::naive_bytecount, clippy::too_many_lines, reason = "a few octets; tables of cases")]
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod testbed;
mod workshop;

mod adopt;
mod apply;
mod architecture;
mod audit;
mod authority;
mod cfssl;
mod chains;
mod compare;
mod csr;
mod disk;
mod encrypted;
mod etcd;
mod exchange;
mod expiry;
mod explain;
mod fleet;
mod given_ca;
mod hostile;
mod inspect;
mod intermediate;
mod kill;
mod kubectl;
mod layouts;
mod openssl;
mod people;
mod plan;
mod readme;
mod renew;
mod requests;
mod rules;
#[cfg(feature = "serve")]
mod serve;
mod spec;
mod token;
mod trust;
#[cfg(feature = "age")]
mod unpack;
mod verify;
