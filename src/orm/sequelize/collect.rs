//! Where models are defined: calls of `define` and `init`, and classes with decorators.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use tree_sitter::Node;

use super::binding::{self, Meaning};
use super::code::{At, Code, Value};
use super::decorator::{self, Member};
use super::definition::{Definition, ModelOptions, attributes, model_options};
use super::project::nearest;
use crate::orm::tree::{children, field};
use crate::schema::Note;

/// Where a model is defined, before its parts are read.
struct Place<'p> {
    /// The class, or the call of `define`.
    at: At<'p>,
    name: Option<String>,
    attributes: Option<At<'p>>,
    options: Option<At<'p>>,
    /// Whether its parts are in decorators.
    decorated: bool,
}

/// Finds all models and makes them known to `code`.
pub(super) fn models<'p>(code: &mut Code<'p, '_>, notes: &mut Vec<Note>) -> Vec<Definition<'p>> {
    let calls = calls(code);
    let mut places = Vec::new();
    for call in &calls {
        places.extend(defined(code, *call, notes));
    }
    places.extend(decorator::classes(code).into_iter().map(|class| Place {
        at: class,
        name: None,
        attributes: None,
        options: None,
        decorated: true,
    }));
    register(code, &places);
    let mut known: BTreeSet<(usize, usize)> = places.iter().map(|it| (it.at.file, it.at.node.id())).collect();
    for call in &calls {
        let place = initialized(code, *call, notes);
        places.extend(place.filter(|place| known.insert((place.at.file, place.at.node.id()))));
    }
    places.sort_by_key(|place| (place.at.file, place.at.node.start_byte()));
    register(code, &places);
    let everywhere = everywhere(code);
    let definitions = places.iter().map(|place| definition(code, place, &everywhere, notes));
    let mut definitions: Vec<Definition<'p>> = definitions.collect();
    remove_attributes(code, &mut definitions);
    definitions
}

/// `User.removeAttribute('id')`: the way of Sequelize 6 to have no primary key.
fn remove_attributes(code: &Code<'_, '_>, definitions: &mut [Definition<'_>]) {
    for call in code.calls() {
        let object = field(call.node, "function").and_then(|function| field(function, "object"));
        let removed = call.arguments().first().and_then(|name| code.string_value(*name));
        if called(code, call) == "removeAttribute"
            && let (Some(object), Some(name)) = (object, removed)
            && let Ok(model) = code.model(call.with(object))
            && let Some(definition) = definitions.get_mut(model)
        {
            definition.attributes.retain(|attribute| attribute.name != name);
            definition.options.no_primary_key |= name == "id";
        }
    }
}

/// Makes the places known, and the models by the names they go by in code.
fn register<'p>(code: &mut Code<'p, '_>, places: &[Place<'p>]) {
    code.forget();
    for (model, place) in places.iter().enumerate() {
        code.register(place.at, model);
    }
    for (model, place) in places.iter().enumerate() {
        let stated = place
            .options
            .and_then(|options| model_options(code, options).0.model_name);
        let name = stated.or_else(|| place.name.clone());
        let names = [name, class_name(code, place.at), assigned_name(code, place.at)];
        for name in names.into_iter().flatten() {
            code.name(&name, place.at.file, model);
        }
    }
    let mut more = Vec::new();
    for (file, bindings) in code.bindings.iter().enumerate() {
        let assigned = bindings.assigned.iter().map(|((_, name), node)| (name, node));
        for (name, node) in assigned.chain(bindings.made.iter().map(|(name, node)| (name, node))) {
            if !code.is_name(name)
                && let Value::Model(model) = code.value(At { file, node: *node })
            {
                more.push((name.clone(), file, model));
            }
        }
    }
    for (name, file, model) in more {
        code.name(&name, file, model);
    }
}

/// Every call of `x.define(…)` and `x.init(…)`.
fn calls<'p>(code: &Code<'p, '_>) -> Vec<At<'p>> {
    let mut calls = code.calls();
    calls.retain(|call| matches!(called(code, *call), "define" | "init"));
    calls
}

