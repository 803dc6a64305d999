//! A Markdown table.

use std::fmt::Write as _;

use super::Manifest;

impl Manifest {
    /// A Markdown table of every variable, for a README or a wiki.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// assert!(Services::manifest().markdown().contains("| `PORT` |"));
    /// ```
    pub fn markdown(&self) -> String {
        text(self)
    }
}

fn text(manifest: &Manifest) -> String {
    let mut text = String::from(
        "| variable | service | required | default | meaning |\n|---|---|---|---|---|\n",
    );
    let mut row =
        |variable: &str, service: &str, required: bool, default: Option<&str>, doc: &str| {
            let cells = [
                code(variable),
                service.to_owned(),
                if required { "yes" } else { "no" }.to_owned(),
                default.map(code).unwrap_or_default(),
                cell(doc),
            ];
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        };
    for it in &manifest.resources {
        let schemes: Vec<_> = it.schemes.iter().map(|scheme| code(scheme)).collect();
        let service = format!("{}: {}", cell(it.adapter), schemes.join(" "));
        row(&it.variable, &service, it.required, it.default, it.doc);
    }
    for it in &manifest.settings {
        row(&it.variable, "a setting", it.required, it.default, it.doc);
    }
    text
}

fn code(text: &str) -> String {
    // What holds a backtick needs two around it.
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence}{}{fence}", text.replace('|', "\\|"))
}

/// A doc comment is Markdown already; a cell has one line.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
