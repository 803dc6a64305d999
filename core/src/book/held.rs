//! What the pages say, held against the code.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{FailureKind, ProblemKind};
use crate::handle::grammar::{Fault, Part};

const TROUBLESHOOTING: &str = include_str!("troubleshooting.md");

/// The pages in the order of the book: how others link to them, and their text.
fn pages() -> Vec<(&'static str, String)> {
    let paths = [
        ("book", "book/mod.rs"),
        ("first_five_minutes", "book/first_five_minutes.md"),
        ("web_app", "book/web_app.md"),
        ("handles", "book/handles.md"),
        ("settings", "book/settings.md"),
        ("platforms", "platforms/mod.rs"),
        ("your_own_adapter", "book/your_own_adapter.md"),
        ("tests", "book/tests.md"),
        ("operations", "book/operations.md"),
        ("rotation", "attached/rotation.md"),
        ("troubleshooting", "book/troubleshooting.md"),
    ];
    let read = |path| fs::read_to_string(sources().join(path)).unwrap().replace("\n//!", "");
    paths.map(|(name, path)| (name, read(path))).to_vec()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn each_page_leads_to_the_next_and_back() {
    let links_to = |text: &str, name: &str| {
        let (_, link) = text.split_once("](").unwrap();
        let link = link.split(')').next().unwrap();
        assert!(link == name || link.ends_with(&format!("::{name}")), "{link} is not {name}");
    };
    let pages = pages();
    for pair in pages.windows(2) {
        let [(name, page), (next_name, next)] = pair else { unreachable!() };
        let (_, link) = page.rsplit_once("Next: ").unwrap_or_else(|| panic!("{name} has no next"));
        links_to(link, next_name);
        let (_, link) = next.rsplit_once("Previous: ").expect(next_name);
        links_to(link, name);
    }
    let book = include_str!("mod.rs");
    let root = include_str!("../lib.rs");
    let mut at = (0, 0);
    for (name, _) in &pages[1..] {
        let of_book = book[at.0..].find(name).unwrap_or_else(|| panic!("{name} in the book"));
        let of_root = root[at.1..].find(name).unwrap_or_else(|| panic!("{name} in the root"));
        at = (at.0 + of_book, at.1 + of_root);
    }
}

/// The page of a type leads to the table of its module.
#[test]
fn each_adapter_leads_to_its_table() {
    macro_rules! files {
        ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {
            [$((stringify!($module), stringify!($adapter))),*]
        };
    }
    for (module, adapter) in crate::__each_adapter!(files) {
        let file = sources().join("adapters").join(module);
        let file = if file.is_dir() { file.join("mod.rs") } else { file.with_extension("rs") };
        let code = fs::read_to_string(file).unwrap();
        let (docs, _) = ["struct", "enum"]
            .iter()
            .find_map(|kind| code.split_once(&format!("\npub {kind} {adapter} ")))
            .expect(adapter);
        let docs = docs.rsplit("\n\n").next().unwrap();
        assert!(docs.contains("[Its module](self)"), "{adapter}");
        assert!(code.contains("//! <!-- grammar -->"), "{module} has no table");
    }
}

/// `None` ends the list: a kind that is new does not compile without a place in it.
fn next_problem(kind: Option<ProblemKind>) -> Option<ProblemKind> {
    match kind {
        None => Some(ProblemKind::Missing),
        Some(ProblemKind::Missing) => Some(ProblemKind::Syntax),
        Some(ProblemKind::Syntax) => Some(ProblemKind::Scheme),
        Some(ProblemKind::Scheme) => Some(ProblemKind::Parameter),
        Some(ProblemKind::Parameter) => Some(ProblemKind::Handle),
        Some(ProblemKind::Handle) => Some(ProblemKind::Insecure),
        Some(ProblemKind::Insecure) => Some(ProblemKind::Conflict),
        Some(ProblemKind::Conflict) => Some(ProblemKind::Unreadable),
        Some(ProblemKind::Unreadable) => Some(ProblemKind::Setting),
        Some(ProblemKind::Setting) => Some(ProblemKind::NotLoopback),
        Some(ProblemKind::NotLoopback) => None,
    }
}

fn next_failure(kind: Option<FailureKind>) -> Option<FailureKind> {
    match kind {
        None => Some(FailureKind::Refused),
        Some(FailureKind::Refused) => Some(FailureKind::UnknownHost),
        Some(FailureKind::UnknownHost) => Some(FailureKind::Timeout),
        Some(FailureKind::Timeout) => Some(FailureKind::Authentication),
        Some(FailureKind::Authentication) => Some(FailureKind::NotAllowed),
        Some(FailureKind::NotAllowed) => Some(FailureKind::NotFound),
        Some(FailureKind::NotFound) => Some(FailureKind::Tls),
        Some(FailureKind::Tls) => Some(FailureKind::Busy),
        Some(FailureKind::Busy) => Some(FailureKind::Protocol),
        Some(FailureKind::Protocol) => Some(FailureKind::Other),
        Some(FailureKind::Other) => None,
    }
}

fn all<K: Copy>(next: fn(Option<K>) -> Option<K>) -> Vec<K> {
    let mut kinds = Vec::new();
    while let Some(kind) = next(kinds.last().copied()) {
        kinds.push(kind);
    }
    kinds
}

/// The messages of each heading, and whether they are of the second list.
fn messages(heading: &str) -> Vec<String> {
    let section = TROUBLESHOOTING.split_once(&format!("\n## {heading}\n"));
    let section = section.unwrap_or_else(|| panic!("no heading `{heading}`")).1;
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| ``"));
    let cells = rows.map(|row| row.trim_start_matches("| ").split(" | ").next().unwrap());
    let texts = cells.flat_map(|cell| {
        cell.split("``").skip(1).step_by(2).map(|text| text.trim().to_owned()).collect::<Vec<_>>()
    });
    texts.collect()
}

#[test]
fn every_kind_has_its_messages() {
    for kind in all(next_problem) {
        assert!(!messages(&format!("{kind:?}")).is_empty(), "{kind:?}");
    }
    for kind in all(next_failure) {
        assert!(!messages(&format!("{kind:?}")).is_empty(), "{kind:?}");
        assert!(TROUBLESHOOTING.contains(kind.description()), "{kind:?}");
    }
    let headings = TROUBLESHOOTING.lines().filter(|line| line.starts_with("## ")).count();
    assert_eq!(headings, all(next_problem).len() + all(next_failure).len());
}

/// Whether a message is what a pattern with `…` for a name says.
fn fits(pattern: &str, message: &str) -> bool {
    let mut rest = message;
    let mut pieces = pattern.split('…');
    let Some(after) = pieces.next().and_then(|first| rest.strip_prefix(first)) else {
        return false;
    };
    rest = after;
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = if piece.is_empty() { "" } else { &rest[at + piece.len()..] };
    }
    rest.is_empty()
}

