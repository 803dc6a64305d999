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
