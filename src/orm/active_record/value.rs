//! What an expression of Ruby stands for, as far as that can be told without running it.

use std::collections::BTreeMap;

use super::inflection::{Inflections, demodulized};
use crate::schema::Location;

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A string or symbol: Active Record takes either.
    Text(String),
    /// A string or symbol with expressions in it.
    Template(Vec<Value>),
    /// A number, as it is written.
    Number(String),
    True,
    False,
    Nil,
    /// `[…]`, `%w[…]`, `%i[…]`.
    Array(Vec<Value>),
    /// `{…}`, and options without braces.
    Hash(Vec<Pair>),
    /// `Blog::Post`, `::Post`.
    Constant(String),
    /// A local variable, or a method without receiver and arguments.
    Name(String),
    /// `/…/`.
    Pattern {
        source: String,
        any_case: bool,
    },
    /// A call of a method.
    Call(Box<Invocation>),
    /// `-> { where(…).order(…) }`: the methods that are called on the relation, in order.
    Lambda(Lambda),
    /// Anything else, as it is written.
    Other(String),
}

/// A call as an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invocation {
    pub(super) receiver: Option<Value>,
    pub(super) method: String,
    pub(super) arguments: Vec<Value>,
}

/// A function that is given as a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lambda {
    /// The methods that it calls on the relation.
    pub(super) calls: Vec<String>,
    /// The column of a `where(column: nil)`, if that is all that it does.
    pub(super) only_null: Option<String>,
    /// What it gives, if that is a text.
    pub(super) gives: Option<String>,
}

/// An entry of a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    /// `None` for `**rest`.
    pub(super) key: Option<String>,
    pub(super) value: Value,
    pub(super) location: Location,
}

/// What names stand for where an expression is read.
pub(super) struct Scope<'s> {
    /// Local variables and parameters.
    pub(super) variables: &'s BTreeMap<String, Value>,
    /// What other names stand for that the class itself answers.
    pub(super) known: &'s dyn Fn(&str) -> Option<Value>,
    /// What constants stand for, if that is a literal.
    pub(super) constant: &'s dyn Fn(&str) -> Option<Value>,
    /// The class whose body it is, in full.
    pub(super) class: &'s str,
    pub(super) inflections: &'s Inflections,
}

/// How deep an expression is followed.
const DEEPEST: u32 = 24;

impl Value {
    /// Its text, if it is a string or symbol.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Its texts, if it is a string or symbol or an array of them.
    pub(super) fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Text(text) => Some(vec![text.clone()]),
            Self::Array(values) => values
                .iter()
                .map(|value| value.text().map(str::to_owned))
                .collect::<Option<Vec<String>>>(),
            _ => None,
        }
    }

    /// Whether Ruby takes it for true, where that can be told.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::False | Self::Nil => Some(false),
            Self::True | Self::Text(_) | Self::Number(_) | Self::Array(_) | Self::Hash(_) => Some(true),
            _ => None,
        }
    }

    /// A whole number.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(digits) => digits.replace('_', "").parse().ok(),
            _ => None,
        }
    }

    /// The same with everything filled in that is known.
    pub(super) fn resolve(&self, scope: &Scope<'_>) -> Self {
        self.resolve_at(scope, 0)
    }

    fn resolve_at(&self, scope: &Scope<'_>, depth: u32) -> Self {
        if depth > DEEPEST {
            return self.clone();
        }
        let inner = |value: &Self| value.resolve_at(scope, depth + 1);
        match self {
            Self::Name(name) if name == "self" || name == "name" || name == "to_s" => {
                match (scope.variables.get(name), name.as_str()) {
                    (Some(value), _) => value.clone(),
                    (None, "self") => Self::Constant(scope.class.to_owned()),
                    (None, _) => Self::Text(scope.class.to_owned()),
                }
            }
            Self::Name(name) => {
                let variable = scope.variables.get(name).cloned();
                variable.or_else(|| (scope.known)(name)).unwrap_or_else(|| self.clone())
            }
            Self::Constant(path) => (scope.constant)(path).map_or_else(|| self.clone(), |value| inner(&value)),
            Self::Array(values) => Self::Array(values.iter().map(inner).collect()),
            Self::Hash(pairs) => Self::Hash(resolve_pairs(pairs, &inner)),
            Self::Template(parts) => {
                let parts: Vec<Self> = parts.iter().map(inner).collect();
                let texts: Option<Vec<String>> = parts.iter().map(Self::printed).collect();
                texts.map_or(Self::Template(parts), |texts| Self::Text(texts.concat()))
            }
            Self::Call(call) => resolve_call(call, scope, &inner),
            _ => self.clone(),
        }
    }

    /// As Ruby prints it into a string.
    fn printed(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()),
            Self::Constant(path) => Some(path.trim_start_matches("::").to_owned()),
            _ => None,
        }
    }
}

