//! `status.conditions`: what they must be, and what may become of them where.

use kubepki::csr::object::Condition;
use kubepki::csr::validate::{Endpoint, update};

use crate::bed::{CLIENT, Edit, ask, condition, conditions, texts};

type Row = (Endpoint, &'static str, &'static str, Vec<&'static str>);

/// Conditions in a word: `A` Approved, `D` Denied, `F` Failed, `X` one of nobody's, `-` without a type; then perhaps the
/// status, `=` and what it is; `'` changes the message.
fn read(text: &str) -> Vec<Condition> {
    let one = |word: &str| {
        let (word, changed) = word.strip_suffix('\'').map_or((word, false), |word| (word, true));
        let (kind, status) = word.split_once('=').unwrap_or((word, "True"));
        let kind = match kind {
            "A" => "Approved",
            "D" => "Denied",
            "F" => "Failed",
            "-" => "",
            other => other,
        };
        let mut condition = condition(kind, status);
        if changed {
            condition.message = Some("other".to_owned());
        }
        condition
    };
    text.split(' ').filter(|word| !word.is_empty()).map(one).collect()
}

/// Where, what was, what is to be, and what is wrong with that.
pub fn rows() -> Vec<Row> {
    use Endpoint::{Approval, Main, Status};
    const ONE: &str = r#"status.conditions[0].status: Unsupported value: "False": supported values: "True""#;
    const EXCLUSIVE: &str = "Approved and Denied conditions are mutually exclusive";
    let exclusive =
        |kind| -> &'static str { format!("status.conditions: Invalid value: {kind:?}: {EXCLUSIVE}").leak() };
    let forbidden = |what: &str, kind: &str| -> &'static str {
        format!("status.conditions: Forbidden: updates may not {what} a condition of type {kind:?}").leak()
    };
    vec![
        // What a condition must be, wherever it is written.
        (Approval, "", "A", vec![]),
        (Approval, "", "D", vec![]),
        (Approval, "", "F", vec![]),
        (Status, "", "F", vec![]),
        (Approval, "", "-", vec!["status.conditions[0].type: Required value"]),
        (Approval, "", "A=", vec!["status.conditions[0].status: Required value"]),
        (
            Approval,
            "",
            "-=",
            vec!["status.conditions[0].type: Required value", "status.conditions[0].status: Required value"],
        ),
        (Approval, "", "A=False", vec![ONE]),
        (Approval, "", "D=False", vec![ONE]),
        (Status, "", "F=False", vec![ONE]),
        (
            Approval,
            "",
            "A=true",
            vec![r#"status.conditions[0].status: Unsupported value: "true": supported values: "True""#],
        ),
        (Status, "", "X=True", vec![]),
        (Status, "", "X=False", vec![]),
        (Status, "", "X=Unknown", vec![]),
        (
            Status,
            "",
            "X=maybe",
            vec![
                r#"status.conditions[0].status: Unsupported value: "maybe": supported values: "False", "True", "Unknown""#,
            ],
        ),
        (Status, "", "X X=False", vec![r#"status.conditions[1].type: Duplicate value: "X""#]),
        (
            Status,
            "",
            "X X X",
            vec![
                r#"status.conditions[1].type: Duplicate value: "X""#,
                r#"status.conditions[2].type: Duplicate value: "X""#,
            ],
        ),
        (Approval, "", "A D", vec![exclusive("Denied")]),
        (Approval, "", "D A", vec![exclusive("Approved")]),
        (Approval, "", "A A", vec![r#"status.conditions[1].type: Duplicate value: "Approved""#]),
        (
            Approval,
            "",
            "A D A",
            vec![
                exclusive("Denied"),
                exclusive("Approved"),
                r#"status.conditions[2].type: Duplicate value: "Approved""#,
            ],
        ),
        // Those of Kubernetes stay.
        (Approval, "A", "", vec![forbidden("remove", "Approved")]),
        (Approval, "D", "", vec![forbidden("remove", "Denied")]),
        (Approval, "F", "", vec![forbidden("remove", "Failed")]),
        (Status, "F", "", vec![forbidden("remove", "Failed")]),
        (Approval, "A", "D", vec![forbidden("remove", "Approved")]),
        (Approval, "A", "A D", vec![exclusive("Denied")]),
        (Approval, "D F", "", vec![forbidden("remove", "Denied"), forbidden("remove", "Failed")]),
        // Others go.
        (Status, "X", "", vec![]),
        (Approval, "X", "", vec![]),
        // Approval is given at /approval, and changed there at any time.
        (Approval, "A", "A'", vec![]),
        (Approval, "A F", "A' F'", vec![]),
        (Status, "", "A", vec![forbidden("add", "Approved")]),
        (Status, "", "D", vec![forbidden("add", "Denied")]),
        (
            Status,
            "",
            "A D",
            vec![exclusive("Denied"), forbidden("add", "Approved"), forbidden("add", "Denied")],
        ),
        (Status, "A", "A'", vec![forbidden("modify", "Approved")]),
        (Status, "A", "", vec![forbidden("remove", "Approved")]),
        (Status, "A", "A F", vec![]),
        (Status, "A F", "A F'", vec![]),
        (Main, "", "A", vec![forbidden("add", "Approved")]),
        (Main, "D", "D'", vec![forbidden("modify", "Denied")]),
        // An approver alone can fail a request.
        (Approval, "A", "A F", vec![]),
    ]
}

#[test]
fn conditions_are_held_to_what_they_may_be_and_become() {
    for (endpoint, before, after, expected) in rows() {
        let object = |text| ask(CLIENT, "c", "CN=a").with(|object| *conditions(object) = read(text));
        let errors = texts(&update(&object(after), &object(before), endpoint));
        assert_eq!(errors, expected, "{endpoint:?}: {before:?} to {after:?}");
    }
}
