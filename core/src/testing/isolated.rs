//! The services of one test, and how they come about.

use std::any::type_name;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep, timeout};

use super::context::Context;
use super::isolate::{Made, Migrations, Test};
use super::name::{Name, Template};
use super::report::Report;
use super::slots::Lock;
use super::taken::{Found, Taken};
use crate::backing::BackingServices;
use crate::concurrent::{Work, all};
use crate::error::{ClientError, ConnectError, FailureKind, Message, ours};
use crate::generated::{close_all, load_for_test};
use crate::table::{Kind, each_field};

/// To make a database, also of a large template.
const LONGEST: Duration = Duration::from_mins(1);
/// For a server that has no connection free.
const BUSY: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);
/// For the clients of a test, at its end.
const CLOSING: Duration = Duration::from_secs(5);

/// The services of one test, each of which it has alone. The parameter of a function with
/// [`#[backing_services::test]`](macro@crate::test).
pub struct Isolated<S: BackingServices> {
    services: S,
    clients: S::Clients,
    name: Name,
}

impl<S: BackingServices> Isolated<S> {
    /// The clients, each of a resource that this test has alone.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # use backing_services::testing::Isolated;
    /// fn clients<S: BackingServices>(services: &Isolated<S>) -> &S::Clients {
    ///     services.clients()
    /// }
    /// ```
    pub fn clients(&self) -> &S::Clients {
        &self.clients
    }

    /// What was loaded: the settings, and the adapters of what this test has alone.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # use backing_services::testing::Isolated;
    /// # #[derive(BackingServices)]
    /// # struct Services { #[setting(default = "8080")] port: u16 }
    /// fn port(services: &Isolated<Services>) -> u16 {
    ///     services.services().port
    /// }
    /// ```
    pub fn services(&self) -> &S {
        &self.services
    }

    /// The name of what this test has: lower-case letters, digits and `_`. It goes before names that
    /// the app gives, where a service has no place for a test of its own.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # use backing_services::testing::Isolated;
    /// fn queue<S: BackingServices>(services: &Isolated<S>) -> String {
    ///     format!("{}_orders", services.name())
    /// }
    /// ```
    pub fn name(&self) -> &str {
        self.name.as_str()
    }
}

/// What a test may take.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no parameter of a test of backing services",
    label = "expected `Isolated<...>` of a struct that derives `BackingServices`"
)]
pub trait Parameter: Sized {
    /// The struct whose services it has.
    type Services: BackingServices + 'static;

    /// The parameter, made of them.
    fn of(isolated: Isolated<Self::Services>) -> Self;
}

impl<S: BackingServices + 'static> Parameter for Isolated<S> {
    type Services = S;

    fn of(isolated: Self) -> Self {
        isolated
    }
}

/// What makes an app's tables.
pub struct Migration<C> {
    name: &'static str,
    function: Box<dyn Migrate<C>>,
}

trait Migrate<C> {
    fn run<'a>(&'a self, clients: &'a C) -> Migrating<'a>;
}

/// It stays in the task of the test, so that an app's function need not be `Send`.
type Migrating<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + 'a>>;

struct Function<F, E>(F, PhantomData<E>);

impl<C, F, E> Migrate<C> for Function<F, E>
where
    F: AsyncFn(&C) -> Result<(), E>,
    E: fmt::Display,
{
    fn run<'a>(&'a self, clients: &'a C) -> Migrating<'a> {
        Box::pin(async { (self.0)(clients).await.map_err(|error| error.to_string()) })
    }
}

/// The function of an app that makes its tables through its clients.
pub fn migration<C, F, E>(function: F) -> Migration<C>
where
    F: AsyncFn(&C) -> Result<(), E> + 'static,
    E: fmt::Display + 'static,
{
    Migration { name: type_name::<F>(), function: Box::new(Function(function, PhantomData)) }
}

impl Context {
    /// Gives the test one of its parameters.
    ///
    /// # Errors
    ///
    /// The usual reports of loading and connecting.
    pub async fn start<P: Parameter>(
        &self,
        migration: Option<Migration<<P::Services as BackingServices>::Clients>>,
    ) -> Result<P, Report> {
        start(self, migration).await.map(P::of)
    }
}

