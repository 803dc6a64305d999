//! The deploy and its resources, before they are drawn.

use super::{Manifest, Resource, Setting};
use crate::adapter::grammar::Grammar;
use crate::adapter::reader::Reader;
use crate::environment::{Environment, Resolver};
use crate::handle::Handle;
use crate::table::within;

/// The deploy in the middle, each resource attached to it, as [SVG](Self::svg) or as
/// [Mermaid](Self::mermaid) text.
///
/// ```
/// # use backing_services::{BackingServices, Environment};
/// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
/// let picture = Services::manifest().picture_of(&Environment::process());
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("services.svg");
/// std::fs::write(path, picture.svg())?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Picture {
    pub(super) deploy: String,
    pub(super) nodes: Vec<Node>,
    /// Whether it shows an environment.
    pub(super) is_attached: bool,
}

/// One resource.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The field, without the struct: `reports.db`.
    pub(super) field: String,
    pub(super) service: String,
    pub(super) variable: String,
    pub(super) place: Place,
}

/// Where a resource is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// No environment was asked.
    Declared { required: bool },
    /// On this machine; the host or the scheme.
    Local(String),
    /// Elsewhere; the host.
    Remote(String),
    /// Not set, and it need not be.
    Detached,
    /// Not set, and the app does not start without it.
    Missing,
    /// The environment has something there that is no handle.
    Broken,
}

impl Place {
    /// The line below the variable.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Declared { required: true } => "required",
            Self::Declared { required: false } => "not required",
            Self::Local(place) | Self::Remote(place) => place,
            Self::Detached => "detached",
            Self::Missing => "missing",
            Self::Broken => "broken",
        }
    }

    pub(super) fn class(&self) -> &'static str {
        match self {
            Self::Declared { .. } => "declared",
            Self::Local(_) => "local",
            Self::Remote(_) => "remote",
            Self::Detached => "detached",
            Self::Missing => "missing",
            Self::Broken => "broken",
        }
    }
}

impl Picture {
    pub(super) fn declared(manifest: &Manifest) -> Self {
        let nodes = manifest
            .resources
            .iter()
            .map(|it| Node::new(it, Place::Declared { required: it.required }))
            .collect();
        Self { deploy: manifest.name().to_owned(), nodes, is_attached: false }
    }

    pub(super) fn attached(manifest: &Manifest, environment: &Environment) -> Self {
        let resolver = Resolver::new(environment, manifest.root.0);
        let places = resolver.resources().map(|(resolution, grammar)| match resolution.located {
            _ if !resolution.problems.is_empty() => Some(Place::Broken),
            Some(located) => {
                Some(located.handle.map_or(Place::Broken, |handle| place(&handle, grammar)))
            }
            None => None,
        });
        let places: Vec<_> = manifest.resources.iter().zip(places).collect();
        let is_set = |outer: &str| {
            let starts = |field: &str| within(field).starts_with(outer);
            places.iter().any(|(it, place)| place.is_some() && starts(&it.field))
                || manifest.settings.iter().any(|it| starts(&it.field) && it.is_set(environment))
        };
        let unset = |resource: &Resource| match &resource.declared.needed_in {
            Some(outer) if is_set(outer) => Place::Missing,
            None if resource.required => Place::Missing,
            _ => Place::Detached,
        };
        let nodes = places.iter().map(|(resource, place)| {
            Node::new(resource, place.clone().unwrap_or_else(|| unset(resource)))
        });
        Self { deploy: manifest.name().to_owned(), nodes: nodes.collect(), is_attached: true }
    }

    /// That of what a running app has attached, whatever the environment says by now.
    #[cfg(feature = "attached")]
    pub(crate) fn held(
        manifest: &Manifest,
        find: impl Fn(&Resource) -> Option<(&'static Grammar, Handle)>,
        shows_hosts: bool,
    ) -> Self {
        let nodes = manifest.resources.iter().map(|resource| {
            let place = match find(resource).map(|(grammar, handle)| place(&handle, grammar)) {
                None => Place::Detached,
                Some(Place::Local(_)) if !shows_hosts => Place::Local("on this machine".to_owned()),
                Some(Place::Remote(_)) if !shows_hosts => Place::Remote("elsewhere".to_owned()),
                Some(place) => place,
            };
            Node::new(resource, place)
        });
        Self { deploy: manifest.name().to_owned(), nodes: nodes.collect(), is_attached: true }
    }
}

impl Setting {
    /// Whether a source has something for it, readable or not.
    fn is_set(&self, environment: &Environment) -> bool {
        std::iter::once(&self.variable)
            .chain(&self.aliases)
            .any(|name| !matches!(environment.variable(name), Ok(None)))
    }
}

impl Node {
    fn new(resource: &Resource, place: Place) -> Self {
        Self {
            field: within(&resource.field).to_owned(),
            service: resource.adapter.to_owned(),
            variable: resource.variable.clone(),
            place,
        }
    }
}

/// The host of a handle, which is no secret; what has none is on this machine.
fn place(handle: &Handle, grammar: &'static Grammar) -> Place {
    // The host of a handle that its adapter refuses may be a secret in the wrong place.
    if !Reader::takes(handle, grammar.of_scheme(handle.scheme())) {
        return Place::Broken;
    }
    let hosts: Vec<_> = handle.hosts().iter().map(|host| host.name().to_owned()).collect();
    match (handle.is_loopback(), hosts.join(", ")) {
        (true, hosts) if hosts.is_empty() => {
            Place::Local(handle.known_scheme().unwrap_or("this machine").to_owned())
        }
        (true, hosts) => Place::Local(hosts),
        (false, hosts) => Place::Remote(hosts),
    }
}