/// The pairs, with those of `**rest` in its place where it is known.
fn resolve_pairs(pairs: &[Pair], inner: &dyn Fn(&Value) -> Value) -> Vec<Pair> {
    let mut resolved = Vec::new();
    for pair in pairs {
        let value = inner(&pair.value);
        match (&pair.key, value) {
            (None, Value::Hash(rest)) => resolved.extend(rest),
            (None, Value::Nil) => {}
            (key, value) => resolved.push(Pair {
                key: key.clone(),
                value,
                location: pair.location.clone(),
            }),
        }
    }
    resolved
}

fn resolve_call(call: &Invocation, scope: &Scope<'_>, inner: &dyn Fn(&Value) -> Value) -> Value {
    let receiver = call.receiver.as_ref().map(inner);
    let arguments: Vec<Value> = call.arguments.iter().map(inner).collect();
    let unresolved = || {
        Value::Call(Box::new(Invocation {
            receiver: receiver.clone(),
            method: call.method.clone(),
            arguments: arguments.clone(),
        }))
    };
    let Some(on) = &receiver else { return unresolved() };
    if let Some(found) = of_collection(on, &call.method, &arguments) {
        return found;
    }
    let text = on.printed().filter(|_| arguments.is_empty());
    let rules = scope.inflections;
    let result = text.and_then(|text| match call.method.as_str() {
        "to_s" | "to_sym" | "name" | "itself" | "dup" | "squish" | "strip" | "class_name" => Some(text),
        "pluralize" => Some(rules.pluralize(&text)),
        "singularize" => Some(rules.singularize(&text)),
        "underscore" => Some(rules.underscore(&text)),
        "camelize" | "camelcase" => Some(rules.camelize(&text)),
        "classify" => Some(rules.classify(&text)),
        "tableize" => Some(rules.pluralize(&rules.underscore(&text))),
        "demodulize" => Some(demodulized(&text).to_owned()),
        "foreign_key" => Some(rules.foreign_key(&text)),
        "downcase" => Some(text.to_lowercase()),
        _ => None,
    });
    result.map_or_else(unresolved, Value::Text)
}

/// What the methods of hashes and arrays give, and those that every object has.
fn of_collection(on: &Value, method: &str, arguments: &[Value]) -> Option<Value> {
    match (on, method, arguments) {
        (Value::Hash(pairs), "merge" | "update" | "merge!", [Value::Hash(more)]) => {
            Some(Value::Hash([pairs.as_slice(), more].concat()))
        }
        (Value::Hash(pairs), "reverse_merge" | "reverse_merge!", [Value::Hash(more)]) => {
            Some(Value::Hash([more.as_slice(), pairs].concat()))
        }
        (Value::Hash(pairs), "[]" | "fetch" | "delete", [Value::Text(key), ..])
            if pairs.iter().all(|pair| pair.key.is_some()) =>
        {
            let found = pairs.iter().rev().find(|pair| pair.key.as_deref() == Some(key));
            let default = arguments.get(1).cloned().unwrap_or(Value::Nil);
            Some(found.map_or(default, |pair| pair.value.clone()))
        }
        (Value::Array(_), "to_a" | "flatten" | "each", []) | (_, "freeze", []) => Some(on.clone()),
        (_, "||", [other]) => on.truth().map(|truth| if truth { on.clone() } else { other.clone() }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_filled_in() {
        let variables = BTreeMap::from([("kind".to_owned(), Value::Text("comment".to_owned()))]);
        let rails = Inflections::rails();
        let constant = |path: &str| (path == "KEY").then(|| Value::Text("key_id".to_owned()));
        let scope = Scope {
            variables: &variables,
            known: &|_| None,
            constant: &constant,
            class: "Blog::Post",
            inflections: &rails,
        };
        let name = |name: &str| Value::Name(name.to_owned());
        let call = |on: Value, method: &str| {
            Value::Call(Box::new(Invocation {
                receiver: Some(on),
                method: method.to_owned(),
                arguments: Vec::new(),
            }))
        };
        let text = |value: Value| value.resolve(&scope).text().map(str::to_owned);
        assert_eq!(text(call(name("kind"), "pluralize")).as_deref(), Some("comments"));
        assert_eq!(text(call(name("self"), "name")).as_deref(), Some("Blog::Post"));
        assert_eq!(text(Value::Constant("KEY".to_owned())).as_deref(), Some("key_id"));
        let template = |unknown: &str| Value::Template(vec![Value::Text("x_".to_owned()), call(name(unknown), "to_s")]);
        assert_eq!(text(template("kind")).as_deref(), Some("x_comment"));
        assert_eq!(text(template("other")), None);
    }
}
