//! Words that are none.

use backing_services::Word;

#[derive(Word, Clone, Copy)]
enum Mode {
    Fast,
    Safe(u8),
    Slow { why: u8 },
}

#[derive(Word, Clone, Copy)]
struct Level(u8);

fn main() {}
