//! What every adapter promises, as one list of behaviours. A new adapter joins with one `Subject`
//! and one `conformance!` line.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use backing_services::{Adapter, Connect, Error, Failure, Handle, HandleBuilder, Scheme};
use backing_services_tests::servers::{Server, Silent};
use backing_services_tests::tls::{Ca, Tls};

/// An adapter, the server it is for, and how to use it.
pub(crate) trait Subject {
    type Adapter: Adapter + Connect;
    type Server: Server;

    /// Whether the client trusts the CA certificates of `SSL_CERT_FILE` and those of no handle. Its
    /// tests then run in a process of their own each, with a file of its own for that, which
    /// `tls_handle` fills: see `trusted_file`.
    const TRUSTS_THE_ENVIRONMENT: bool = false;

    /// A server without TLS.
    fn start() -> Self::Server;

    /// A server with TLS; `None` if the client has none, and then it takes no credential either.
    fn start_with_tls(_: &Tls) -> Option<Self::Server> {
        None
    }

    /// The scheme for the server without TLS.
    fn plain_scheme() -> &'static str {
        schemes::<Self::Adapter>()[0].name()
    }

    /// Which of the two servers a scheme is for.
    fn reaches(_scheme: &str) -> Reaches {
        Reaches::Plain
    }

    /// A handle for the server without TLS, yet without host and port.
    fn handle(scheme: &str) -> HandleBuilder;

    /// The handle with its host and port; no port for a host that is not there.
    fn at(builder: HandleBuilder, host: &str, port: Option<u16>) -> HandleBuilder {
        let builder = builder.host(host);
        match port {
            Some(port) => builder.port(port),
            None => builder,
        }
    }

    /// A handle for the server with TLS that trusts the CA certificate of this file only and
    /// verifies the host's name.
    fn tls_handle(scheme: &str, _: &Self::Server, _ca: &Path) -> HandleBuilder {
        Self::handle(scheme)
    }

    /// A handle with a wrong password, and what the failure then says; `None` for a service that
    /// knows no passwords.
    fn wrong_password() -> Option<(HandleBuilder, &'static str)>;

    /// What a ping says of a server that has been killed.
    fn dead() -> &'static str {
        "connection refused"
    }

    /// Whether the client has an end at all: that of a driver without one answers until its last
    /// clone is dropped, and closing one clone takes nothing from the others.
    fn ends() -> bool {
        true
    }

    /// Writes and reads real data.
    async fn use_it(client: &<Self::Adapter as Connect>::Client) -> Result<(), String>;
}

#[derive(PartialEq, Eq)]
pub(crate) enum Reaches {
    Plain,
    Tls,
    /// Another service behind the same field, with tests of its own.
    Elsewhere,
}

/// Loads and connects one adapter as an app does: through a derived struct.
pub(crate) trait App<A: Connect> {
    async fn connect(handle: &Handle) -> Result<A::Client, Error>;
}

macro_rules! conformance {
    ($subject:ty) => {
        mod conforms {
            use backing_services::{BackingServices, Connect, Environment, Error, Handle};

            use super::*;
            use crate::conformance::{self, App, Subject};

            type It = <$subject as Subject>::Adapter;

            #[derive(BackingServices)]
            struct Services {
                #[service(env = "IT_URL")]
                it: It,
            }

            struct Derived;

            impl App<It> for Derived {
                async fn connect(handle: &Handle) -> Result<<It as Connect>::Client, Error> {
                    let environment = Environment::from_pairs([("IT_URL", handle.expose_url())]);
                    Ok(Services::load(&environment)?.connect().await?.it)
                }
            }

            conformance!(@tests $subject: round_trip every_scheme wrong_password server_not_there
                unknown_host killed_and_back_again silent_server tls_with_the_right_ca
                tls_with_another_ca tls_for_another_host unknown_parameter close);
        }
    };
    (@tests $subject:ty: $($name:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let name = concat!(module_path!(), "::", stringify!($name));
            if !conformance::runs_elsewhere::<$subject>(name) {
                conformance::$name::<$subject, Derived>().await;
            }
        }
    )*};
}

/// Set by `in_process` and by nothing else: many a machine has an `SSL_CERT_FILE`, and that is not
/// ours to write.
const OWN_FILE: &str = "BACKING_SERVICES_TEST_CA";

/// Where the CA certificates are that a test in a process of its own trusts.
#[expect(clippy::disallowed_methods, reason = "set by `in_process`, below")]
pub(crate) fn trusted_file() -> Option<PathBuf> {
    std::env::var_os(OWN_FILE).map(PathBuf::from)
}

