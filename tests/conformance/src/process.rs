use std::process::Command;

/// Set by `in_process` and by nothing else, to the name of the test.
const PROCESS: &str = "BACKING_SERVICES_TEST_PROCESS";
/// What a test in a process of its own is to connect to.
const VICTIM: &str = "BACKING_SERVICES_TEST_VICTIM";
/// Set by `in_process` beside it: many a machine has an `SSL_CERT_FILE`, and that is not ours to
/// write.
#[cfg(feature = "tls")]
const TRUSTED: &str = "BACKING_SERVICES_TEST_CA";

/// Where the CA certificates are that a test in a process of its own trusts; `None` outside of one.
///
/// ```
/// assert_eq!(backing_services_conformance::trusted_file(), None);
/// ```
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
#[expect(clippy::disallowed_methods, reason = "set by `in_process`, below")]
pub fn trusted_file() -> Option<std::path::PathBuf> {
    std::env::var_os(TRUSTED).map(std::path::PathBuf::from)
}

/// Runs the test `name` again in a process of its own with these variables, and returns `true`
/// when it has passed there; `false` in that process, where the test itself is to go on.
///
/// The name is that of the function with its modules: `concat!(module_path!(), "::", ...)`. With
/// the feature `tls` the process trusts the CA certificate of nobody, unless the test writes
/// another into its `trusted_file`.
///
/// # Panics
///
/// If the test fails there.
///
/// ```no_run
/// #[test]
/// fn the_proxy_of_the_environment_is_used() {
///     let name = concat!(module_path!(), "::the_proxy_of_the_environment_is_used");
///     let variables = [("HTTP_PROXY", "http://localhost:3128")];
///     if backing_services_conformance::in_process(name, &variables) {
///         return;
///     }
///     // Here the variable is set.
/// }
/// ```
pub fn in_process(name: &str, variables: &[(&str, &str)]) -> bool {
    if is(name) {
        return false;
    }
    again(name, variables, None).map_or_else(|shown| panic!("{shown}"), drop);
    true
}

#[expect(clippy::disallowed_methods, reason = "set by `again`, below")]
fn is(name: &str) -> bool {
    std::env::var_os(PROCESS).is_some_and(|process| process == name)
}

/// The URL that `again` was given.
#[expect(clippy::disallowed_methods, reason = "set by `again`, below")]
pub(crate) fn victim_of() -> Option<String> {
    std::env::var(VICTIM).ok()
}

/// Runs the test in a process of its own; what it has shown is the result or the error.
pub(crate) fn again(
    name: &str,
    variables: &[(&str, &str)],
    victim: Option<&str>,
) -> Result<String, String> {
    // Without the crate, as the test harness calls it.
    let (_, test) = name.split_once("::").expect("a name with its modules");
    let program = std::env::current_exe().expect("the path of this program");
    let mut command = if victim.is_some() {
        // A driver that takes all memory it gets, or never ends, leaves some to the machine.
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -v 4000000; exec timeout -s KILL 20 \"$0\" \"$@\""]).arg(program);
        shell
    } else {
        Command::new(program)
    };
    command
        .args([test, "--exact", "--nocapture", "--include-ignored"])
        .env(PROCESS, name)
        .env("RUST_BACKTRACE", "0");
    #[cfg(feature = "tls")]
    let nobody = crate::tls::Ca::new("nobody").issue(&["nobody.example"]);
    #[cfg(feature = "tls")]
    command.env(TRUSTED, nobody.ca()).env("SSL_CERT_FILE", nobody.ca()).env_remove("SSL_CERT_DIR");
    if let Some(victim) = victim {
        command.env(VICTIM, victim);
    }
    let output = command.envs(variables.iter().copied()).output().expect("this program again");
    let shown = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.success() && shown.contains("1 passed") {
        return Ok(shown.into_owned());
    }
    Err(format!("{}: {shown}", output.status))
}
