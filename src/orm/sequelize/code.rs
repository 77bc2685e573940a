//! What an expression stands for, as far as that can be told without running it: the way from `models.User` in one file
//! to the class in another.

use std::cell::Cell;
use std::collections::BTreeMap;

use rayon::prelude::*;
use tree_sitter::Node;

use super::binding::{Bindings, Export, Meaning, member, unquoted};
use super::project::{Project, nearest};
use crate::orm::tree::{Walk, children, field, walk};

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
    steps: Cell<u32>,
}

/// Enough for any expression that people write.
const STEPS: u32 = 400;
const DEPTH: usize = 48;

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
        let complete = self.collect(value, &mut found, 0)?;
        Some((found, complete))
    }

    fn collect(&self, value: Value<'p>, found: &mut Vec<(String, At<'p>)>, depth: usize) -> Option<bool> {
        if depth > DEPTH {
            return None;
        }
        let at = match value {
            Value::Code(at) => at,
            Value::Module(file) => return self.collect(self.exported(file, "default", depth + 1), found, depth + 1),
            _ => return None,
        };
        let mut complete = true;
        if at.node.kind() == "call_expression" {
            for argument in arguments(at.node) {
                let value = self.evaluate(at.with(argument), depth + 1);
                complete &= self.collect(value, found, depth + 1).unwrap_or(false);
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
                        complete &= self.collect(value, found, depth + 1).unwrap_or(false);
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

    fn evaluate(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let left = self.steps.get();
        if depth > DEPTH || left == 0 {
            return Value::Unknown;
        }
        self.steps.set(left - 1);
        let depth = depth + 1;
        let first = || children(at.node).first().copied();
        let below = |node: Option<Node<'p>>| node.map_or(Value::Unknown, |node| self.evaluate(at.with(node), depth));
        match at.node.kind() {
            "parenthesized_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "await_expression"
            | "spread_element" => below(first()),
            "type_assertion" | "sequence_expression" => below(children(at.node).last().copied()),
            "assignment_expression" => below(field(at.node, "right")),
            "ternary_expression" => below(field(at.node, "consequence")),
            "binary_expression" => match below(field(at.node, "left")) {
                Value::Unknown => below(field(at.node, "right")),
                value => value,
            },
            "string" | "template_string" => self.string(at, depth),
            "true" => Value::Flag(true),
            "false" => Value::Flag(false),
            "identifier" | "shorthand_property_identifier" | "shorthand_property_identifier_pattern" => {
                self.identifier(at, depth)
            }
            "this" | "super" => self.this(at, depth),
            "member_expression" | "subscript_expression" => self.member(at, depth),
            "call_expression" => self.call(at, depth),
            "class"
            | "class_declaration"
            | "abstract_class_declaration"
            | "object"
            | "array"
            | "arrow_function"
            | "function_expression"
            | "function_declaration"
            | "method_definition" => self.code(at),
            _ => Value::Unknown,
        }
    }

    fn code(&self, at: At<'p>) -> Value<'p> {
        self.registered(at).map_or(Value::Code(at), Value::Model)
    }

    fn string(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let mut text = String::new();
        for part in children(at.node) {
            match part.kind() {
                "template_substitution" => match children(part).first() {
                    Some(inner) => match self.evaluate(at.with(*inner), depth) {
                        Value::Text(inner) => text.push_str(&inner),
                        _ => return Value::Unknown,
                    },
                    None => return Value::Unknown,
                },
                _ => text.push_str(self.text(at.with(part))),
            }
        }
        Value::Text(text)
    }

    fn identifier(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let name = self.text(at);
        let Some(bindings) = self.bindings.get(at.file) else {
            return Value::Unknown;
        };
        match bindings.meaning(name, at.node.start_byte()) {
            Some(Meaning::Code(node, keys)) => {
                let value = self.evaluate(at.with(*node), depth);
                keys.iter()
                    .fold(value, |value, key| self.property(&value, key, at.file, depth))
            }
            Some(Meaning::Import(module, wanted)) => match (self.project.module(at.file, module), wanted) {
                (Some(file), Some(wanted)) => self.exported(file, wanted, depth),
                (Some(file), None) => Value::Module(file),
                (None, _) => Value::Unknown,
            },
            Some(Meaning::Parameter(function, place, keys)) => {
                let given = self.parameter(at.with(*function), *place, if keys.is_empty() { name } else { "" });
                keys.iter()
                    .fold(given, |value, key| self.property(&value, key, at.file, depth))
            }
            None => Value::Unknown,
        }
    }

    /// What a function is given, where its name or that of the parameter tells: `associate(models)`.
    fn parameter(&self, function: At<'p>, place: usize, name: &str) -> Value<'p> {
        let called = field(function.node, "name").or_else(|| {
            let above = function.node.parent()?;
            field(above, "left").or_else(|| field(above, "key"))
        });
        let called = called.map_or("", |node| self.text(function.with(node))).to_lowercase();
        let is_models = matches!(name, "models" | "db" | "database" | "orm");
        if is_models || name.is_empty() || (place == 0 && called.contains("associat")) {
            return Value::Models;
        }
        Value::Unknown
    }

    /// The class around an expression, or the model to which the function around it belongs.
    fn this(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let mut node = at.node;
        while let Some(above) = node.parent() {
            if above.kind() == "class_body" {
                return above.parent().map_or(Value::Unknown, |class| self.code(at.with(class)));
            }
            if matches!(node.kind(), "function_expression" | "arrow_function")
                && above.kind() == "assignment_expression"
                && let Some((object, _)) = field(above, "left").and_then(|left| self.parsed_member(at.with(left)))
            {
                return self.evaluate(at.with(object), depth);
            }
            node = above;
        }
        Value::Unknown
    }

    fn parsed_member(&self, at: At<'p>) -> Option<(Node<'p>, String)> {
        member(&self.project.files.get(at.file)?.parsed, at.node)
    }

    fn member(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let Some((object, name)) = self.parsed_member(at) else {
            return Value::Unknown;
        };
        let key = (self.text(at.with(object)).to_owned(), name);
        let assigned = self
            .bindings
            .get(at.file)
            .and_then(|bindings| bindings.assigned.get(&key));
        if let Some(assigned) = assigned.filter(|node| !contains(**node, at.node)) {
            let value = self.evaluate(at.with(*assigned), depth);
            if !matches!(value, Value::Unknown) {
                return value;
            }
        }
        let value = self.evaluate(at.with(object), depth);
        self.property(&value, &key.1, at.file, depth)
    }

    fn property(&self, value: &Value<'p>, name: &str, file: usize, depth: usize) -> Value<'p> {
        if depth > DEPTH {
            return Value::Unknown;
        }
        match value {
            Value::Module(file) => self.exported(*file, name, depth + 1),
            Value::Models if name == "models" => Value::Models,
            Value::Models => self.by_name(name, file).map_or(Value::Unknown, Value::Model),
            Value::Code(at) if at.node.kind() == "object" => {
                let mut found = Vec::new();
                let _ = self.collect(value.clone(), &mut found, depth + 1);
                let entry = found.iter().find(|(key, _)| key == name);
                entry.map_or(Value::Unknown, |(_, at)| self.evaluate(*at, depth + 1))
            }
            Value::Code(at) => self.static_field(*at, name, depth),
            Value::Unknown | Value::Model(_) if name == "models" => Value::Models,
            Value::Model(model) => {
                let class = self.place(*model);
                class.map_or(Value::Unknown, |class| self.static_field(class, name, depth))
            }
            _ => Value::Unknown,
        }
    }

    /// `static attributes = {…}` of a class.
    fn static_field(&self, class: At<'p>, name: &str, depth: usize) -> Value<'p> {
        let found = field(class.node, "body").and_then(|body| {
            let fields = children(body).into_iter();
            fields
                .filter(|member| member.kind() == "public_field_definition")
                .find(|member| field(*member, "name").is_some_and(|it| self.text(class.with(it)) == name))
        });
        let value = found.and_then(|member| field(member, "value"));
        value.map_or(Value::Unknown, |value| self.evaluate(class.with(value), depth + 1))
    }

    fn call(&self, at: At<'p>, depth: usize) -> Value<'p> {
        if let Some(model) = self.registered(at) {
            return Value::Model(model);
        }
        let Some(function) = field(at.node, "function") else {
            return Value::Unknown;
        };
        let first = arguments(at.node).first().map(|argument| at.with(*argument));
        if function.kind() == "import" || self.text(at.with(function)) == "require" {
            return first.map_or(Value::Unknown, |first| self.required(first, depth));
        }
        if let Some((object, name)) = self.parsed_member(at.with(function)) {
            let on = |node| self.evaluate(at.with(node), depth);
            match (name.as_str(), first) {
                ("init" | "scope" | "unscoped" | "schema" | "withSchema" | "withScope" | "bind", _) => {
                    return on(object);
                }
                ("import", Some(first)) => {
                    let module = self.required(first, depth);
                    return self.called(&module, depth);
                }
                ("model", Some(first)) => {
                    return match self.evaluate(first, depth) {
                        Value::Text(name) => self.by_name(&name, at.file).map_or(Value::Unknown, Value::Model),
                        value => value,
                    };
                }
                ("freeze", Some(first)) => return self.evaluate(first, depth),
                ("assign", _) if self.text(at.with(object)) == "Object" => return Value::Code(at),
                _ => {}
            }
        }
        let callee = self.evaluate(at.with(function), depth);
        self.called(&callee, depth)
    }

    fn called(&self, callee: &Value<'p>, depth: usize) -> Value<'p> {
        match callee {
            Value::Module(file) => match self.exported(*file, "default", depth) {
                Value::Code(function) => self.returned(function, depth),
                value => value,
            },
            Value::Code(function) => self.returned(*function, depth),
            Value::Model(model) => Value::Model(*model),
            _ => Value::Unknown,
        }
    }

    /// What a call of the function gives: its last `return` decides.
    fn returned(&self, function: At<'p>, depth: usize) -> Value<'p> {
        let Some(body) = field(function.node, "body") else {
            return Value::Unknown;
        };
        if body.kind() != "statement_block" {
            return self.evaluate(function.with(body), depth + 1);
        }
        let mut last = None;
        walk(body, &mut |node| match node.kind() {
            "return_statement" => {
                last = children(node).first().copied();
                Walk::Over
            }
            "function_declaration"
            | "function_expression"
            | "arrow_function"
            | "method_definition"
            | "class"
            | "class_declaration" => Walk::Over,
            _ => Walk::Into,
        });
        last.map_or(Value::Unknown, |value| self.evaluate(function.with(value), depth + 1))
    }

    /// The file that `require` is given, also as `path.join(__dirname, 'user')`.
    fn required(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let mut name = match self.evaluate(at, depth) {
            Value::Text(name) => name,
            _ => String::new(),
        };
        if at.node.kind() == "call_expression" && self.text(at).contains("__dirname") {
            ".".clone_into(&mut name);
            for argument in arguments(at.node) {
                if let Value::Text(part) = self.evaluate(at.with(argument), depth) {
                    name = format!("{name}/{part}");
                }
            }
        }
        let file = self.project.module(at.file, &name);
        file.map_or(Value::Unknown, Value::Module)
    }

    /// What a file exports under a name.
    fn exported(&self, file: usize, name: &str, depth: usize) -> Value<'p> {
        let Some(bindings) = self.bindings.get(file).filter(|_| depth <= DEPTH) else {
            return Value::Unknown;
        };
        let depth = depth + 1;
        match bindings.exports.get(name) {
            Some(Export::Code(node)) => return self.evaluate(At { file, node: *node }, depth),
            Some(Export::From(module, name)) => {
                let from = self.project.module(file, module);
                return from.map_or(Value::Unknown, |from| self.exported(from, name, depth));
            }
            None => {}
        }
        if let Some(node) = bindings.default {
            if name == "default" {
                return self.evaluate(At { file, node }, depth);
            }
            let key = (self.text(At { file, node }).to_owned(), name.to_owned());
            if let Some(assigned) = bindings.assigned.get(&key) {
                return self.evaluate(At { file, node: *assigned }, depth);
            }
            let whole = self.evaluate(At { file, node }, depth);
            let value = self.property(&whole, name, file, depth);
            if !matches!(value, Value::Unknown) {
                return value;
            }
        }
        for star in &bindings.stars {
            if let Some(from) = self.project.module(file, star) {
                let value = self.exported(from, name, depth);
                if !matches!(value, Value::Unknown) {
                    return value;
                }
            }
        }
        Value::Unknown
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
    /// Another node of the same file.
    pub(super) fn with(self, node: Node<'p>) -> Self {
        Self { node, ..self }
    }
}

/// The arguments of a call or of `new`.
pub(super) fn arguments(call: Node<'_>) -> Vec<Node<'_>> {
    field(call, "arguments").map(children).unwrap_or_default()
}

fn contains(outer: Node<'_>, inner: Node<'_>) -> bool {
    outer.start_byte() <= inner.start_byte() && inner.end_byte() <= outer.end_byte()
}
