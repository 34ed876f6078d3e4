//! What is written is executed: the README's session, its table, and every example.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::testbed::{Run, Testbed};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The contents of the fenced blocks of a language.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    let after = text.split(&fence).skip(1);
    after.map(|after| after.split("```").next().unwrap().to_owned()).collect()
}

/// A line with everything blanked that is another on another day.
fn undated(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let date = word.len() == 10 && word.matches('-').count() == 2;
        if date { "DATE" } else { word }
    });
    words.collect::<Vec<_>>().join(" ").replace("(365 days)", "(364 days)")
}

/// Whether what was printed is what was promised. A line of `…` stands for any lines, a `…` that ends a line for its rest.
fn matches(promised: &[String], printed: &[String]) -> bool {
    match promised.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=printed.len()).any(|skip| matches(rest, &printed[skip..]))
        }
        Some((first, rest)) => printed.split_first().is_some_and(|(line, others)| {
            let same = first.strip_suffix('…').map_or(line == first, |begin| line.starts_with(begin));
            same && matches(rest, others)
        }),
    }
}

#[test]
fn the_session_is_a_real_one() {
    let bed = Testbed::new();
    let mut commands = 0;
    for block in blocks(&readme(), "console") {
        for step in block.split("$ ").skip(1) {
            let (command, promised) = step.split_once('\n').unwrap();
            let bin = Path::new(env!("CARGO_BIN_EXE_kubepki")).parent().unwrap().display().to_string();
            let mut shell = std::process::Command::new("sh");
            shell.args(["-euc", command]).current_dir(bed.path("")).env("COLUMNS", "100");
            shell.env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap()));
            let ran = Run::of(&mut shell, command).success();
            let promised: Vec<String> = promised.lines().map(undated).collect();
            let printed: Vec<String> = ran.stdout.lines().map(undated).collect();
            assert!(matches(&promised, &printed), "$ {command}\n{}", ran.stdout);
            commands += 1;
        }
    }
    assert!(commands >= 9, "{commands} commands");
}

#[test]
fn the_two_commands_are_there() {
    let blocks = blocks(&readme(), "sh");
    assert_eq!(blocks[0], "cargo run --release -- apply -f examples/ha.yaml -d out\n");
    let bed = Testbed::new();
    let example = root().join("examples/ha.yaml");
    bed.run(&["apply", "-f", example.to_str().unwrap(), "-d", "out"]).success();
    assert_eq!(blocks[1], "tests/run.sh\n");
    for script in ["tests/run.sh", "tests/peers.sh", ".ci/run"] {
        let mode = fs::metadata(root().join(script)).unwrap().permissions().mode();
        assert!(mode & 0o111 == 0o111, "{script} can be run");
    }
    assert!(fs::read_to_string(root().join(".ci/run")).unwrap().contains("exec tests/run.sh"));
}

#[test]
fn the_table_is_the_catalogues() {
    let bed = Testbed::new();
    let table = bed.run(&["explain", "-o", "markdown"]).success().stdout;
    let readme = readme();
    let (_, after) = readme.split_once("<!-- kubepki explain -o markdown -->\n").unwrap();
    let (written, _) = after.split_once("<!-- end -->").unwrap();
    assert_eq!(written, table, "put the output of `kubepki explain -o markdown` there");
}

#[test]
fn every_field_of_the_spec_is_in_the_readme() {
    let bed = Testbed::new();
    let shown = bed.run(&["new", "ha", "-o", "json"]).success().json();
    let readme = readme();
    for field in
        shown.as_object().unwrap().keys().filter(|field| !["apiVersion", "kind"].contains(&field.as_str()))
    {
        assert!(readme.contains(&format!("| `{field}")), "{field}");
    }
}

/// The policy and the signers are read as they stand there, and lines of their own comment are true.
#[test]
fn files_of_the_csr_engine_are_read() {
    use kubepki::csr::load::{rules, signers};
    let blocks = blocks(&readme(), "yaml");
    let of = |kind: &str| {
        let kind = format!("\nkind: {kind} ");
        blocks.iter().find(|block| block.contains(&kind)).unwrap()
    };
    let rules = rules(of("Policy")).unwrap();
    assert_eq!((rules.len(), rules[0].name.as_deref()), (1, Some("developers")));
    assert_eq!(rules[0].dns_names.as_deref(), Some(&[][..]));
    let signers = signers(of("Signers")).unwrap();
    let own = signers.signers.iter().find(|signer| signer.name == "example.com/serving").unwrap();
    assert!(signers.signers.len() == 5 && own.longest.whole_days() == 90 && own.append_chain);
}

#[test]
fn every_example_applies_and_comes_to_rest() {
    let mut count = 0;
    let listed = fs::read_to_string(root().join("examples/README.md")).unwrap();
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        // The files of `csr/` are not specs: tests/csr decides by them.
        if path.ends_with("README.md") || path.is_dir() {
            continue;
        }
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(listed.contains(&format!("`{name}`")), "{name} is not in examples/README.md");
        let bed = Testbed::new();
        let file = path.to_str().unwrap();
        bed.run(&["apply", "-f", file, "-d", "out"]).success();
        bed.run(&["plan", "--exit-code", "-f", file, "-d", "out"]).success();
        bed.assert_pairs_match("out");
        count += 1;
    }
    assert_eq!(count, listed.matches("| `").count() - listed.matches("| `csr/").count());
}
