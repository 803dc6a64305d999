//! An app whose own binary has the commands of `backing-services`, for a container without the tool.
//!
//! ```sh
//! cargo run -p examples --features cli --example services_cli services --help
//! cargo run -p examples --features cli --example services_cli services check --env-file prod.env
//! DATABASE_URL=sqlite::memory: cargo run -p examples --features cli --example services_cli services ping
//! ```

use std::process::ExitCode;

use backing_services::{BackingServices, Mail, MySql, Sql, cli};

/// What the shop consumes over the network.
#[derive(BackingServices)]
struct Services {
    /// Orders and customers.
    #[service(env = "DATABASE_URL", default = "sqlite::memory:")]
    db: Sql,
    /// Receipts.
    #[service(default = "memory:")]
    mail: Mail,
    /// Orders of past years.
    archive: Option<MySql>,
    /// Where the shop listens.
    #[setting(default = "8080")]
    port: u16,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("services") {
        return cli::run::<Services>();
    }
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            eprintln!("{report}");
            ExitCode::FAILURE
        }
    }
}

/// The app itself.
async fn serve() -> Result<(), backing_services::Error> {
    let services = Services::from_env()?;
    let clients = services.connect().await?;
    println!("{clients:?} serves port {}", services.port);
    Ok(())
}
