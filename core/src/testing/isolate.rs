//! What an adapter says of how a test gets a resource of its own.

use std::any::Any;

use super::name::{Name, Template};
use crate::adapter::{Adapter, Connect};
use crate::concurrent::Work;
use crate::error::ClientError;
use crate::handle::{HandleBuilder, HandleError};

/// How a test gets a resource of its own: a database, a folder, a virtual host. The adapters of this
/// crate have it where the service can; an adapter of an app's own joins by it.
///
/// ```
/// use backing_services::testing::{Isolate, Own, Test};
/// use backing_services::{Adapter, ClientError, Connect, Handle, Host};
///
/// #[derive(Adapter, Clone)]
/// #[adapter(schemes("chat"), example = "chat://localhost/lobby")]
/// struct Chat {
///     #[handle]
///     handle: Handle,
///     #[handle(host)]
///     host: Host,
///     #[handle(name)]
///     room: Option<String>,
/// }
///
/// impl Connect for Chat {
///     type Client = String;
///
///     async fn connect(&self) -> Result<String, ClientError> {
///         Ok(format!("{}/{}", self.host, self.room.as_deref().unwrap_or("lobby")))
///     }
/// }
///
/// impl Isolate for Chat {
///     async fn isolate(&self, test: &Test) -> Result<Own<Self>, ClientError> {
///         // ... the room is made, over a connection of its own
///         let own = test.adapter(self, |handle| handle.name(test.name()))?;
///         let delete_room = async { Ok(()) };
///         Ok(Own::new(own, format!("the room `{}`", test.name())).removed_by(delete_room))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how a test gets a resource of its own",
    label = "a type that derives `Adapter` may implement `backing_services::testing::Isolate`"
)]
pub trait Isolate: Adapter + Connect {
    /// Makes what this test has alone, and says how it is reached and removed.
    ///
    /// # Errors
    ///
    /// It could not be made, or nothing of the resource can be a test's own.
    fn isolate(&self, test: &Test) -> impl Future<Output = Result<Own<Self>, ClientError>> + Send;

    /// Deletes what [was left over](super::is_leftover) by earlier tests. It is called at the start
    /// of each test; by default nothing is left over.
    ///
    /// # Errors
    ///
    /// They are no failure of the test.
    fn sweep(&self) -> impl Future<Output = Result<(), ClientError>> + Send {
        async { Ok(()) }
    }

    /// What the app's migrations have to do with it: by default nothing.
    fn migrations(&self) -> Migrations {
        Migrations::None
    }

    /// Whether there is a migrated template that [`isolate`](Self::isolate) can copy from.
    ///
    /// # Errors
    ///
    /// The resource does not answer.
    fn has_template(&self, _: &Template) -> impl Future<Output = Result<bool, ClientError>> + Send {
        async { Ok(false) }
    }

    /// Keeps `own`, which has been migrated and has no client any more, as the template.
    ///
    /// # Errors
    ///
    /// It could not be kept.
    fn keep_as_template(
        &self,
        _: &Self,
        _: &Template,
    ) -> impl Future<Output = Result<(), ClientError>> + Send {
        async { Err(ClientError::new("the resource cannot be copied")) }
    }
}

/// What an app's migrations have to do with a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Migrations {
    /// It has no tables.
    None,
    /// They run once; each test copies what they made.
    Once,
    /// They run for each test, because nothing can be copied.
    Each,
}

/// One service of one test, for [`Isolate::isolate`].
pub struct Test {
    name: Name,
    template: Option<Template>,
    variables: Box<Variables>,
}

/// The variables of a test's environment.
type Variables = dyn Fn(&str) -> Option<String> + Send + Sync;

impl Test {
    pub(super) fn new(
        name: Name,
        template: Option<Template>,
        variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self { name, template, variables: Box::new(variables) }
    }

    /// A name that no other test and no other service of this one has: lower-case letters, digits and `_`, at most 60 of them. It
    /// says when it was made, so that a [sweep](Isolate::sweep) knows what was left over.
    ///
    /// ```
    /// # use backing_services::testing::Test;
    /// fn queue(test: &Test) -> String {
    ///     format!("{}.orders", test.name())
    /// }
    /// ```
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The template to copy from, if the app has migrations that ran once.
    ///
    /// ```
    /// # use backing_services::testing::Test;
    /// fn is_empty(test: &Test) -> bool {
    ///     test.template().is_none()
    /// }
    /// ```
    pub fn template(&self) -> Option<&Template> {
        self.template.as_ref()
    }

    /// A variable of the test's environment, for what the handle has no place for: where the API is
    /// that makes rooms.
    ///
    /// ```
    /// # use backing_services::testing::Test;
    /// fn api(test: &Test) -> String {
    ///     test.variable("CHAT_API_URL").unwrap_or_else(|| "http://localhost:8080".to_owned())
    /// }
    /// ```
    pub fn variable(&self, name: &str) -> Option<String> {
        (self.variables)(name)
    }

