//! Classes whose attributes and associations are declared by decorators: those of Sequelize 7 and of
//! `sequelize-typescript`.

use tree_sitter::Node;

use super::Version;
use super::code::{At, Code, Value, arguments};
use super::collect::decorators;
use super::definition::{AttributeDefinition, Definition, attribute, model_options, refine};
use crate::orm::tree::{children, field};

/// A field of a class, with its decorators.
pub(super) struct Member<'p> {
    pub(super) name: String,
    pub(super) at: At<'p>,
    pub(super) decorators: Vec<Decorator<'p>>,
}

/// `@Column(…)`.
pub(super) struct Decorator<'p> {
    pub(super) name: String,
    /// The name in the code.
    pub(super) at: At<'p>,
    pub(super) arguments: Vec<At<'p>>,
}

/// The words of decorators that make a field an association.
pub(super) const ASSOCIATIONS: &[&str] = &["BelongsTo", "HasOne", "HasMany", "BelongsToMany"];

/// The classes that are models by their decorators.
pub(super) fn classes<'p>(code: &Code<'p, '_>) -> Vec<At<'p>> {
    let mut classes = Vec::new();
    for (file, source) in code.project.files.iter().enumerate() {
        let seven = source.source.text.contains("@sequelize/core");
        if !seven && !source.source.text.contains("equelize") {
            continue;
        }
        let bindings = code.bindings.get(file).into_iter();
        let of_file = bindings.flat_map(|bindings| bindings.classes.iter().map(|node| At { file, node: *node }));
        classes.extend(of_file.filter(|class| is_model(code, *class, seven)));
    }
    classes
}

/// `sequelize-typescript` demands `@Table`; Sequelize 7 takes any model that is listed, and has `@Table.Abstract`.
fn is_model(code: &Code<'_, '_>, class: At<'_>, seven: bool) -> bool {
    if children(class.node)
        .iter()
        .all(|child| child.kind() != "class_heritage")
    {
        return false;
    }
    let of_class = decorators(class.node)
        .into_iter()
        .map(|node| read_decorator(code, class.with(node)));
    let names: Vec<String> = of_class.map(|decorator| decorator.name).collect();
    if names.iter().any(|name| name == "Table") {
        return true;
    }
    let abstract_ = names.iter().any(|name| name == "Table.Abstract") || class.node.kind().starts_with("abstract");
    let words = ["Attribute", "PrimaryKey", "NotNull"];
    seven
        && !abstract_
        && own_members(code, class).iter().any(|member| {
            let names = member.decorators.iter().map(|decorator| decorator.name.as_str());
            names
                .into_iter()
                .any(|name| words.contains(&name) || ASSOCIATIONS.contains(&name))
        })
}

/// The fields of a class and of those that it extends, the latter first.
pub(super) fn members<'p>(code: &Code<'p, '_>, class: At<'p>) -> Vec<Member<'p>> {
    let mut members: Vec<Member<'p>> = Vec::new();
    for class in lineage(code, class).into_iter().rev() {
        for member in own_members(code, class) {
            members.retain(|inherited| inherited.name != member.name);
            members.push(member);
        }
    }
    members
}

/// A class and those that it extends, as far as they were read.
pub(super) fn lineage<'p>(code: &Code<'p, '_>, class: At<'p>) -> Vec<At<'p>> {
    let mut lineage = vec![class];
    let mut at = class;
    // Deeper than any class of an application, and an end for classes that extend each other.
    while lineage.len() < 16 {
        let Some(parent) = heritage(at.node) else {
            break;
        };
        at = match code.value(at.with(parent)) {
            Value::Code(parent) if parent.node.kind().contains("class") => parent,
            Value::Model(parent) => match code.place(parent) {
                Some(parent) => parent,
                None => break,
            },
            _ => break,
        };
        lineage.push(at);
    }
    lineage
}

fn heritage(class: Node<'_>) -> Option<Node<'_>> {
    let heritage = children(class)
        .into_iter()
        .find(|child| child.kind() == "class_heritage")?;
    let clause = children(heritage).into_iter().next()?;
    field(clause, "value").or(Some(clause))
}

fn own_members<'p>(code: &Code<'p, '_>, class: At<'p>) -> Vec<Member<'p>> {
    let Some(body) = field(class.node, "body") else {
        return Vec::new();
    };
    let mut members = Vec::new();
    let mut before = Vec::new();
    for child in children(body) {
        if child.kind() == "decorator" {
            before.push(child);
            continue;
        }
        let within = children(child).into_iter().filter(|it| it.kind() == "decorator");
        let all: Vec<Node<'_>> = before.drain(..).chain(within).collect();
        if let Some(name) = field(child, "name").filter(|_| !all.is_empty()) {
            members.push(Member {
                name: code.text(class.with(name)).to_owned(),
                at: class.with(name),
                decorators: all
                    .into_iter()
                    .map(|node| read_decorator(code, class.with(node)))
                    .collect(),
            });
        }
    }
    members
}

