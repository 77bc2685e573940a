//! PHP expressions, as far as names of classes, tables and columns are written with them.

use std::collections::BTreeMap;

use tree_sitter::Node;

use super::condition::Condition;
use crate::orm::tree::{Parsed, children, field};
use crate::schema::Location;

/// Deeper than anyone nests by hand; what lies below is unknown.
const MAX_DEPTH: usize = 60;

/// An expression, not yet evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// A string without anything to fill in.
    Text(String),
    /// `null`.
    Null,
    /// `$this`.
    This,
    /// `$name`.
    Variable(String),
    /// `Name::class`: a string too.
    Class(ClassName),
    /// `Name::CONSTANT`, also a case of an enum.
    Constant(ClassName, String),
    /// `Name::$property`.
    StaticProperty(ClassName, String),
    /// `object->property`.
    Property(Box<Expression>, String),
    /// `object->method(…)`.
    Call(Box<Expression>, String, Vec<Argument>),
    /// `Name::method(…)`.
    StaticCall(ClassName, String, Vec<Argument>),
    /// `function(…)`.
    FunctionCall(String, Vec<Argument>),
    /// `new Name`.
    New(ClassName),
    /// Strings put together, by `.` or inside of quotes.
    Joined(Vec<Expression>),
    /// `[key => value]`.
    List(Vec<(Option<Expression>, Expression)>),
    /// `first ?? second` and `first ?: second`.
    Either(Box<Expression>, Box<Expression>),
    /// `condition ? first : second`.
    Choice(Box<Condition>, Box<Expression>, Box<Expression>),
    /// Anything else, as it is written.
    Unknown(String),
}

/// How code names a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClassName {
    /// `self`: the class in which it is written.
    Own,
    /// `static`: the class of the object.
    Late,
    /// `parent`.
    Parent,
    /// A name in full, without the first backslash.
    Named(String),
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Argument {
    /// Its parameter, where it is passed by name.
    pub(super) name: Option<String>,
    /// Its value; a list of unknown length is unknown.
    pub(super) value: Expression,
    /// Where it stands.
    pub(super) location: Location,
}

/// What names mean at a place of a file.
pub(super) struct Names<'a> {
    pub(super) parsed: &'a Parsed<'a>,
    /// Without backslashes at its ends; empty where there is none.
    pub(super) namespace: String,
    /// What `use` imports: alias in lower case → name in full.
    pub(super) imports: BTreeMap<String, String>,
    /// The method around.
    pub(super) method: Option<String>,
}

