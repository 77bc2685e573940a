//! Ruby files, reduced to what can have to do with models: classes, modules, and the calls in their bodies.

use tree_sitter::Node;

use super::expression::{arguments, value};
use super::value::Value;
use crate::orm::SourceFile;
use crate::orm::tree::{Parsed, children, field};
use crate::schema::Location;

/// A class or module where it is opened; it can be opened more than once.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    /// The name as it is written: `Post`, `Blog::Post`, `::Post`.
    pub(super) written: String,
    /// The names as they are written of those that it stands in, outermost first.
    pub(super) inside: Vec<String>,
    pub(super) is_class: bool,
    /// What it inherits from, as it is written.
    pub(super) superclass: Option<Value>,
    pub(super) body: Vec<Statement>,
    pub(super) location: Location,
}

/// Something in the body of a class, module, method or block.
#[derive(Debug, Clone)]
pub(super) enum Statement {
    /// A method is called.
    Call(Call),
    /// `self.table_name = …`, or the same of another receiver.
    Set {
        receiver: Value,
        name: String,
        value: Value,
        location: Location,
    },
    /// A local variable or a constant gets a value.
    Let { name: String, value: Value },
    /// What runs only under a condition.
    Branch(Vec<Statement>),
    /// A method is defined.
    Method(Method),
}

/// A call of a method.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) receiver: Option<Value>,
    pub(super) name: String,
    /// The options, if any, are the last of them.
    pub(super) arguments: Vec<Value>,
    pub(super) block: Option<Block>,
    pub(super) location: Location,
}

/// `do |one, two| … end`.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) parameters: Vec<String>,
    pub(super) body: Vec<Statement>,
}

/// `def name(…) … end`.
#[derive(Debug, Clone)]
pub(super) struct Method {
    pub(super) name: String,
    /// `def self.name`, or within `class << self`.
    pub(super) on_class: bool,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Vec<Statement>,
    /// What it gives, if its body is one expression.
    pub(super) gives: Option<Value>,
}

/// A parameter of a method.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) default: Option<Value>,
    pub(super) kind: ParameterKind,
}

/// How a parameter is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParameterKind {
    Position,
    Keyword,
    /// `*rest`.
    RestOfPositions,
    /// `**rest`.
    RestOfKeywords,
}

/// How deep statements are followed. Text that nests deeper is no model.
const DEEPEST: u32 = 40;

/// A file's definitions, and the statements outside of them.
pub(super) fn read(file: &SourceFile) -> (Vec<Definition>, Vec<Statement>) {
    let mut definitions = Vec::new();
    let language = tree_sitter_ruby::LANGUAGE.into();
    let Some(parsed) = Parsed::new(file, &language) else {
        return (definitions, Vec::new());
    };
    let mut reader = Reader {
        parsed: &parsed,
        definitions: &mut definitions,
        inside: Vec::new(),
        depth: 0,
    };
    let statements = reader.statements(parsed.root(), false);
    (definitions, statements)
}

struct Reader<'r, 'f> {
    parsed: &'r Parsed<'f>,
    definitions: &'r mut Vec<Definition>,
    inside: Vec<String>,
    depth: u32,
}

