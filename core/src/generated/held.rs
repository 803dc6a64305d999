//! The resources that a running app holds: what `Attached` compares, keeps, pings and closes without
//! knowing the types of its clients.

use std::any::Any;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::apart::apart;
use crate::adapter::grammar::Grammar;
use crate::adapter::{Adapter, Connect, value};
use crate::concurrent::Work;
use crate::error::{ClientError, Failures};
use crate::file;
use crate::handle::{Handle, Origin};

/// The client of one resource, whatever its type.
pub(crate) trait Client: Any + Send + Sync {
    /// Asks whether the resource answers. No secret of its handle is in the error.
    fn ping(&self) -> Work<'_, Result<(), ClientError>>;

    /// Whether a ping would wait for a connection that the app waits for.
    fn is_busy(&self) -> bool;

    /// Closes it for all of its clones.
    fn close(&self) -> Work<'_, ()>;

    /// Whether it is closed after all others.
    fn closes_last(&self) -> bool;

    fn as_any(&self) -> &dyn Any;
}

struct Of<A: Adapter + Connect> {
    adapter: A,
    client: A::Client,
}

impl<A: Adapter + Connect> Client for Of<A> {
    fn ping(&self) -> Work<'_, Result<(), ClientError>> {
        Box::pin(async move {
            let handle = self.adapter.handle();
            let client = self.client.clone();
            let pinged = apart(async move { A::ping(&client).await }).await;
            pinged.map_err(|error| error.masked(|text| handle.mask(text, A::GRAMMAR)).shortened())
        })
    }

    fn is_busy(&self) -> bool {
        A::is_busy(&self.client)
    }

    fn close(&self) -> Work<'_, ()> {
        Box::pin(A::close(self.client.clone()))
    }

    fn closes_last(&self) -> bool {
        A::CLOSES_LAST
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What a resource is made from: its handle, and the bytes of the files that the handle names.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    handle: Handle,
    /// None where the handle names no file.
    files: Option<u64>,
}

impl Key {
    fn of<A: Adapter>(adapter: &A) -> Self {
        let handle = adapter.handle();
        let grammar = A::GRAMMAR.of_scheme(handle.scheme());
        let (mut files, mut is_any) = (DefaultHasher::new(), false);
        let words = grammar.all_words().iter().filter(|word| word.kind() == value::Kind::File);
        for path in words.filter_map(|word| word.param_of(handle)) {
            file::read(Path::new(path), file::LIMIT).ok().hash(&mut files);
            is_any = true;
        }
        Self { handle: handle.clone(), files: is_any.then(|| files.finish()) }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Whether the handle names a file, such as one of certificates.
    pub(crate) fn names_files(&self) -> bool {
        self.files.is_some()
    }
}

/// One resource, and what a report says of it.
#[derive(Clone)]
pub(crate) struct Held {
    /// The path of its field, such as `Services::reports.warehouse`.
    pub(crate) field: String,
    pub(crate) variable: String,
    /// That variable, where other fields share the resource.
    pub(crate) shared: Option<&'static str>,
    /// That of its adapter.
    pub(crate) grammar: &'static Grammar,
    /// The first generation of clients with this one.
    pub(crate) generation: u64,
    pub(crate) origin: Option<Origin>,
    pub(crate) key: Key,
    /// Whether the app cannot do without: an optional one, and one with `ready = false`, is no
    /// condition of readiness, and neither is another company's API or the mail.
    pub(crate) is_required: bool,
    pub(crate) client: Arc<dyn Client>,
}

impl Held {
    /// Whether its very client is one of these.
    pub(crate) fn is_in(&self, all: &[Self]) -> bool {
        all.iter().any(|other| Arc::ptr_eq(&other.client, &self.client))
    }
}

/// What a call takes over from the one before, and what it came to.
#[derive(Default)]
pub(crate) struct Stock {
    before: Vec<Held>,
    /// Whether handles are compared only, and nothing is connected.
    is_dry: bool,
    /// Whether an optional resource that does not connect is left detached.
    forgives: bool,
    taken: Mutex<Taken>,
}

#[derive(Default)]
pub(crate) struct Taken {
    /// What is attached now.
    pub(crate) held: Vec<Held>,
    /// The field of each resource that the environment attaches, and what it is made from.
    pub(crate) wanted: Vec<(String, Key)>,
    /// The optional ones that did not connect.
    pub(crate) forgiven: Failures,
}

impl Stock {
    pub(crate) fn new(before: Vec<Held>, forgives: bool) -> Self {
        Self { before, forgives, ..Self::default() }
    }

    /// Compares handles, and connects nothing.
    pub(crate) fn dry() -> Self {
        Self { is_dry: true, ..Self::default() }
    }

    pub(crate) fn into_taken(self) -> Taken {
        self.taken.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a resource: its client, where it is known and nothing of it has changed, else
    /// what it is to be made from; an error where nothing shall be connected.
    pub(super) fn find<A: Adapter + Connect>(
        &self,
        adapter: &A,
        path: &str,
    ) -> Result<Result<A::Client, Key>, Failures> {
        let key = Key::of(adapter);
        self.taken().wanted.push((path.to_owned(), key.clone()));
        if self.is_dry {
            return Err(Failures::new());
        }
        let known = self.before.iter().find(|held| held.field == path && held.key == key);
        let Some(held) = known else { return Ok(Err(key)) };
        let Some(of) = held.client.as_any().downcast_ref::<Of<A>>() else { return Ok(Err(key)) };
        self.taken().held.push(held.clone());
        Ok(Ok(of.client.clone()))
    }

    /// Takes a new client in, and what is known of its resource. Its key was taken before it was
    /// made: what changes meanwhile is a change.
    pub(super) fn put<A: Adapter + Connect>(
        &self,
        adapter: &A,
        client: A::Client,
        held: impl FnOnce(Arc<dyn Client>) -> Held,
    ) {
        let held = held(Arc::new(Of { adapter: adapter.clone(), client }));
        self.taken().held.push(held);
    }

    /// Whether failures of an optional resource are no failures of the whole.
    pub(super) fn forgive(&self, failures: &Failures) -> bool {
        if self.forgives {
            self.taken().forgiven.extend(failures.iter().cloned());
        }
        self.forgives
    }
}