/// Gives a test its own of everything.
async fn start<S: BackingServices + 'static>(
    context: &Context,
    migration: Option<Migration<S::Clients>>,
) -> Result<Isolated<S>, Report> {
    for (field, variable) in context.spec().prefixed {
        require_setting::<S>(field, variable)?;
    }
    let taken = Taken::default();
    load_for_test::<S>(context.environment(), &taken)?;
    let found = taken.into_found();
    if found.iter().any(Found::is_server) {
        context.wait_for_slot().await?;
    }
    let starting = Starting { context, found: &found };
    starting.sweep().await;
    let migrations = starting.isolated().map(migrations_of).max();
    let template = match &migration {
        Some(migration) if migrations == Some(Migrations::Once) => {
            Some(starting.template::<S>(migration).await?)
        }
        _ => None,
    };
    let own = starting.isolate::<S>(template.as_ref()).await?;
    let (services, clients) = starting.connect::<S>(&own).await?;
    if let (Some(migration), None) = (&migration, &template) {
        starting.migrate(migration, &clients).await?;
    }
    Ok(Isolated { services, clients, name: context.name().clone() })
}

/// The resources of a struct as they were loaded.
struct Starting<'a> {
    context: &'a Context,
    found: &'a [Found],
}

impl<'a> Starting<'a> {
    /// The resources that the test shall have alone.
    fn isolated(&self) -> impl Iterator<Item = &'a Found> {
        let spec = self.context.spec();
        self.found.iter().filter(|found| !spec.lets_through(found.field()))
    }

    /// Deletes what earlier tests have left over, as far as that can be done.
    async fn sweep(&self) {
        let sweep = |found: &'a Found| {
            let isolator = found.isolator?;
            let swept = timeout(LONGEST, (isolator.sweep)(found.adapter()));
            let swept = async move { (found, swept.await) };
            Some(Box::pin(swept) as Work<'_, (&Found, Result<Result<(), ClientError>, Elapsed>)>)
        };
        for (found, swept) in all(self.isolated().filter_map(sweep).collect()).await {
            if let Ok(Err(error)) = swept {
                let error = error.masked(|text| found.mask(text));
                tracing::debug!(field = found.path, cause = error.cause().as_str(), "not swept");
            }
        }
    }

    /// Makes each of them. What was made is the context's to remove.
    async fn isolate<S: BackingServices + 'static>(
        &self,
        template: Option<&Template>,
    ) -> Result<Taken, Report> {
        let started = Instant::now();
        let each: Vec<_> =
            self.isolated().map(|found| (found, self.context.test(template))).collect();
        let isolate = |(found, test)| Box::pin(isolate_one(found, test)) as Work<'_, _>;
        let made = all(each.iter().map(|(found, test)| isolate((*found, test))).collect()).await;
        let (mut own, mut failures) = (HashMap::new(), Vec::new());
        for (found, made) in self.isolated().zip(made) {
            match made {
                Ok(Made { adapter, what, removal }) => {
                    self.context.keep(found, what, removal);
                    own.insert(found.key.clone(), adapter);
                }
                Err(error) => failures.push(found.failure(error, started.elapsed())),
            }
        }
        if failures.is_empty() {
            Ok(Taken::giving(own))
        } else {
            Err(ConnectError::new(S::TABLE, self.found.len(), failures).of_test().into())
        }
    }

    async fn connect<S: BackingServices + 'static>(
        &self,
        own: &Taken,
    ) -> Result<(S, S::Clients), Report> {
        let services: S = load_for_test(self.context.environment(), own)?;
        let clients = services.connect().await?;
        let to_close = clients.clone();
        self.context.close_at_end(|| Box::pin(close_all::<S>(to_close, CLOSING)));
        Ok((services, clients))
    }

    /// The template that the migrations have made, now or earlier.
    async fn template<S: BackingServices + 'static>(
        &self,
        migration: &Migration<S::Clients>,
    ) -> Result<Template, Report> {
        let mut parts = vec![type_name::<S>(), migration.name];
        parts.extend(self.isolated().map(|found| found.handle.expose_url()));
        let template = Template::of(&parts);
        if self.has::<S>(&template).await? {
            return Ok(template);
        }
        let lock = Lock::wait(&format!("template-{}", template.key())).await;
        let _lock = lock.map_err(|error| Report::no_place(&error))?;
        if self.has::<S>(&template).await? {
            return Ok(template);
        }
        let context = self.context.for_template();
        let making = Starting { context: &context, found: self.found };
        let made = making.make::<S>(&template, migration).await;
        context.end(true).await;
        made.map(|()| template)
    }

    /// Whether there is a template of each resource that can be copied.
    async fn has<S: BackingServices + 'static>(
        &self,
        template: &'a Template,
    ) -> Result<bool, Report> {
        let started = Instant::now();
        for found in self.isolated().filter(|found| migrations_of(found) == Migrations::Once) {
            let Some(isolator) = found.isolator else { continue };
            let asked = patiently(|| (isolator.has_template)(found.adapter(), template)).await;
            if !asked.map_err(|error| self.failed::<S>(found, error, started))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Makes a set of resources, migrates it, and keeps what can be copied.
    async fn make<S: BackingServices + 'static>(
        &self,
        template: &Template,
        migration: &Migration<S::Clients>,
    ) -> Result<(), Report> {
        let started = Instant::now();
        let own = self.isolate::<S>(None).await?;
        let (services, clients) = self.connect::<S>(&own).await?;
        self.migrate(migration, &clients).await?;
        drop((services, clients));
        self.context.close().await;
        for found in self.isolated().filter(|found| migrations_of(found) == Migrations::Once) {
            let (Some(isolator), Some(own)) = (found.isolator, own.erased(&found.key)) else {
                continue;
            };
            let kept = (isolator.keep_as_template)(found.adapter(), own, template).await;
            kept.map_err(|error| self.failed::<S>(found, error, started))?;
        }
        Ok(())
    }

    async fn migrate<C>(&self, migration: &Migration<C>, clients: &C) -> Result<(), Report> {
        migration.function.run(clients).await.map_err(|error| {
            let error = self.found.iter().fold(error, |text, found| found.mask(&text));
            Report::new(format!("the migrations of a test failed: {error}"))
        })
    }

    fn failed<S: BackingServices + 'static>(
        &self,
        found: &Found,
        error: ClientError,
        started: Instant,
    ) -> Report {
        let failures = vec![found.failure(error, started.elapsed())];
        ConnectError::new(S::TABLE, self.found.len(), failures).of_test().into()
    }
}

