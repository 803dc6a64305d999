//! What the app declares, in every form in which it leaves the binary.
//!
//! ```sh
//! cargo run -p examples --example manifest                      # all of them
//! cargo run -p examples --example manifest svg > services.svg   # one of them, as this environment has it
//! cargo run -p examples --example manifest compose > compose.yaml
//! cargo run -p examples --example manifest compose-env > .env   # the handles of what Compose starts
//! cargo run -p examples --example manifest explain              # where each value comes from, in this environment
//! ```

use std::process::ExitCode;

use backing_services::{BackingServices, Environment, Format, Mail, MySql, Sql};

/// What the shop consumes over the network.
#[derive(BackingServices)]
#[expect(dead_code, reason = "this program only describes it")]
struct Services {
    /// Orders and customers.
    #[service(env = "DATABASE_URL")]
    db: MySql,
    /// Receipts.
    #[service(default = "file:outbox")]
    mail: Mail,
    /// Orders of past years.
    archive: Option<Sql>,
    /// Where the shop listens.
    #[setting(default = "8080")]
    port: u16,
}

fn main() -> ExitCode {
    let manifest = Services::manifest();
    let environment = Environment::process();
    let picture = manifest.picture_of(&environment);
    let mut forms: Vec<(&str, String)> = Format::ALL
        .iter()
        .map(|format| match format {
            Format::Svg => (format.word(), picture.svg()),
            Format::Mermaid => (format.word(), picture.mermaid()),
            _ => (format.word(), manifest.format(*format)),
        })
        .collect();
    forms.push(("compose-env", manifest.compose().env().to_owned()));
    forms.push(("explain", environment.explain::<Services>().to_string()));
    let Some(wanted) = std::env::args().nth(1) else {
        for (name, text) in forms {
            println!("--- {name}\n{text}");
        }
        return ExitCode::SUCCESS;
    };
    if let Some((_, text)) = forms.iter().find(|(name, _)| *name == wanted) {
        println!("{}", text.trim_end());
        return ExitCode::SUCCESS;
    }
    let names: Vec<_> = forms.iter().map(|(name, _)| *name).collect();
    eprintln!("expected one of: {}", names.join(", "));
    ExitCode::FAILURE
}