/// Runs the test in a process of its own if it needs one and has none yet.
pub(crate) fn runs_elsewhere<S: Subject>(name: &str) -> bool {
    in_process(S::TRUSTS_THE_ENVIRONMENT && trusted_file().is_none(), name, &[])
}

/// Runs the test `name` again in a process of its own with these variables, if `needed`.
pub(crate) fn in_process(needed: bool, name: &str, variables: &[(&str, &str)]) -> bool {
    if !needed {
        return false;
    }
    let nobody = Ca::new("nobody").issue(&["nobody.example"]);
    let name = name.split_once("::").unwrap().1; // without the crate, as the harness calls it
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(OWN_FILE, nobody.ca())
        .env("SSL_CERT_FILE", nobody.ca())
        .env_remove("SSL_CERT_DIR")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && shown.contains("1 passed"), "{shown}");
    true
}

fn schemes<A: Adapter>() -> &'static [Scheme] {
    A::GRAMMAR.schemes()
}

fn preferred<S: Subject>() -> HandleBuilder {
    S::handle(S::plain_scheme())
}

fn on_this_machine<S: Subject>(builder: HandleBuilder, port: u16) -> Handle {
    S::at(builder, "localhost", Some(port)).build().unwrap()
}

fn failure<T>(result: Result<T, Error>) -> Failure {
    match result {
        Err(Error::Connect(report)) => report.failures()[0].clone(),
        Err(other) => panic!("not loaded: {other}"),
        Ok(_) => panic!("it connected"),
    }
}

pub(crate) async fn round_trip<S: Subject, C: App<S::Adapter>>() {
    let server = S::start();
    let client = C::connect(&on_this_machine::<S>(preferred::<S>(), server.port())).await.unwrap();
    S::use_it(&client).await.unwrap();
    S::Adapter::ping(&client).await.unwrap();
}

pub(crate) async fn every_scheme<S: Subject, C: App<S::Adapter>>() {
    let plain = S::start();
    let certificate = Ca::new("right").issue(&["localhost"]);
    let tls = S::start_with_tls(&certificate);
    // A socket has no host and port; adapters with one have a test of their own for it.
    let schemes = schemes::<S::Adapter>().iter().filter(|scheme| !scheme.is_socket());
    for scheme in schemes.map(Scheme::name) {
        let handle = match (S::reaches(scheme), &tls) {
            (Reaches::Elsewhere, _) => continue,
            (Reaches::Tls, Some(server)) => {
                S::tls_handle(scheme, server, &certificate.ca()).build().unwrap()
            }
            _ => on_this_machine::<S>(S::handle(scheme), plain.port()),
        };
        let client = C::connect(&handle).await.unwrap_or_else(|error| panic!("{scheme}: {error}"));
        S::use_it(&client).await.unwrap();
    }
}

pub(crate) async fn wrong_password<S: Subject, C: App<S::Adapter>>() {
    let server = S::start();
    let Some((builder, says)) = S::wrong_password() else {
        let with_password = preferred::<S>().username("shop").password("secret");
        let refused = C::connect(&on_this_machine::<S>(with_password, server.port())).await;
        assert!(matches!(refused, Err(Error::Load(_))), "a password was taken and not used");
        return;
    };
    let failure = failure(C::connect(&on_this_machine::<S>(builder, server.port())).await);
    assert!(failure.cause().contains(says), "{failure:?}");
    assert_eq!(failure.attempts(), 1, "a wrong password is not tried again");
    assert_eq!(failure.variable(), "IT_URL");
}

pub(crate) async fn server_not_there<S: Subject, C: App<S::Adapter>>() {
    let mut server = S::start();
    server.kill();
    let failure = failure(C::connect(&on_this_machine::<S>(preferred::<S>(), server.port())).await);
    assert_eq!(failure.cause(), "connection refused");
    assert!(failure.elapsed() < Duration::from_secs(1), "{:?}", failure.elapsed());
    assert!(failure.attempts() > 1, "a server that is being restarted is worth another try");
}

pub(crate) async fn unknown_host<S: Subject, C: App<S::Adapter>>() {
    let handle = S::at(preferred::<S>(), "no-such-host.invalid", None).build().unwrap();
    // A password may not go to another machine unencrypted, so this one may be refused on load.
    let connected = C::connect(&handle).await;
    if let Err(Error::Load(report)) = &connected {
        assert_eq!(
            report.problems()[0].kind(),
            backing_services::ProblemKind::Insecure,
            "{report}"
        );
        return;
    }
    let failure = failure(connected);
    assert!(failure.cause().starts_with("unknown host"), "{failure:?}");
}

