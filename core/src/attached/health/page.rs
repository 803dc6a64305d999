//! The status page: HTML that needs nothing else, no script and no file.

use std::fmt::Write as _;
use std::time::Duration;

use super::answer::Status;
use super::checks::{DIFFERS, Report, Row, STOPPING};
use crate::manifest::{Manifest, Picture, Resource, escaped};
use crate::table::within;

pub(super) fn text(manifest: &Manifest, report: &Report, with_details: bool) -> String {
    let row = |resource: &Resource| report.rows.iter().find(|row| is_of(row, resource));
    let held = |resource: &Resource| {
        let held = &row(resource)?.held;
        Some((held.grammar, held.key.handle().clone()))
    };
    let picture = Picture::held(manifest, held, with_details);
    let name = escaped(manifest.name());
    let status = report.status;
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <title>{name}: {status}</title>\n{STYLE}</head>\n<body>\n\
         <header>\n<h1>{name} {}</h1>\n<p>Generation {}</p>\n",
        state(Some(status)),
        report.generation
    );
    for note in [(report.is_stopping, STOPPING), (report.differs, DIFFERS)] {
        if let (true, note) = note {
            let _ = writeln!(page, "<p class=\"note\">{}.</p>", sentence(note));
        }
    }
    let _ = write!(
        page,
        "</header>\n<main>\n<figure class=\"wide\">\n{}</figure>\n<figure class=\"column\">\n{}</figure>\n\
         <ul>\n",
        picture.svg(),
        picture.narrow_svg()
    );
    for resource in manifest.resources() {
        match row(resource) {
            Some(row) => attached(&mut page, resource, row, with_details),
            None => {
                let _ = writeln!(
                    page,
                    "<li>\n<h2>{} {}</h2>\n<dl>\n{}{}</dl>\n</li>",
                    escaped(within(resource.field())),
                    state(None),
                    entry("service", resource.adapter()),
                    entry("variable", resource.variable()),
                );
            }
        }
    }
    page.push_str("</ul>\n</main>\n</body>\n</html>\n");
    page
}

/// Whether it is the resource's, or that of a field that shares it.
fn is_of(row: &Row, resource: &Resource) -> bool {
    row.held.field == resource.field()
        || row.held.shared.is_some_and(|variable| variable == resource.variable())
            && row.held.grammar.name() == resource.adapter()
}

fn attached(page: &mut String, resource: &Resource, row: &Row, with_details: bool) {
    let held = &row.held;
    let _ = write!(
        page,
        "<li>\n<h2>{} {}</h2>\n<dl>\n{}",
        escaped(within(resource.field())),
        state(Some(row.status)),
        entry("service", held.grammar.name()),
    );
    if let Some(cause) = row.cause.filter(|_| with_details) {
        page.push_str(&entry("last check", cause));
    }
    match &row.last {
        Some(last) => {
            let ago = format!("{} s ago", last.at.elapsed().as_secs());
            page.push_str(&entry("checked", &ago));
            page.push_str(&entry("latency", &shown(last.latency)));
        }
        None => page.push_str(&entry("checked", "when it was attached")),
    }
    page.push_str(&entry("generation", &held.generation.to_string()));
    page.push_str(&entry("readiness", if held.is_required { "decides" } else { "warns only" }));
    let origin = held.origin.as_ref().map(ToString::to_string);
    page.push_str(&entry("from", origin.as_deref().unwrap_or(&held.variable)));
    page.push_str("</dl>\n</li>\n");
}

/// A state in words and colour; none is that of a resource that is not attached.
fn state(status: Option<Status>) -> String {
    let (word, mark) = match status {
        Some(Status::Pass) => ("pass", "&#10003;"),
        Some(Status::Warn) => ("warn", "!"),
        Some(Status::Fail) => ("fail", "&#10005;"),
        None => ("off", "&#8211;"),
    };
    let shown = if status.is_none() { "detached" } else { word };
    format!("<span class=\"state {word}\"><span aria-hidden=\"true\">{mark}</span> {shown}</span>")
}

fn entry(name: &str, value: &str) -> String {
    format!("<div><dt>{name}</dt><dd>{}</dd></div>\n", escaped(value))
}

fn shown(latency: Duration) -> String {
    match latency.as_micros() {
        micros if micros < 10_000 => format!("{:.1} ms", latency.as_secs_f64() * 1000.0),
        _ => format!("{} ms", latency.as_millis()),
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        escaped(&first.to_uppercase().chain(letters).collect::<String>())
    })
}

const STYLE: &str = "<style>\n\
:root{color-scheme:light dark;--paper:#fff;--ink:#18181b;--quiet:#52525b;--card:#f4f4f5;--edge:#d4d4d8;\
--pass:#166534;--pass-paper:#dcfce7;--warn:#854d0e;--warn-paper:#fef3c7;\
--fail:#991b1b;--fail-paper:#fee2e2;--off:#3f3f46;--off-paper:#e4e4e7}\n\
@media (prefers-color-scheme:dark){:root{--paper:#18181b;--ink:#f4f4f5;--quiet:#a1a1aa;--card:#27272a;\
--edge:#3f3f46;--pass:#bbf7d0;--pass-paper:#14532d;--warn:#fde68a;--warn-paper:#713f12;\
--fail:#fecaca;--fail-paper:#7f1d1d;--off:#e4e4e7;--off-paper:#3f3f46}}\n\
*{box-sizing:border-box}\n\
body{margin:0 auto;padding:12px;max-width:1280px;background:var(--paper);color:var(--ink);\
font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}\n\
h1{font-size:1.5rem;line-height:1.3;margin:0}h2{font-size:1.1rem;margin:0 0 8px}\n\
h1,h2{display:flex;flex-wrap:wrap;align-items:center;gap:4px 12px}\n\
header p{margin:4px 0;color:var(--quiet)}header .note{color:var(--ink)}\n\
figure{margin:16px 0;text-align:center}svg{max-width:100%;height:auto}svg .paper{fill:none}\n\
.wide{display:none}\n\
@media (min-width:800px){.wide{display:block}.column{display:none}}\n\
ul{list-style:none;margin:0;padding:0;display:grid;gap:12px;\
grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr))}\n\
li{background:var(--card);border:1px solid var(--edge);border-radius:8px;padding:12px}\n\
dl{margin:0}dl div{display:grid;grid-template-columns:6.5rem 1fr;gap:8px}\n\
dt{color:var(--quiet)}dd{margin:0}\n\
.state{font-size:.9rem;font-weight:600;line-height:1.5;padding:0 10px;border-radius:999px;white-space:nowrap}\n\
.pass{color:var(--pass);background:var(--pass-paper)}.warn{color:var(--warn);background:var(--warn-paper)}\n\
.fail{color:var(--fail);background:var(--fail-paper)}.off{color:var(--off);background:var(--off-paper)}\n\
</style>\n";
