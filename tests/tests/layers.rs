//! No file imports one that imports it, directly or around.
//!
//! A name that a `mod.rs` re-exports is a name of the file that has it: a re-export depends on
//! nothing. What is compiled for tests alone is left out.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

/// A path of modules, from the root of its crate.
type Module = Vec<String>;

/// The modules of a crate, inline ones included.
#[derive(Default)]
struct Crate {
    modules: BTreeMap<Module, Names>,
}

#[derive(Default)]
struct Names {
    /// The module of the file that it stands in.
    file: Module,
    /// What `use` brings in, each by the name it has here; `*` for all of a module.
    imported: Vec<(String, Vec<String>)>,
    /// What the code of the file names.
    used: Vec<Vec<String>>,
}

impl Crate {
    fn read(root: &Path) -> Self {
        let mut whole = Self::default();
        for path in sources(root) {
            let within = path.strip_prefix(root).unwrap().with_extension("");
            let mut module: Module =
                within.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
            if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "main")) {
                module.pop();
            }
            whole.add(&module, path.ends_with("mod.rs") || module.is_empty(), &path);
        }
        whole
    }

    fn add(&mut self, module: &Module, is_facade: bool, path: &Path) {
        self.add_text(module, is_facade, &fs::read_to_string(path).unwrap());
    }

    fn add_text(&mut self, module: &Module, is_facade: bool, text: &str) {
        let file = syn::parse_file(text).unwrap();
        if file.attrs.iter().any(is_for_tests) {
            return;
        }
        let own = self.modules.entry(module.clone()).or_default();
        own.file.clone_from(module);
        let (module, file_module) = (module.clone(), module.clone());
        Reader { whole: self, file: file_module, module, is_facade }.visit_file(&file);
    }

    /// The file that has what a path names, seen from a module; none for another crate's.
    fn file_of(&self, from: &Module, path: &[String]) -> Option<&Module> {
        let mut seen = BTreeSet::new();
        self.resolve(from, path, &mut seen)
    }

    fn resolve<'a>(
        &'a self,
        from: &Module,
        path: &[String],
        seen: &mut BTreeSet<Vec<String>>,
    ) -> Option<&'a Module> {
        let mut at = from.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => at.clear(),
            "self" => {}
            "super" => {
                at.pop()?;
            }
            first => {
                let child = [&at[..], &[first.to_owned()]].concat();
                if !self.modules.contains_key(&child) {
                    return None;
                }
                at = child;
            }
        }
        rest = &rest[1..];
        while let Some(next) = rest.first() {
            let child = [&at[..], std::slice::from_ref(next)].concat();
            if next == "super" {
                at.pop()?;
            } else if self.modules.contains_key(&child) {
                at = child;
            } else if next != "self" {
                return self.named(&at, rest, seen);
            }
            rest = &rest[1..];
        }
        self.modules.get(&at).map(|names| &names.file)
    }

    /// The file that has the first name of `rest`, which is none of a module.
    fn named<'a>(
        &'a self,
        at: &Module,
        rest: &[String],
        seen: &mut BTreeSet<Vec<String>>,
    ) -> Option<&'a Module> {
        let names = self.modules.get(at)?;
        if !seen.insert([&at[..], &rest[..1]].concat()) {
            return Some(&names.file);
        }
        let mut imported = names.imported.iter().filter(|(name, _)| *name == rest[0]);
        let found = imported.find_map(|(_, path)| self.resolve(at, path, seen));
        found.or(Some(&names.file))
    }

    /// The files that each file stands on.
    fn edges(&self) -> BTreeMap<&Module, BTreeSet<&Module>> {
        let mut edges: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
        for (module, names) in &self.modules {
            for path in &names.used {
                if let Some(to) = self.file_of(module, path)
                    && *to != names.file
                {
                    edges.entry(&names.file).or_default().insert(to);
                }
            }
        }
        edges
    }
}

/// Collects what a file imports and names.
struct Reader<'a> {
    whole: &'a mut Crate,
    file: Module,
    module: Module,
    /// Whether its re-exports are there for others.
    is_facade: bool,
}

