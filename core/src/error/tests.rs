use std::error::Error as StdError;
use std::io::{self, ErrorKind};
use std::time::Duration;

use super::*;
use crate::adapter::Adapter;
use crate::backing::BackingServices;
use crate::handle::Handle;

/// An app's own adapter, which fails with the texts that a test gives it.
#[derive(Clone)]
struct Own {
    handle: Handle,
    error: ClientError,
}

impl Adapter for Own {
    const NAME: &'static str = "Own";
    const SCHEMES: &'static [&'static str] = &["own"];
    const EXAMPLE: &'static str = "own://localhost";
    type Client = ();

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        Ok(Self { handle: handle.clone(), error: ClientError::new("it is down") })
    }

    async fn connect(&self) -> Result<(), ClientError> {
        Err(self.error.clone())
    }

    async fn ping((): &()) -> Result<(), ClientError> {
        Ok(())
    }

    fn handle(&self) -> Option<&Handle> {
        Some(&self.handle)
    }
}

#[derive(crate::BackingServices)]
#[services(crate = "crate")]
struct Services {
    own: Own,
    other: Option<Own>,
    #[service(nested)]
    inner: Option<Inner>,
}

#[derive(crate::BackingServices)]
#[services(crate = "crate")]
struct Inner {
    one: Own,
    two: Option<Own>,
}

fn handle(password: &str) -> Handle {
    let handle = Handle::builder("own").host("db.example").username("shop").password(password);
    handle.path("/T0/hook").param("options", "-c statement_timeout=hunter2").build().unwrap()
}

fn connect(services: &Services) -> ConnectError {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(services.connect()).err().unwrap()
}

fn failure(handle: &Handle, error: ClientError) -> Failure {
    let own = Own { handle: handle.clone(), error };
    connect(&Services { own, other: None, inner: None }).failures()[0].clone()
}

#[test]
fn what_is_detached_is_not_counted() {
    let own = Own { handle: handle("p4ssword"), error: ClientError::new("it is down") };
    let first_line = |error: ConnectError| error.to_string().lines().next().unwrap().to_owned();
    let mut services = Services { own: own.clone(), other: None, inner: None };
    let report = connect(&services);
    assert_eq!(first_line(report), "1 of 1 resource of `Services` did not connect");
    services.inner = Some(Inner { one: own.clone(), two: None });
    let report = connect(&services);
    assert_eq!(first_line(report), "2 of 2 resources of `Services` did not connect");
    services.other = Some(own.clone());
    services.inner = Some(Inner { one: own.clone(), two: Some(own) });
    let report = connect(&services);
    assert_eq!(first_line(report), "4 of 4 resources of `Services` did not connect");
}

#[test]
fn each_constructor_has_its_kind() {
    for (error, kind, transient) in [
        (ClientError::new("x"), FailureKind::Other, false),
        (ClientError::transient("x"), FailureKind::Busy, true),
        (ClientError::of(FailureKind::Refused, "x"), FailureKind::Refused, true),
        (ClientError::of(FailureKind::UnknownHost, "x"), FailureKind::UnknownHost, true),
        (ClientError::of(FailureKind::Timeout, "x"), FailureKind::Timeout, true),
        (ClientError::of(FailureKind::Authentication, "x"), FailureKind::Authentication, false),
        (ClientError::of(FailureKind::NotAllowed, "x"), FailureKind::NotAllowed, false),
        (ClientError::of(FailureKind::NotFound, "x"), FailureKind::NotFound, false),
        (ClientError::of(FailureKind::Tls, "x"), FailureKind::Tls, false),
        (ClientError::of(FailureKind::Busy, "x"), FailureKind::Busy, true),
        (ClientError::of(FailureKind::Protocol, "x"), FailureKind::Protocol, false),
        (ClientError::of(FailureKind::Other, "x"), FailureKind::Other, false),
        (ClientError::transient("x").with_kind(FailureKind::Tls), FailureKind::Tls, true),
        (ClientError::new("x").with_kind(FailureKind::Busy), FailureKind::Busy, false),
        (ClientError::no_answer(Duration::from_secs(1)), FailureKind::Timeout, true),
    ] {
        assert_eq!((error.kind(), error.is_transient()), (kind, transient));
    }
}

#[test]
fn a_root_cause_decides_the_kind() {
    let text = |text: &str| -> Box<dyn StdError> { text.into() };
    let io = |kind: ErrorKind| -> Box<dyn StdError> { Box::new(io::Error::from(kind)) };
    let own = ClientError::of(FailureKind::NotAllowed, "no").with_help("ask");
    for (error, kind, transient, shown) in [
        (io(ErrorKind::ConnectionRefused), FailureKind::Refused, true, "connection refused"),
        (io(ErrorKind::HostUnreachable), FailureKind::Refused, true, "the host is unreachable"),
        (
            io(ErrorKind::NetworkUnreachable),
            FailureKind::Refused,
            true,
            "the network is unreachable",
        ),
        (io(ErrorKind::NotFound), FailureKind::NotFound, true, "there is no such file or socket"),
        (io(ErrorKind::PermissionDenied), FailureKind::NotAllowed, false, "permission denied"),
        (io(ErrorKind::TimedOut), FailureKind::Timeout, true, "no answer in time"),
        (
            io(ErrorKind::ConnectionReset),
            FailureKind::Protocol,
            true,
            "the server closed the connection",
        ),
        (
            io(ErrorKind::UnexpectedEof),
            FailureKind::Protocol,
            true,
            "the connection ended before the server answered",
        ),
        (io(ErrorKind::InvalidData), FailureKind::Other, false, "invalid data"),
        (
            Box::new(io::Error::other("failed to lookup address information: System error")),
            FailureKind::UnknownHost,
            true,
            "unknown host: System error",
        ),
        (
            text("invalid peer certificate: UnknownIssuer"),
            FailureKind::Tls,
            false,
            "the server's certificate does not verify: UnknownIssuer",
        ),
        (
            text("received fatal alert: CertificateRequired"),
            FailureKind::Tls,
            false,
            "received fatal alert: CertificateRequired",
        ),
        (text("it rains"), FailureKind::Other, false, "it rains"),
        (Box::new(io::Error::other(own)), FailureKind::NotAllowed, false, "no"),
        (Box::new(HandleError::new("a").with_help("b")), FailureKind::Other, false, "a: b"),
    ] {
        let cause = ClientError::root_cause(&*error);
        assert_eq!((cause.kind(), cause.is_transient()), (kind, transient), "{shown}");
        assert_eq!(cause.to_string(), shown);
    }
}

#[test]
fn a_failure_tells_its_kind() {
    let handle = handle("p4ssword");
    let error = ClientError::of(FailureKind::Authentication, "the password is wrong");
    let failed = failure(&handle, error);
    assert_eq!((failed.kind(), failed.is_transient()), (FailureKind::Authentication, false));
    // Tried for a moment, and still worth another attempt.
    let refused = ClientError::caused_by(io::Error::from(ErrorKind::ConnectionRefused));
    let failed = failure(&handle, refused);
    assert_eq!((failed.kind(), failed.is_transient()), (FailureKind::Refused, true));
    assert!(failed.attempts() > 1);
}
