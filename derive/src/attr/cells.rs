use super::entry::Entry;
use super::{Attribute, Cell, Key};
use crate::errors::Errors;

/// The keys of one attribute, a cell each. A key that nobody takes out again is a mistake of this crate, told
/// when the cells are dropped.
pub(crate) struct Cells(Vec<(Key, Cell)>);

impl Cells {
    pub(crate) fn of(errors: &Errors, attribute: &Attribute, entries: Vec<Entry>) -> Self {
        let mut cells = Self(attribute.keys.iter().map(|key| (*key, Cell::new())).collect());
        for entry in entries {
            if let Some((_, cell)) = cells.0.iter_mut().find(|(key, _)| *key == entry.key) {
                cell.set(errors, entry);
            }
        }
        cells
    }

    /// The cell of one key, which can be taken once.
    pub(crate) fn take(&mut self, key: Key) -> Cell {
        let at = self.0.iter().position(|(own, _)| *own == key);
        let at = at.unwrap_or_else(|| unreachable!("the key `{}` is taken twice", key.name));
        self.0.swap_remove(at).1
    }

    /// Ends taking.
    pub(crate) fn finish(self) {
        if let Some((key, _)) = self.0.first() {
            unreachable!("nobody reads the key `{}`", key.name);
        }
    }
}
