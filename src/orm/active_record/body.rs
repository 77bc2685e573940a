//! The body of a model, with all that concerns and macros of the application put into it.

use std::collections::{BTreeMap, BTreeSet};

use super::application::{Application, relation_of};
use super::index::Index;
use super::macros::{Macros, bind};
use super::syntax::{Block, Call, Method, Statement};
use super::value::{Lambda, Pair, Scope, Value};
use crate::schema::{Location, Note};

/// What a class says of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Body {
    pub(super) associations: Vec<Declared>,
    pub(super) settings: Settings,
    /// The modules that were put into it.
    pub(super) modules: BTreeSet<String>,
    pub(super) notes: Vec<Note>,
}

/// An association as it is written, with all expressions filled in that are known.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// The macro: `belongs_to`.
    pub(super) keyword: &'static str,
    pub(super) name: String,
    pub(super) options: Vec<Pair>,
    /// What its scope does to the relation.
    pub(super) scope: Option<Lambda>,
    /// Why its options cannot be told, if they cannot.
    pub(super) opaque: Option<String>,
    /// Whether Rails makes it of another declaration.
    pub(super) implied: bool,
    /// The class in whose body it is: names of keys come from it also where another inherits it.
    pub(super) owner: String,
    pub(super) location: Location,
}

/// What a class sets.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) is_abstract: bool,
    /// The table's name, or where it cannot be told, the place.
    pub(super) table_name: Option<Result<String, Location>>,
    pub(super) table_name_prefix: Option<String>,
    pub(super) table_name_suffix: Option<String>,
    pub(super) pluralize_table_names: Option<bool>,
    pub(super) primary_key: Option<Vec<String>>,
    /// The columns by which a row is looked up; the key and that of its partition or tenant.
    pub(super) query_constraints: Vec<String>,
    pub(super) polymorphic_name: Option<String>,
    pub(super) soft_delete: Option<String>,
    /// Whether it includes a module that only the running code names.
    pub(super) includes_unknown: bool,
    /// Whether it is here that `belongs_to` needs a parent or not.
    pub(super) required_by_default: Option<bool>,
}

/// What is known where a statement stands.
#[derive(Clone, Default)]
pub(super) struct Frame {
    /// The modules and classes that it stands in, outermost first.
    pub(super) nesting: Vec<String>,
    pub(super) variables: BTreeMap<String, Value>,
    /// The names by which the model is spoken to, `None` for none, each with the options that are put to all.
    pub(super) receivers: BTreeMap<Option<String>, Vec<Pair>>,
}

/// How deep modules, macros and blocks are followed into each other.
pub(super) const DEEPEST: u32 = 16;

/// Reads the bodies of classes.
pub(super) struct BodyReader<'a> {
    pub(super) index: &'a Index,
    application: &'a Application,
    macros: &'a Macros<'a>,
    class: &'a str,
    prefix: &'a str,
    /// The modules that the classes above it have.
    pub(super) above: &'a BTreeSet<String>,
    pub(super) body: Body,
    pub(super) depth: u32,
}

/// Reads the body of a class, wherever it is opened.
/// `prefix` is that of its table, by its module or the application; `above` are the modules of those that it inherits
/// from.
pub(super) fn read(
    class: &str,
    (prefix, above): (&str, &BTreeSet<String>),
    index: &Index,
    application: &Application,
    macros: &Macros<'_>,
) -> Body {
    let mut reader = BodyReader {
        index,
        application,
        macros,
        class,
        prefix,
        above,
        body: Body::default(),
        depth: 0,
    };
    for named in index.definitions(class) {
        let mut frame = Frame::within(&named.nesting);
        reader.statements(&named.definition.body, &mut frame);
    }
    reader.body
}

impl Frame {
    /// Of a body: calls without receiver and those on `self` are the class's.
    pub(super) fn within(nesting: &[String]) -> Self {
        Self {
            nesting: nesting.to_vec(),
            variables: BTreeMap::new(),
            receivers: BTreeMap::from([(None, Vec::new()), (Some("self".to_owned()), Vec::new())]),
        }
    }
}

