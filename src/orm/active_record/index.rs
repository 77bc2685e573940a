//! All classes and modules by their names in full, and how a name in the code finds one.

use std::collections::{BTreeMap, BTreeSet};

use super::application::each;
use super::inflection::demodulized;
use super::syntax::{Definition, Method, Statement};
use super::value::Value;

/// Everything that the files define.
pub(super) struct Index {
    definitions: Vec<Named>,
    by_name: BTreeMap<String, Vec<usize>>,
    /// Names that stand for something, and the modules that they are in: those can be made by folders alone.
    names: BTreeSet<String>,
    /// What constants stand for, if that is a literal.
    constants: BTreeMap<String, Value>,
}

/// A definition with its name in full.
pub(super) struct Named {
    pub(super) name: String,
    /// Those that it stands in, outermost first, and itself.
    pub(super) nesting: Vec<String>,
    pub(super) definition: Definition,
}

impl Index {
    /// Of all definitions, in the order of the files; `loose` are the statements outside of them.
    pub(super) fn new(mut definitions: Vec<Definition>, loose: &[Statement]) -> Self {
        let mut reopened = Vec::new();
        each(loose, &mut |statement| reopened.extend(reopening(statement, &[])));
        for definition in &definitions {
            let inside = [definition.inside.clone(), vec![definition.written.clone()]].concat();
            each(&definition.body, &mut |statement| {
                reopened.extend(reopening(statement, &inside));
            });
        }
        definitions.extend(reopened);
        let written: BTreeSet<String> = definitions.iter().flat_map(simple_names).collect();
        let mut index = Self {
            definitions: Vec::new(),
            by_name: BTreeMap::new(),
            names: BTreeSet::new(),
            constants: BTreeMap::new(),
        };
        for definition in definitions {
            let mut nesting: Vec<String> = Vec::new();
            for part in definition.inside.iter().chain([&definition.written]) {
                let name = opened(part, nesting.last().map(String::as_str), &written);
                nesting.push(name);
            }
            let name = nesting.last().cloned().unwrap_or_default();
            index.add(Named {
                name,
                nesting,
                definition,
            });
        }
        index
    }

    fn add(&mut self, named: Named) {
        for (colons, _) in named.name.match_indices("::") {
            self.names.extend(named.name.get(..colons).map(str::to_owned));
        }
        self.names.insert(named.name.clone());
        each(&named.definition.body, &mut |statement| {
            if let Statement::Let { name, value } = statement
                && name.starts_with(char::is_uppercase)
            {
                self.constants.insert(format!("{}::{name}", named.name), value.clone());
            }
        });
        self.by_name
            .entry(named.name.clone())
            .or_default()
            .push(self.definitions.len());
        self.definitions.push(named);
    }

    /// Each place where a class or module is opened, in the order of the files.
    pub(super) fn definitions(&self, name: &str) -> impl Iterator<Item = &Named> {
        let positions = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        positions.iter().filter_map(|position| self.definitions.get(*position))
    }

    /// The names of all classes, once each.
    pub(super) fn classes(&self) -> impl Iterator<Item = &str> {
        let is_class = |name: &str| self.definitions(name).any(|named| named.definition.is_class);
        self.by_name
            .keys()
            .map(String::as_str)
            .filter(move |name| is_class(name))
    }

    /// Every definition.
    pub(super) fn all(&self) -> &[Named] {
        &self.definitions
    }

