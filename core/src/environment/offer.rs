//! What a platform binds to an app: named, of a kind, with credentials as a list. Which field takes which,
//! and what its handle is.

use super::ask::{Ask, each_ask};
use super::{Environment, Found, Origin, Unreadable};
use crate::error::ProblemKind;
use crate::generated::Table;

/// One service that a platform has bound to the app.
pub(super) struct Offer {
    /// The names that a field may take it by.
    pub(super) names: Vec<String>,
    /// What it is: the type of a binding, the label and the tags of a service.
    pub(super) kinds: Vec<String>,
    pub(super) origin: Origin,
    /// Its entries, such as `uri`, `host` and `password`.
    pub(super) entries: Vec<(String, String)>,
    /// The path of a file of authorities to trust.
    pub(super) authorities: Option<String>,
    /// Whether it is an error that no field wants it.
    pub(super) must_be_wanted: bool,
    /// What is wrong with it, for the field that takes it.
    pub(super) broken: Option<(String, String)>,
}

/// All of them, and how an error speaks of one: "service binding".
pub(crate) struct Offers {
    pub(super) noun: &'static str,
    pub(super) offers: Vec<Offer>,
}

impl Offers {
    /// The one that a field takes: the one of its name, else the only one of its kind.
    pub(super) fn find(
        &self,
        environment: &Environment,
        ask: &Ask<'_>,
    ) -> Result<Option<Found<'static>>, Unreadable> {
        let mut fitting: Vec<&Offer> = Vec::new();
        for name in ask.binding_names() {
            if fitting.is_empty() {
                fitting.extend(self.offers.iter().filter(|offer| offer.is_called(&name)));
            }
        }
        if fitting.is_empty() {
            let free = self.offers.iter().filter(|offer| offer.is_of_kind(ask));
            fitting.extend(free.filter(|offer| !is_named_by_another(offer, ask)));
        }
        match fitting[..] {
            [] => Ok(None),
            [offer] => {
                if !ask.binding_names().iter().any(|name| offer.is_called(name)) {
                    self.only_for(offer, environment, ask)?;
                }
                offer.handle(self.noun).map(Some)
            }
            [one, another, ..] => Err(Unreadable {
                kind: ProblemKind::Conflict,
                origin: None,
                message: format!(
                    "the {noun}s `{}` and `{}` both fit",
                    one.name(),
                    another.name(),
                    noun = self.noun
                ),
                help: format!("name the one that is meant: `binding = \"{}\"`", one.name()),
            }),
        }
    }

    /// An offer taken by its kind alone has no second field that would take it too.
    fn only_for(
        &self,
        offer: &Offer,
        environment: &Environment,
        ask: &Ask<'_>,
    ) -> Result<(), Unreadable> {
        let mut rival = None;
        each_ask(ask.root, &mut |other| {
            let is_rival = rival.is_none()
                && !other.is_same(ask)
                && offer.is_of_kind(other)
                && !self.offers.iter().any(|offer| is_named_by(offer, other))
                && matches!(environment.explicit(other), Ok(None));
            if is_rival {
                rival = Some(other.path());
            }
        });
        let Some(rival) = rival else { return Ok(()) };
        Err(Unreadable {
            kind: ProblemKind::Conflict,
            origin: Some(offer.origin.clone()),
            message: format!(
                "the {} `{}` fits `{}` and `{rival}`",
                self.noun,
                offer.name(),
                ask.path()
            ),
            help: format!("give the field that it is for `binding = \"{}\"`", offer.name()),
        })
    }

    /// Those that no field wants, where that is an error.
    pub(super) fn unwanted(&self, root: &'static Table) -> Vec<Unreadable> {
        let must = self.offers.iter().filter(|offer| offer.must_be_wanted);
        let unwanted = must.filter(|offer| {
            let mut wanted = false;
            each_ask(root, &mut |ask| wanted |= offer.is_of_kind(ask) || is_named_by(offer, ask));
            !wanted
        });
        unwanted
            .map(|offer| Unreadable {
                kind: ProblemKind::Unclaimed,
                origin: Some(offer.origin.clone()),
                message: format!("no field takes the {} `{}`", self.noun, offer.name()),
                help: "give a field of its kind its name by the `binding` key, or unbind it"
                    .to_owned(),
            })
            .collect()
    }
}

fn is_named_by(offer: &Offer, ask: &Ask<'_>) -> bool {
    ask.binding_names().iter().any(|name| offer.is_called(name))
}

fn is_named_by_another(offer: &Offer, ask: &Ask<'_>) -> bool {
    let mut named = false;
    each_ask(ask.root, &mut |other| {
        named |= !other.is_same(ask) && is_named_by(offer, other);
    });
    named
}

impl Offer {
    fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// `_` and `-` are alike.
    fn is_called(&self, name: &str) -> bool {
        let fold = |text: &str| text.replace('_', "-").to_ascii_lowercase();
        self.names.iter().any(|own| fold(own) == fold(name))
    }

    fn is_of_kind(&self, ask: &Ask<'_>) -> bool {
        self.kinds.iter().any(|kind| ask.is_kind(kind))
    }

    fn entry(&self, name: &str) -> Option<&str> {
        let mut entries = self.entries.iter();
        entries.find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn handle(&self, noun: &str) -> Result<Found<'static>, Unreadable> {
        let unusable = |kind, message: String, help: String| Unreadable {
            kind,
            origin: Some(self.origin.clone()),
            message,
            help,
        };
        if let Some((message, help)) = &self.broken {
            return Err(unusable(ProblemKind::Unreadable, message.clone(), help.clone()));
        }
        let Some(uri) = self.entry("uri").or_else(|| self.entry("url")) else {
            return Err(unusable(
                ProblemKind::Handle,
                format!("the {noun} `{}` has no `uri` and no `host`", self.name()),
                "bind it with one of them".to_owned(),
            ));
        };
        Ok(Found { value: uri.to_owned().into(), origin: self.origin.clone() })
    }
}
