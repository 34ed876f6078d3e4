//! JUnit's XML, read by two parsers.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use super::faulty;

/// Elements of an XML document with their attributes, in their order.
fn elements(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut reader = Reader::from_str(text);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return found,
            Event::Start(element) | Event::Empty(element) => {
                let attributes = element.attributes().map(Result::unwrap).map(|attribute| {
                    let value =
                        attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap().into_owned();
                    (attribute.key.as_ref().to_owned(), value)
                });
                let attributes = attributes.collect();
                found.push((element.name().as_ref().to_owned(), attributes));
            }
            _ => {}
        }
    }
}

#[test]
fn junit_fails_where_the_exit_status_does() {
    let bed = faulty();
    bed.write("out/pki/<&\u{1b}\">.crt", "-----BEGIN CERTIFICATE-----\n");
    let report = bed.run(&["audit", "-d", "out", "-o", "json"]).attention().json();
    let xml = bed.run(&["audit", "-d", "out", "-o", "junit"]).attention().stdout;
    let all = elements(&xml);
    let count = |name: &str| all.iter().filter(|(other, _)| other == name).count();
    let attribute = |index: usize, name: &str| -> String {
        all[index].1.iter().find(|(other, _)| other == name).unwrap().1.clone()
    };
    let length = |field: &str| report[field].as_array().unwrap().len();
    assert_eq!((all[0].0.as_str(), all[1].0.as_str()), ("testsuites", "testsuite"));
    assert_eq!(count("testcase"), length("checked") + length("notApplicable"));
    assert_eq!(attribute(0, "tests"), count("testcase").to_string());
    assert_eq!(count("skipped"), length("notApplicable"));
    assert_eq!(attribute(0, "skipped"), count("skipped").to_string());
    let bad = report["findings"].as_array().unwrap().iter();
    let bad: Vec<&Value> =
        bad.filter(|finding| ["high", "critical"].contains(&finding["severity"].as_str().unwrap())).collect();
    assert_eq!(count("failure"), bad.len());
    let failing: std::collections::BTreeSet<&str> =
        bad.iter().map(|finding| finding["rule"].as_str().unwrap()).collect();
    assert_eq!(attribute(0, "failures"), failing.len().to_string());
    for (name, attributes) in &all {
        let has = |wanted: &str| attributes.iter().any(|(other, _)| other == wanted);
        match name.as_str() {
            "testsuite" => assert!(
                ["name", "tests", "failures", "errors", "skipped", "timestamp"].iter().all(|a| has(a))
            ),
            "testcase" => assert!(has("name") && has("classname") && has("time")),
            "failure" => assert!(has("message") && has("type")),
            _ => {}
        }
    }
    let lenient = bed.run(&["audit", "-d", "out", "-o", "junit", "--fail-on", "never"]).success().stdout;
    assert!(!lenient.contains("<failure") && lenient.contains("<system-out>"));
    bed.write("report.xml", xml);
    bed.peer("xmllint", &["--noout", "report.xml"]).success();
}
