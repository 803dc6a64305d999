use super::entry::Entry;
use super::{Attribute, Cell, Key};
use crate::errors::Errors;

/// The keys of one attribute, a cell each. A key that nobody takes out again is a mistake of this
/// crate, reported when the cells are dropped.
pub(crate) struct Cells(Vec<(Key, Vec<Cell>)>);

impl Cells {
    pub(crate) fn of(errors: &Errors, attribute: &Attribute, entries: Vec<Entry>) -> Self {
        let mut cells = Self(attribute.keys.iter().map(|key| (*key, Vec::new())).collect());
        for entry in entries {
            let Some((key, list)) = cells.0.iter_mut().find(|(key, _)| *key == entry.key) else {
                continue;
            };
            if list.is_empty() || key.repeats {
                list.push(Cell::new());
            }
            if let Some(cell) = list.last_mut() {
                cell.set(errors, entry);
            }
        }
        cells
    }

    /// The cell of one key, which can be taken once.
    pub(crate) fn take(&mut self, key: Key) -> Cell {
        self.take_all(key).pop().unwrap_or_else(Cell::new)
    }

    /// The cells of a key that may be given several times, one for each.
    pub(crate) fn take_all(&mut self, key: Key) -> Vec<Cell> {
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