fn called<'a>(code: &Code<'_, 'a>, call: At<'_>) -> &'a str {
    let file = code.project.files.get(call.file);
    file.map_or("", |file| binding::called(&file.parsed, call.node))
}

/// `sequelize.define('user', {…}, {…})`.
fn defined<'p>(code: &Code<'p, '_>, call: At<'p>, notes: &mut Vec<Note>) -> Option<Place<'p>> {
    if called(code, call) != "define" {
        return None;
    }
    let arguments = call.arguments();
    let (name, attributes) = (*arguments.first()?, arguments.get(1).copied());
    // `define` of other libraries is given functions, classes and lists.
    let of_sequelize = match attributes.map(|attributes| code.value(attributes)) {
        Some(Value::Code(at)) => matches!(at.node.kind(), "object" | "call_expression"),
        None | Some(Value::Unknown | Value::Module(_)) => {
            let text = code.project.files.get(call.file).map_or("", |file| &file.source.text);
            text.contains("equelize")
        }
        _ => false,
    };
    if !of_sequelize {
        return None;
    }
    let Some(name) = code.string_value(name) else {
        notes.push(note(
            code,
            call,
            "cannot tell the name of the model that is defined here",
        ));
        return None;
    };
    Some(Place {
        at: call,
        name: Some(name),
        attributes,
        options: arguments.get(2).copied(),
        decorated: false,
    })
}

/// `User.init({…}, { sequelize })`, also `super.init` and `this.init` within the class.
fn initialized<'p>(code: &Code<'p, '_>, call: At<'p>, notes: &mut Vec<Note>) -> Option<Place<'p>> {
    if called(code, call) != "init" {
        return None;
    }
    let arguments = call.arguments();
    let (attributes, options) = (*arguments.first()?, *arguments.get(1)?);
    // A class that passes on what it is given is no model, but the base of some.
    if is_parameter(code, attributes) {
        return None;
    }
    let object = call.with(field(field(call.node, "function")?, "object")?);
    let class = match code.value(object) {
        Value::Code(class) if class.node.kind().contains("class") => class,
        _ => {
            let properties = code
                .properties(options)
                .map(|(properties, _)| properties)
                .unwrap_or_default();
            if properties.iter().any(|(name, _)| name == "sequelize") {
                notes.push(note(code, call, "cannot tell which class is initialised here"));
            }
            return None;
        }
    };
    let heritage = children(class.node)
        .into_iter()
        .find(|child| child.kind() == "class_heritage");
    heritage?;
    Some(Place {
        at: class,
        name: class_name(code, class).or_else(|| assigned_name(code, class)),
        attributes: Some(attributes),
        options: Some(options),
        decorated: false,
    })
}

fn is_parameter(code: &Code<'_, '_>, at: At<'_>) -> bool {
    let bindings = code.bindings.get(at.file);
    let meaning = bindings.and_then(|bindings| bindings.meaning(code.text(at), at.node.start_byte()));
    at.node.kind() == "identifier" && matches!(meaning, Some(Meaning::Parameter(..)))
}

/// The name of a class.
pub(super) fn class_name(code: &Code<'_, '_>, at: At<'_>) -> Option<String> {
    let name = field(at.node, "name").filter(|_| at.node.kind().contains("class"))?;
    Some(code.text(at.with(name)).to_owned())
}

/// The name of the variable or property that a class or a call is assigned to.
fn assigned_name(code: &Code<'_, '_>, at: At<'_>) -> Option<String> {
    let mut node = at.node;
    loop {
        let above = node.parent()?;
        match above.kind() {
            "variable_declarator" => return Some(code.text(at.with(field(above, "name")?)).to_owned()),
            "assignment_expression" => {
                let name = code.last_name(at.with(field(above, "left")?));
                return (name != "exports").then_some(name);
            }
            "as_expression" | "parenthesized_expression" | "satisfies_expression" | "await_expression" => node = above,
            _ => return None,
        }
    }
}