fn migrations_of(found: &Found) -> Migrations {
    found.isolator.map_or(Migrations::None, |it| (it.migrations)(found.adapter()))
}

async fn isolate_one(found: &Found, test: &Test) -> Result<Made, ClientError> {
    let Some(isolator) = found.isolator else {
        let cause = "nothing of it can be a test's own";
        return Err(ClientError::new(cause).with_help(let_through(found)));
    };
    let made = patiently(|| (isolator.isolate)(found.adapter(), test)).await;
    made.map_err(
        |error| {
            if error.help().is_empty() { error.with_help(let_through(found)) } else { error }
        },
    )
}

/// Tries again while the server has no connection free.
async fn patiently<'a, T>(
    attempt: impl Fn() -> Work<'a, Result<T, ClientError>>,
) -> Result<T, ClientError> {
    let until = Instant::now() + BUSY;
    loop {
        let result = timeout(LONGEST, attempt()).await;
        match result.unwrap_or_else(|_| Err(ClientError::no_answer(LONGEST))) {
            Err(error) if error.kind() == FailureKind::Busy && Instant::now() < until => {
                sleep(PAUSE).await;
            }
            result => return result,
        }
    }
}

fn let_through(found: &Found) -> Message {
    let field = found.field();
    ours!("where tests may share it, say `shared({field})` in `#[backing_services::test(...)]`")
}

/// The variable of a prefix is one that the app reads.
fn require_setting<S: BackingServices + 'static>(
    field: &str,
    variable: &str,
) -> Result<(), Report> {
    let mut is_read = false;
    each_field(S::TABLE, "", "", &mut |_, prefix, field| {
        let is_setting = matches!(field.kind, Kind::Setting { .. } | Kind::Flatten { .. });
        is_read |= is_setting && field.variables(prefix).iter().any(|name| name == variable);
    });
    if is_read {
        return Ok(());
    }
    let name = S::TABLE.name;
    Err(Report::new(format!(
        "no setting of `{name}` reads `{variable}`, which `prefixed({field} = \"{variable}\")` sets\n\
         help: the app puts what it says before the names that it gives there"
    )))
}
