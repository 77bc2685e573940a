//! What an expression stands for, as far as that can be told without running it: the way from `models.User` in one file
//! to the class in another.

use std::cell::Cell;
use std::collections::BTreeMap;

use rayon::prelude::*;
use tree_sitter::Node;

use super::binding::{Bindings, Meaning, unquoted};
use super::project::{Project, nearest};
use crate::orm::tree::{children, field};

/// A node of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'p> {
    pub(super) file: usize,
    pub(super) node: Node<'p>,
}

/// What an expression stands for.
#[derive(Debug, Clone)]
pub(super) enum Value<'p> {
    /// A model, by its number.
    Model(usize),
    /// All models by their names: what Sequelize has in `sequelize.models`.
    Models,
    Text(String),
    Flag(bool),
    /// An object, an array, a function, or a class that is no model.
    Code(At<'p>),
    /// What a file exports.
    Module(usize),
    Unknown,
}

/// The code of an application, with its models as far as they have been found.
pub(super) struct Code<'p, 'a> {
    pub(super) project: &'p Project<'a>,
    pub(super) bindings: Vec<Bindings<'p>>,
    /// The models by file and node: classes, and calls that define one.
    models: BTreeMap<(usize, usize), usize>,
    places: BTreeMap<usize, At<'p>>,
    /// The models by the names they go by, each with its file.
    names: BTreeMap<String, Vec<(usize, usize)>>,
    /// How many more steps may be taken for the expression at hand: code can go round in circles.
    pub(super) steps: Cell<u32>,
}

/// Enough for any expression that people write.
const STEPS: u32 = 400;
pub(super) const DEPTH: usize = 48;

impl<'p, 'a> Code<'p, 'a> {
    pub(super) fn new(project: &'p Project<'a>) -> Self {
        let bindings = project
            .files
            .par_iter()
            .map(|file| Bindings::new(&file.parsed))
            .collect();
        Self {
            project,
            bindings,
            models: BTreeMap::new(),
            places: BTreeMap::new(),
            names: BTreeMap::new(),
            steps: Cell::new(0),
        }
    }

    /// Makes a class or a call known as a model.
    pub(super) fn register(&mut self, at: At<'p>, model: usize) {
        self.models.insert((at.file, at.node.id()), model);
        self.places.insert(model, at);
    }

    /// Forgets all models.
    pub(super) fn forget(&mut self) {
        self.models.clear();
        self.places.clear();
        self.names.clear();
    }

