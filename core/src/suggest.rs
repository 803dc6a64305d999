//! Names that are nearly right.

/// The known name that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known.into_iter().find(|name| one_edit_apart(word, name))
}

/// One letter too many, too few, wrong, or two neighbours swapped; case and `-`/`_` do not count.
pub(crate) fn one_edit_apart(a: &str, b: &str) -> bool {
    let fold = |text: &str| -> Vec<char> {
        text.chars().map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
    };
    let (mut a, mut b) = (fold(a), fold(b));
    if a.len() > b.len() {
        std::mem::swap(&mut a, &mut b);
    }
    // Two-letter names are all one edit apart.
    if b.len() - a.len() > 1 || b.len() < 3 {
        return false;
    }
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (&a[same..], &b[same..]);
    match (rest_a, rest_b) {
        _ if a.len() != b.len() => rest_a == &rest_b[1..],
        ([], []) => true,
        ([x1, x2, x @ ..], [y1, y2, y @ ..]) if x1 == y2 && x2 == y1 => x == y,
        ([_, x @ ..], [_, y @ ..]) => x == y,
        _ => false,
    }
}

/// "`a`, `b` or `c`".
pub(crate) fn list(words: &[&str]) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            text.push_str(if index + 1 == words.len() { " or " } else { ", " });
        }
        text.push('`');
        text.push_str(word);
        text.push('`');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit() {
        for (a, b) in [
            ("DB_ULR", "DB_URL"),
            ("DB_UR", "DB_URL"),
            ("DBB_URL", "DB_URL"),
            ("DX_URL", "DB_URL"),
            ("ssl_mode", "ssl-mode"),
        ] {
            assert!(one_edit_apart(a, b), "{a} {b}");
        }
        for (a, b) in [("DB_URL", "MAIL_URL"), ("EU", "US"), ("DB_ABC", "DB_ACBX")] {
            assert!(!one_edit_apart(a, b), "{a} {b}");
        }
    }
}
