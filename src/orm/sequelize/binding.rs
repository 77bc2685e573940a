//! What the names in a file stand for: declarations, imports and exports.

use std::collections::BTreeMap;
use std::ops::Range;

use tree_sitter::Node;

use crate::orm::tree::{Parsed, Walk, children, field, walk};

/// What is known of a file's names.
#[derive(Default)]
pub(super) struct Bindings<'p> {
    names: BTreeMap<String, Vec<Binding<'p>>>,
    /// `db.user = …`, by the name before the dot and the one after it.
    pub(super) assigned: BTreeMap<(String, String), Node<'p>>,
    /// `{ User: defineUser(sequelize) }`: models by the names that others find them under.
    pub(super) made: Vec<(String, Node<'p>)>,
    /// What others can import.
    pub(super) exports: BTreeMap<String, Export<'p>>,
    /// `module.exports = …`, `export default …`.
    pub(super) default: Option<Node<'p>>,
    /// `export * from '…'`.
    pub(super) stars: Vec<String>,
    /// The calls of methods that define models or associations.
    pub(super) calls: Vec<Node<'p>>,
    pub(super) classes: Vec<Node<'p>>,
    /// `define: {…}` in an object.
    pub(super) define_options: Vec<Node<'p>>,
}

/// The methods whose calls are looked at.
const METHODS: &[&str] = &[
    "define",
    "init",
    "removeAttribute",
    "belongsTo",
    "hasOne",
    "hasMany",
    "belongsToMany",
];

