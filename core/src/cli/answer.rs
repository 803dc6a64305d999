//! `ping` and `wait`: whether the resources answer.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, timeout};

use super::subject::{LoadedResource, Subject};
use super::verdict::{Usage, Verdict};
use super::{check, output};
use crate::environment::Environment;
use crate::error::{ConnectError, Failure};
use crate::generated::Call;
use crate::generated::listed::{Answer, connect_all};

const REDRAWN_EVERY: Duration = Duration::from_millis(200);
/// A line of the progress, which must not go on in the next one of the terminal.
const LINE: usize = 79;

/// What the resources came to.
type Results = Vec<Result<Answer, Vec<Failure>>>;

/// Asks each resource once.
pub(super) fn ping(
    subject: &dyn Subject,
    environment: &Environment,
    json: bool,
) -> Result<Verdict, Usage> {
    answer(subject, environment, "ping", None, json)
}

/// Asks each resource until it answers.
pub(super) fn wait(
    subject: &dyn Subject,
    environment: &Environment,
    limit: Duration,
    json: bool,
) -> Result<Verdict, Usage> {
    answer(subject, environment, "wait", Some(limit), json)
}

fn answer(
    subject: &dyn Subject,
    environment: &Environment,
    command: &str,
    limit: Option<Duration>,
    json: bool,
) -> Result<Verdict, Usage> {
    let loaded = match subject.load(environment) {
        Ok(loaded) => loaded,
        Err(error) => {
            check::refuse(subject, command, &error, json);
            return Ok(Verdict::Problems);
        }
    };
    let resources = loaded.resources();
    let shows_progress = limit.is_some() && !json && io::stderr().is_terminal();
    let asked = on_its_own(&resources, limit, shows_progress)?;
    let Some((results, tried)) = asked else { return Ok(Verdict::Stopped) };
    let is_good = results.iter().all(Result::is_ok);
    if json {
        let rows = resources.iter().zip(&results);
        let resources: Vec<_> = rows.map(|(it, result)| Row::new(it, result)).collect();
        output::json(command, subject.table().name, &Json { ok: is_good, resources });
        return Ok(Verdict::of(is_good));
    }
    if command == "ping" {
        let rows = resources.iter().zip(&results).map(|(it, result)| row(it, result));
        let titles = ["RESOURCE", "SERVICE", "ANSWER", "TIME", "VERSION"].map(str::to_owned);
        let rows: Vec<_> = [titles.to_vec()].into_iter().chain(rows).collect();
        output::whole(&output::table(&rows));
    }
    let failures: Vec<_> = results.into_iter().filter_map(Result::err).flatten().collect();
    if failures.is_empty() {
        if command == "wait" {
            let name = subject.table().name;
            let count = resources.len();
            let text = match count {
                0 => format!("`{name}` has no resource attached"),
                1 => format!("the resource of `{name}` answers"),
                _ => format!("all {count} resources of `{name}` answer"),
            };
            output::line(output::good(text));
        }
    } else {
        if command == "ping" {
            output::line("");
        }
        output::report(&ConnectError::new(subject.table(), tried, failures));
    }
    let by_tcp = resources.iter().filter(|it| !it.is_by_client());
    for it in by_tcp {
        output::line(output::faint(format!(
            "note: {} is an adapter of the app's own: a connection of TCP was opened, and nothing \
             was asked",
            it.path()
        )));
    }
    Ok(Verdict::of(is_good))
}

/// Connects all in a thread and a runtime of their own: the caller may be a task of another one.
/// Nothing where a signal ends it.
fn on_its_own(
    resources: &[LoadedResource],
    limit: Option<Duration>,
    shows_progress: bool,
) -> Result<Option<(Results, usize)>, Usage> {
    let work = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.enable_all().build()?;
        let results = runtime.block_on(async {
            let until = limit.and_then(|limit| Instant::now().checked_add(limit));
            let call = Arc::new(until.map_or_else(Call::default, Call::until));
            let asking = pin!(ask(resources, &call, shows_progress));
            let results = unless_stopped(asking).await;
            results.map(|results| (results, call.tried()))
        });
        // A name that is looked up cannot be called off.
        runtime.shutdown_background();
        Ok::<_, io::Error>(results)
    };
    let done = std::thread::scope(|scope| scope.spawn(work).join());
    match done {
        Ok(Ok(results)) => Ok(results),
        Ok(Err(error)) => Err(Usage(format!("no runtime can be started: {}", error.kind()))),
        Err(_) => Err(Usage("the command panicked".to_owned())),
    }
}

async fn ask(resources: &[LoadedResource], call: &Arc<Call>, shows_progress: bool) -> Results {
    if !shows_progress {
        return connect_all(resources, call, &|_, _| {}).await;
    }
    let progress = Progress::new(resources, call);
    let done = |index: usize, result: &Result<Answer, Vec<Failure>>| progress.done(index, result);
    let mut connecting = pin!(connect_all(resources, call, &done));
    progress.draw(false);
    loop {
        let result = timeout(REDRAWN_EVERY, &mut connecting).await;
        progress.draw(true);
        if let Ok(results) = result {
            return results;
        }
    }
}

