//! Expressions of Ruby, from the syntax tree.

use tree_sitter::Node;

use super::value::{Invocation, Lambda, Pair, Value};
use crate::orm::tree::{Parsed, Walk, children, field, walk};

/// How deep an expression is read.
const DEEPEST: u32 = 24;

/// The arguments of a call. Options without braces are one hash, and the last.
pub(super) fn arguments(parsed: &Parsed<'_>, list: Node<'_>) -> Vec<Value> {
    arguments_at(parsed, list, 0)
}

/// An expression.
pub(super) fn value(parsed: &Parsed<'_>, node: Node<'_>) -> Value {
    value_at(parsed, node, 0)
}

fn arguments_at(parsed: &Parsed<'_>, list: Node<'_>, depth: u32) -> Vec<Value> {
    let mut positional = Vec::new();
    let mut pairs = Vec::new();
    for child in children(list) {
        match child.kind() {
            "pair" | "hash_splat_argument" => pairs.extend(pair(parsed, child, depth)),
            "block_argument" => {}
            _ => positional.push(value_at(parsed, child, depth + 1)),
        }
    }
    if !pairs.is_empty() {
        positional.push(Value::Hash(pairs));
    }
    positional
}

fn value_at(parsed: &Parsed<'_>, node: Node<'_>, depth: u32) -> Value {
    let text = parsed.text(node);
    let other = || Value::Other(text.chars().take(60).collect());
    if depth > DEEPEST {
        return other();
    }
    let inner = |node: Node<'_>| value_at(parsed, node, depth + 1);
    match node.kind() {
        "simple_symbol" => Value::Text(text.trim_start_matches(':').to_owned()),
        "hash_key_symbol" => Value::Text(text.to_owned()),
        "string" | "delimited_symbol" | "bare_string" | "bare_symbol" | "chained_string" => {
            template(parsed, node, depth)
        }
        "integer" | "float" => Value::Number(text.to_owned()),
        "true" => Value::True,
        "false" => Value::False,
        "nil" => Value::Nil,
        "array" | "string_array" | "symbol_array" => Value::Array(children(node).into_iter().map(inner).collect()),
        "hash" => {
            let pairs = children(node).into_iter();
            Value::Hash(pairs.filter_map(|child| pair(parsed, child, depth)).collect())
        }
        "constant" | "scope_resolution" => constant(text),
        "identifier" | "self" | "instance_variable" => Value::Name(text.to_owned()),
        "regex" => pattern(text),
        "lambda" => lambda(parsed, field(node, "body")),
        "parenthesized_statements" => match children(node).as_slice() {
            [only] => inner(*only),
            _ => other(),
        },
        "call" => call(parsed, node, depth),
        "element_reference" => element(parsed, node, depth),
        "binary" => binary(parsed, node, depth),
        _ => other(),
    }
}

/// `options[:key]`, as a call of the method `[]`.
fn element(parsed: &Parsed<'_>, node: Node<'_>, depth: u32) -> Value {
    let mut inside = children(node)
        .into_iter()
        .map(|child| value_at(parsed, child, depth + 1));
    Value::Call(Box::new(Invocation {
        receiver: inside.next(),
        method: "[]".to_owned(),
        arguments: inside.collect(),
    }))
}

/// `one || other`, as a call of the method `||`; other operators are not followed.
fn binary(parsed: &Parsed<'_>, node: Node<'_>, depth: u32) -> Value {
    let operator = field(node, "operator").map_or("", |operator| parsed.text(operator));
    match (operator, field(node, "left"), field(node, "right")) {
        ("||" | "or", Some(left), Some(right)) => Value::Call(Box::new(Invocation {
            receiver: Some(value_at(parsed, left, depth + 1)),
            method: "||".to_owned(),
            arguments: vec![value_at(parsed, right, depth + 1)],
        })),
        _ => Value::Other(parsed.text(node).chars().take(60).collect()),
    }
}

/// `/…/i` and `%r{…}`.
fn pattern(text: &str) -> Value {
    let inside = text
        .strip_prefix("%r")
        .map_or_else(|| text.strip_prefix('/'), |rest| rest.get(1..));
    let end = inside.and_then(|inside| inside.rfind(['/', '}', ')', ']', '!', '|']));
    match (inside, end) {
        (Some(inside), Some(end)) => Value::Pattern {
            source: inside.get(..end).unwrap_or("").to_owned(),
            any_case: inside.get(end..).is_some_and(|flags| flags.contains('i')),
        },
        _ => Value::Other(text.to_owned()),
    }
}

/// A constant, if no expression is in it.
fn constant(text: &str) -> Value {
    let path: String = text.split_whitespace().collect();
    let is_plain = path
        .chars()
        .all(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':');
    let starts_large = path.trim_start_matches("::").starts_with(char::is_uppercase);
    if is_plain && starts_large {
        Value::Constant(path)
    } else {
        Value::Other(path)
    }
}

