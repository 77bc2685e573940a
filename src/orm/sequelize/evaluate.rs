//! How an expression is evaluated: step by step along declarations, members, calls, imports and exports, and never
//! further than people write code.

use tree_sitter::Node;

use super::binding::{Export, Meaning, member, unquoted};
use super::code::{At, Code, DEPTH, Value, arguments};
use crate::orm::tree::{Walk, children, field, walk};

impl<'p> Code<'p, '_> {
    pub(super) fn evaluate(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let left = self.steps.get();
        if depth > DEPTH || left == 0 {
            return Value::Unknown;
        }
        self.steps.set(left - 1);
        let depth = depth + 1;
        let first = || children(at.node).first().copied();
        let below = |node: Option<Node<'p>>| node.map_or(Value::Unknown, |node| self.evaluate(at.with(node), depth));
        match at.node.kind() {
            "parenthesized_expression"
            | "as_expression"
            | "satisfies_expression"
            | "non_null_expression"
            | "await_expression"
            | "spread_element" => below(first()),
            "type_assertion" | "sequence_expression" => below(children(at.node).last().copied()),
            "assignment_expression" => below(field(at.node, "right")),
            "ternary_expression" => below(field(at.node, "consequence")),
            "binary_expression" => match below(field(at.node, "left")) {
                Value::Unknown => below(field(at.node, "right")),
                value => value,
            },
            "string" | "template_string" => self.string(at, depth),
            "true" => Value::Flag(true),
            "false" => Value::Flag(false),
            "identifier" | "shorthand_property_identifier" | "shorthand_property_identifier_pattern" => {
                self.identifier(at, depth)
            }
            "this" | "super" => self.this(at, depth),
            "member_expression" | "subscript_expression" => self.member(at, depth),
            "call_expression" => self.call(at, depth),
            "class"
            | "class_declaration"
            | "abstract_class_declaration"
            | "object"
            | "enum_declaration"
            | "array"
            | "arrow_function"
            | "function_expression"
            | "function_declaration"
            | "method_definition" => self.code(at),
            _ => Value::Unknown,
        }
    }

    fn code(&self, at: At<'p>) -> Value<'p> {
        self.registered(at).map_or(Value::Code(at), Value::Model)
    }

    fn string(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let mut text = String::new();
        for part in children(at.node) {
            match part.kind() {
                "template_substitution" => match children(part).first() {
                    Some(inner) => match self.evaluate(at.with(*inner), depth) {
                        Value::Text(inner) => text.push_str(&inner),
                        _ => return Value::Unknown,
                    },
                    None => return Value::Unknown,
                },
                _ => text.push_str(self.text(at.with(part))),
            }
        }
        Value::Text(text)
    }

    fn identifier(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let name = self.text(at);
        let Some(bindings) = self.bindings.get(at.file) else {
            return Value::Unknown;
        };
        match bindings.meaning(name, at.node.start_byte()) {
            Some(Meaning::Code(node, keys)) => {
                let value = self.evaluate(at.with(*node), depth);
                keys.iter()
                    .fold(value, |value, key| self.property(&value, key, at.file, depth))
            }
            Some(Meaning::Import(module, wanted)) => match (self.project.module(at.file, module), wanted) {
                (Some(file), Some(wanted)) => self.exported(file, wanted, depth),
                (Some(file), None) => Value::Module(file),
                (None, _) => Value::Unknown,
            },
            Some(Meaning::Parameter(function, place, keys)) => {
                let given = self.parameter(at.with(*function), *place, if keys.is_empty() { name } else { "" });
                keys.iter()
                    .fold(given, |value, key| self.property(&value, key, at.file, depth))
            }
            None => Value::Unknown,
        }
    }

    /// What a function is given, where its name or that of the parameter tells: `associate(models)`.
    fn parameter(&self, function: At<'p>, place: usize, name: &str) -> Value<'p> {
        let called = field(function.node, "name").or_else(|| {
            let above = function.node.parent()?;
            field(above, "left").or_else(|| field(above, "key"))
        });
        let called = called.map_or("", |node| self.text(function.with(node))).to_lowercase();
        let is_models = matches!(name, "models" | "db" | "database" | "orm");
        if is_models || name.is_empty() || (place == 0 && called.contains("associat")) {
            return Value::Models;
        }
        Value::Unknown
    }

    /// The class around an expression, or the model to which the function around it belongs.
    fn this(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let mut node = at.node;
        while let Some(above) = node.parent() {
            if above.kind() == "class_body" {
                return above.parent().map_or(Value::Unknown, |class| self.code(at.with(class)));
            }
            if matches!(node.kind(), "function_expression" | "arrow_function")
                && above.kind() == "assignment_expression"
                && let Some((object, _)) = field(above, "left").and_then(|left| self.parsed_member(at.with(left)))
            {
                return self.evaluate(at.with(object), depth);
            }
            node = above;
        }
        Value::Unknown
    }

    pub(super) fn parsed_member(&self, at: At<'p>) -> Option<(Node<'p>, String)> {
        member(&self.project.files.get(at.file)?.parsed, at.node)
    }

    fn member(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let Some((object, name)) = self.parsed_member(at) else {
            return Value::Unknown;
        };
        let key = (self.text(at.with(object)).to_owned(), name);
        let assigned = self
            .bindings
            .get(at.file)
            .and_then(|bindings| bindings.assigned.get(&key));
        if let Some(assigned) = assigned.filter(|node| !contains(**node, at.node)) {
            let value = self.evaluate(at.with(*assigned), depth);
            if !matches!(value, Value::Unknown) {
                return value;
            }
        }
        let value = self.evaluate(at.with(object), depth);
        self.property(&value, &key.1, at.file, depth)
    }

    fn property(&self, value: &Value<'p>, name: &str, file: usize, depth: usize) -> Value<'p> {
        if depth > DEPTH {
            return Value::Unknown;
        }
        match value {
            Value::Module(file) => self.exported(*file, name, depth + 1),
            Value::Models | Value::Unknown | Value::Model(_) if name == "models" => Value::Models,
            Value::Models => self.by_name(name, file).map_or(Value::Unknown, Value::Model),
            Value::Code(at) if at.node.kind() == "object" => {
                let mut found = Vec::new();
                let _ = self.collect(value, &mut found, depth + 1);
                let entry = found.iter().find(|(key, _)| key == name);
                entry.map_or(Value::Unknown, |(_, at)| self.evaluate(*at, depth + 1))
            }
            Value::Code(at) if at.node.kind() == "enum_declaration" => self.case(*at, name, depth),
            Value::Code(at) => self.static_field(*at, name, depth),
            Value::Model(model) => {
                let class = self.place(*model);
                class.map_or(Value::Unknown, |class| self.static_field(class, name, depth))
            }
            _ => Value::Unknown,
        }
    }

    /// A case of an `enum` that is a text.
    fn case(&self, of: At<'p>, name: &str, depth: usize) -> Value<'p> {
        let cases = field(of.node, "body").map(children).unwrap_or_default();
        let value = cases.into_iter().find_map(|case| {
            let named = field(case, "name").is_some_and(|it| unquoted(self.text(of.with(it))) == name);
            field(case, "value").filter(|_| named)
        });
        value.map_or(Value::Unknown, |value| self.evaluate(of.with(value), depth + 1))
    }

    /// `static attributes = {…}` of a class.
    fn static_field(&self, class: At<'p>, name: &str, depth: usize) -> Value<'p> {
        let found = field(class.node, "body").and_then(|body| {
            let fields = children(body).into_iter();
            fields
                .filter(|member| member.kind() == "public_field_definition")
                .find(|member| field(*member, "name").is_some_and(|it| self.text(class.with(it)) == name))
        });
        let value = found.and_then(|member| field(member, "value"));
        value.map_or(Value::Unknown, |value| self.evaluate(class.with(value), depth + 1))
    }

    fn call(&self, at: At<'p>, depth: usize) -> Value<'p> {
        if let Some(model) = self.registered(at) {
            return Value::Model(model);
        }
        let Some(function) = field(at.node, "function") else {
            return Value::Unknown;
        };
        let first = arguments(at.node).first().map(|argument| at.with(*argument));
        if function.kind() == "import" || self.text(at.with(function)) == "require" {
            return first.map_or(Value::Unknown, |first| self.required(first, depth));
        }
        if let Some((object, name)) = self.parsed_member(at.with(function)) {
            let on = |node| self.evaluate(at.with(node), depth);
            match (name.as_str(), first) {
                ("init" | "scope" | "unscoped" | "schema" | "withSchema" | "withScope" | "bind", _) => {
                    return on(object);
                }
                ("import", Some(first)) => {
                    let module = self.required(first, depth);
                    return self.called(&module, depth);
                }
                ("model", Some(first)) => {
                    return match self.evaluate(first, depth) {
                        Value::Text(name) => self.by_name(&name, at.file).map_or(Value::Unknown, Value::Model),
                        value => value,
                    };
                }
                ("freeze", Some(first)) => return self.evaluate(first, depth),
                ("assign", _) if self.text(at.with(object)) == "Object" => return Value::Code(at),
                _ => {}
            }
        }
        let callee = self.evaluate(at.with(function), depth);
        self.called(&callee, depth)
    }

    pub(super) fn called(&self, callee: &Value<'p>, depth: usize) -> Value<'p> {
        match callee {
            Value::Module(file) => match self.exported(*file, "default", depth) {
                Value::Code(function) => self.returned(function, depth),
                value => value,
            },
            Value::Code(function) => self.returned(*function, depth),
            Value::Model(model) => Value::Model(*model),
            _ => Value::Unknown,
        }
    }

    /// What a call of the function gives: its last `return` decides.
    pub(super) fn returned(&self, function: At<'p>, depth: usize) -> Value<'p> {
        let Some(body) = field(function.node, "body") else {
            return Value::Unknown;
        };
        if body.kind() != "statement_block" {
            return self.evaluate(function.with(body), depth + 1);
        }
        let mut last = None;
        walk(body, &mut |node| match node.kind() {
            "return_statement" => {
                last = children(node).first().copied();
                Walk::Over
            }
            "function_declaration"
            | "function_expression"
            | "arrow_function"
            | "method_definition"
            | "class"
            | "class_declaration" => Walk::Over,
            _ => Walk::Into,
        });
        last.map_or(Value::Unknown, |value| self.evaluate(function.with(value), depth + 1))
    }

    /// The file that `require` is given, also as `path.join(__dirname, 'user')`.
    fn required(&self, at: At<'p>, depth: usize) -> Value<'p> {
        let mut name = match self.evaluate(at, depth) {
            Value::Text(name) => name,
            _ => String::new(),
        };
        if at.node.kind() == "call_expression" && self.text(at).contains("__dirname") {
            ".".clone_into(&mut name);
            for argument in arguments(at.node) {
                if let Value::Text(part) = self.evaluate(at.with(argument), depth) {
                    name = format!("{name}/{part}");
                }
            }
        }
        let file = self.project.module(at.file, &name);
        file.map_or(Value::Unknown, Value::Module)
    }

    /// What a file exports under a name.
    pub(super) fn exported(&self, file: usize, name: &str, depth: usize) -> Value<'p> {
        let Some(bindings) = self.bindings.get(file).filter(|_| depth <= DEPTH) else {
            return Value::Unknown;
        };
        let depth = depth + 1;
        match bindings.exports.get(name) {
            Some(Export::Code(node)) => return self.evaluate(At { file, node: *node }, depth),
            Some(Export::From(module, name)) => {
                let from = self.project.module(file, module);
                return from.map_or(Value::Unknown, |from| self.exported(from, name, depth));
            }
            None => {}
        }
        if let Some(node) = bindings.default {
            if name == "default" {
                return self.evaluate(At { file, node }, depth);
            }
            let key = (self.text(At { file, node }).to_owned(), name.to_owned());
            if let Some(assigned) = bindings.assigned.get(&key) {
                return self.evaluate(At { file, node: *assigned }, depth);
            }
            let whole = self.evaluate(At { file, node }, depth);
            let value = self.property(&whole, name, file, depth);
            if !matches!(value, Value::Unknown) {
                return value;
            }
        }
        for star in &bindings.stars {
            if let Some(from) = self.project.module(file, star) {
                let value = self.exported(from, name, depth);
                if !matches!(value, Value::Unknown) {
                    return value;
                }
            }
        }
        Value::Unknown
    }
}

fn contains(outer: Node<'_>, inner: Node<'_>) -> bool {
    outer.start_byte() <= inner.start_byte() && inner.end_byte() <= outer.end_byte()
}
