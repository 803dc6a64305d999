//! The resources of a struct one by one, each with a way to connect it apart from the others.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::apart::apart;
use super::attempt::{BRIEFLY, FIRST_PAUSE, LONGEST_PAUSE, after, attach_one};
use super::call::Call;
pub(crate) use super::call::{Answer, Listed};
use super::derived::Derived;
use super::scope::Scope;
use crate::adapter::grammar::{Grammar, Scheme};
use crate::adapter::{Adapter, CONNECT_TIMEOUT, Connect};
use crate::backoff::Backoff;
use crate::concurrent::{Work, all};
use crate::error::{ClientError, Failure, FailureKind, Failures, Retry};
use crate::handle::{Handle, Host, Origin};
use crate::table::{Field, Table};

/// For the answer to a question that nothing depends on.
const VERSION_TIMEOUT: Duration = Duration::from_secs(3);
const LONGEST_VERSION: usize = 60;

impl Listed {
    /// The resource of a field.
    pub(super) fn of<A: Adapter + Connect>(
        adapter: &A,
        scope: &Scope<'_>,
        field: &'static Field,
    ) -> Self {
        let (root, outer, prefix) = scope.place();
        Self::new(adapter.clone(), root, &outer, &prefix, field)
    }

    /// A resource whose adapter is compiled in. `outer` names the structs that the field stands in,
    /// a dot behind each.
    pub(crate) fn new<A: Adapter + Connect>(
        adapter: A,
        root: &'static Table,
        outer: &str,
        prefix: &str,
        field: &'static Field,
    ) -> Self {
        let handle = adapter.handle().clone();
        let (prefix, field) = within_root(outer, prefix, field);
        let connect = move |call: Arc<Call>| -> Work<'static, Result<Answer, Failures>> {
            let adapter = adapter.clone();
            Box::pin(async move {
                let started = Instant::now();
                let scope = Scope::of(root, prefix, &call);
                let client = attach_one(&adapter, &scope, field).await?;
                let elapsed = started.elapsed();
                let asked = client.clone();
                let version = apart(async move { Ok(A::version(&asked).await) });
                let version = timeout(VERSION_TIMEOUT, version).await;
                let version = version.ok().and_then(Result::ok).flatten();
                let version = version.map(|text| adapter.handle().mask(&text, A::GRAMMAR));
                let ended = apart(async move {
                    A::close(client).await;
                    Ok(())
                });
                // A client that does not end in time is dropped.
                let _ = timeout(VERSION_TIMEOUT, ended).await;
                Ok(Answer { elapsed, version: version.and_then(|text| readable(&text)) })
            })
        };
        let connect = Box::new(connect);
        Self { root, prefix, field, handle, grammar: A::GRAMMAR, by_client: true, connect }
    }

    /// A resource whose adapter is not compiled in: a connection of TCP is opened to it.
    #[allow(dead_code, reason = "only a program's record has resources of unknown types")]
    pub(crate) fn by_tcp(
        handle: Handle,
        grammar: &'static Grammar,
        root: &'static Table,
        outer: &str,
        prefix: &str,
        field: &'static Field,
    ) -> Self {
        let (prefix, field) = within_root(outer, prefix, field);
        let to = handle.clone();
        let connect = move |call: Arc<Call>| -> Work<'static, Result<Answer, Failures>> {
            let handle = to.clone();
            Box::pin(async move {
                let scope = Scope::of(root, prefix, &call);
                tcp(&handle, grammar, &scope, field).await
            })
        };
        Self { root, prefix, field, handle, grammar, by_client: false, connect: Box::new(connect) }
    }

    /// Connects it, and ends the connection.
    pub(crate) fn connect(&self, call: &Arc<Call>) -> Work<'static, Result<Answer, Failures>> {
        (self.connect)(Arc::clone(call))
    }

    /// The field, such as `Services::reports.db`.
    pub(crate) fn path(&self) -> String {
        format!("{}::{}", self.root.name, self.field.name)
    }

    /// The variable that the field declares.
    pub(crate) fn variable(&self) -> String {
        format!("{}{}", self.field.prefix(self.prefix), self.field.variable())
    }

    /// The variable that the handle came from, else the one that the field declares.
    pub(crate) fn read_from(&self) -> String {
        let origin = self.handle.origin().and_then(Origin::variable);
        origin.map_or_else(|| self.variable(), str::to_owned)
    }

    /// Where the handle came from.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.handle.origin()
    }

    pub(crate) fn adapter(&self) -> &'static str {
        self.grammar.name()
    }

    /// Scheme, hosts and the name in the path: no secret.
    pub(crate) fn shown(&self) -> String {
        self.handle.shown(self.grammar.of_scheme(self.handle.scheme()))
    }

    pub(crate) fn is_by_client(&self) -> bool {
        self.by_client
    }
}