impl Names<'_> {
    /// The full name of a class. In PHP names of classes have no case; aliases neither.
    pub(super) fn full(&self, written: &str) -> String {
        if let Some(full) = written.strip_prefix('\\') {
            return full.to_owned();
        }
        let (first, rest) = match written.split_once('\\') {
            Some((first, rest)) => (first, Some(rest)),
            None => (written, None),
        };
        let start = if first.eq_ignore_ascii_case("namespace") && rest.is_some() {
            Some(&self.namespace)
        } else {
            self.imports.get(&first.to_ascii_lowercase())
        };
        match (start, rest) {
            (Some(start), Some(rest)) => join(start, rest),
            (Some(start), None) => start.clone(),
            (None, _) => join(&self.namespace, written),
        }
    }

    /// The class that a node names; `None` where it is known only at run time.
    fn class_name(&self, node: Node<'_>) -> Option<ClassName> {
        let text = self.parsed.text(node);
        match node.kind() {
            "relative_scope" | "name" | "qualified_name" | "relative_name" => {
                Some(match text.to_ascii_lowercase().as_str() {
                    "self" => ClassName::Own,
                    "static" => ClassName::Late,
                    "parent" => ClassName::Parent,
                    _ => ClassName::Named(self.full(text)),
                })
            }
            "variable_name" if text == "$this" => Some(ClassName::Late),
            _ => None,
        }
    }

    /// An expression as it is meant.
    pub(super) fn expression(&self, node: Node<'_>) -> Expression {
        self.at_depth(node, 0)
    }

    fn at_depth(&self, node: Node<'_>, depth: usize) -> Expression {
        let understood = if depth < MAX_DEPTH {
            self.understood(node, depth + 1)
        } else {
            None
        };
        understood.unwrap_or_else(|| Expression::Unknown(shortened(self.parsed.text(node))))
    }

    fn understood(&self, node: Node<'_>, depth: usize) -> Option<Expression> {
        let inner = |node| self.at_depth(node, depth);
        let text = self.parsed.text(node);
        Some(match node.kind() {
            "string" | "encapsed_string" => self.string(node, depth),
            "null" => Expression::Null,
            "name" => match text {
                "__CLASS__" => Expression::Class(ClassName::Own),
                "__FUNCTION__" => Expression::Text(self.method.clone()?),
                _ => return None,
            },
            "variable_name" if text == "$this" => Expression::This,
            "variable_name" => Expression::Variable(text.trim_start_matches('$').to_owned()),
            "parenthesized_expression" => inner(*children(node).first()?),
            "cast_expression" => inner(field(node, "value")?),
            "class_constant_access_expression" => {
                let parts = children(node);
                let (class, constant) = (*parts.first()?, *parts.last()?);
                let constant = self.parsed.text(constant);
                let class = self.class_name(class)?;
                if constant.eq_ignore_ascii_case("class") {
                    Expression::Class(class)
                } else {
                    Expression::Constant(class, constant.to_owned())
                }
            }
            "scoped_property_access_expression" => {
                let property = self.parsed.text(field(node, "name")?).trim_start_matches('$');
                Expression::StaticProperty(self.class_name(field(node, "scope")?)?, property.to_owned())
            }
            "member_access_expression" | "nullsafe_member_access_expression" => {
                Expression::Property(Box::new(inner(field(node, "object")?)), self.plain_name(node)?)
            }
            "member_call_expression" | "nullsafe_member_call_expression" => Expression::Call(
                Box::new(inner(field(node, "object")?)),
                self.plain_name(node)?,
                self.arguments_at_depth(node, depth),
            ),
            "scoped_call_expression" => Expression::StaticCall(
                self.class_name(field(node, "scope")?)?,
                self.plain_name(node)?,
                self.arguments_at_depth(node, depth),
            ),
            "function_call_expression" => Expression::FunctionCall(
                self.parsed
                    .text(field(node, "function")?)
                    .trim_start_matches('\\')
                    .to_ascii_lowercase(),
                self.arguments_at_depth(node, depth),
            ),
            "object_creation_expression" => Expression::New(self.class_name(*children(node).first()?)?),
            "binary_expression" => self.binary(node, depth)?,
            "conditional_expression" if field(node, "body").is_none() => Expression::Either(
                Box::new(inner(field(node, "condition")?)),
                Box::new(inner(field(node, "alternative")?)),
            ),
            "conditional_expression" => Expression::Choice(
                Box::new(Condition::read(self, field(node, "condition")?)),
                Box::new(inner(field(node, "body")?)),
                Box::new(inner(field(node, "alternative")?)),
            ),
            "array_creation_expression" => self.list(node, depth),
            _ => return None,
        })
    }

    /// The name after `->` or `::`, where it is written out.
    pub(super) fn plain_name(&self, node: Node<'_>) -> Option<String> {
        let name = field(node, "name")?;
        (name.kind() == "name").then(|| self.parsed.text(name).to_owned())
    }

    /// The arguments of a call.
    pub(super) fn arguments(&self, call: Node<'_>) -> Vec<Argument> {
        self.arguments_at_depth(call, 0)
    }

    fn arguments_at_depth(&self, call: Node<'_>, depth: usize) -> Vec<Argument> {
        // Attributes have them in another field.
        let Some(list) = field(call, "arguments").or_else(|| field(call, "parameters")) else {
            return Vec::new();
        };
        let arguments = children(list).into_iter().filter(|node| node.kind() == "argument");
        let read = arguments.filter_map(|argument| {
            Some(Argument {
                name: field(argument, "name").map(|name| self.parsed.text(name).to_owned()),
                value: self.at_depth(*children(argument).last()?, depth),
                location: self.parsed.location(argument),
            })
        });
        read.collect()
    }

    fn string(&self, node: Node<'_>, depth: usize) -> Expression {
        let mut parts: Vec<Expression> = Vec::new();
        for child in children(node) {
            let written = self.parsed.text(child);
            let text = match child.kind() {
                "string_content" => written,
                // Backslashes and quotes; nothing else is escaped in a name.
                "escape_sequence" => written.strip_prefix('\\').unwrap_or(written),
                _ => {
                    parts.push(self.at_depth(child, depth));
                    continue;
                }
            };
            if let Some(Expression::Text(last)) = parts.last_mut() {
                last.push_str(text);
            } else {
                parts.push(Expression::Text(text.to_owned()));
            }
        }
        match parts.pop() {
            None => Expression::Text(String::new()),
            Some(Expression::Text(text)) if parts.is_empty() => Expression::Text(text),
            Some(last) => {
                parts.push(last);
                Expression::Joined(parts)
            }
        }
    }

    fn binary(&self, node: Node<'_>, depth: usize) -> Option<Expression> {
        let left = self.at_depth(field(node, "left")?, depth);
        let right = self.at_depth(field(node, "right")?, depth);
        match self.parsed.text(field(node, "operator")?) {
            "." => Some(Expression::Joined(vec![left, right])),
            "??" => Some(Expression::Either(Box::new(left), Box::new(right))),
            _ => None,
        }
    }

    fn list(&self, node: Node<'_>, depth: usize) -> Expression {
        let entries = children(node).into_iter().map(|entry| {
            let parts = children(entry);
            match parts.as_slice() {
                [value] => (None, self.at_depth(*value, depth)),
                [key, value] => (Some(self.at_depth(*key, depth)), self.at_depth(*value, depth)),
                _ => (None, Expression::Unknown(shortened(self.parsed.text(entry)))),
            }
        });
        Expression::List(entries.collect())
    }
}

/// A name below a namespace.
pub(super) fn join(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}\\{name}")
    }
}

/// Code for a message: one line, not too long.
fn shortened(code: &str) -> String {
    let line: Vec<&str> = code.split_whitespace().collect();
    let line = line.join(" ");
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or("")),
        None => line,
    }
}
