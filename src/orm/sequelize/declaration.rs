//! Where associations are declared: calls such as `User.hasMany(Post)`, and fields with decorators.

use super::code::{At, Code, Value};
use super::collect::note;
use super::decorator;
use super::definition::Definition;
use super::options::{self, Options};
use crate::orm::tree::field;
use crate::schema::{AssociationKind, Note};

/// An association as it stands in the code.
pub(super) struct Declaration<'p> {
    /// The model that it is declared on, by its number.
    pub(super) owner: usize,
    pub(super) kind: AssociationKind,
    pub(super) target: Target,
    pub(super) options: Options,
    /// The word that declares it.
    pub(super) at: At<'p>,
    /// Whether it is a decorator of `sequelize-typescript`, which demands that the key is named.
    pub(super) key_demanded: bool,
}

/// The other model.
pub(super) enum Target {
    /// By its number.
    Model(usize),
    /// There is none.
    Missing {
        /// As it is called.
        name: String,
        /// Whether nothing of that name is there at all.
        dangling: bool,
    },
}

/// All declarations, in the order of the code.
pub(super) fn declarations<'p>(
    code: &Code<'p, '_>,
    definitions: &[Definition<'p>],
    notes: &mut Vec<Note>,
) -> Vec<Declaration<'p>> {
    let mut found = Vec::new();
    for call in code.calls() {
        found.extend(of_call(code, definitions, call, notes));
    }
    for (owner, definition) in definitions.iter().enumerate() {
        if code.place(owner).is_some_and(|at| at.node.kind().contains("class")) {
            found.extend(of_decorators(code, owner, definition));
        }
    }
    found.sort_by_key(|declaration| (declaration.at.file, declaration.at.node.start_byte()));
    found
}

fn of_call<'p>(
    code: &Code<'p, '_>,
    definitions: &[Definition<'p>],
    call: At<'p>,
    notes: &mut Vec<Note>,
) -> Option<Declaration<'p>> {
    let function = field(call.node, "function").filter(|function| function.kind() == "member_expression")?;
    let property = field(function, "property")?;
    let at = call.with(property);
    // `User.BelongsTo(…)` is no method of Sequelize: the words of decorators begin with a capital letter.
    let kind = options::kind(code.text(at)).filter(|kind| options::word(*kind) == code.text(at))?;
    let arguments = call.arguments();
    let target = *arguments.first()?;
    let object = call.with(field(function, "object")?);
    let Ok(owner) = code.model(object) else {
        // Other libraries have these words too, and give the other model as a text.
        let of_sequelize = !matches!(code.value(target), Value::Text(_)) && object.node.kind() != "this";
        if of_sequelize {
            let object = code.text(object).split_whitespace().collect::<Vec<_>>().join(" ");
            let word = options::word(kind);
            notes.push(note(
                code,
                at,
                format!("cannot tell on which model `{word}` is called: `{object}`"),
            ));
        }
        return None;
    };
    let definition = definitions.get(owner)?;
    Some(Declaration {
        owner,
        kind,
        target: target_of(code, target),
        options: options::read(code, kind, definition.version, arguments.get(1).copied()),
        at,
        key_demanded: false,
    })
}

fn of_decorators<'p>(code: &Code<'p, '_>, owner: usize, definition: &Definition<'p>) -> Vec<Declaration<'p>> {
    let mut found = Vec::new();
    for member in decorator::members(code, definition.at) {
        for decorator in &member.decorators {
            let Some(kind) = options::kind(&decorator.name).filter(|kind| options::word(*kind) != decorator.name)
            else {
                continue;
            };
            let Some(target) = decorator.arguments.first() else {
                continue;
            };
            let mut options = options::read_decorator(code, kind, definition.version, decorator);
            if options.alias.is_none() {
                options.alias = Some(member.name.clone());
            }
            found.push(Declaration {
                owner,
                kind,
                target: target_of(code, *target),
                options,
                at: decorator.at,
                key_demanded: decorator::is_sequelize_typescript(code, definition),
            });
        }
    }
    found
}

fn target_of<'p>(code: &Code<'p, '_>, at: At<'p>) -> Target {
    match code.model(at) {
        Ok(model) => Target::Model(model),
        Err(name) => Target::Missing {
            dangling: code.is_absent(at),
            name,
        },
    }
}