fn read_decorator<'p>(code: &Code<'p, '_>, at: At<'p>) -> Decorator<'p> {
    let expression = children(at.node).into_iter().next().unwrap_or(at.node);
    let (named, arguments) = match expression.kind() {
        "call_expression" => (
            field(expression, "function").unwrap_or(expression),
            arguments(expression),
        ),
        _ => (expression, Vec::new()),
    };
    Decorator {
        name: code.text(at.with(named)).to_owned(),
        at: at.with(named),
        arguments: arguments.into_iter().map(|node| at.with(node)).collect(),
    }
}

/// Reads the attributes and options of a class from its decorators.
pub(super) fn read<'p>(code: &Code<'p, '_>, definition: &mut Definition<'p>, members: &[Member<'p>]) {
    for (depth, class) in lineage(code, definition.at).into_iter().enumerate() {
        for decorator in decorators(class.node) {
            let decorator = read_decorator(code, class.with(decorator));
            if !matches!(decorator.name.as_str(), "Table" | "Table.Abstract") {
                continue;
            }
            let Some(given) = decorator.arguments.first() else {
                continue;
            };
            let (options, _) = model_options(code, *given);
            if depth == 0 {
                definition.options = options;
            } else {
                definition.options.inherit(&options);
            }
        }
    }
    for member in members {
        read_member(code, definition, member);
    }
}

fn read_member<'p>(code: &Code<'p, '_>, definition: &mut Definition<'p>, member: &Member<'p>) {
    let mut declared: Option<AttributeDefinition> = None;
    let mut more = Vec::new();
    for decorator in &member.decorators {
        let first = decorator.arguments.first().copied();
        // `@NotNull` is `@NotNull(true)`.
        let flag = first.is_none_or(|first| code.flag(first) != Some(false));
        match decorator.name.as_str() {
            "Column" | "Attribute" | "CreatedAt" | "UpdatedAt" => {
                let mut column = attribute(code, member.name.clone(), first, code.location(member.at));
                // `@Column('first_name')` of `sequelize-typescript` is a type, not a name.
                column.unique |= false;
                declared = Some(column);
            }
            "DeletedAt" => {
                definition.options.paranoid = Some(true);
                definition.options.timestamps = Some(true);
                definition.options.deleted_at = Some(member.name.clone());
            }
            "ForeignKey" => definition.keys.extend(first.map(|first| (member.name.clone(), first))),
            "AllowNull" => more.push(("allowNull", flag, first)),
            "NotNull" => more.push(("allowNull", !flag, first)),
            "PrimaryKey" => more.push(("primaryKey", flag, first)),
            "Unique" => more.push(("unique", first.is_none() || flag && is_flag(code, first), first)),
            "ColumnName" => more.push(("columnName", flag, first)),
            "References" => more.push(("references", flag, first)),
            _ => {}
        }
    }
    let Some(mut declared) = declared else {
        return;
    };
    for (option, flag, value) in more {
        match option {
            "allowNull" => declared.allow_null = Some(flag),
            "primaryKey" => declared.primary_key = flag,
            "unique" => declared.unique = flag,
            "columnName" => declared.column = value.and_then(|value| code.string_value(value)),
            _ => {
                if let Some(value) = value {
                    refine(code, &mut declared, value);
                }
            }
        }
    }
    definition
        .attributes
        .retain(|inherited| inherited.name != declared.name);
    definition.attributes.push(declared);
}

fn is_flag(code: &Code<'_, '_>, at: Option<At<'_>>) -> bool {
    at.is_some_and(|at| code.flag(at).is_some())
}

/// Whether the models of this class are those of `sequelize-typescript`.
pub(super) fn is_sequelize_typescript(code: &Code<'_, '_>, definition: &Definition<'_>) -> bool {
    let file = code.project.files.get(definition.at.file);
    definition.version == Version::Six && file.is_some_and(|file| file.typescript)
}
