//! A PHP file → its classes.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::body::{self, read_registration};
use super::class::{Class, FileFacts, Method, Sort};
use super::expression::{Expression, Names, join};
use crate::orm::SourceFile;
use crate::orm::tree::{Parsed, Walk, children, field, walk};

/// Reads a file; `None` where the grammar cannot be loaded.
pub(super) fn read(file: &SourceFile) -> Option<FileFacts> {
    let parsed = Parsed::new(file, &tree_sitter_php::LANGUAGE_PHP.into())?;
    let mut facts = FileFacts::default();
    let mut names = Names {
        parsed: &parsed,
        namespace: String::new(),
        imports: BTreeMap::new(),
        method: None,
    };
    walk(parsed.root(), &mut |node| {
        visit(&mut names, node, &mut facts);
        match node.kind() {
            "class_declaration" | "trait_declaration" | "interface_declaration" | "enum_declaration" => Walk::Over,
            _ => Walk::Into,
        }
    });
    Some(facts)
}

fn visit(names: &mut Names<'_>, node: Node<'_>, facts: &mut FileFacts) {
    match node.kind() {
        "namespace_definition" => {
            let name = field(node, "name").map_or("", |name| names.parsed.text(name));
            name.clone_into(&mut names.namespace);
            names.imports.clear();
        }
        "namespace_use_declaration" => import(names, node),
        "class_declaration" | "trait_declaration" | "interface_declaration" | "enum_declaration" => {
            read_class(names, node, facts);
        }
        "function_definition" => {
            if let (Some(name), Some(body)) = (field(node, "name"), field(node, "body")) {
                let name = names.parsed.text(name).to_ascii_lowercase();
                facts.functions.insert(name, body::read(names, body, "$this"));
            }
        }
        "anonymous_class" if has_associations(names, node) => {
            let message = "A class without a name declares associations: they are not read.";
            facts.notes.push(names.parsed.note(node, message));
        }
        "scoped_call_expression" => read_registration(names, node, None, facts),
        "return_statement" if node.parent().is_some_and(|parent| parent.kind() == "program") => {
            facts.returned = children(node).first().map(|value| names.expression(*value));
        }
        _ => {}
    }
}

fn has_associations(names: &Names<'_>, class: Node<'_>) -> bool {
    let Some(members) = field(class, "body") else {
        return false;
    };
    let methods = children(members).into_iter().filter_map(|member| field(member, "body"));
    methods
        .map(|method| body::read(names, method, "$this"))
        .any(|body| body.chains.iter().any(super::class::Chain::is_association))
}

fn import(names: &mut Names<'_>, node: Node<'_>) {
    if field(node, "type").is_some() {
        return; // Functions and constants.
    }
    let parts = children(node);
    let (start, clauses) = match field(node, "body") {
        Some(group) => {
            let start = parts.first().map_or("", |start| names.parsed.text(*start));
            (start.trim_matches('\\').to_owned(), children(group))
        }
        None => (String::new(), parts),
    };
    for clause in clauses.into_iter().filter(|clause| field(*clause, "type").is_none()) {
        let Some(name) = children(clause).first().map(|name| names.parsed.text(*name)) else {
            continue;
        };
        let full = join(&start, name.trim_start_matches('\\'));
        let alias = match field(clause, "alias") {
            Some(alias) => names.parsed.text(alias),
            None => full.rsplit('\\').next().unwrap_or(&full),
        };
        names.imports.insert(alias.to_ascii_lowercase(), full);
    }
}

fn read_class(names: &mut Names<'_>, node: Node<'_>, facts: &mut FileFacts) {
    let (Some(name), Some(members)) = (field(node, "name"), field(node, "body")) else {
        return;
    };
    let parts = children(node);
    let part = |kind: &str| parts.iter().copied().find(|part| part.kind() == kind);
    let parent = part("base_clause").and_then(|base| children(base).into_iter().next());
    let mut class = Class {
        name: join(&names.namespace, names.parsed.text(name)),
        sort: match node.kind() {
            "trait_declaration" => Sort::Trait,
            "class_declaration" if part("abstract_modifier").is_some() => Sort::Abstract,
            "class_declaration" => Sort::Concrete,
            _ => Sort::Constants,
        },
        parent: parent.map(|parent| names.full(names.parsed.text(parent))),
        traits: Vec::new(),
        renamed: Vec::new(),
        left_out: Vec::new(),
        attributes: attributes(names, node),
        constants: BTreeMap::new(),
        properties: BTreeMap::new(),
        methods: Vec::new(),
        location: names.parsed.location(name),
    };
    for member in children(members) {
        read_member(names, member, &mut class, facts);
    }
    facts.classes.push(class);
}