/// A name with the part of the file in which it holds.
struct Binding<'p> {
    scope: Range<usize>,
    meaning: Meaning<'p>,
}

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Meaning<'p> {
    /// The value of an expression, or a class or a function; of it the part under these keys.
    Code(Node<'p>, Vec<String>),
    /// What another file exports under a name; without one, all of it.
    Import(String, Option<String>),
    /// What a function is given: its place among the parameters, and the keys below it.
    Parameter(Node<'p>, usize, Vec<String>),
}

/// What a file exports under a name.
#[derive(Clone)]
pub(super) enum Export<'p> {
    /// The value of an expression, or a class or a function.
    Code(Node<'p>),
    /// What another file exports under a name.
    From(String, String),
}

impl<'p> Bindings<'p> {
    /// Reads a file once.
    pub(super) fn new(parsed: &'p Parsed<'_>) -> Self {
        let mut bindings = Self::default();
        let root = parsed.root();
        walk(root, &mut |node| {
            bindings.visit(parsed, node);
            Walk::Into
        });
        bindings
    }

    /// What a name stands for at a place: the declaration in the innermost scope around it.
    pub(super) fn meaning(&self, name: &str, at: usize) -> Option<&Meaning<'p>> {
        let around = self.names.get(name)?.iter().filter(|it| it.scope.contains(&at));
        // A parameter and a variable of the same function: the later one is nearer.
        let innermost = around.min_by_key(|binding| binding.scope.len())?;
        Some(&innermost.meaning)
    }

    fn visit(&mut self, parsed: &'p Parsed<'_>, node: Node<'p>) {
        match node.kind() {
            "call_expression" if METHODS.contains(&called(parsed, node)) => self.calls.push(node),
            "pair" if field(node, "key").is_some_and(|key| unquoted(parsed.text(key)) == "define") => {
                self.define_options.push(node);
            }
            // `{ User: defineUser(sequelize, DataTypes) }`
            "pair" => {
                if let (Some(key), Some(value)) = (field(node, "key"), field(node, "value"))
                    && is_made_with_sequelize(parsed, value)
                {
                    self.made.push((unquoted(parsed.text(key)).to_owned(), value));
                }
            }
            "variable_declarator" => {
                if let (Some(name), Some(value)) = (field(node, "name"), field(node, "value")) {
                    self.pattern(parsed, name, scope(node), &mut Vec::new(), &|keys| {
                        Meaning::Code(value, keys)
                    });
                }
            }
            "class_declaration" | "abstract_class_declaration" | "function_declaration" | "enum_declaration" => {
                if node.kind().contains("class") {
                    self.classes.push(node);
                }
                if let Some(name) = field(node, "name") {
                    self.bind(parsed.text(name), scope(node), Meaning::Code(node, Vec::new()));
                }
            }
            // Its name holds only within it.
            "class" => {
                self.classes.push(node);
                if let Some(name) = field(node, "name") {
                    self.bind(parsed.text(name), node.byte_range(), Meaning::Code(node, Vec::new()));
                }
            }
            "formal_parameters" => self.parameters(parsed, node),
            // `x => …`
            "arrow_function" => {
                if let Some(name) = field(node, "parameter") {
                    let meaning = Meaning::Parameter(node, 0, Vec::new());
                    self.bind(parsed.text(name), node.byte_range(), meaning);
                }
            }
            "import_statement" => self.import(parsed, node),
            "export_statement" => self.export(parsed, node),
            "assignment_expression" => self.assignment(parsed, node),
            _ => {}
        }
    }

    fn bind(&mut self, name: &str, scope: Range<usize>, meaning: Meaning<'p>) {
        self.names
            .entry(name.to_owned())
            .or_default()
            .push(Binding { scope, meaning });
    }

    fn parameters(&mut self, parsed: &'p Parsed<'_>, node: Node<'p>) {
        let Some(function) = node.parent() else {
            return;
        };
        for (place, parameter) in children(node).into_iter().enumerate() {
            let pattern = field(parameter, "pattern").unwrap_or(parameter);
            self.pattern(parsed, pattern, function.byte_range(), &mut Vec::new(), &|keys| {
                Meaning::Parameter(function, place, keys)
            });
        }
    }

    /// Binds the names of a pattern (`user`, `{ user, post: { author } }`), each with the keys that lead to it.
    fn pattern(
        &mut self,
        parsed: &'p Parsed<'_>,
        pattern: Node<'p>,
        scope: Range<usize>,
        keys: &mut Vec<String>,
        meaning: &dyn Fn(Vec<String>) -> Meaning<'p>,
    ) {
        // A pattern nests as deep as it likes; what is deeper than this is not written by people.
        if keys.len() > 8 {
            return;
        }
        match pattern.kind() {
            "identifier" => self.bind(parsed.text(pattern), scope, meaning(keys.clone())),
            "object_pattern" => {
                for part in children(pattern) {
                    match part.kind() {
                        "shorthand_property_identifier_pattern" | "object_assignment_pattern" => {
                            let name = field(part, "left").unwrap_or(part);
                            let mut keys = keys.clone();
                            keys.push(parsed.text(name).to_owned());
                            self.bind(parsed.text(name), scope.clone(), meaning(keys));
                        }
                        "pair_pattern" => {
                            if let (Some(key), Some(value)) = (field(part, "key"), field(part, "value")) {
                                keys.push(unquoted(parsed.text(key)).to_owned());
                                let value = field(value, "left").unwrap_or(value);
                                self.pattern(parsed, value, scope.clone(), keys, meaning);
                                keys.pop();
                            }
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn import(&mut self, parsed: &'p Parsed<'_>, node: Node<'p>) {
        let whole = 0..usize::MAX;
        for clause in children(node) {
            let source = field(node, "source").or_else(|| field(clause, "source"));
            let Some(module) = source.map(|source| unquoted(parsed.text(source)).to_owned()) else {
                continue;
            };
            for part in children(clause) {
                match part.kind() {
                    // `import x = require('…')` is the whole module, `import x from '…'` its default export.
                    "identifier" => {
                        let wanted = (clause.kind() == "import_clause").then(|| "default".to_owned());
                        self.bind(
                            parsed.text(part),
                            whole.clone(),
                            Meaning::Import(module.clone(), wanted),
                        );
                    }
                    "namespace_import" => {
                        for name in children(part) {
                            let meaning = Meaning::Import(module.clone(), None);
                            self.bind(parsed.text(name), whole.clone(), meaning);
                        }
                    }
                    "named_imports" => {
                        for specifier in children(part) {
                            let Some(name) = field(specifier, "name") else {
                                continue;
                            };
                            let alias = field(specifier, "alias").unwrap_or(name);
                            let meaning = Meaning::Import(module.clone(), Some(parsed.text(name).to_owned()));
                            self.bind(parsed.text(alias), whole.clone(), meaning);
                        }
                    }
                    _ => {}
                }
            }
        }
    }

    fn export(&mut self, parsed: &'p Parsed<'_>, node: Node<'p>) {
        let module = field(node, "source").map(|source| unquoted(parsed.text(source)).to_owned());
        let is_default = (0..node.child_count())
            .filter_map(|index| node.child(index))
            .any(|child| matches!(child.kind(), "default" | "="));
        if let Some(declared) = field(node, "declaration") {
            if is_default {
                self.default = Some(declared);
            }
            self.exported_declaration(parsed, declared);
        } else if let Some(value) = field(node, "value").filter(|_| is_default) {
            self.default = Some(value);
        }
        let clauses = children(node);
        if let Some(value) = clauses.first().filter(|_| is_default && self.default.is_none()) {
            self.default = Some(*value);
        }
        let clause = clauses.iter().find(|child| child.kind() == "export_clause");
        match (clause, module) {
            (Some(clause), module) => {
                for specifier in children(*clause) {
                    let Some(name) = field(specifier, "name") else {
                        continue;
                    };
                    let alias = field(specifier, "alias").unwrap_or(name);
                    let export = match &module {
                        Some(module) => Export::From(module.clone(), parsed.text(name).to_owned()),
                        None => Export::Code(name),
                    };
                    if parsed.text(alias) == "default" && module.is_none() {
                        self.default = Some(name);
                    }
                    self.exports.insert(parsed.text(alias).to_owned(), export);
                }
            }
            (None, Some(module)) => self.stars.push(module),
            (None, None) => {}
        }
    }

    fn exported_declaration(&mut self, parsed: &'p Parsed<'_>, declared: Node<'p>) {
        if let Some(name) = field(declared, "name") {
            self.exports
                .insert(parsed.text(name).to_owned(), Export::Code(declared));
        }
        for declarator in children(declared) {
            let name = field(declarator, "name").filter(|_| declarator.kind() == "variable_declarator");
            for name in name.into_iter().flat_map(names) {
                self.exports.insert(parsed.text(name).to_owned(), Export::Code(name));
            }
        }
    }

    fn assignment(&mut self, parsed: &'p Parsed<'_>, node: Node<'p>) {
        let (Some(left), Some(right)) = (field(node, "left"), field(node, "right")) else {
            return;
        };
        match left.kind() {
            // `let User; User = sequelize.define(…)`: the declaration has no value and is not bound.
            "identifier" => self.bind(parsed.text(left), scope(node), Meaning::Code(right, Vec::new())),
            "member_expression" | "subscript_expression" => {
                let Some((object, property)) = member(parsed, left) else {
                    return;
                };
                let object = parsed.text(object);
                if object == "module" && property == "exports" {
                    self.default = Some(right);
                } else if object == "exports" || object == "module.exports" {
                    self.exports.insert(property.clone(), Export::Code(right));
                }
                self.assigned.entry((object.to_owned(), property)).or_insert(right);
            }
            _ => {}
        }
    }
}

/// Whether a value is a call that is given `sequelize`.
fn is_made_with_sequelize(parsed: &Parsed<'_>, value: Node<'_>) -> bool {
    let arguments = field(value, "arguments").filter(|_| value.kind() == "call_expression");
    let mut given = arguments.map(children).unwrap_or_default().into_iter();
    given.any(|argument| argument.kind() == "identifier" && parsed.text(argument).ends_with("equelize"))
}

/// The name of the method that a call calls; empty where it calls a plain function.
pub(super) fn called<'a>(parsed: &Parsed<'a>, call: Node<'_>) -> &'a str {
    let property = field(call, "function")
        .filter(|function| function.kind() == "member_expression")
        .and_then(|function| field(function, "property"));
    property.map_or("", |property| parsed.text(property))
}

/// The object and the name of `object.name` and `object['name']`.
pub(super) fn member<'t>(parsed: &Parsed<'_>, node: Node<'t>) -> Option<(Node<'t>, String)> {
    let object = field(node, "object")?;
    let name = match node.kind() {
        "member_expression" => parsed.text(field(node, "property")?),
        "subscript_expression" => {
            let index = field(node, "index").filter(|index| index.kind() == "string")?;
            unquoted(parsed.text(index))
        }
        _ => return None,
    };
    Some((object, name.to_owned()))
}

/// A text without the quotes around it.
pub(super) fn unquoted(text: &str) -> &str {
    let quoted = ['\'', '"', '`'].into_iter().find_map(|quote| {
        let rest = text.strip_prefix(quote)?;
        rest.strip_suffix(quote)
    });
    quoted.unwrap_or(text)
}

/// The names that a pattern binds.
fn names(pattern: Node<'_>) -> Vec<Node<'_>> {
    let mut names = Vec::new();
    walk(pattern, &mut |node| {
        if matches!(node.kind(), "identifier" | "shorthand_property_identifier_pattern") {
            names.push(node);
        }
        Walk::Into
    });
    names
}

/// The part of the file in which what is declared at a node can be named.
fn scope(node: Node<'_>) -> Range<usize> {
    let mut above = node.parent();
    while let Some(node) = above {
        match node.kind() {
            "program" => return 0..usize::MAX,
            "statement_block" | "class_static_block" | "switch_body" => return node.byte_range(),
            _ => above = node.parent(),
        }
    }
    0..usize::MAX
}