/// What holds for all models: `define` in the options of `new Sequelize`, wherever these are written.
fn everywhere(code: &Code<'_, '_>) -> Vec<(String, ModelOptions)> {
    let mut found: Vec<(String, ModelOptions)> = Vec::new();
    for (file, bindings) in code.bindings.iter().enumerate() {
        for node in bindings.define_options.iter().filter_map(|node| field(*node, "value")) {
            let (options, _) = model_options(code, At { file, node });
            found.push((code.project.path(file).to_owned(), options));
        }
    }
    for (path, json) in &code.project.configured {
        found.push(((*path).to_owned(), json_options(json)));
    }
    found.retain(|(_, it)| {
        it.underscored.is_some()
            || it.freeze_table_name.is_some()
            || it.schema.is_some()
            || it.paranoid.is_some()
            || it.timestamps.is_some()
    });
    found
}

fn json_options(json: &Json) -> ModelOptions {
    let flag = |name: &str| json[name].as_bool();
    ModelOptions {
        schema: json["schema"].as_str().map(str::to_owned),
        freeze_table_name: flag("freezeTableName"),
        underscored: flag("underscored"),
        paranoid: flag("paranoid"),
        timestamps: flag("timestamps"),
        deleted_at: json["deletedAt"].as_str().map(str::to_owned),
        ..ModelOptions::default()
    }
}

/// Reads the parts of a model.
fn definition<'p>(
    code: &Code<'p, '_>,
    place: &Place<'p>,
    everywhere: &[(String, ModelOptions)],
    notes: &mut Vec<Note>,
) -> Definition<'p> {
    let at = place.at;
    let mut definition = Definition {
        at,
        location: code.location(at.named()),
        name: String::new(),
        version: code.project.version(at.file),
        attributes: Vec::new(),
        options: ModelOptions::default(),
        underscored_by_default: false,
        keys: Vec::new(),
    };
    if place.decorated {
        let members: Vec<Member<'p>> = decorator::members(code, at);
        decorator::read(code, &mut definition, &members);
    }
    if let Some(given) = place.options {
        let (options, complete) = model_options(code, given);
        definition.options = options;
        if !complete {
            notes.push(note(code, given, "cannot follow all options of this model"));
        }
    }
    if let Some(given) = place.attributes {
        let (attributes, complete) = attributes(code, given);
        definition.attributes = attributes;
        if !complete {
            notes.push(note(code, given, "cannot follow all attributes of this model"));
        }
    }
    let stated = definition.options.model_name.clone().or_else(|| place.name.clone());
    let name = stated
        .or_else(|| class_name(code, at))
        .or_else(|| assigned_name(code, at));
    definition.name = name.unwrap_or_default();
    let path = code.project.path(at.file);
    let places: Vec<usize> = (0..everywhere.len()).collect();
    let stated_at = |place: usize| everywhere.get(place).map_or("", |(path, _)| path.as_str());
    let nearest = nearest(path, &places, stated_at).or(places.first().copied());
    if let Some((_, options)) = nearest.and_then(|place| everywhere.get(place)) {
        definition.options.inherit(options);
        definition.underscored_by_default = options.underscored == Some(true);
    }
    definition
}

/// A note about a node.
pub(super) fn note(code: &Code<'_, '_>, at: At<'_>, message: impl Into<String>) -> Note {
    match code.project.files.get(at.file) {
        Some(file) => file.parsed.note(at.node, message),
        None => Note {
            message: message.into(),
            location: None,
        },
    }
}

/// The decorators that stand before a class.
pub(super) fn decorators(class: Node<'_>) -> Vec<Node<'_>> {
    let mut found: Vec<Node<'_>> = Vec::new();
    let exported = class.parent().filter(|above| above.kind() == "export_statement");
    for holder in exported.into_iter().chain([class]) {
        found.extend(children(holder).into_iter().filter(|child| child.kind() == "decorator"));
    }
    found
}
