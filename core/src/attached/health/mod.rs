//! What a platform and people ask of a running app: whether it lives, whether it is ready, how its
//! resources are.

mod answer;
mod checks;
mod page;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;

pub use self::answer::{Answer, Status};
pub(super) use self::checks::{App, Now};
use self::checks::{Checks, DIFFERS, Report, Row, STOPPING};
use super::message::Message;

/// How long a probe waits for a check: Kubernetes gives it one second unless told otherwise.
const PROBE: Duration = Duration::from_millis(500);

/// How a running app is: what its probes and its status page answer.
///
/// None of it knows a web framework: an [`Answer`] has a code, a content type and a body.
///
/// - [`live`](Self::live) looks at no resource. That a database is down is no reason to restart the
///   app.
/// - [`ready`](Self::ready) and [`report`](Self::report) look at all resources at the same time,
///   within 2 seconds altogether, at most every 5 seconds whoever asks. APIs of other companies and
///   mail are looked at every 30 seconds: such calls are counted, or paid for.
/// - [`page`](Self::page) is for people.
///
/// A required resource makes the app not ready when it has failed 3 times in a row, and ready with
/// its next answer. An optional one, one with `ready = false`, an API of another company and mail
/// only warn. So does a pool that has no connection to spare: it is left to the app. So does an
/// environment that says something else than what is attached, because it has a problem or a
/// resource of it does not connect.
///
/// No answer shows a credential or a host.
///
/// ```no_run
/// # use backing_services::{Attached, BackingServices};
/// # async fn f<S: BackingServices + 'static>(services: Attached<S>) {
/// let health = services.health();
/// let answer = health.ready().await;
/// println!("{} {}", answer.code(), answer.body()); // 200 {"status":"pass"}
/// # }
/// ```
#[derive(Clone)]
pub struct Health(Arc<Checks>);

impl Health {
    /// To be called on the runtime of the app: checks run there.
    pub(super) fn new(app: Arc<dyn App>, inbox: mpsc::WeakSender<Message>, failures: u32) -> Self {
        Self(Arc::new(Checks::new(app, inbox, failures)))
    }

    /// That the app runs: always 200, also during the shutdown.
    ///
    /// ```no_run
    /// # use backing_services::Health;
    /// # fn f(health: Health) {
    /// assert_eq!(health.live().code(), 200);
    /// # }
    /// ```
    pub fn live(&self) -> Answer {
        Answer::health(Status::Pass, json!({ "status": Status::Pass }).to_string())
    }

    /// Whether the app can serve: 200, or 503 while a required resource has failed and from the
    /// beginning of the shutdown on. The body is one word.
    ///
    /// It waits at most half a second, and only for a check that it has begun itself. A check that
    /// takes longer goes on, and counts for the next answer.
    ///
    /// ```no_run
    /// # use backing_services::Health;
    /// # async fn f(health: Health) {
    /// if health.ready().await.code() == 503 {
    ///     println!("send requests elsewhere");
    /// }
    /// # }
    /// ```
    pub async fn ready(&self) -> Answer {
        if let Some(check) = self.0.begin() {
            let _ = timeout(PROBE, check).await;
        }
        let report = self.0.report();
        Answer::health(report.status, Body { status: report.status, ..Body::default() }.text())
    }

    /// How each resource is, by the name of its field. The code is that of [`ready`](Self::ready),
    /// the body is `application/health+json`.
    ///
    /// It waits at most 2 seconds, and only for a check that it has begun itself.
    ///
    /// ```no_run
    /// # use backing_services::Health;
    /// # async fn f(health: Health) {
    /// let body = health.report().await.body();
    /// // {"status":"warn","checks":{"cache":[{"status":"warn"}],"db":[{"status":"pass"}], ...}}
    /// # }
    /// ```
    pub async fn report(&self) -> Answer {
        self.reported(false).await
    }