/// The resources of a struct in the order of its fields; one that several fields share is there
/// once.
pub(crate) fn list<S: Derived>(services: &S) -> Vec<Listed> {
    let call = Call::listing();
    {
        let scope = Scope::root(S::TABLE, &call);
        // Nothing is connected, so that nothing is waited for.
        let mut listing = pin!(all(services.start(&scope)));
        let _ = listing.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    call.into_listed()
}

/// Connects all at the same time, and says of each when it is done.
pub(crate) async fn connect_all(
    resources: &[Listed],
    call: &Arc<Call>,
    done: &(dyn Fn(usize, &Result<Answer, Failures>) + Sync),
) -> Vec<Result<Answer, Failures>> {
    let works = resources.iter().enumerate().map(|(index, resource)| {
        let work = resource.connect(call);
        Box::pin(async move {
            let result = work.await;
            done(index, &result);
            result
        }) as Work<'_, _>
    });
    all(works.collect()).await
}

/// The field as one of the root itself. What is made for it stays until the program ends: a
/// command line lists the resources of an app once.
fn within_root(outer: &str, prefix: &str, field: &'static Field) -> (&'static str, &'static Field) {
    if outer.is_empty() && prefix.is_empty() {
        return ("", field);
    }
    let name = format!("{outer}{}", field.name).leak();
    let field = Box::leak(Box::new(Field { name, doc: field.doc, kind: field.kind }));
    (prefix.to_owned().leak(), field)
}

/// Opens a connection to one of the hosts, as long as a client would try.
async fn tcp(
    handle: &Handle,
    grammar: &'static Grammar,
    scope: &Scope<'_>,
    field: &'static Field,
) -> Result<Answer, Failures> {
    scope.count();
    let started = Instant::now();
    let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
    let mut attempts = 0;
    loop {
        attempts += 1;
        let error = match timeout(CONNECT_TIMEOUT, open(handle, grammar)).await {
            Ok(Ok(())) => {
                scope.call.found(&scope.path(field.name));
                return Ok(Answer { elapsed: started.elapsed(), version: None });
            }
            Ok(Err(error)) => error,
            Err(_) => ClientError::no_answer(CONNECT_TIMEOUT),
        };
        let failure = Failure::new(
            scope.path(field.name),
            scope.variable(field, handle.origin()),
            grammar.name(),
            handle.target(grammar),
            handle.origin().cloned(),
            error.clone().masked(|text| handle.mask(text, grammar)),
            started.elapsed(),
            attempts,
        );
        let is_hopeless = error.retry() == Retry::Never;
        let until = match scope.call.patience() {
            Some(until) => until,
            None => after(started, BRIEFLY),
        };
        let left = until.saturating_duration_since(Instant::now());
        if is_hopeless || left.is_zero() {
            if is_hopeless {
                scope.call.give_up();
            }
            scope.call.found(failure.field());
            return Err(vec![failure]);
        }
        scope.call.misses(failure);
        sleep(backoff.pause().min(left)).await;
    }
}

/// One attempt: the hosts in their order.
async fn open(handle: &Handle, grammar: &Grammar) -> Result<(), ClientError> {
    let port = grammar.scheme(handle.scheme()).and_then(Scheme::default_port);
    let hosts = handle.hosts().iter().filter(|host| !host.is_socket());
    let mut last = ClientError::of(
        FailureKind::Other,
        "its adapter is the app's own, and its handle names no host and port to connect to",
    );
    for host in hosts {
        let Some(port) = host.port().or(port) else { continue };
        match TcpStream::connect((bare(host), port)).await {
            Ok(_) => return Ok(()),
            Err(error) => last = ClientError::caused_by(error),
        }
    }
    Err(last)
}

/// An address of IPv6 without its brackets.
fn bare(host: &Host) -> &str {
    host.name().trim_start_matches('[').trim_end_matches(']')
}

/// The first line of what a server calls its version, and not too much of it.
fn readable(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|it| !it.is_control()).take(LONGEST_VERSION).collect())
}
