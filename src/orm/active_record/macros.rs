//! Macros of the application: methods of classes in which associations are declared.

use std::collections::{BTreeMap, BTreeSet};

use super::application::each;
use super::index::Index;
use super::options::declaration;
use super::syntax::{Method, ParameterKind, Statement};
use super::value::{Pair, Value};
use crate::schema::Location;

/// All of them, by name.
pub(super) struct Macros<'i> {
    index: &'i Index,
    by_name: BTreeMap<&'i str, Vec<Macro<'i>>>,
}

struct Macro<'i> {
    /// The module or class that has it.
    owner: &'i str,
    nesting: &'i [String],
    method: &'i Method,
}

impl<'i> Macros<'i> {
    pub(super) fn new(index: &'i Index) -> Self {
        let mut by_name: BTreeMap<&str, Vec<Macro<'_>>> = BTreeMap::new();
        for named in index.all() {
            let mut add = |method: &'i Method| {
                let is_hook = ["included", "prepended", "extended", "inherited"].contains(&method.name.as_str());
                if !is_hook && declares(&method.body) {
                    by_name.entry(method.name.as_str()).or_default().push(Macro {
                        owner: &named.name,
                        nesting: &named.nesting,
                        method,
                    });
                }
            };
            each(&named.definition.body, &mut |statement| match statement {
                // A method of the objects of a class cannot declare anything; one of a module can, when it is extended.
                Statement::Method(method) if method.on_class || !named.definition.is_class => add(method),
                Statement::Call(call) if call.name == "class_methods" && named.definition.is_class => {
                    let body = call.block.iter().flat_map(|block| &block.body);
                    for method in body {
                        if let Statement::Method(method) = method {
                            add(method);
                        }
                    }
                }
                _ => {}
            });
        }
        Self { index, by_name }
    }

    /// The macro that a call in a class means: its own, or that of a module in it, or the only one of that name.
    pub(super) fn find(
        &self,
        name: &str,
        class: &str,
        modules: &BTreeSet<String>,
    ) -> Option<(&'i [String], &'i Method)> {
        let candidates = self.by_name.get(name)?;
        let is_mine = |candidate: &&Macro<'_>| {
            candidate.owner == class
                || modules.iter().any(|module| {
                    let module = module.rsplit(' ').next().unwrap_or(module);
                    candidate.owner == module || candidate.owner == format!("{module}::ClassMethods")
                })
        };
        let found = candidates.iter().find(is_mine).or(match candidates.as_slice() {
            [only] if !self.index.is_class(only.owner) || self.is_above(only.owner, class) => Some(only),
            _ => None,
        });
        found.map(|found| (found.nesting, found.method))
    }

    /// Whether a class inherits from another.
    fn is_above(&self, above: &str, class: &str) -> bool {
        let mut at = class.to_owned();
        for _ in 0..32 {
            let Some((Value::Constant(path), nesting)) = self.index.superclass(&at) else {
                return false;
            };
            let Some(next) = self.index.resolve(path, nesting) else {
                return false;
            };
            if next == above {
                return true;
            }
            at = next;
        }
        false
    }
}

/// Whether an association is declared in a method, or a module put in that may do so.
fn declares(body: &[Statement]) -> bool {
    let mut found = false;
    each(body, &mut |statement| {
        if let Statement::Call(call) = statement {
            found |= declaration(&call.name).is_some() && !call.arguments.is_empty();
            found |= ["include", "send"].contains(&call.name.as_str()) && !call.arguments.is_empty();
        }
    });
    found
}

/// What the parameters of a macro stand for in a call.
pub(super) fn bind(method: &Method, arguments: &[Value]) -> BTreeMap<String, Value> {
    let mut bound = BTreeMap::new();
    let has_keywords = method
        .parameters
        .iter()
        .any(|parameter| matches!(parameter.kind, ParameterKind::Keyword | ParameterKind::RestOfKeywords));
    let (positional, mut options) = match arguments.split_last() {
        Some((Value::Hash(pairs), rest)) if has_keywords => (rest, pairs.clone()),
        _ => (arguments, Vec::new()),
    };
    let mut positional = positional.iter().cloned();
    for parameter in &method.parameters {
        let value = match parameter.kind {
            ParameterKind::Position => positional.next().or_else(|| parameter.default.clone()),
            ParameterKind::Keyword => take(&mut options, &parameter.name).or_else(|| parameter.default.clone()),
            ParameterKind::RestOfPositions => Some(Value::Array(positional.by_ref().collect())),
            ParameterKind::RestOfKeywords => Some(Value::Hash(std::mem::take(&mut options))),
        };
        if let Some(value) = value {
            bound.insert(parameter.name.clone(), value);
        }
    }
    bound
}

fn take(options: &mut Vec<Pair>, key: &str) -> Option<Value> {
    let at = options.iter().position(|pair| pair.key.as_deref() == Some(key))?;
    Some(options.remove(at).value)
}

/// An option as if it were written.
pub(super) fn written(key: &str, value: Value, location: &Location) -> Pair {
    Pair {
        key: Some(key.to_owned()),
        value,
        location: location.clone(),
    }
}