    /// The report with the adapter of each resource, how long its last check took, and what kind of
    /// failure it was: for who runs the app, not for everybody. What a server said stands in the
    /// log, where a failure is a `tracing` event.
    ///
    /// ```no_run
    /// # use backing_services::Health;
    /// # async fn f(health: Health, may_see_more: bool) {
    /// let answer = match may_see_more {
    ///     true => health.report_with_details().await,
    ///     false => health.report().await,
    /// };
    /// # }
    /// ```
    pub async fn report_with_details(&self) -> Answer {
        self.reported(true).await
    }

    async fn reported(&self, with_details: bool) -> Answer {
        let report = self.fresh().await;
        let mut checks: Map<String, Value> = report
            .rows
            .iter()
            .map(|row| (row.name().to_owned(), json!([check(row, with_details)])))
            .collect();
        let environment = if report.differs { Status::Warn } else { Status::Pass };
        let mut environment = json!({ "status": environment });
        if with_details && report.differs {
            environment["output"] = DIFFERS.into();
        }
        // A field has no colon in its name.
        checks.insert("environment:attached".to_owned(), json!([environment]));
        let body = Body {
            status: report.status,
            output: report.is_stopping.then_some(STOPPING),
            notes: with_details.then(|| [format!("generation {}", report.generation)]),
            checks,
        };
        Answer::health(report.status, body.text())
    }

    /// A page for people: one HTML document that needs nothing else, with the picture of the deploy
    /// and of each resource its state, the generation of its client, how long its last check took,
    /// and where its handle came from. Always 200.
    ///
    /// It is readable on a telephone, in the light and in the dark, and runs no script.
    ///
    /// ```no_run
    /// # use backing_services::Health;
    /// # async fn f(health: Health) {
    /// let page = health.page().await;
    /// assert_eq!(page.content_type(), "text/html; charset=utf-8");
    /// # }
    /// ```
    pub async fn page(&self) -> Answer {
        self.paged(false).await
    }

    /// The page with the hosts of the resources, and what kind of failure the last check came to:
    /// for who runs the app, not for everybody.
    ///
    /// ```no_run
    /// # use backing_services::Health;
    /// # async fn f(health: Health) {
    /// let page = health.page_with_details().await;
    /// # }
    /// ```
    pub async fn page_with_details(&self) -> Answer {
        self.paged(true).await
    }

    async fn paged(&self, with_details: bool) -> Answer {
        let report = self.fresh().await;
        let page = page::text(&self.0.manifest(), &report, with_details);
        Answer::page(report.status, page)
    }

    /// What is known after a check, if one is due.
    async fn fresh(&self) -> Report {
        if let Some(check) = self.0.begin() {
            // It has a limit of its own.
            let _ = check.await;
        }
        self.0.report()
    }
}

/// The [format of health checks](https://datatracker.ietf.org/doc/html/draft-inadarei-api-health-check-06),
/// a convention.
#[derive(Serialize)]
struct Body {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<[String; 1]>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    checks: Map<String, Value>,
}

impl Default for Body {
    fn default() -> Self {
        Self { status: Status::Pass, output: None, notes: None, checks: Map::new() }
    }
}

impl Body {
    fn text(&self) -> String {
        // Names and numbers can always be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn check(row: &Row, with_details: bool) -> Value {
    let mut check = json!({ "status": row.status });
    if with_details {
        check["componentType"] = row.held.grammar.name().into();
        if let Some(last) = &row.last {
            let latency = u64::try_from(last.latency.as_millis()).unwrap_or(u64::MAX);
            check["observedValue"] = latency.into();
            check["observedUnit"] = "ms".into();
        }
        if let Some(cause) = row.cause {
            check["output"] = cause.into();
        }
    }
    check
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = self.0.report();
        let rows = report.rows.iter().map(|row| (row.name(), row.status));
        f.debug_map().entries(rows).finish()
    }
}

#[cfg(test)]
mod tests;
