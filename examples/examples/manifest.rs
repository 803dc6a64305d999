//! What the app declares, in every form in which it leaves the binary.
//!
//! ```sh
//! cargo run -p examples --example manifest                      # all of them
//! cargo run -p examples --example manifest svg > services.svg   # one: env, markdown, json, svg or mermaid
//! cargo run -p examples --example manifest explain              # where each value comes from, in this environment
//! ```

use std::process::ExitCode;

use backing_services::{BackingServices, Environment, Mail, MySql, Sql};

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
    let forms = [
        ("env", manifest.env_example()),
        ("markdown", manifest.markdown()),
        ("json", manifest.json()),
        ("svg", picture.svg()),
        ("mermaid", picture.mermaid()),
        ("explain", environment.explain::<Services>().to_string()),
    ];
    let wanted = std::env::args().nth(1);
    let mut printed = false;
    for (name, text) in forms {
        match wanted.as_deref() {
            None => println!("--- {name}\n{text}"),
            Some(wanted) if wanted == name => println!("{}", text.trim_end()),
            Some(_) => continue,
        }
        printed = true;
    }
    if printed {
        return ExitCode::SUCCESS;
    }
    eprintln!("expected env, markdown, json, svg, mermaid or explain");
    ExitCode::FAILURE
}