    /// Where a model is defined.
    pub(super) fn place(&self, model: usize) -> Option<At<'p>> {
        self.places.get(&model).copied()
    }

    /// Whether a model goes by exactly this name.
    pub(super) fn is_name(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Makes a model known by a name.
    pub(super) fn name(&mut self, name: &str, file: usize, model: usize) {
        for key in [name.to_owned(), format!("lower case {}", name.to_lowercase())] {
            let named = self.names.entry(key).or_default();
            if !named.contains(&(model, file)) {
                named.push((model, file));
            }
        }
    }

    /// The model that a class or a call was made known as.
    pub(super) fn registered(&self, at: At<'p>) -> Option<usize> {
        self.models.get(&(at.file, at.node.id())).copied()
    }

    pub(super) fn text(&self, at: At<'p>) -> &'a str {
        self.project
            .files
            .get(at.file)
            .map_or("", |file| file.parsed.text(at.node))
    }

    /// What an expression stands for.
    pub(super) fn value(&self, at: At<'p>) -> Value<'p> {
        self.steps.set(STEPS);
        self.evaluate(at, 0)
    }

    /// The model that an expression stands for; the name by which it is called where there is none.
    pub(super) fn model(&self, at: At<'p>) -> Result<usize, String> {
        let name = self.last_name(at);
        match self.value(at) {
            Value::Model(model) => return Ok(model),
            Value::Module(file) => {
                if let Some(model) = self.model_of_module(file) {
                    return Ok(model);
                }
            }
            Value::Code(function) => {
                self.steps.set(STEPS);
                if let Value::Model(model) = self.returned(function, 0) {
                    return Ok(model);
                }
            }
            Value::Text(name) => return self.by_name(&name, at.file).ok_or(name),
            _ => {}
        }
        let found = self.by_name(&name, at.file);
        let found = found.or_else(|| self.by_name(name.strip_suffix("Model")?, at.file));
        found.ok_or(name)
    }

    /// The model of that name; of several, the one nearest to the file.
    pub(super) fn by_name(&self, name: &str, file: usize) -> Option<usize> {
        let lower = format!("lower case {}", name.to_lowercase());
        let named = self.names.get(name).or_else(|| self.names.get(&lower))?;
        if let [(model, _)] = named.as_slice() {
            return Some(*model);
        }
        let places: Vec<usize> = (0..named.len()).collect();
        let path = |place: usize| named.get(place).map_or("", |(_, file)| self.project.path(*file));
        let place = nearest(self.project.path(file), &places, path)?;
        named.get(place).map(|(model, _)| *model)
    }

    /// The properties of an object with those that are spread into it, the later one of a name winning; `false` where
    /// some of them cannot be told. `None` where it is no object that can be followed.
    pub(super) fn properties(&self, at: At<'p>) -> Option<(Vec<(String, At<'p>)>, bool)> {
        self.steps.set(STEPS);
        let value = self.evaluate(at, 0);
        let mut found = Vec::new();
        let complete = self.collect(&value, &mut found, 0)?;
        Some((found, complete))
    }

    pub(super) fn collect(&self, value: &Value<'p>, found: &mut Vec<(String, At<'p>)>, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        let at = match value {
            Value::Code(at) => *at,
            Value::Module(file) => {
                return self.collect(&self.exported(*file, "default", depth + 1), found, depth + 1);
            }
            _ => return None,
        };
        let mut complete = true;
        if at.node.kind() == "call_expression" {
            for argument in arguments(at.node) {
                let value = self.evaluate(at.with(argument), depth + 1);
                complete &= self.collect(&value, found, depth + 1).unwrap_or(false);
            }
            return Some(complete);
        }
        if at.node.kind() != "object" {
            return None;
        }
        for part in children(at.node) {
            let entry = match part.kind() {
                "pair" => field(part, "key").zip(field(part, "value")),
                "shorthand_property_identifier" => Some((part, part)),
                "method_definition" => field(part, "name").map(|name| (name, part)),
                "spread_element" => {
                    for inner in children(part) {
                        let value = self.evaluate(at.with(inner), depth + 1);
                        complete &= self.collect(&value, found, depth + 1).unwrap_or(false);
                    }
                    None
                }
                _ => None,
            };
            if let Some((key, value)) = entry {
                let name = unquoted(self.text(at.with(key))).to_owned();
                found.retain(|(other, _)| *other != name);
                found.push((name, at.with(value)));
            }
        }
        Some(complete)
    }

    fn model_of_module(&self, file: usize) -> Option<usize> {
        self.steps.set(STEPS);
        let exported = self.exported(file, "default", 0);
        if let Value::Model(model) = self.called(&exported, 0) {
            return Some(model);
        }
        let mut within = self
            .models
            .range((file, 0)..=(file, usize::MAX))
            .map(|(_, model)| *model);
        let only = within.next()?;
        within.all(|model| model == only).then_some(only)
    }

    /// Whether an expression that stands for no model names one that ought to be there: one of all models, or a name
    /// that is declared nowhere.
    pub(super) fn is_absent(&self, at: At<'p>) -> bool {
        if let Some((object, _)) = self.parsed_member(at) {
            return matches!(self.value(at.with(object)), Value::Models);
        }
        if at.node.kind() == "arrow_function" {
            return field(at.node, "body")
                .is_some_and(|body| body.kind() == "identifier" && self.is_absent(at.with(body)));
        }
        let bindings = self.bindings.get(at.file);
        match bindings.and_then(|bindings| bindings.meaning(self.text(at), at.node.start_byte())) {
            Some(Meaning::Parameter(_, _, keys)) => !keys.is_empty(),
            Some(_) => false,
            None => matches!(at.node.kind(), "identifier" | "string"),
        }
    }

    /// The last name in an expression: of `db.models.User` it is `User`.
    pub(super) fn last_name(&self, at: At<'p>) -> String {
        let mut node = at.node;
        loop {
            if let Some((_, name)) = self.parsed_member(at.with(node)) {
                return name;
            }
            let inner = match node.kind() {
                "call_expression" => field(node, "function"),
                "arrow_function" => field(node, "body"),
                "identifier" | "shorthand_property_identifier" | "statement_block" | "object" => None,
                _ => children(node).first().copied(),
            };
            match inner {
                Some(inner) => node = inner,
                None => return self.text(at.with(node)).to_owned(),
            }
        }
    }
}

impl<'p> At<'p> {
    /// The arguments of a call.
    pub(super) fn arguments(self) -> Vec<Self> {
        arguments(self.node).into_iter().map(|node| self.with(node)).collect()
    }

    /// The node of a name, else the node itself.
    pub(super) fn named(self) -> Self {
        field(self.node, "name").map_or(self, |name| self.with(name))
    }

    /// Another node of the same file.
    pub(super) fn with(self, node: Node<'p>) -> Self {
        Self { node, ..self }
    }
}

/// The arguments of a call or of `new`.
pub(super) fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    field(call, "arguments").map(children).unwrap_or_default()
}
