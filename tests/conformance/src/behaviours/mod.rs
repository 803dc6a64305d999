//! The list of behaviours: what the tests of [`suite!`](crate::suite) run.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use backing_services::{
    Adapter, Connect, Error, Failure, Grammar, Handle, HandleBuilder, ProblemKind, Scheme,
};
use tokio::runtime::Runtime;

#[cfg(target_os = "linux")]
mod hostile;
#[cfg(feature = "tls")]
mod tls;

#[cfg(target_os = "linux")]
pub use self::hostile::*;
#[cfg(feature = "tls")]
pub use self::tls::*;
#[cfg(feature = "tls")]
use crate::tls::Ca;
use crate::{Limit, Proxy, Reaches, Scripted, Server, Subject, in_process};

/// Loads and connects one adapter as an app does: through a derived struct.
pub trait App<A: Connect> {
    #[expect(async_fn_in_trait, reason = "each test waits for it on its own thread")]
    async fn connect(handle: &Handle) -> Result<A::Client, Error>;
}

/// Runs one behaviour, in a process of its own if the subject needs one.
pub fn run<S: Subject>(name: &str, behaviour: impl Future<Output = ()>) {
    if S::TRUSTS_THE_ENVIRONMENT && in_process(name, &[]) {
        return;
    }
    held(S::LIMITS, name.rsplit("::").next().unwrap_or(name), || runtime().block_on(behaviour));
}

pub(crate) fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime")
}

/// Runs a test, which has to fail as written down where a limit is named for it.
fn held(limits: &[Limit], test: &str, run: impl FnOnce()) {
    let Some(limit) = limits.iter().find(|limit| limit.test == test) else { return run() };
    let failed =
        catch_unwind(AssertUnwindSafe(run)).expect_err("the limit is no more: take it off");
    let said = failed.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(said.contains(limit.seen), "another failure than that of {}: {said}", limit.driver);
}

fn schemes<A: Adapter>() -> &'static [Scheme] {
    A::GRAMMAR.schemes()
}

fn preferred<S: Subject>() -> HandleBuilder {
    S::handle(S::plain_scheme())
}

fn takes_a_limit(grammar: &Grammar) -> bool {
    grammar.all_words().iter().any(|word| word.is_called("connect_timeout"))
        || grammar.all_variants().iter().any(|variant| takes_a_limit(variant))
}

/// The preferred handle with a time limit of a second, where the adapter takes one.
fn hurried<S: Subject>() -> HandleBuilder {
    if takes_a_limit(S::Adapter::GRAMMAR) {
        preferred::<S>().param("connect_timeout", "1s")
    } else {
        preferred::<S>()
    }
}

/// That of `hurried`: what an adapter without a parameter for it has is ten seconds.
fn limit<S: Subject>() -> Duration {
    Duration::from_secs(if takes_a_limit(S::Adapter::GRAMMAR) { 1 } else { 10 })
}

fn on_this_machine<S: Subject>(builder: HandleBuilder, port: u16) -> Handle {
    S::at(builder, "localhost", Some(port)).build().unwrap()
}

fn failure<T>(result: Result<T, Error>) -> Failure {
    match result {
        Err(Error::Connect(report)) => {
            assert_is_for_people(&report.to_string());
            for failure in report.failures() {
                assert_no_type(failure.cause());
                assert_no_type(failure.help());
            }
            report.failures()[0].clone()
        }
        Err(other) => panic!("not loaded: {other}"),
        Ok(_) => panic!("it connected"),
    }
}

/// No text of a driver shows what only its authors can read: a type of Rust or its `{:?}`.
pub(crate) fn assert_is_for_people(text: &str) {
    for foreign in ["Error(", "Error {", "{ ", "Some(", "None)", "nonzero u", "Kind::", "Custom {"]
    {
        assert!(!text.contains(foreign), "shows `{foreign}`: {text}");
    }
    // A path such as `io::Error`; an address has digits there.
    let is_path = |at: usize| {
        let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
        let bytes = text.as_bytes();
        at > 0 && letter(bytes.get(at - 1)) && letter(bytes.get(at + 2)) && !is_field(text, at)
    };
    assert!(!text.match_indices("::").any(|(at, _)| is_path(at)), "shows a path of Rust: {text}");
}

/// None that encloses something, such as `DnsName("a.example")`.
fn assert_no_type(text: &str) {
    let mut pairs = text.chars().zip(text.chars().skip(1));
    let encloses = pairs.any(|(before, open)| before.is_alphanumeric() && open == '(');
    assert!(!encloses, "shows a type of Rust: {text}");
}

/// A report names the field of the struct as `Services::it`.
fn is_field(text: &str, at: usize) -> bool {
    text[..at].ends_with("Services")
}

pub async fn round_trip<S: Subject, C: App<S::Adapter>>() {
    let server = S::start();
    let client = C::connect(&on_this_machine::<S>(preferred::<S>(), server.port())).await.unwrap();
    S::use_it(&client).await.unwrap();
    S::Adapter::ping(&client).await.unwrap();
}

pub async fn every_scheme<S: Subject, C: App<S::Adapter>>() {
    let plain = S::start();
    #[cfg(feature = "tls")]
    let certificate = Ca::new("right").issue(&["localhost"]);
    #[cfg(feature = "tls")]
    let tls = S::start_with_tls(&certificate);
    // A socket has no host and port; adapters with one have a test of their own for it.
    let schemes = schemes::<S::Adapter>().iter().filter(|scheme| !scheme.is_socket());
    for scheme in schemes.map(Scheme::name) {
        let handle = match S::reaches(scheme) {
            Reaches::Elsewhere => continue,
            #[cfg(feature = "tls")]
            Reaches::Tls if tls.is_some() => {
                let server = tls.as_ref().unwrap();
                S::tls_handle(scheme, server, &certificate.ca()).build().unwrap()
            }
            Reaches::Plain | Reaches::Tls => on_this_machine::<S>(S::handle(scheme), plain.port()),
        };
        let client = C::connect(&handle).await.unwrap_or_else(|error| panic!("{scheme}: {error}"));
        S::use_it(&client).await.unwrap();
    }
}