    /// The same adapter with another handle: of the parts that the handle has, `change` says which
    /// are the test's own. It keeps the variable that it was read from.
    ///
    /// # Errors
    ///
    /// The adapter does not take the handle.
    ///
    /// ```
    /// # use backing_services::testing::Test;
    /// # use backing_services::{Adapter, ClientError};
    /// fn with_own_name<A: Adapter>(adapter: &A, test: &Test) -> Result<A, ClientError> {
    ///     test.adapter(adapter, |handle| handle.name(test.name()))
    /// }
    /// ```
    pub fn adapter<A: Adapter>(
        &self,
        adapter: &A,
        change: impl FnOnce(HandleBuilder) -> HandleBuilder,
    ) -> Result<A, ClientError> {
        changed(adapter, change)
    }
}

/// The same adapter with another handle, read from where the first one was.
pub(crate) fn changed<A: Adapter>(
    adapter: &A,
    change: impl FnOnce(HandleBuilder) -> HandleBuilder,
) -> Result<A, ClientError> {
    let handle = adapter.handle();
    let refused = |error: HandleError| ClientError::new(error.to_message());
    let own = change(handle.to_builder()).build().map_err(refused)?;
    let own = match handle.origin() {
        Some(origin) => own.with_origin(origin.clone()),
        None => own,
    };
    A::from_handle(&own).map_err(|error| refused(error.masked(&own, A::GRAMMAR)))
}

pub(super) type Removal = Work<'static, Result<(), ClientError>>;

/// What one test has alone.
pub struct Own<A> {
    adapter: A,
    what: Option<String>,
    removal: Option<Removal>,
}

impl<A> Own<A> {
    /// How it is reached, and what it is in the output of a test that fails, such as "the database
    /// `backing_test_...`". Nobody masks that text: let it say nothing but a name.
    ///
    /// ```
    /// # use backing_services::testing::Own;
    /// fn room<A>(adapter: A, name: &str) -> Own<A> {
    ///     Own::new(adapter, format!("the room `{name}`"))
    /// }
    /// ```
    pub fn new(adapter: A, what: impl Into<String>) -> Self {
        Self { adapter, what: Some(what.into()), removal: None }
    }

    /// What is gone with its last client, and need not be named.
    ///
    /// ```
    /// # use backing_services::testing::Own;
    /// fn in_memory<A>(adapter: A) -> Own<A> {
    ///     Own::gone_by_itself(adapter)
    /// }
    /// ```
    pub fn gone_by_itself(adapter: A) -> Self {
        Self { adapter, what: None, removal: None }
    }

    /// What removes it when the test has passed; its clients are closed by then.
    ///
    /// ```
    /// # use backing_services::testing::Own;
    /// fn with_folder<A>(own: Own<A>, folder: std::path::PathBuf) -> Own<A> {
    ///     own.removed_by(async move {
    ///         std::fs::remove_dir_all(folder).map_err(backing_services::ClientError::caused_by)
    ///     })
    /// }
    /// ```
    #[must_use]
    pub fn removed_by(
        mut self,
        removal: impl Future<Output = Result<(), ClientError>> + Send + 'static,
    ) -> Self {
        self.removal = Some(Box::pin(removal));
        self
    }

    /// The same, reached by another adapter.
    #[allow(dead_code, reason = "the enums of adapters use it")]
    pub(crate) fn map<B>(self, wrap: impl FnOnce(A) -> B) -> Own<B> {
        Own { adapter: wrap(self.adapter), what: self.what, removal: self.removal }
    }
}

/// An adapter whose type only its field knows.
pub(crate) type Erased = dyn Any + Send + Sync;

/// What one test has alone, whatever its type.
pub(crate) struct Made {
    pub(crate) adapter: Box<Erased>,
    pub(crate) what: Option<String>,
    pub(crate) removal: Option<Removal>,
}

/// [`Isolate`] for an adapter whose type only its field knows.
#[derive(Clone, Copy)]
pub struct Isolator {
    pub(super) isolate: for<'a> fn(&'a Erased, &'a Test) -> Work<'a, Result<Made, ClientError>>,
    pub(super) sweep: for<'a> fn(&'a Erased) -> Work<'a, Result<(), ClientError>>,
    pub(super) migrations: fn(&Erased) -> Migrations,
    pub(super) has_template:
        for<'a> fn(&'a Erased, &'a Template) -> Work<'a, Result<bool, ClientError>>,
    pub(super) keep_as_template:
        for<'a> fn(&'a Erased, &'a Erased, &'a Template) -> Work<'a, Result<(), ClientError>>,
}

impl Isolator {
    pub(crate) const fn of<A: Isolate>() -> Self {
        Self {
            isolate: |adapter, test| {
                Box::pin(async move {
                    let Own { adapter, what, removal } = known::<A>(adapter)?.isolate(test).await?;
                    Ok(Made { adapter: Box::new(adapter), what, removal })
                })
            },
            sweep: |adapter| Box::pin(async move { known::<A>(adapter)?.sweep().await }),
            migrations: |adapter| known::<A>(adapter).map_or(Migrations::None, A::migrations),
            has_template: |adapter, template| {
                Box::pin(async move { known::<A>(adapter)?.has_template(template).await })
            },
            keep_as_template: |adapter, own, template| {
                Box::pin(async move {
                    known::<A>(adapter)?.keep_as_template(known(own)?, template).await
                })
            },
        }
    }
}

/// The field that has the isolator has the adapter too, so that this is always its type.
fn known<A: 'static>(adapter: &Erased) -> Result<&A, ClientError> {
    adapter.downcast_ref().ok_or_else(|| ClientError::new("the adapter is of another type"))
}
