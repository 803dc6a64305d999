//! How much room a pool has.

/// Whether a ping would wait for a connection, or take the last one that is free. A pool of one
/// connection has no other to ask over.
pub(super) fn is_full(max: usize, open: usize, idle: usize) -> bool {
    let free = max.saturating_sub(open) + idle.min(open);
    free == 0 || free == 1 && max > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ping_leaves_one_connection_to_the_app() {
        for (max, open, idle, expected) in [
            (10, 0, 0, false),
            (10, 8, 0, false),
            (10, 9, 0, true),
            (10, 10, 0, true),
            (10, 10, 1, true),
            (10, 10, 2, false),
            (2, 1, 0, true),
            (2, 1, 1, false),
            (1, 1, 0, true),
            (1, 1, 1, false),
            (1, 0, 0, false),
        ] {
            assert_eq!(is_full(max, open, idle), expected, "{max} {open} {idle}");
        }
    }
}
