//! How each platform hands out handles.