fn call(parsed: &Parsed<'_>, node: Node<'_>, depth: u32) -> Value {
    let method = field(node, "method").map_or("", |method| parsed.text(method));
    let receiver = field(node, "receiver");
    let block = field(node, "block");
    if receiver.is_none() && matches!(method, "lambda" | "proc") {
        return lambda(parsed, block);
    }
    if block.is_some() {
        return Value::Other(parsed.text(node).chars().take(60).collect());
    }
    Value::Call(Box::new(Invocation {
        receiver: receiver.map(|receiver| value_at(parsed, receiver, depth + 1)),
        method: method.to_owned(),
        arguments: field(node, "arguments").map_or_else(Vec::new, |list| arguments_at(parsed, list, depth + 1)),
    }))
}

fn pair(parsed: &Parsed<'_>, node: Node<'_>, depth: u32) -> Option<Pair> {
    let location = parsed.location(node);
    if node.kind() == "hash_splat_argument" {
        let value = value_at(parsed, children(node).first().copied()?, depth + 1);
        let key = None;
        return Some(Pair { key, value, location });
    }
    let key_node = field(node, "key")?;
    let key = value_at(parsed, key_node, depth + 1).text()?.to_owned();
    let value = match field(node, "value") {
        Some(value) => value_at(parsed, value, depth + 1),
        // `name:` alone stands for `name: name` (Ruby 3.1).
        None => Value::Name(key.clone()),
    };
    Some(Pair {
        key: Some(key),
        value,
        location,
    })
}

fn template(parsed: &Parsed<'_>, node: Node<'_>, depth: u32) -> Value {
    let mut parts = Vec::new();
    for child in children(node) {
        parts.push(match child.kind() {
            "string_content" => Value::Text(parsed.text(child).to_owned()),
            "escape_sequence" => Value::Text(unescaped(parsed.text(child))),
            "interpolation" => match children(child).as_slice() {
                [only] => value_at(parsed, *only, depth + 1),
                _ => Value::Other(parsed.text(child).to_owned()),
            },
            "string" => template(parsed, child, depth + 1),
            _ => Value::Other(parsed.text(child).to_owned()),
        });
    }
    let texts: Option<Vec<&str>> = parts.iter().map(Value::text).collect();
    match texts {
        Some(texts) => Value::Text(texts.concat()),
        None => Value::Template(parts),
    }
}

fn unescaped(sequence: &str) -> String {
    match sequence {
        "\\n" => "\n".to_owned(),
        "\\t" => "\t".to_owned(),
        _ => sequence.strip_prefix('\\').unwrap_or(sequence).to_owned(),
    }
}

/// What a function does to the relation that it is called on.
fn lambda(parsed: &Parsed<'_>, body: Option<Node<'_>>) -> Value {
    Value::Lambda(body.map_or_else(
        || Lambda {
            calls: Vec::new(),
            only_null: None,
            gives: None,
        },
        |body| relation(parsed, body),
    ))
}

/// How [`Lambda::calls`] has `unscope(:where)`.
pub(super) const UNSCOPE_WHERE: &str = "unscope(:where)";

/// The methods that a block calls one on the other: `where`, `order` of `where(…).order(…)`. What stands in their
/// arguments is left out.
pub(super) fn relation(parsed: &Parsed<'_>, body: Node<'_>) -> Lambda {
    let mut calls = Vec::new();
    let mut only_null = None;
    walk(body, &mut |node| match node.kind() {
        "argument_list" | "block_parameters" | "lambda_parameters" => Walk::Over,
        "identifier" if node.parent().is_some_and(|parent| parent.kind() != "call") => {
            calls.push(parsed.text(node).to_owned());
            Walk::Over
        }
        "call" => {
            let method = field(node, "method").map_or("", |method| parsed.text(method));
            calls.push(if takes_back_key(parsed, node, method) {
                UNSCOPE_WHERE.to_owned()
            } else {
                method.to_owned()
            });
            only_null = only_null.take().or_else(|| column_that_is_null(parsed, node, method));
            Walk::Into
        }
        _ => Walk::Into,
    });
    let only_null = only_null.filter(|_| calls.iter().all(|call| call == "where"));
    let inside = children(body)
        .into_iter()
        .find(|child| child.kind() != "block_parameters");
    let statement = inside.filter(|inside| matches!(inside.kind(), "block_body" | "body_statement"));
    let only = statement.and_then(|inside| match children(inside).as_slice() {
        [only] if only.kind() == "string" => value(parsed, *only).text().map(str::to_owned),
        _ => None,
    });
    Lambda {
        calls,
        only_null,
        gives: only,
    }
}

/// Whether it is `unscope(:where)`, which takes the condition on the key back too.
fn takes_back_key(parsed: &Parsed<'_>, node: Node<'_>, method: &str) -> bool {
    let given = field(node, "arguments").filter(|_| method == "unscope");
    let given = given.map_or_else(Vec::new, |given| arguments(parsed, given));
    given.iter().any(|part| part.text() == Some("where"))
}

/// The column of `where(column: nil)`.
fn column_that_is_null(parsed: &Parsed<'_>, node: Node<'_>, method: &str) -> Option<String> {
    if method != "where" {
        return None;
    }
    let given = arguments(parsed, field(node, "arguments")?);
    match given.as_slice() {
        [Value::Hash(pairs)] => match pairs.as_slice() {
            [only] if only.value == Value::Nil => only.key.clone(),
            _ => None,
        },
        _ => None,
    }
}
