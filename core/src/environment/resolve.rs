//! The order of the sources, and what becomes of a field in all of them.

use super::beside::{Beside, Note, Source, Why};
use super::bindings::Bindings;
use super::complete::because;
use super::names::{FieldNames, Hit, Names};
use super::{
    Environment, Found, Origin, Unreadable, binding, cloud_foundry, credential, family, tls,
};
use crate::adapter::grammar::Grammar;
use crate::error::{HandleError, Problem};
use crate::handle::Handle;
use crate::table::{Field, Kind, Table};

/// An environment and what the platform binds to the app, looked through for the fields of one
/// struct.
pub(crate) struct Resolver<'e> {
    pub(super) environment: &'e Environment,
    pub(super) names: Names<'e>,
    platforms: [Bindings; 2],
    broken: Vec<Unreadable>,
}

/// What a field comes to.
#[derive(Default)]
pub(crate) struct Resolution {
    pub(crate) located: Option<Located>,
    pub(crate) problems: Vec<Unreadable>,
    pub(crate) notes: Vec<Note>,
    /// Names of parts that are set, where they make no whole handle.
    pub(crate) stray: Vec<String>,
}

/// A handle, or why its text is none, and where it came from.
pub(crate) struct Located {
    pub(crate) handle: Result<Handle, HandleError>,
    pub(crate) origin: Origin,
}

impl Resolution {
    /// What is wrong beside a handle of this origin, and what is not used.
    fn take(&mut self, mut problems: Vec<Unreadable>, notes: Vec<Note>, origin: &Origin) {
        for problem in &mut problems {
            problem.origin.get_or_insert_with(|| origin.clone());
        }
        self.problems.append(&mut problems);
        self.notes.extend(notes);
    }
}

impl<'e> Resolver<'e> {
    pub(crate) fn new(environment: &'e Environment, root: &'static Table) -> Self {
        let mut broken = Vec::new();
        let credentials = credential::folder(environment).unwrap_or_else(|unreadable| {
            broken.push(unreadable);
            None
        });
        let platforms = [
            binding::read(environment, &mut broken),
            cloud_foundry::read(environment, &mut broken),
        ];
        Self { environment, names: Names::new(environment, root, credentials), platforms, broken }
    }

    /// What is wrong with the sources themselves.
    pub(crate) fn problems(&self, root: &'static Table) -> Vec<Problem> {
        let all = self.environment.broken.iter().chain(&self.broken);
        all.map(|broken| Problem::of_source(root.name, broken)).collect()
    }

    /// The place of a field among those that are looked for; the search goes on from the last.
    pub(crate) fn place(&self, outer: &str, field: &'static Field, from: usize) -> Option<usize> {
        self.names.find(outer, field, from).map(|(place, _)| place)
    }

    /// What every resource of the struct comes to, in the order of the fields.
    #[cfg(feature = "json")]
    pub(crate) fn resources(&self) -> impl Iterator<Item = (Resolution, &'static Grammar)> {
        let fields = self.names.fields.iter().enumerate();
        fields.map(|(place, field)| (self.resolve(place), field.grammar))
    }

    /// Everything that the sources say of a field, the default last.
    pub(crate) fn resolve(&self, place: usize) -> Resolution {
        let Some(field) = self.names.fields.get(place) else { return Resolution::default() };
        let mut resolution = Resolution::default();
        for depth in 0..self.environment.layers.len() {
            if self.explicit(field, depth, &mut resolution) {
                return resolution;
            }
            if depth == 0 {
                for platform in &self.platforms {
                    if platform.resolve(self, field, &mut resolution) {
                        if resolution.located.is_none() {
                            self.note_rest(field, &mut resolution);
                        }
                        return resolution;
                    }
                }
            }
        }
        let depth = self.environment.layers.len().saturating_sub(1);
        let default = match field.field.kind {
            Kind::Resource { default, .. } => default,
            _ => None,
        };
        if let Some(text) = default {
            self.finish(field, Handle::parse(text), Origin::Default, depth, &mut resolution);
        } else {
            self.note_rest(field, &mut resolution);
        }
        resolution
    }

    /// Whether some source says where the field's service is.
    pub(crate) fn is_set(&self, place: usize) -> bool {
        let Some(field) = self.names.fields.get(place) else { return false };
        self.is_explicit(field)
            || self.platforms.iter().any(|it| it.resolve(self, field, &mut Resolution::default()))
    }

    /// Whether a variable says it: then no binding is taken by its kind.
    pub(super) fn is_explicit(&self, field: &FieldNames<'e>) -> bool {
        let mut resolution = Resolution::default();
        (0..self.environment.layers.len()).any(|depth| self.explicit(field, depth, &mut resolution))
    }

