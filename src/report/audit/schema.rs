//! The JSON Schema of the report, which is published beside this file: made from the types, and held to them.

use super::AuditReport;

/// The schema is the types'. `GOLDEN=write` in the environment writes it anew.
#[test]
fn the_published_schema_is_the_types() {
    let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<AuditReport>();
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/audit/schema.json");
    if std::env::var_os("GOLDEN").is_some_and(|mode| mode == "write") {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(&path).unwrap_or_default(), "GOLDEN=write writes it");
}
