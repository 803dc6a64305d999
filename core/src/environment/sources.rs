//! All sources of one load, in their order.

use super::ask::Ask;
use super::offer::Offers;
use super::{CONVENTIONS, Environment, Found, Unreadable, View, binding, cloud_foundry};
use crate::error::Problem;
use crate::generated::Table;

/// An environment, and what the platform binds to the app.
pub(crate) struct Sources<'e> {
    environment: &'e Environment,
    platforms: [Offers; 2],
    broken: Vec<Unreadable>,
}

impl<'e> Sources<'e> {
    pub(crate) fn new(environment: &'e Environment) -> Self {
        let view = View { layers: &environment.layers };
        let mut broken = Vec::new();
        let platforms =
            [binding::read(&view, &mut broken), cloud_foundry::read(&view, &mut broken)];
        Self { environment, platforms, broken }
    }

    /// The handle of a field. A variable wins over what a platform binds, and that over a `.env` file.
    pub(crate) fn find(&self, ask: &Ask<'_>) -> Result<Option<Found<'e>>, Unreadable> {
        let mut views = self.environment.views();
        if let Some(process) = views.next()
            && let Some(found) = process.explicit(ask)?
        {
            return Ok(Some(found));
        }
        for platform in &self.platforms {
            if let Some(found) = platform.find(self.environment, ask)? {
                return Ok(Some(found));
            }
        }
        for dotenv in views {
            if let Some(found) = dotenv.explicit(ask)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Everything that could be the handle of a field, the winner first.
    pub(super) fn all(&self, ask: &Ask<'_>) -> Vec<Result<Found<'e>, Unreadable>> {
        let mut all = Vec::new();
        for (depth, view) in self.environment.views().enumerate() {
            for convention in CONVENTIONS {
                for name in ask.names() {
                    let found = convention(&view, ask, &name).transpose();
                    all.extend(found.map(|found| view.complete(ask, &name, found?)));
                }
            }
            if depth == 0 {
                let platforms = self.platforms.iter();
                all.extend(platforms.filter_map(|it| it.find(self.environment, ask).transpose()));
            }
        }
        all
    }

    /// What is wrong with the sources themselves.
    pub(crate) fn problems(&self, root: &'static Table) -> Vec<Problem> {
        let unwanted = self.platforms.iter().flat_map(|platform| platform.unwanted(root));
        let all = self.environment.broken.iter().chain(&self.broken).cloned().chain(unwanted);
        all.map(|broken| broken.problem(root.name)).collect()
    }
}
