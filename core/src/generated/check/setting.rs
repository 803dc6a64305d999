use std::marker::PhantomData;

use super::adapter::add_expected;
use super::fail;
use crate::adapter::value::{Kind, Value};
use crate::handle::const_text::Text;
use crate::setting::named::NamedType;

/// Of a type that a constant knows, the form of its values, and its name. The derive does not know
/// types: it names the constant `KIND`, which is this one where the type implements [`Value`], and
/// that of [`Unknown`] where it does not; so it is with `NAME` and [`NamedType`].
pub struct DefaultOf<T>(PhantomData<T>);

impl<T: Value> DefaultOf<T> {
    pub const KIND: Option<Kind> = Some(T::KIND);
}

impl<T: NamedType> DefaultOf<T> {
    pub const NAME: &'static str = T::NAME;
}

/// Any other type: its values are read at the start of the app.
pub trait Unknown {
    const KIND: Option<Kind> = None;
    const NAME: &'static str = "";
}

impl<T> Unknown for DefaultOf<T> {}

/// The `default` of a setting has the form of its type, as far as that is known.
#[track_caller]
pub const fn check_setting(name: &str, kind: Option<Kind>, default: &str) {
    if let Some(kind) = kind
        && !kind.accepts(default)
    {
        let text = Text::of("the default of the setting `").add(name).add("` is wrong");
        fail(&add_expected(&text.add("\nhelp: expected "), kind));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_known_of_a_type() {
        assert_eq!(DefaultOf::<u16>::KIND, Some(Kind::of::<u16>()));
        assert_eq!(DefaultOf::<Duration>::KIND, Some(Kind::Duration));
        assert_eq!(DefaultOf::<Vec<u16>>::KIND, None);
        assert_eq!(DefaultOf::<Vec<u16>>::NAME, "Vec<u16>");
        assert_eq!(DefaultOf::<Option<u16>>::NAME, "");
        check_setting("port", DefaultOf::<u16>::KIND, "8080");
        check_setting("ports", DefaultOf::<Vec<u16>>::KIND, "80,81");
    }

    #[test]
    #[should_panic = "the default of the setting `port` is wrong\nhelp: expected a whole number from 0 to 65535"]
    fn a_default_of_another_form() {
        check_setting("port", DefaultOf::<u16>::KIND, "80a");
    }
}