/// A line a resource, drawn again and again.
struct Progress<'a> {
    resources: &'a [LoadedResource],
    call: &'a Call,
    started: Instant,
    ended: Mutex<Vec<Option<String>>>,
}

impl<'a> Progress<'a> {
    fn new(resources: &'a [LoadedResource], call: &'a Call) -> Self {
        let ended = Mutex::new(resources.iter().map(|_| None).collect());
        Self { resources, call, started: Instant::now(), ended }
    }

    fn done(&self, index: usize, result: &Result<Answer, Vec<Failure>>) {
        let text = match result {
            Ok(answer) => format!("answers after {:.1} s", answer.elapsed.as_secs_f64()),
            Err(failures) => {
                let cause = failures.first().map(Failure::cause).unwrap_or_default();
                format!("does not answer: {cause}")
            }
        };
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = ended.get_mut(index) {
            *place = Some(text);
        }
    }

    fn draw(&self, again: bool) {
        let mut text = String::new();
        if again && !self.resources.is_empty() {
            let _ = write!(text, "\u{1b}[{}A", self.resources.len());
        }
        let missing = self.call.missing().clone();
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (resource, ended) in self.resources.iter().zip(ended) {
            let path = resource.path();
            let state = ended.unwrap_or_else(|| {
                let cause = missing.iter().find(|failure| failure.field() == path);
                let cause = cause.map(|failure| format!(": {}", failure.cause()));
                let seconds = self.started.elapsed().as_secs();
                format!("is waited for since {seconds} s{}", cause.unwrap_or_default())
            });
            let row = format!("{path} {state}");
            let row: String =
                row.chars().filter(|letter| !letter.is_control()).take(LINE).collect();
            let _ = writeln!(text, "\u{1b}[2K{row}");
        }
        let _ = io::stderr().write_all(text.as_bytes());
    }
}

/// What it comes to, unless the process is asked to end before.
async fn unless_stopped<T>(mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let mut stopped = pin!(stopped());
    std::future::poll_fn(move |context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        stopped.as_mut().poll(context).map(|()| None)
    })
    .await
}

#[cfg(unix)]
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).ok();
    let mut interrupt = signal(SignalKind::interrupt()).ok();
    std::future::poll_fn(move |context| {
        let signals = [&mut terminate, &mut interrupt];
        let came = signals.into_iter().flatten().any(|it| it.poll_recv(context).is_ready());
        if came { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

#[cfg(not(unix))]
async fn stopped() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn row(resource: &LoadedResource, result: &Result<Answer, Vec<Failure>>) -> Vec<String> {
    let (answer, time, version) = match result {
        Ok(answer) => {
            let by_tcp = if resource.is_by_client() { "yes" } else { "TCP alone" };
            let version = answer.version.clone().unwrap_or_default();
            (by_tcp.to_owned(), answer.elapsed, version)
        }
        Err(failures) => {
            let failure = failures.first();
            let kind = failure.map(|it| output::word(&it.kind()).replace('_', " "));
            let time = failure.map(Failure::elapsed).unwrap_or_default();
            (kind.unwrap_or_default(), time, String::new())
        }
    };
    let time = format!("{} ms", time.as_millis());
    vec![resource.path(), resource.adapter().to_owned(), answer, time, version]
}

#[derive(Serialize)]
struct Json {
    ok: bool,
    resources: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    field: String,
    variable: String,
    adapter: &'static str,
    ok: bool,
    /// Whether its client was asked: else a connection of TCP was opened, and nothing more.
    asked: bool,
    milliseconds: u64,
    version: Option<String>,
    failure: Option<JsonFailure>,
}

#[derive(Serialize)]
struct JsonFailure {
    kind: String,
    transient: bool,
    attempts: u32,
    cause: String,
    help: String,
}

impl Row {
    fn new(resource: &LoadedResource, result: &Result<Answer, Vec<Failure>>) -> Self {
        let failure = result.as_ref().err().and_then(|failures| failures.first());
        let elapsed = match result {
            Ok(answer) => answer.elapsed,
            Err(_) => failure.map(Failure::elapsed).unwrap_or_default(),
        };
        Self {
            field: resource.path(),
            variable: resource.read_from(),
            adapter: resource.adapter(),
            ok: result.is_ok(),
            asked: resource.is_by_client(),
            milliseconds: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
            version: result.as_ref().ok().and_then(|answer| answer.version.clone()),
            failure: failure.map(|failure| JsonFailure {
                kind: output::word(&failure.kind()),
                transient: failure.is_transient(),
                attempts: failure.attempts(),
                cause: failure.cause().to_owned(),
                help: failure.help().to_owned(),
            }),
        }
    }
}
