//! What the files have in common.

use ipnet::IpNet;

use crate::csr::signer::{Pattern, Range};
use crate::csr::usage;
use crate::spec::Problem;
use crate::spec::reader::{At, Fields, Problems, Strictness, choose, quoted};
use crate::spec::syntax;
use crate::spec::tree::{Tree, Value};
use crate::spec::yaml::documents;

/// The `apiVersion` of kubepki's own files.
const API_VERSION: &str = "kubepki/v1";

/// Reads a file with one document of a kind.
pub(super) fn read<T>(
    text: &str,
    kind: &str,
    make: impl FnOnce(&mut Fields<'_>, &Problems) -> T,
) -> Result<T, Vec<Problem>> {
    let trees = trees(text)?;
    let problems = Problems::default();
    let fault = |message: String| problems.push(true, None, "", message, None);
    let mut made = None;
    match &trees[..] {
        [tree] => {
            if let Some(mut fields) = Fields::document(tree, &problems, Strictness::Strict) {
                is(&mut fields, "apiVersion", API_VERSION, &problems);
                is(&mut fields, "kind", kind, &problems);
                made = Some(make(&mut fields, &problems));
                fields.finish();
            }
        }
        [] => fault("the file is empty".to_owned()),
        _ => fault(format!("{} documents: such a file is one", trees.len())),
    }
    let found = problems.into_sorted();
    made.filter(|_| !found.iter().any(|problem| problem.fatal)).ok_or(found)
}

/// The documents of a file, empty ones left out.
pub(super) fn trees(text: &str) -> Result<Vec<Tree>, Vec<Problem>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut trees = documents(text).map_err(|error| {
        let (position, message) = (Some(error.position), error.message);
        vec![Problem { fatal: true, position, field: String::new(), message, hint: None }]
    })?;
    trees.retain(|tree| tree.value != Value::Null);
    Ok(trees)
}

fn is(fields: &mut Fields<'_>, name: &'static str, wanted: &str, problems: &Problems) {
    match fields.text(name) {
        Some(text) if text.value == wanted => {}
        Some(text) => problems.error(&text, format!("{} is not `{wanted}`", quoted(&text.value))),
        None => {
            let hint = format!("begin the file with `{name}: {wanted}`");
            problems.error_hint(&fields.at(), format!("has no `{name}`"), hint);
        }
    }
}

/// A list of patterns; `None` where there is no such field.
pub(super) fn patterns(fields: &mut Fields<'_>, name: &'static str) -> Option<Vec<Pattern>> {
    let there = fields.has(name);
    let texts = fields.texts(name);
    there.then(|| texts.into_iter().map(|text| Pattern(text.value)).collect())
}

/// A list of addresses and subnets; `None` where there is no such field.
pub(super) fn ranges(fields: &mut Fields<'_>, name: &'static str, problems: &Problems) -> Option<Vec<Range>> {
    let there = fields.has(name);
    let texts = fields.texts(name);
    let range = |text: &At<String>| {
        let net = text.value.parse::<IpNet>().ok().map(|net| net.trunc());
        let net = net.or_else(|| syntax::address(&text.value).map(IpNet::from));
        if net.is_none() {
            let message = format!("{} is neither an IP address nor a subnet", quoted(&text.value));
            problems.error(text, message);
        }
        net.map(Range)
    };
    there.then(|| texts.iter().filter_map(range).collect())
}

/// A list of usages; `None` where there is no such field.
pub(super) fn usages(
    fields: &mut Fields<'_>,
    name: &'static str,
    problems: &Problems,
) -> Option<Vec<String>> {
    let there = fields.has(name);
    let texts = fields.texts(name);
    let known: Vec<(&'static str, ())> = usage::names().into_iter().map(|name| (name, ())).collect();
    let usage = |text: At<String>| choose(&text, &known, problems).map(|_| text.value);
    there.then(|| texts.into_iter().filter_map(usage).collect())
}
