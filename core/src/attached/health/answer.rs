use std::fmt;

use serde::Serialize;

/// How an app or one of its resources is.
///
/// ```
/// use backing_services::HealthStatus;
///
/// assert_eq!(HealthStatus::Warn.to_string(), "warn");
/// assert!(HealthStatus::Warn < HealthStatus::Fail);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// All is well.
    Pass,
    /// Something is to be looked at; the app can serve.
    Warn,
    /// The app cannot serve.
    Fail,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// What [`Health`](super::Health) answers, in the terms of HTTP. No secret and no host is in it.
///
/// ```
/// # use backing_services::HealthAnswer;
/// fn response(answer: &HealthAnswer) -> String {
///     let (code, kind, body) = (answer.code(), answer.content_type(), answer.body());
///     format!("HTTP/1.1 {code}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    status: Status,
    code: u16,
    content_type: &'static str,
    body: String,
}

impl Answer {
    pub(super) fn health(status: Status, body: String) -> Self {
        let code = if status == Status::Fail { 503 } else { 200 };
        Self { status, code, content_type: "application/health+json", body }
    }

    /// A page is there whatever it says.
    pub(super) fn page(status: Status, body: String) -> Self {
        Self { status, code: 200, content_type: "text/html; charset=utf-8", body }
    }

    /// How the app is.
    ///
    /// ```
    /// # use backing_services::{HealthAnswer, HealthStatus};
    /// fn is_quiet(answer: &HealthAnswer) -> bool {
    ///     answer.status() == HealthStatus::Pass
    /// }
    /// ```
    pub fn status(&self) -> Status {
        self.status
    }

    /// The code of HTTP: 200, or 503 where the app cannot serve.
    ///
    /// ```
    /// # use backing_services::HealthAnswer;
    /// fn can_serve(answer: &HealthAnswer) -> bool {
    ///     answer.code() == 200
    /// }
    /// ```
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The header `content-type`.
    ///
    /// ```
    /// # use backing_services::HealthAnswer;
    /// fn header(answer: &HealthAnswer) -> (&str, &str) {
    ///     ("content-type", answer.content_type())
    /// }
    /// ```
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// The body.
    ///
    /// ```
    /// # use backing_services::HealthAnswer;
    /// fn log(answer: &HealthAnswer) {
    ///     println!("{}", answer.body());
    /// }
    /// ```
    pub fn body(&self) -> String {
        self.body.clone()
    }
}