#[test]
fn every_rule_of_the_grammar_is_there() {
    let part = Part::Host;
    let faults = [
        Fault::Empty,
        Fault::SurroundingSpace,
        Fault::Quotes,
        Fault::Jdbc,
        Fault::Unexpanded { open: "${" },
        Fault::NoScheme,
        Fault::NoSlashes,
        Fault::Fragment { before_at: true },
        Fault::Fragment { before_at: false },
        Fault::DelimiterBeforeAt { byte: b'/' },
        Fault::SecondAt,
        Fault::AtAfterHost { part },
        Fault::Character { part, byte: b'!' },
        Fault::Character { part, byte: b' ' },
        Fault::Percent { part },
        Fault::NotUtf8 { part },
        Fault::NoHost,
        Fault::EmptyHost,
        Fault::BareIpv6,
        Fault::Host,
        Fault::Number,
        Fault::TooMany { part },
        Fault::Difference { part: "ports" },
        Fault::Port,
        Fault::Parameter,
        Fault::RepeatedParameter,
    ];
    // As many as fault.rs has: `Fragment` and `Character` stand for two each.
    let declared = include_str!("../handle/grammar/fault.rs");
    let declared = declared.split_once("enum Fault {").unwrap().1.split_once("\n}").unwrap().0;
    assert_eq!(faults.len(), declared.lines().filter(|line| line.ends_with(',')).count() + 2);
    let messages = messages("Syntax");
    for fault in faults {
        let text = fault.message();
        let message = text.as_str();
        assert!(messages.iter().any(|pattern| fits(pattern, message)), "{message}");
    }
}

/// Every message of the page is one that some source has: the page does not go stale.
#[test]
fn every_message_is_in_the_code() {
    let mut code = String::new();
    let mut folders = vec![sources()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                // A text that goes on in the next line.
                let text = fs::read_to_string(path).unwrap();
                let lines = text.split("\\\n").map(str::trim_start);
                code += &lines.collect::<String>();
            }
        }
    }
    let headings = TROUBLESHOOTING.lines().filter_map(|line| line.strip_prefix("## "));
    for heading in headings {
        for message in messages(heading) {
            for piece in message.split('…').map(str::trim).filter(|piece| piece.len() > 4) {
                let piece = piece.trim_matches(['`', ':', ',']);
                assert!(code.contains(piece.trim()), "nothing says `{piece}`: {message}");
            }
        }
    }
}
