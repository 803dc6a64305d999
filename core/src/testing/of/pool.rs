//! Small pools, so that many tests find room on one server.

use crate::handle::HandleBuilder;
use crate::{Adapter, Handle};

/// Enough for a test that does several things at the same time.
const MOST: u32 = 4;

/// A pool of at most four connections, none of them kept open.
pub(super) fn small<A: Adapter>(handle: &Handle, builder: HandleBuilder) -> HandleBuilder {
    let grammar = A::GRAMMAR;
    let word = |name: &str| grammar.word(name);
    let most = word("max_connections").and_then(|word| word.param_of(handle));
    let most = most.and_then(|text| text.parse().ok()).unwrap_or(MOST).min(MOST);
    let own = [word("max_connections"), word("min_connections")];
    let is_ours = |name: &str| own.iter().flatten().any(|word| word.is_called(name));
    builder.without_params(is_ours).param("max_connections", most.to_string())
}