    /// The field in variables, files, credentials or parts, of which one stands in the layer of
    /// this depth.
    fn explicit(&self, field: &FieldNames<'e>, depth: usize, out: &mut Resolution) -> bool {
        if field.hits.is_empty() {
            return false;
        }
        let found = match self.whole(field, depth) {
            Ok(found) => found,
            Err(unreadable) => {
                out.problems.push(unreadable);
                return true;
            }
        };
        if let Some(Found { value, origin }) = found {
            if is_web_address(field.grammar, &value) && self.assembled(field, depth, out) {
                let name = origin.variable().unwrap_or_default().to_owned();
                let why = Why::Because("an address on the web: the bucket is named beside it");
                out.notes.push(Note { name, why });
                return true;
            }
            self.finish(field, Handle::parse(&value), origin, depth, out);
            return true;
        }
        self.assembled(field, depth, out)
    }

    /// The whole handle in one of the field's variables.
    fn whole(&self, field: &FieldNames<'e>, depth: usize) -> Result<Option<Found<'e>>, Unreadable> {
        let in_layer = |hit: &&Hit<'e>| hit.depth() == depth && !hit.is_credential();
        let find = |name: &str| field.hits.iter().filter(in_layer).rfind(|hit| hit.name == name);
        for name in field.variables.iter() {
            let file = find_joined(field, name, "_FILE", depth);
            if let Some(hit) = find(name) {
                if let Some(file) = file {
                    let why = "only one can be the handle";
                    return Err(Unreadable::conflict(name, &file.name, why));
                }
                if let Some(found) = hit.handle(name, &field.variables)? {
                    return Ok(Some(found));
                }
            }
            if let Some(stem) = name.strip_suffix("_URL")
                && let Some(hit) = find_joined(field, stem, "_URI", depth)
                && !self.names.is_declared(&hit.name)
                && let Some(found) = hit.handle(name, &field.variables)?
            {
                return Ok(Some(found));
            }
        }
        for name in field.variables.iter() {
            if let Some(hit) = find_joined(field, name, "_FILE", depth)
                && !self.names.is_declared(&hit.name)
                && let Some(found) = hit.handle(name, &field.variables)?
            {
                return Ok(Some(found));
            }
        }
        if depth == 0 {
            for name in field.variables.iter() {
                let mut credentials = field.hits.iter().filter(|hit| hit.is_credential());
                if let Some(hit) = credentials.find(|hit| hit.name == name)
                    && let Some(found) = hit.handle(name, &field.variables)?
                {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// A handle and what completes it.
    pub(super) fn finish(
        &self,
        field: &FieldNames<'e>,
        handle: Result<Handle, HandleError>,
        origin: Origin,
        depth: usize,
        out: &mut Resolution,
    ) {
        let handle = match handle {
            Ok(handle) => handle,
            Err(error) => {
                out.located = Some(Located { handle: Err(error), origin });
                return;
            }
        };
        let grammar = field.grammar.of_scheme(handle.scheme());
        let hits: Vec<_> = Self::beside(field, depth).collect();
        let located = if hits.is_empty() {
            Located { handle: Ok(handle), origin }
        } else {
            let mut beside =
                Beside::weigh(field, &self.names, grammar, Source::Variables, Some(&handle), &hits);
            let made = beside.complete(handle);
            out.take(beside.problems, beside.notes, &origin);
            Located { handle: Ok(made.handle), origin: origin.completed(&made.from) }
        };
        out.located = Some(with_params(located, field, grammar));
    }

    /// What stands under the field's names and is no whole handle.
    fn beside<'a>(field: &'a FieldNames<'e>, depth: usize) -> impl Iterator<Item = &'a Hit<'e>> {
        field.hits.iter().filter(move |hit| {
            hit.depth() <= depth
                && !matches!(hit.rest(), "URL" | "URI" | "DSN" | "URL_FILE" | "URI_FILE")
                && !field.is_whole(hit)
        })
    }

    /// A handle from parts, one of which says the place in the layer of this depth.
    fn assembled(&self, field: &FieldNames<'e>, depth: usize, out: &mut Resolution) -> bool {
        let hits: Vec<_> = Self::beside(field, depth).collect();
        if hits.is_empty() {
            return false;
        }
        let value = |wanted: &dyn Fn(&str) -> bool| {
            let hit = hits.iter().find(|hit| wanted(hit.word()))?;
            hit.text().ok().flatten().map(std::borrow::Cow::into_owned)
        };
        let scheme = value(&tls::is_scheme_name);
        let family = value(&family::is_name);
        for grammar in candidates(field.grammar, scheme.as_deref(), family.as_deref(), &hits) {
            let mut beside =
                Beside::weigh(field, &self.names, grammar, Source::Variables, None, &hits);
            if !beside.makes_handle(depth) {
                out.stray = beside.words.iter().map(|said| said.name.clone()).collect();
                // A place that is no place would be missed without a word.
                if beside.bad_place {
                    out.problems.append(&mut beside.problems);
                    return true;
                }
                continue;
            }
            let scheme = scheme.as_deref().filter(|it| !grammar.is_mail() || !tls::speaks(it));
            let made = beside.assemble(scheme, None);
            let name = field.variables.get(0).unwrap_or_default();
            let from: Vec<&str> = beside.words.iter().map(|said| said.name.as_str()).collect();
            let origin = Origin::Parts { name: name.into(), parts: from.join(", ").into() };
            out.take(beside.problems, beside.notes, &origin);
            match made {
                Ok(made) => {
                    let parts = made.from.join(", ").into();
                    let origin = Origin::Parts { name: name.into(), parts };
                    let located = Located { handle: Ok(made.handle), origin };
                    out.located = Some(with_params(located, field, grammar));
                }
                Err(error) => {
                    let mut problem = because(&error);
                    if problem.help.is_empty() {
                        let names = crate::suggest::list(&from);
                        problem.help = format!("look at {names}");
                    }
                    problem.origin = Some(origin);
                    out.problems.push(problem);
                }
            }
            return true;
        }
        false
    }

    /// The other sources that could be the field's, behind the one that won.
    pub(crate) fn others(&self, place: usize, winner: &Origin) -> Vec<String> {
        let Some(field) = self.names.fields.get(place) else { return Vec::new() };
        let mut all = Vec::new();
        for depth in 0..self.environment.layers.len() {
            let whole = field.hits.iter().filter(|hit| hit.depth() == depth && field.is_whole(hit));
            all.extend(whole.filter_map(|hit| {
                let name = hit.name.strip_suffix("_FILE").unwrap_or(&hit.name);
                Some(hit.handle(name, &field.variables).ok()??.origin)
            }));
            if depth == 0 {
                all.extend(self.platforms.iter().filter_map(|it| it.origin(self, field)));
            }
        }
        if let Kind::Resource { default: Some(_), .. } = field.field.kind {
            all.push(Origin::Default);
        }
        let winner = match winner {
            Origin::Completed { handle, .. } => handle,
            winner => winner,
        };
        all.iter().filter(|origin| *origin != winner).map(ToString::to_string).collect()
    }

    /// Names beside a field that a platform has bound, or that nothing attaches: somebody set them.
    fn note_rest(&self, field: &FieldNames<'e>, out: &mut Resolution) {
        let depth = self.environment.layers.len().saturating_sub(1);
        for hit in Self::beside(field, depth) {
            if !self.names.is_declared(&hit.name) {
                out.notes.push(Note { name: hit.name.clone().into_owned(), why: Why::Nobody });
            }
        }
    }
}

/// `AWS_URL=https://...` beside `AWS_BUCKET`: where Laravel says how browsers reach the objects.
fn is_web_address(grammar: &Grammar, text: &str) -> bool {
    let is_web = ["http", "https"].iter().any(|scheme| {
        grammar.scheme(scheme).is_none()
            && text.strip_prefix(scheme).is_some_and(|rest| rest.starts_with("://"))
    });
    is_web && grammar.scheme("s3").is_some()
}

/// The variable of this name and end in the layer of this depth.
fn find_joined<'a, 'e>(
    field: &'a FieldNames<'e>,
    name: &str,
    end: &str,
    depth: usize,
) -> Option<&'a Hit<'e>> {
    field.hits.iter().rfind(|hit| {
        hit.depth() == depth
            && !hit.is_credential()
            && hit.name.strip_prefix(name).is_some_and(|rest| rest == end)
    })
}

/// The grammars that parts may be read by: that of the scheme or the kind that a word names, else
/// of every variant in turn.
fn candidates(
    grammar: &'static Grammar,
    scheme: Option<&str>,
    family: Option<&str>,
    hits: &[&Hit<'_>],
) -> Vec<&'static Grammar> {
    if grammar.all_variants().is_empty() {
        return vec![grammar];
    }
    let has = |scheme: &&str| grammar.scheme(scheme).is_some();
    let family = family.and_then(family::of_value).map(|family| family.scheme);
    if let Some(scheme) = scheme.filter(has).or(family.filter(has)) {
        return vec![grammar.of_scheme(scheme)];
    }
    let mut variants = grammar.all_variants().to_vec();
    // The usual port tells the databases apart.
    let port = hits.iter().find(|hit| hit.word() == "PORT").and_then(|hit| hit.text().ok()?);
    if let Some(port) = port.and_then(|port| port.trim().parse::<u16>().ok()) {
        let usual = |grammar: &&'static Grammar| {
            grammar.schemes().iter().any(|scheme| scheme.default_port() == Some(port))
        };
        let (usual, others): (Vec<_>, Vec<_>) = variants.into_iter().partition(usual);
        variants = [usual, others].concat();
    }
    variants
}

/// The app's own defaults for parameters, where nothing says them.
fn with_params(mut located: Located, field: &FieldNames<'_>, grammar: &'static Grammar) -> Located {
    let Kind::Resource { params, .. } = field.field.kind else { return located };
    if let (Ok(handle), false) = (&located.handle, params.is_empty()) {
        let is_unsaid =
            |name: &str| grammar.word(name).is_some_and(|word| word.param_of(handle).is_none());
        let unsaid = params.iter().filter(|(name, _)| is_unsaid(name));
        let builder =
            unsaid.fold(handle.to_builder(), |builder, (name, value)| builder.param(*name, *value));
        located.handle = builder.build();
    }
    located
}