    pub(super) fn is_known(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether it is opened as a class anywhere.
    pub(super) fn is_class(&self, name: &str) -> bool {
        self.definitions(name).any(|named| named.definition.is_class)
    }

    /// What a constant means where the code stands in `nesting` (outermost first): the innermost that has the first
    /// part of it, then those that the class inherits from, then the top.
    pub(super) fn resolve(&self, path: &str, nesting: &[String]) -> Option<String> {
        if let Some(absolute) = path.strip_prefix("::") {
            return self.is_known(absolute).then(|| absolute.to_owned());
        }
        let first = path.split("::").next().unwrap_or(path);
        let inner = nesting
            .iter()
            .rev()
            .map(|outer| (format!("{outer}::{first}"), format!("{outer}::{path}")));
        let top = [(first.to_owned(), path.to_owned())];
        let found = inner.chain(top).find(|(first, _)| self.is_known(first));
        found.map(|(_, whole)| whole).filter(|whole| self.is_known(whole))
    }

    /// The literal that a constant stands for.
    pub(super) fn constant(&self, path: &str, nesting: &[String]) -> Option<Value> {
        let path = path.trim_start_matches("::");
        let inner = nesting.iter().rev().map(|outer| format!("{outer}::{path}"));
        inner
            .chain([path.to_owned()])
            .find_map(|name| self.constants.get(&name))
            .cloned()
    }

    /// The class that Active Record takes for a `class_name` of an association of `model`: of the classes with that name
    /// in the model, in the modules around it and at the top the first one. A name like the model's own stands for the
    /// class at the top, if there is one (`compute_type` and `_klass` of Active Record 8.1).
    pub(super) fn class_of_association(&self, model: &str, class_name: &str) -> Option<String> {
        let known = |name: &str| self.is_class(name).then(|| name.to_owned());
        if let Some(absolute) = class_name.strip_prefix("::") {
            return known(absolute);
        }
        if demodulized(model) == class_name
            && let Some(top) = known(class_name)
        {
            return Some(top);
        }
        let mut outer = Some(model);
        while let Some(name) = outer {
            if let Some(found) = known(&format!("{name}::{class_name}")) {
                return Some(found);
            }
            outer = name.rsplit_once("::").map(|(before, _)| before);
        }
        known(class_name)
    }

    /// The superclass as it is written, with where that stands.
    pub(super) fn superclass(&self, class: &str) -> Option<(&Value, &[String])> {
        self.definitions(class).find_map(|named| {
            let outer = named.nesting.len().saturating_sub(1);
            let superclass = named.definition.superclass.as_ref()?;
            Some((superclass, named.nesting.get(..outer).unwrap_or(&[])))
        })
    }

    /// The methods of a module's or class's own: `def self.name`.
    pub(super) fn class_method(&self, name: &str, method: &str) -> Option<&Method> {
        self.definitions(name)
            .flat_map(|named| &named.definition.body)
            .find_map(|statement| match statement {
                Statement::Method(found) if found.on_class && found.name == method => Some(found),
                _ => None,
            })
    }
}

/// `Post.class_eval do … end`, `Post.include Searchable`, `Post.prepend self`: what they do to the class.
fn reopening(statement: &Statement, inside: &[String]) -> Option<Definition> {
    let Statement::Call(call) = statement else { return None };
    let Some(Value::Constant(class)) = &call.receiver else {
        return None;
    };
    let mut call = call.clone();
    if matches!(call.name.as_str(), "send" | "public_send" | "__send__") && !call.arguments.is_empty() {
        let sent = call.arguments.remove(0);
        sent.text()?.clone_into(&mut call.name);
    }
    let body = match call.name.as_str() {
        "class_eval" | "class_exec" | "instance_eval" => call.block.clone()?.body,
        "include" | "prepend" | "belongs_to" | "has_one" | "has_many" | "has_and_belongs_to_many" => {
            for argument in &mut call.arguments {
                if *argument == Value::Name("self".to_owned()) {
                    *argument = Value::Constant(format!("::{}", inside.join("::").replace("::::", "::")));
                }
            }
            vec![Statement::Call(super::syntax::Call {
                receiver: None,
                ..call.clone()
            })]
        }
        _ => return None,
    };
    Some(Definition {
        written: format!("::{}", class.trim_start_matches("::")),
        inside: inside.to_vec(),
        // Whether it is a class is for those to say that define it.
        is_class: false,
        superclass: None,
        body,
        location: call.location,
    })
}

/// The name in full as the nesting alone tells it.
fn simple_names(definition: &Definition) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in definition.inside.iter().chain([&definition.written]) {
        let name = match (part.strip_prefix("::"), names.last()) {
            (Some(absolute), _) => absolute.to_owned(),
            (None, Some(outer)) => format!("{outer}::{part}"),
            (None, None) => part.clone(),
        };
        names.push(name);
    }
    names
}

/// The name in full of what is opened as `part` within `outer`.
fn opened(part: &str, outer: Option<&str>, written: &BTreeSet<String>) -> String {
    if let Some(absolute) = part.strip_prefix("::") {
        return absolute.to_owned();
    }
    let Some(outer) = outer else { return part.to_owned() };
    // `class Blog::Post` within `module Admin` opens a class in `Blog`, if there is no `Admin::Blog`.
    if let Some((first, _)) = part.split_once("::") {
        let is_inner = written.contains(&format!("{outer}::{first}"));
        if !is_inner && written.contains(first) {
            return part.to_owned();
        }
    }
    format!("{outer}::{part}")
}
