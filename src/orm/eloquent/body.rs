//! What the statements of methods do, as far as associations are concerned.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::class::{Body, Chain, FileFacts, Method, MorphMap, Root, Step, UsedAs};
use super::condition::chosen;
use super::expression::{ClassName, Expression, Names};
use super::framework::{RELATION_CLASSES, is_association};
use crate::orm::tree::{Walk, children, field, walk};

/// The class that morph maps are set on.
const RELATION: &str = "Illuminate\\Database\\Eloquent\\Relations\\Relation";

/// Reads statements. `this` is how the object is called there.
pub(super) fn read(names: &Names<'_>, body: Node<'_>, this: &str) -> Body {
    let mut reader = Reader {
        names,
        this,
        read: Body::default(),
        results: BTreeMap::new(),
        inside_chain: BTreeSet::new(),
    };
    if body.kind() != "compound_statement" {
        // The one expression of an arrow function.
        reader.leads_to(body, &UsedAs::Returned);
    }
    walk(body, &mut |node| reader.visit(node));
    let mut read = reader.read;
    if read.returns.len() > 1 {
        read.chosen = chosen(names, body);
    }
    read
}

struct Reader<'a> {
    names: &'a Names<'a>,
    this: &'a str,
    read: Body,
    /// What becomes of the value of a node.
    results: BTreeMap<usize, UsedAs>,
    /// Nodes that are the beginning of a longer chain.
    inside_chain: BTreeSet<usize>,
}

impl Reader<'_> {
    fn visit(&mut self, node: Node<'_>) -> Walk {
        match node.kind() {
            "anonymous_class" | "class_declaration" => return Walk::Over,
            "return_statement" => {
                if let Some(value) = children(node).first() {
                    self.read.returns.push(self.names.expression(*value));
                    self.leads_to(*value, &UsedAs::Returned);
                }
            }
            "assignment_expression" => self.assignment(node),
            "member_call_expression" | "nullsafe_member_call_expression" | "scoped_call_expression"
                if !self.inside_chain.contains(&node.id()) =>
            {
                self.chain(node);
            }
            "object_creation_expression" => {
                let class = children(node)
                    .first()
                    .map(|class| self.names.full(self.names.parsed.text(*class)));
                let made = class.is_some_and(|class| {
                    let relation = class.strip_prefix("Illuminate\\Database\\Eloquent\\Relations\\");
                    relation.is_some_and(|relation| RELATION_CLASSES.contains(&relation))
                });
                if made && self.read.made_by_hand.is_none() {
                    self.read.made_by_hand = Some(self.names.parsed.location(node));
                }
            }
            _ => {}
        }
        Walk::Into
    }

    /// Says what becomes of a value, also of the values that it can be one of.
    fn leads_to(&mut self, node: Node<'_>, result: &UsedAs) {
        let mut values = vec![node];
        while let Some(value) = values.pop() {
            match value.kind() {
                "parenthesized_expression" | "match_block" => values.extend(children(value)),
                "match_expression" => values.extend(field(value, "body")),
                "match_conditional_expression" | "match_default_expression" => {
                    values.extend(field(value, "return_expression"));
                }
                "conditional_expression" => {
                    values.extend(field(value, "body"));
                    values.extend(field(value, "alternative"));
                }
                "assignment_expression" => values.extend(field(value, "right")),
                _ => {
                    self.results.insert(value.id(), result.clone());
                }
            }
        }
    }

    fn assignment(&mut self, node: Node<'_>) {
        let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
            return;
        };
        match self.names.expression(left) {
            Expression::Variable(name) => {
                self.leads_to(right, &UsedAs::Assigned(name.clone()));
                let value = self.names.expression(right);
                self.read.variables.entry(name).or_default().push(value);
            }
            Expression::Property(object, name) if *object == Expression::This => {
                let value = self.names.expression(right);
                self.read.properties.insert(name, value);
            }
            _ => {}
        }
    }

    fn chain(&mut self, outermost: Node<'_>) {
        let mut steps = Vec::new();
        let mut node = outermost;
        let root = loop {
            match node.kind() {
                "member_call_expression" | "nullsafe_member_call_expression" => {
                    self.inside_chain.insert(node.id());
                    steps.push(node);
                    let Some(object) = field(node, "object") else { return };
                    node = object;
                }
                "scoped_call_expression" => {
                    self.inside_chain.insert(node.id());
                    steps.push(node);
                    break field(node, "scope");
                }
                "parenthesized_expression" => match children(node).first() {
                    Some(inner) => node = *inner,
                    None => return,
                },
                _ => break Some(node),
            }
        };
        steps.reverse();
        let Some(root) = root else { return };
        let text = self.names.parsed.text(root);
        let root = match root.kind() {
            "variable_name" if text == self.this => Root::This,
            "variable_name" => {
                let called = steps.iter().filter_map(|step| self.names.plain_name(*step));
                let variable = text.trim_start_matches('$').to_owned();
                self.read.called_on.entry(variable).or_default().extend(called);
                return;
            }
            "relative_scope" => match text.to_ascii_lowercase().as_str() {
                "self" => Root::Class(ClassName::Own),
                "static" => Root::Class(ClassName::Late),
                _ => Root::Class(ClassName::Parent),
            },
            _ => return,
        };
        let result = self.results.get(&outermost.id()).cloned().unwrap_or(UsedAs::Other);
        let plain = |step: &Node<'_>| self.names.plain_name(*step).unwrap_or_default();
        let is_of_use = steps.iter().any(|step| is_association(&plain(step))) || result != UsedAs::Other;
        let first_is_set_table = steps.first().is_some_and(|step| plain(step) == "setTable");
        if !is_of_use && !first_is_set_table {
            return;
        }
        let steps = steps.iter().map(|step| Step {
            name: plain(step),
            arguments: self.names.arguments(*step),
            location: self.names.parsed.location(field(*step, "name").unwrap_or(*step)),
        });
        let steps = steps.collect();
        self.read.chains.push(Chain { root, steps, result });
    }
}

/// Reads a call on a class that is about associations wherever it stands: a morph map, or an association that is added
/// from outside.
pub(super) fn read_registration(names: &Names<'_>, call: Node<'_>, class: Option<&str>, facts: &mut FileFacts) {
    let (Some(method), Some(scope)) = (names.plain_name(call), field(call, "scope")) else {
        return;
    };
    let scope = names.full(names.parsed.text(scope));
    match method.as_str() {
        "morphMap" | "enforceMorphMap" if scope == RELATION => {
            let argument = names.arguments(call).into_iter().next();
            // Without argument it asks for the map.
            if let Some(argument) = argument {
                facts.morph_maps.push(MorphMap {
                    map: argument.value,
                    class: class.map(str::to_owned),
                    location: names.parsed.location(call),
                });
            }
        }
        "resolveRelationUsing" => match added(names, call) {
            Some(method) => facts.added.push((scope, method)),
            None => facts.notes.push(names.parsed.note(
                call,
                format!("An association that is added to `{scope}` here could not be followed."),
            )),
        },
        _ => {}
    }
}

fn added(names: &Names<'_>, call: Node<'_>) -> Option<Method> {
    let arguments = names.arguments(call);
    let Expression::Text(name) = &arguments.first()?.value else {
        return None;
    };
    let nodes = children(field(call, "arguments")?);
    let closure = *children(*nodes.get(1)?).last()?;
    let parameter = *children(field(closure, "parameters")?).first()?;
    let this = names.parsed.text(field(parameter, "name")?);
    Some(Method {
        name: name.clone(),
        body: read(names, field(closure, "body")?, this),
        ..Method::default()
    })
}