pub(crate) async fn killed_and_back_again<S: Subject, C: App<S::Adapter>>() {
    let mut server = S::start();
    let client = C::connect(&on_this_machine::<S>(preferred::<S>(), server.port())).await.unwrap();
    S::use_it(&client).await.unwrap();

    server.kill();
    let error = S::Adapter::ping(&client).await.expect_err("the server is dead");
    assert_eq!(error.to_string(), S::dead());

    server.restart();
    S::Adapter::ping(&client).await.expect("the same client finds the server again");
    S::use_it(&client).await.unwrap();
}

pub(crate) async fn silent_server<S: Subject, C: App<S::Adapter>>() {
    let server = Silent::start();
    let builder = preferred::<S>().param("connect_timeout", "1s");
    let started = Instant::now();
    let failure = failure(C::connect(&on_this_machine::<S>(builder, server.port())).await);
    assert_eq!(failure.cause(), "no answer within 1 s");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

/// The server and the files of the certificates, for as long as a test runs.
type Kept<S> = (<S as Subject>::Server, [Tls; 2]);

/// A server whose certificate is for `names`, and a handle that trusts the CA certificate that
/// `trusts` picks from the right one and another.
fn with_tls<S: Subject>(
    names: &[&str],
    trusts: impl FnOnce([&Tls; 2]) -> &Tls,
) -> Option<(Handle, Kept<S>)> {
    let [right, wrong] = ["right", "wrong"].map(|name| Ca::new(name).issue(names));
    let Some(server) = S::start_with_tls(&right) else {
        // There is nothing to encrypt: `wrong_password` proves that no credential is taken.
        assert!(S::wrong_password().is_none());
        return None;
    };
    let mut schemes = schemes::<S::Adapter>().iter().map(Scheme::name);
    let first = schemes.clone().next().unwrap();
    let scheme = schemes.find(|scheme| S::reaches(scheme) == Reaches::Tls);
    let ca = trusts([&right, &wrong]).ca();
    let handle = S::tls_handle(scheme.unwrap_or(first), &server, &ca);
    Some((handle.build().unwrap(), (server, [right, wrong])))
}

pub(crate) async fn tls_with_the_right_ca<S: Subject, C: App<S::Adapter>>() {
    let Some((handle, _kept)) = with_tls::<S>(&["localhost"], |[right, _]| right) else { return };
    let client = C::connect(&handle).await.unwrap();
    S::use_it(&client).await.unwrap();
}

pub(crate) async fn tls_with_another_ca<S: Subject, C: App<S::Adapter>>() {
    let Some((handle, _kept)) = with_tls::<S>(&["localhost"], |[_, wrong]| wrong) else { return };
    let failure = failure(C::connect(&handle).await);
    assert!(failure.cause().contains("certificate does not verify: UnknownIssuer"), "{failure:?}");
}

pub(crate) async fn tls_for_another_host<S: Subject, C: App<S::Adapter>>() {
    let names = ["other.example"];
    let Some((handle, _kept)) = with_tls::<S>(&names, |[right, _]| right) else { return };
    let failure = failure(C::connect(&handle).await);
    assert!(failure.cause().contains("certificate does not verify: "), "{failure:?}");
    assert!(failure.cause().contains("not valid for name"), "{failure:?}");
}

pub(crate) async fn unknown_parameter<S: Subject, C: App<S::Adapter>>() {
    let builder = preferred::<S>().param("conect_timeout", "1s");
    match C::connect(&on_this_machine::<S>(builder, 1)).await {
        Err(Error::Load(report)) => {
            assert_eq!(report.problems()[0].message(), "unknown parameter `conect_timeout`");
            assert_eq!(report.problems()[0].help(), "did you mean `connect_timeout`?");
        }
        _ => panic!("it was taken"),
    }
}

pub(crate) async fn close<S: Subject, C: App<S::Adapter>>() {
    let server = S::start();
    let client = C::connect(&on_this_machine::<S>(preferred::<S>(), server.port())).await.unwrap();
    let other = client.clone();
    S::Adapter::close(client).await;
    if S::ends() {
        S::Adapter::ping(&other).await.expect_err("a closed client does not answer");
    } else {
        S::Adapter::ping(&other).await.expect("another clone goes on");
    }
}