impl Reader<'_> {
    fn names(&mut self) -> &mut Names {
        self.whole.modules.get_mut(&self.module).unwrap()
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        if !attributes(item).iter().any(is_for_tests) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, inner: &'ast ItemMod) {
        if inner.content.is_none() {
            return;
        }
        self.module.push(inner.ident.to_string());
        let names = self.whole.modules.entry(self.module.clone()).or_default();
        names.file.clone_from(&self.file);
        visit::visit_item_mod(self, inner);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_export = !matches!(item.vis, Visibility::Inherited);
        let is_used = !(self.is_facade && is_export);
        let mut found = Vec::new();
        leaves(&item.tree, &mut Vec::new(), &mut found);
        for (name, path) in found {
            if is_used {
                self.names().used.push(path.clone());
            }
            self.names().imported.push((name, path));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|it| it.ident.to_string()).collect();
        if segments.len() > 1 {
            self.names().used.push(segments);
        }
        visit::visit_path(self, path);
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        let attributes: &[Attribute] = match statement {
            syn::Stmt::Local(local) => &local.attrs,
            syn::Stmt::Macro(mac) => &mac.attrs,
            _ => &[],
        };
        if !attributes.iter().any(is_for_tests) {
            visit::visit_stmt(self, statement);
        }
    }
}

/// Each name that a tree brings in, and its path.
fn leaves(tree: &UseTree, before: &mut Vec<String>, found: &mut Vec<(String, Vec<String>)>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            leaves(&path.tree, before, found);
            before.pop();
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| leaves(tree, before, found));
        }
        UseTree::Name(name) if name.ident == "self" => {
            found.push((before.last().cloned().unwrap_or_default(), before.clone()));
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            found.push((name.clone(), [&before[..], &[name]].concat()));
        }
        UseTree::Rename(renamed) => {
            let path = [&before[..], &[renamed.ident.to_string()]].concat();
            found.push((renamed.rename.to_string(), path));
        }
        UseTree::Glob(_) => found.push(("*".to_owned(), before.clone())),
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[cfg(test)]` and `#[cfg(all(test, ...))]`.
fn is_for_tests(attribute: &Attribute) -> bool {
    let Ok(list) = attribute.meta.require_list() else { return false };
    let text = list.tokens.to_string().replace(' ', "");
    list.path.is_ident("cfg") && (text == "test" || text.starts_with("all(test,"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "tests" {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The shortest way from a file back to it, if there is one.
fn circle<'a>(
    edges: &BTreeMap<&'a Module, BTreeSet<&'a Module>>,
    start: &'a Module,
) -> Option<Vec<&'a Module>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in edges.get(way.last()?).into_iter().flatten() {
            let longer = [&way[..], &[*next]].concat();
            if *next == start {
                return Some(longer);
            }
            if seen.insert(*next) {
                ways.push_back(longer);
            }
        }
    }
    None
}

fn circles(whole: &Crate) -> BTreeSet<String> {
    let edges = whole.edges();
    let shown = |way: Vec<&Module>| {
        let files: Vec<_> = way.iter().map(|file| format!("crate::{}", file.join("::"))).collect();
        files.join(" -> ")
    };
    edges.keys().filter_map(|start| circle(&edges, start)).map(shown).collect()
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (folder, least) in
        [("core/src", 500), ("derive/src", 60), ("tests/conformance/src", 5), ("tests/src", 10)]
    {
        let whole = Crate::read(&root.join(folder));
        let known: usize = whole.edges().values().map(BTreeSet::len).sum();
        assert!(known >= least, "{folder}: only {known} imports were understood");
        let circles: Vec<_> = circles(&whole).into_iter().collect();
        assert!(circles.is_empty(), "{folder}:\n{}", circles.join("\n"));
    }
}

#[test]
fn a_circle_is_found_through_facades_and_paths() {
    let module = |path: &str| path.split("::").map(str::to_owned).collect::<Module>();
    let mut whole = Crate::default();
    whole.add_text(&Vec::new(), true, "mod a; mod b; mod c;");
    whole.add_text(&module("a"), true, "mod inner; pub use self::inner::A;");
    whole.add_text(&module("a::inner"), false, "pub struct A; fn f() { crate::b::g(); }");
    whole.add_text(&module("b"), false, "#[cfg(test)] use crate::c::C; pub fn g() {}");
    whole.add_text(&module("c"), false, "use crate::a::{A as B}; pub struct C(B);");
    assert_eq!(circles(&whole), BTreeSet::new());

    whole.add_text(&module("b"), false, "use super::c::C; pub fn g(_: C) {}");
    let found = circles(&whole);
    let way = "crate::a::inner -> crate::b -> crate::c -> crate::a::inner";
    assert!(found.len() == 3 && found.contains(way), "{found:?}");
}