pub async fn wrong_password<S: Subject, C: App<S::Adapter>>() {
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

pub async fn server_not_there<S: Subject, C: App<S::Adapter>>() {
    let mut server = S::start();
    server.kill();
    let failure = failure(C::connect(&on_this_machine::<S>(preferred::<S>(), server.port())).await);
    assert_eq!(failure.cause(), "connection refused");
    assert!(failure.elapsed() < Duration::from_secs(1), "{:?}", failure.elapsed());
    assert!(failure.attempts() > 1, "a server that is being restarted is worth another try");
}

pub async fn unknown_host<S: Subject, C: App<S::Adapter>>() {
    let handle = S::at(preferred::<S>(), "no-such-host.invalid", None).build().unwrap();
    // A password may not go to another machine unencrypted, so this one may be refused on load.
    let connected = C::connect(&handle).await;
    if let Err(Error::Load(report)) = &connected {
        assert_eq!(report.problems()[0].kind(), ProblemKind::Insecure, "{report}");
        return;
    }
    let failure = failure(connected);
    assert!(failure.cause().starts_with("unknown host"), "{failure:?}");
}

pub async fn killed_and_back_again<S: Subject, C: App<S::Adapter>>() {
    let mut server = S::start();
    let client = C::connect(&on_this_machine::<S>(preferred::<S>(), server.port())).await.unwrap();
    S::use_it(&client).await.unwrap();

    server.kill();
    let error = S::Adapter::ping(&client).await.expect_err("the server is dead");
    assert_eq!(error.to_string(), S::dead());
    assert_is_for_people(&error.to_string());

    server.restart();
    S::Adapter::ping(&client).await.expect("the same client finds the server again");
    S::use_it(&client).await.unwrap();
}

pub async fn cut_as_it_is_used<S: Subject, C: App<S::Adapter>>() {
    let server = S::start();
    let proxy = Proxy::start(server.port());
    let client = C::connect(&on_this_machine::<S>(preferred::<S>(), proxy.port())).await.unwrap();
    S::use_it(&client).await.unwrap();
    S::Adapter::ping(&client).await.unwrap();
    proxy.cut_at_next_use();
    S::Adapter::ping(&client).await.expect("the server is there");
}

pub async fn silent_server<S: Subject, C: App<S::Adapter>>() {
    let server = Scripted::silent();
    let started = Instant::now();
    let failure = failure(C::connect(&on_this_machine::<S>(hurried::<S>(), server.port())).await);
    let limit = limit::<S>();
    assert_eq!(failure.cause(), format!("no answer within {} s", limit.as_secs()));
    assert!(started.elapsed() < limit + Duration::from_secs(4), "{:?}", started.elapsed());
}

pub async fn silent_in_use<S: Subject, C: App<S::Adapter>>() {
    let server = S::start();
    let proxy = Proxy::start(server.port());
    let client = C::connect(&on_this_machine::<S>(hurried::<S>(), proxy.port())).await.unwrap();
    S::use_it(&client).await.unwrap();
    proxy.fall_silent();
    let limit = Duration::from_secs(12);
    let asked = tokio::time::timeout(limit, S::Adapter::ping(&client)).await;
    let error = asked.expect("a ping ends by itself").expect_err("nothing has been answered");
    assert_is_for_people(&error.to_string());
}

pub async fn made_in_another_runtime<S: Subject, C: App<S::Adapter>>() {
    let server = S::start();
    let handle = on_this_machine::<S>(hurried::<S>(), server.port());
    let (client, standing) = thread::scope(|scope| {
        let connect = || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_all().build().unwrap();
            (runtime.block_on(C::connect(&handle)).unwrap(), runtime)
        };
        scope.spawn(connect).join().unwrap()
    });
    let mut ping = pin!(S::Adapter::ping(&client));
    let mut late = pin!(tokio::time::sleep(Duration::from_secs(12)));
    // What is late is looked at first: its waking the ping would hide that nothing else does.
    let ended = poll_fn(|context| match late.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => ping.as_mut().poll(context).map(Some),
    });
    if let Err(error) = ended.await.expect("a ping ends by itself") {
        assert_is_for_people(&error.to_string());
    }
    standing.shutdown_background();
}

pub async fn one_connection<S: Subject, C: App<S::Adapter>>() {
    let server = S::start();
    let proxy = Proxy::start(server.port());
    let client = C::connect(&on_this_machine::<S>(preferred::<S>(), proxy.port())).await.unwrap();
    // One that is opened behind the app's back counts too.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(proxy.connections(), 1, "{} connections", proxy.connections());
    drop(client);
}

pub async fn unknown_parameter<S: Subject, C: App<S::Adapter>>() {
    let builder = preferred::<S>().param("conect_timeout", "1s");
    match C::connect(&on_this_machine::<S>(builder, 1)).await {
        Err(Error::Load(report)) => {
            assert_eq!(report.problems()[0].message(), "unknown parameter `conect_timeout`");
            if takes_a_limit(S::Adapter::GRAMMAR) {
                assert_eq!(report.problems()[0].help(), "did you mean `connect_timeout`?");
            }
        }
        _ => panic!("it was taken"),
    }
}

pub async fn close<S: Subject, C: App<S::Adapter>>() {
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
