//! The command `backing-services`: what a program that derives `BackingServices` declares, read from
//! the program itself, against an environment.

use std::process::ExitCode;

fn main() -> ExitCode {
    backing_services::cli::run_on_programs()
}