impl<'r> Reader<'r, '_> {
    /// What is right below a node. Within `class << self` methods are the class's own.
    fn statements(&mut self, node: Node<'r>, on_class: bool) -> Vec<Statement> {
        if self.depth > DEEPEST {
            return Vec::new();
        }
        self.depth += 1;
        let below = children(node);
        let statements = below
            .into_iter()
            .flat_map(|child| self.statement(child, on_class))
            .collect();
        self.depth -= 1;
        statements
    }

    fn statement(&mut self, node: Node<'r>, on_class: bool) -> Vec<Statement> {
        match node.kind() {
            "class" | "module" => {
                self.definition(node);
                Vec::new()
            }
            "singleton_class" => field(node, "body").map_or_else(Vec::new, |body| self.statements(body, true)),
            "method" | "singleton_method" => {
                let on_class = on_class || node.kind() == "singleton_method";
                self.method(node, on_class).into_iter().map(Statement::Method).collect()
            }
            "call" | "identifier" => self.call(node),
            "assignment" => {
                // What is assigned can change something besides: `permission = options.delete(:permission)`.
                let right = field(node, "right").filter(|right| right.kind() == "call" || right.kind() == "binary");
                let mut found = right.map_or_else(Vec::new, |right| self.statement(right, on_class));
                let assigned = self.assignment(node);
                // The value is told before the change.
                found.splice(0..0, assigned);
                found
            }
            "operator_assignment" => {
                let right = field(node, "right").map_or_else(Vec::new, |right| self.statement(right, on_class));
                vec![Statement::Branch(right)]
            }
            "if"
            | "unless"
            | "case"
            | "elsif"
            | "else"
            | "then"
            | "when"
            | "begin"
            | "rescue"
            | "ensure"
            | "if_modifier"
            | "unless_modifier"
            | "parenthesized_statements"
            | "body_statement"
            | "block_body"
            | "rescue_modifier"
            | "binary"
            | "conditional" => {
                vec![Statement::Branch(self.statements(node, on_class))]
            }
            _ => Vec::new(),
        }
    }

    fn definition(&mut self, node: Node<'r>) {
        let Some(name) = field(node, "name") else { return };
        let written = self.parsed.text(name).split_whitespace().collect::<String>();
        let superclass = field(node, "superclass").and_then(|superclass| children(superclass).first().copied());
        let superclass = superclass.map(|superclass| value(self.parsed, superclass));
        let inside = self.inside.clone();
        self.inside.push(written.clone());
        let body = field(node, "body").map_or_else(Vec::new, |body| self.statements(body, false));
        self.inside.pop();
        self.definitions.push(Definition {
            written,
            inside,
            is_class: node.kind() == "class",
            superclass,
            body,
            location: self.parsed.location(node),
        });
    }

    fn method(&mut self, node: Node<'r>, on_class: bool) -> Option<Method> {
        let name = self.parsed.text(field(node, "name")?).to_owned();
        let body_node = field(node, "body");
        let body = body_node.map_or_else(Vec::new, |body| self.statements(body, false));
        let expressions = body_node.map_or_else(Vec::new, |body| match body.kind() {
            "body_statement" => children(body),
            _ => vec![body],
        });
        let gives = match expressions.as_slice() {
            [only] => Some(value(self.parsed, *only)),
            _ => None,
        };
        Some(Method {
            name,
            on_class,
            parameters: field(node, "parameters").map_or_else(Vec::new, |list| self.parameters(list)),
            body,
            gives,
        })
    }

    fn parameters(&self, list: Node<'r>) -> Vec<Parameter> {
        let read = |node: Node<'r>| {
            let kind = match node.kind() {
                "identifier" | "optional_parameter" => ParameterKind::Position,
                "keyword_parameter" => ParameterKind::Keyword,
                "splat_parameter" => ParameterKind::RestOfPositions,
                "hash_splat_parameter" => ParameterKind::RestOfKeywords,
                _ => return None,
            };
            let name = field(node, "name").unwrap_or(node);
            Some(Parameter {
                name: self.parsed.text(name).to_owned(),
                default: field(node, "value").map(|default| value(self.parsed, default)),
                kind,
            })
        };
        children(list).into_iter().filter_map(read).collect()
    }

    fn call(&mut self, node: Node<'r>) -> Vec<Statement> {
        let name = if node.kind() == "identifier" {
            Some(node)
        } else {
            field(node, "method")
        };
        let Some(name) = name.map(|name| self.parsed.text(name).to_owned()) else {
            return Vec::new();
        };
        let receiver = field(node, "receiver").map(|receiver| value(self.parsed, receiver));
        let arguments = field(node, "arguments").map_or_else(Vec::new, |list| arguments(self.parsed, list));
        let block = field(node, "block").map(|block| Block {
            parameters: field(block, "parameters").map_or_else(Vec::new, |list| {
                let names = self.parameters(list);
                names.into_iter().map(|parameter| parameter.name).collect()
            }),
            body: field(block, "body").map_or_else(Vec::new, |body| self.statements(body, false)),
        });
        // `private belongs_to :x`, `private_constant def …`: what is given is run all the same.
        let mut found = Vec::new();
        if let Some(list) = field(node, "arguments").filter(|_| receiver.is_none()) {
            for given in children(list) {
                if matches!(given.kind(), "method" | "singleton_method")
                    || (given.kind() == "call" && name == "private")
                {
                    found.extend(self.statement(given, false));
                }
            }
        }
        let location = field(node, "method").unwrap_or(node);
        found.push(Statement::Call(Call {
            receiver,
            name,
            arguments,
            block,
            location: self.parsed.location(location),
        }));
        found
    }

    fn assignment(&mut self, node: Node<'r>) -> Option<Statement> {
        let (left, right) = (field(node, "left")?, field(node, "right")?);
        match left.kind() {
            "call" => Some(Statement::Set {
                receiver: value(self.parsed, field(left, "receiver")?),
                name: self.parsed.text(field(left, "method")?).to_owned(),
                value: value(self.parsed, right),
                location: self.parsed.location(left),
            }),
            "constant" if self.class_by_call(left, right) => None,
            "identifier" | "constant" | "instance_variable" => Some(Statement::Let {
                name: self.parsed.text(left).to_owned(),
                value: value(self.parsed, right),
            }),
            _ => None,
        }
    }

    /// `Post = Class.new(ApplicationRecord) do … end`.
    fn class_by_call(&mut self, left: Node<'r>, right: Node<'r>) -> bool {
        let is_class_new = right.kind() == "call"
            && field(right, "receiver").is_some_and(|receiver| self.parsed.text(receiver) == "Class")
            && field(right, "method").is_some_and(|method| self.parsed.text(method) == "new");
        if !is_class_new {
            return false;
        }
        let given = field(right, "arguments").map_or_else(Vec::new, |list| arguments(self.parsed, list));
        let written = self.parsed.text(left).to_owned();
        let inside = self.inside.clone();
        // Its block is a closure: constants in it are looked for where it stands, but its methods are the class's.
        let body = field(right, "block")
            .and_then(|block| field(block, "body"))
            .map_or_else(Vec::new, |body| self.statements(body, false));
        self.definitions.push(Definition {
            written,
            inside,
            is_class: true,
            superclass: given.into_iter().next(),
            body,
            location: self.parsed.location(left),
        });
        true
    }
}
