//! Mermaid text: <https://mermaid.js.org/syntax/flowchart.html>.

use std::fmt::Write as _;

use super::picture::{Picture, Place};

impl Picture {
    /// As [Mermaid](https://mermaid.js.org) text, which GitHub and GitLab draw inside Markdown.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// println!("```mermaid\n{}```", Services::manifest().picture().mermaid());
    /// ```
    pub fn mermaid(&self) -> String {
        text(self)
    }
}

fn text(picture: &Picture) -> String {
    let mut text = format!("flowchart LR\n    deploy[\"{}\"]\n", escaped(&picture.deploy));
    for (index, node) in picture.nodes.iter().enumerate() {
        let lines = [&node.field, &node.service, &node.variable, node.place.text()];
        let label = lines.map(escaped).join("<br>");
        let line = match node.place {
            Place::Detached => "-.-",
            // It ends in a cross.
            Place::Missing => "--x",
            _ => "---",
        };
        let class = node.place.class();
        let _ = writeln!(text, "    deploy {line} resource{index}[(\"{label}\")]:::{class}");
    }
    text.push_str(
        "    classDef declared fill:#f4f4f5,stroke:#52525b,color:#18181b\n    \
         classDef local fill:#dbeafe,stroke:#1d4ed8,color:#172554\n    \
         classDef remote fill:#ffedd5,stroke:#c2410c,color:#431407\n    \
         classDef detached fill:#ffffff,stroke:#a1a1aa,color:#52525b,stroke-dasharray:4\n    \
         classDef missing fill:#fae8ff,stroke:#a21caf,color:#4a044e,stroke-width:3px\n    \
         classDef broken fill:#fee2e2,stroke:#b91c1c,color:#450a0a\n",
    );
    text
}

/// Quoted text takes entities only.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
