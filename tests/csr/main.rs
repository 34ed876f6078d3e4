//! Decisions, as tables: one row a case, what goes in first, what must come out last. The words are those of Kubernetes
//! 1.36; where they are Go's, Go 1.26 has said them over the same bytes.
//!
//! | Module | Holds |
//! |---|---|
//! | [`forge`] | PKCS#10 requests that say whatever a row wants them to say |
//! | [`bed`] | objects, a cluster, signers and permissions to decide with |
//! | the others | the tables, each named after what it decides |

#![allow(clippy::too_many_lines, clippy::type_complexity, reason = "tables of cases")]
#![allow(
    clippy::default_trait_access,
    clippy::unnecessary_wraps,
    reason = "what a row says, it says in short"
)]
#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod bed;
mod forge;

mod admission;
mod approval;
mod certificate;
mod cleaner;
mod conditions;
mod create;
mod custom;
mod decide;
mod examples;
mod hostile;
mod issued;
mod lifetime;
mod metadata;
mod permission;
mod profile;
mod ratchet;
mod request;
mod rules;
mod seeds;
mod serving;
mod signers;
mod strategy;

#[test]
fn there_are_hundreds_of_cases() {
    let tables = [
        admission::rows().len(),
        approval::rows().len(),
        certificate::rows().len(),
        cleaner::rows().len(),
        conditions::rows().len(),
        create::rows().len(),
        custom::rows().len(),
        decide::rows().len(),
        hostile::rows().len(),
        lifetime::rows().len(),
        metadata::rows().len(),
        permission::rows().len(),
        profile::rows().len(),
        ratchet::rows().len(),
        request::rows().len(),
        rules::rows().len(),
        serving::rows().len(),
        signers::rows().len(),
        strategy::rows().len(),
    ];
    let cases: usize = tables.iter().sum();
    println!("{cases} cases: {tables:?}");
    assert!(cases >= 300, "{cases} cases");
    // `fuzz/seed.sh` asks for the rows as seeds.
    if let Some(corpora) = std::env::var_os("KUBEPKI_SEEDS") {
        seeds::write(std::path::Path::new(&corpora));
    }
}