fn attributes(names: &Names<'_>, class: Node<'_>) -> Vec<(String, Vec<super::expression::Argument>)> {
    let Some(list) = field(class, "attributes") else {
        return Vec::new();
    };
    let attributes = children(list).into_iter().flat_map(children);
    let read = attributes.filter_map(|attribute| {
        let name = children(attribute).into_iter().next()?;
        Some((names.full(names.parsed.text(name)), names.arguments(attribute)))
    });
    read.collect()
}

fn read_member(names: &mut Names<'_>, member: Node<'_>, class: &mut Class, facts: &mut FileFacts) {
    match member.kind() {
        "use_declaration" => read_traits(names, member, class),
        "const_declaration" => {
            for element in children(member)
                .into_iter()
                .filter(|part| part.kind() == "const_element")
            {
                if let [name, value] = children(element).as_slice() {
                    let value = names.expression(*value);
                    class.constants.insert(names.parsed.text(*name).to_owned(), value);
                }
            }
        }
        "enum_case" => {
            if let (Some(name), Some(value)) = (field(member, "name"), field(member, "value")) {
                let value = names.expression(value);
                class.constants.insert(names.parsed.text(name).to_owned(), value);
            }
        }
        "property_declaration" => {
            for element in children(member)
                .into_iter()
                .filter(|part| part.kind() == "property_element")
            {
                let value = field(element, "default_value").map_or(Expression::Null, |value| names.expression(value));
                if let Some(name) = field(element, "name") {
                    let name = names.parsed.text(name).trim_start_matches('$');
                    class.properties.insert(name.to_owned(), value);
                }
            }
        }
        "method_declaration" => {
            if let Some(method) = read_method(names, member) {
                class.methods.push(method);
            }
            walk(member, &mut |node| {
                if node.kind() == "scoped_call_expression" {
                    read_registration(names, node, Some(&class.name), facts);
                }
                Walk::Into
            });
        }
        _ => {}
    }
}

fn read_traits(names: &Names<'_>, node: Node<'_>, class: &mut Class) {
    for part in children(node) {
        if part.kind() != "use_list" {
            class.traits.push(names.full(names.parsed.text(part)));
            continue;
        }
        for rule in children(part) {
            let words = children(rule);
            let Some(first) = words.first() else { continue };
            let (from, method) = match children(*first).as_slice() {
                [from, method] => (Some(names.full(names.parsed.text(*from))), *method),
                _ => (None, *first),
            };
            let method = names.parsed.text(method).to_owned();
            match (rule.kind(), words.last().filter(|last| last.kind() == "name")) {
                ("use_as_clause", Some(alias)) if alias.id() != first.id() => {
                    class.renamed.push((from, method, names.parsed.text(*alias).to_owned()));
                }
                ("use_instead_of_clause", Some(other)) => {
                    class.left_out.push((names.full(names.parsed.text(*other)), method));
                }
                _ => {}
            }
        }
    }
}

fn read_method(names: &mut Names<'_>, node: Node<'_>) -> Option<Method> {
    let name = names.parsed.text(field(node, "name")?).to_owned();
    let mut parameters = BTreeSet::new();
    for parameter in field(node, "parameters").map(children).unwrap_or_default() {
        if let Some(name) = field(parameter, "name") {
            parameters.insert(names.parsed.text(name).trim_start_matches('$').to_owned());
        }
    }
    let return_type = field(node, "return_type").map(|node| {
        let text = names.parsed.text(node).trim_start_matches('?');
        text.rsplit('\\').next().unwrap_or(text).to_owned()
    });
    names.method = Some(name.clone());
    let body = field(node, "body").map(|body| body::read(names, body, "$this"));
    names.method = None;
    Some(Method {
        name,
        parameters,
        return_type,
        body: body.unwrap_or_default(),
        location: field(node, "name").map(|name| names.parsed.location(name)),
    })
}
