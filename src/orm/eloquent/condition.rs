//! Conditions in PHP, as far as they choose between names.

use tree_sitter::Node;

use super::evaluate::{Place, Value};
use super::expression::{Expression, Names};
use crate::orm::tree::{Walk, children, field, walk};

/// Deeper than anyone nests by hand.
const MAX_DEPTH: usize = 40;

/// What is asked, not yet evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Condition {
    /// `first === second`, `first == second`.
    Same(Expression, Expression),
    /// `!condition`.
    Not(Box<Condition>),
    /// `first && second`.
    Both(Box<Condition>, Box<Condition>),
    /// `first || second`.
    Either(Box<Condition>, Box<Condition>),
    /// A value that is taken for true or false.
    Holds(Expression),
}

impl Condition {
    /// Reads a condition.
    pub(super) fn read(names: &Names<'_>, node: Node<'_>) -> Self {
        Self::read_at(names, node, 0)
    }

    fn read_at(names: &Names<'_>, node: Node<'_>, depth: usize) -> Self {
        let inner = |node| Box::new(Self::read_at(names, node, depth + 1));
        let operator = field(node, "operator").map_or("", |operator| names.parsed.text(operator));
        match node.kind() {
            _ if depth > MAX_DEPTH => {}
            "parenthesized_expression" => {
                if let Some(only) = children(node).first() {
                    return Self::read_at(names, *only, depth + 1);
                }
            }
            "unary_op_expression" if operator == "!" => {
                if let Some(argument) = children(node).last() {
                    return Self::Not(inner(*argument));
                }
            }
            "binary_expression" => {
                if let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) {
                    let same = || Self::Same(names.expression(left), names.expression(right));
                    match operator {
                        "===" | "==" => return same(),
                        "!==" | "!=" | "<>" => return Self::Not(Box::new(same())),
                        "&&" | "and" => return Self::Both(inner(left), inner(right)),
                        "||" | "or" => return Self::Either(inner(left), inner(right)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Self::Holds(names.expression(node))
    }

    /// Whether it is so; `None` where that is known only when the code runs.
    pub(super) fn is_met(&self, place: &Place<'_>) -> Option<bool> {
        match self {
            Self::Same(one, other) => match (place.value(one), place.value(other)) {
                (one @ (Value::Text(_) | Value::Null), other @ (Value::Text(_) | Value::Null)) => Some(one == other),
                (Value::Object(_) | Value::List(_), Value::Null) | (Value::Null, Value::Object(_) | Value::List(_)) => {
                    Some(false)
                }
                _ => None,
            },
            Self::Not(condition) => condition.is_met(place).map(|met| !met),
            Self::Both(one, other) => match (one.is_met(place), other.is_met(place)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Either(one, other) => match (one.is_met(place), other.is_met(place)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Holds(value) => match place.value(value) {
                Value::Text(text) => Some(!matches!(text.as_str(), "" | "0")),
                Value::Null => Some(false),
                Value::Object(_) => Some(true),
                Value::List(_) | Value::Unknown(_) => None,
            },
        }
    }
}

/// What a block of statements returns, where it only chooses: `if (…) { return …; } return …;`. What stands between and
/// returns nothing does not matter.
pub(super) fn chosen(names: &Names<'_>, block: Node<'_>) -> Option<Expression> {
    chosen_at(names, block, 0)
}

fn chosen_at(names: &Names<'_>, block: Node<'_>, depth: usize) -> Option<Expression> {
    if depth > MAX_DEPTH {
        return None;
    }
    let statements = match block.kind() {
        "compound_statement" => children(block),
        _ => vec![block],
    };
    let mut choices = Vec::new();
    let mut last = None;
    for statement in statements.into_iter().filter(|statement| returns(*statement)) {
        if statement.kind() == "return_statement" {
            last = Some(names.expression(*children(statement).first()?));
            break;
        }
        if statement.kind() != "if_statement" {
            return None;
        }
        let condition = Condition::read(names, field(statement, "condition")?);
        let then = chosen_at(names, field(statement, "body")?, depth + 1)?;
        choices.push((condition, then));
        match children(statement)
            .into_iter()
            .find(|part| part.kind().starts_with("else"))
        {
            Some(part) if part.kind() == "else_clause" => {
                last = Some(chosen_at(names, field(part, "body")?, depth + 1)?);
                break;
            }
            Some(_) => return None,
            None => {}
        }
    }
    choices.into_iter().rev().fold(last, |otherwise, (condition, then)| {
        Some(Expression::Choice(
            Box::new(condition),
            Box::new(then),
            Box::new(otherwise?),
        ))
    })
}

/// Whether a statement has a `return` in it that is its function's.
fn returns(statement: Node<'_>) -> bool {
    let mut found = false;
    walk(statement, &mut |node| match node.kind() {
        "return_statement" => {
            found = true;
            Walk::Over
        }
        "anonymous_function" | "arrow_function" | "anonymous_class" => Walk::Over,
        _ => Walk::Into,
    });
    found
}