impl BodyReader<'_> {
    pub(super) fn statements(&mut self, statements: &[Statement], frame: &mut Frame) {
        if self.depth > DEEPEST {
            return;
        }
        self.depth += 1;
        for statement in statements {
            match statement {
                Statement::Call(call) => self.call(call, frame),
                Statement::Set {
                    receiver,
                    name,
                    value,
                    location,
                } => {
                    if matches!(receiver, Value::Name(name) if frame.receivers.contains_key(&Some(name.clone()))) {
                        let value = self.value(value, frame);
                        self.set(name, &value, location);
                    }
                }
                Statement::Let { name, value } => {
                    let value = self.value(value, frame);
                    frame.variables.insert(name.clone(), value);
                }
                Statement::Branch(inner) => self.statements(inner, frame),
                Statement::Method(method) => self.method(method, frame),
            }
        }
        self.depth -= 1;
    }

    /// A value with everything filled in that is known here.
    pub(super) fn value(&self, value: &Value, frame: &Frame) -> Value {
        let constant = |path: &str| self.index.constant(path, &frame.nesting);
        let known = |name: &str| self.affix(name);
        value.resolve(&Scope {
            known: &known,
            variables: &frame.variables,
            constant: &constant,
            class: self.class,
            inflections: &self.application.inflections,
        })
    }

    /// What the class answers when it is asked for what its table's name starts and ends with.
    fn affix(&self, name: &str) -> Option<Value> {
        let settings = &self.body.settings;
        let text = match name {
            "table_name_prefix" => settings.table_name_prefix.as_deref().unwrap_or(self.prefix),
            "table_name_suffix" => {
                let suffix = settings.table_name_suffix.as_ref();
                suffix.unwrap_or(&self.application.table_name_suffix).as_str()
            }
            _ => return None,
        };
        Some(Value::Text(text.to_owned()))
    }

    fn call(&mut self, call: &Call, frame: &mut Frame) {
        if let (Some(Value::Array(_) | Value::Constant(_)), "each" | "each_with_index", Some(block)) =
            (&call.receiver, call.name.as_str(), &call.block)
        {
            return self.each(call, block, frame);
        }
        let receiver = match &call.receiver {
            None => None,
            Some(Value::Name(name)) => Some(name.clone()),
            Some(_) => return,
        };
        if let Some(variable) = &receiver
            && frame.variables.contains_key(variable)
        {
            return self.change(variable, call, frame);
        }
        let Some(shared) = frame.receivers.get(&receiver).cloned() else {
            return;
        };
        if let Some(keyword) = super::options::declaration(&call.name) {
            return self.declare(keyword, call, &shared, frame);
        }
        match (call.name.as_str(), &call.block) {
            ("send" | "public_send" | "__send__", _) => {
                if let Some((Value::Text(name), rest)) = call.arguments.split_first() {
                    let sent = Call {
                        name: name.clone(),
                        arguments: rest.to_vec(),
                        ..call.clone()
                    };
                    self.call(&sent, frame);
                }
            }
            ("include" | "prepend" | "extend", _) => self.include(call, frame),
            ("with_options", Some(block)) => self.with_options(call, block, &shared, frame),
            ("class_eval" | "class_exec" | "instance_eval" | "instance_exec" | "module_eval" | "tap", Some(block)) => {
                let mut inner = frame.clone();
                inner.receivers.insert(None, Vec::new());
                inner.receivers.insert(Some("self".to_owned()), Vec::new());
                for parameter in &block.parameters {
                    inner.receivers.insert(Some(parameter.clone()), Vec::new());
                }
                self.statements(&block.body, &mut inner);
            }
            ("concerning", Some(block)) => self.hooks(&block.body, frame, false),
            _ => self.setting_or_macro(call, frame),
        }
    }

    /// What changes the hash that a variable holds.
    fn change(&self, variable: &str, call: &Call, frame: &mut Frame) {
        let arguments: Vec<Value> = call
            .arguments
            .iter()
            .map(|argument| self.value(argument, frame))
            .collect();
        let Some(Value::Hash(pairs)) = frame.variables.get_mut(variable) else {
            return;
        };
        match (call.name.as_str(), arguments.as_slice()) {
            ("update" | "merge!", [Value::Hash(more)]) => pairs.extend(more.iter().cloned()),
            ("reverse_merge!", [Value::Hash(more)]) => {
                pairs.splice(0..0, more.iter().cloned());
            }
            ("delete", [Value::Text(key)]) => pairs.retain(|pair| pair.key.as_deref() != Some(key)),
            _ => {}
        }
    }

    fn setting_or_macro(&mut self, call: &Call, frame: &mut Frame) {
        let arguments: Vec<Value> = call
            .arguments
            .iter()
            .map(|argument| self.value(argument, frame))
            .collect();
        match (call.name.as_str(), arguments.as_slice()) {
            ("primary_abstract_class", _) => self.body.settings.is_abstract = true,
            ("set_table_name", [name]) => self.set("table_name", name, &call.location),
            ("set_primary_key", [name]) => self.set("primary_key", name, &call.location),
            ("query_constraints", columns) => {
                let columns = columns.iter().map(|column| column.text().map(str::to_owned));
                self.body.settings.query_constraints = columns.collect::<Option<_>>().unwrap_or_default();
            }
            ("acts_as_paranoid", given) => {
                let column = given
                    .iter()
                    .find_map(|value| option(value, "column").and_then(Value::text));
                self.body.settings.soft_delete = Some(column.unwrap_or("deleted_at").to_owned());
            }
            ("default_scope", given) => self.default_scope(given, call.block.as_ref()),
            _ => self.expand(call, &arguments, frame),
        }
    }

    /// A scope for all rows that leaves out those with a mark of deletion.
    fn default_scope(&mut self, given: &[Value], block: Option<&Block>) {
        let relation = match given {
            [Value::Lambda(lambda)] => Some(lambda.clone()),
            _ => block.map(|block| relation_of(&block.body)),
        };
        let column = relation.and_then(|relation| relation.only_null);
        let marks = ["delet", "discard", "remov", "destroy", "trash"];
        if let Some(column) = column.filter(|column| marks.iter().any(|mark| column.contains(mark))) {
            self.body.settings.soft_delete = Some(column);
        }
    }

    fn set(&mut self, name: &str, value: &Value, location: &Location) {
        let settings = &mut self.body.settings;
        let text = value.text().map(str::to_owned);
        match name {
            "table_name" if *value == Value::Nil => {}
            "table_name" => settings.table_name = Some(text.ok_or_else(|| location.clone())),
            "table_name_prefix" => settings.table_name_prefix = text,
            "table_name_suffix" => settings.table_name_suffix = text,
            "abstract_class" => settings.is_abstract = value.truth().unwrap_or(true),
            "pluralize_table_names" => settings.pluralize_table_names = value.truth(),
            "primary_key" | "primary_keys" => settings.primary_key = value.texts(),
            "belongs_to_required_by_default" => settings.required_by_default = value.truth(),
            "discard_column" | "paranoia_column" => settings.soft_delete = text,
            _ => {}
        }
    }

    /// `def self.table_name` and its like, which are settings too.
    fn method(&mut self, method: &Method, frame: &Frame) {
        let is_setting = ["table_name", "table_name_prefix", "table_name_suffix"].contains(&method.name.as_str());
        if !method.on_class || !(is_setting || method.name == "polymorphic_name") {
            return;
        }
        let value = method.gives.as_ref().map(|gives| self.value(gives, frame));
        match (method.name.as_str(), value) {
            ("polymorphic_name", value) => {
                self.body.settings.polymorphic_name = value.and_then(|value| value.text().map(str::to_owned));
            }
            (name, Some(value)) if value.text().is_some() => {
                let nowhere = Location {
                    file: String::new(),
                    line: 0,
                    column: 0,
                };
                self.set(name, &value, &nowhere);
            }
            _ => {}
        }
    }

    /// `%w[one two].each do |name| … end`.
    fn each(&mut self, call: &Call, block: &Block, frame: &Frame) {
        let receiver = call.receiver.as_ref().map(|receiver| self.value(receiver, frame));
        let Some(Value::Array(items)) = receiver else { return };
        for item in items {
            let mut inner = frame.clone();
            let values = match (item, block.parameters.len()) {
                (Value::Array(values), count) if count > 1 => values,
                (item, _) => vec![item],
            };
            for (parameter, value) in block.parameters.iter().zip(values) {
                inner.variables.insert(parameter.clone(), value);
            }
            self.statements(&block.body, &mut inner);
        }
    }

    fn with_options(&mut self, call: &Call, block: &Block, shared: &[Pair], frame: &Frame) {
        let own = call.arguments.iter().flat_map(|given| match self.value(given, frame) {
            Value::Hash(pairs) => pairs,
            _ => Vec::new(),
        });
        let options: Vec<Pair> = shared.iter().cloned().chain(own).collect();
        let mut inner = frame.clone();
        match block.parameters.first() {
            Some(variable) => inner.receivers.insert(Some(variable.clone()), options),
            None => inner.receivers.insert(None, options),
        };
        self.statements(&block.body, &mut inner);
    }

    /// A macro of the application: a method of classes that declares associations.
    fn expand(&mut self, call: &Call, arguments: &[Value], frame: &Frame) {
        let Some((nesting, method)) = self.macros.find(&call.name, self.class, &self.body.modules) else {
            return;
        };
        let mut inner = Frame::within(nesting);
        inner.variables = bind(method, arguments);
        inner.receivers.clone_from(&frame.receivers);
        inner.receivers.insert(None, Vec::new());
        self.statements(&method.body, &mut inner);
    }

    fn declare(&mut self, keyword: &'static str, call: &Call, shared: &[Pair], frame: &Frame) {
        let mut given = call.arguments.iter().map(|argument| self.value(argument, frame));
        let first = given.next();
        let Some(name) = first.as_ref().and_then(Value::text) else {
            let message = format!("the name of this `{}` is not written out", call.name);
            self.note(message, &call.location);
            return;
        };
        let mut declared = Declared {
            keyword,
            name: name.to_owned(),
            options: shared.to_vec(),
            scope: None,
            opaque: None,
            implied: false,
            owner: self.class.to_owned(),
            location: call.location.clone(),
        };
        for value in given {
            match value {
                Value::Lambda(lambda) => declared.scope = Some(lambda),
                Value::Hash(pairs) => declared.options.extend(pairs),
                Value::Nil => {}
                // What is neither is a function that makes the scope, or options that are made elsewhere.
                _ => declared.opaque = Some("its options are not written out".to_owned()),
            }
        }
        if declared.options.iter().any(|pair| pair.key.is_none()) {
            declared.opaque = Some("not all of its options are written out".to_owned());
        }
        declared.options = last_of_each(declared.options);
        for declared in super::attached::made_of(declared) {
            // A later declaration takes the place of one with the same name.
            self.body.associations.retain(|known| known.name != declared.name);
            self.body.associations.push(declared);
        }
    }

    fn note(&mut self, message: String, location: &Location) {
        self.body.notes.push(Note {
            message,
            location: Some(location.clone()),
        });
    }
}

/// A value of a hash.
fn option<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    let Value::Hash(pairs) = value else { return None };
    let found = pairs.iter().rev().find(|pair| pair.key.as_deref() == Some(key));
    found.map(|pair| &pair.value)
}

/// Of options that are given twice the last.
fn last_of_each(options: Vec<Pair>) -> Vec<Pair> {
    let mut kept: Vec<Pair> = Vec::new();
    for pair in options {
        kept.retain(|known| known.key.is_none() || known.key != pair.key);
        kept.push(pair);
    }
    kept
}

impl Declared {
    /// An option's value.
    pub(super) fn option(&self, key: &str) -> Option<&Value> {
        let found = self.options.iter().find(|pair| pair.key.as_deref() == Some(key));
        found.map(|pair| &pair.value)
    }

    /// An option's value, if it is a string or symbol.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.option(key).and_then(Value::text)
    }

    /// Whether an option is given and true.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.option(key).is_some_and(|value| value.truth() != Some(false))
    }
}
