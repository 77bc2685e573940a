//! The options of an association.

use super::Version;
use super::code::{At, Code, Value};
use super::decorator::Decorator;
use super::inflection::singularize;
use crate::schema::{Action, AssociationKind, UnknownOption};

/// What the options of an association state.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// `as`: the name of the association.
    pub(super) alias: Option<String>,
    /// `as: { singular }`.
    pub(super) alias_singular: Option<String>,
    /// The code of an `as` that cannot be followed.
    pub(super) hidden_alias: Option<String>,
    pub(super) foreign_key: KeyOptions,
    pub(super) other_key: KeyOptions,
    pub(super) source_key: Option<String>,
    pub(super) target_key: Option<String>,
    pub(super) through: Option<Through>,
    /// The columns that a scope sets, with the value where it is a text.
    pub(super) scope: Vec<(String, Option<String>)>,
    pub(super) through_scope: Vec<(String, Option<String>)>,
    pub(super) on_delete: Option<Action>,
    /// `constraints` in Sequelize 6, `foreignKeyConstraints` in 7.
    pub(super) constraints: Option<bool>,
    pub(super) inverse: Option<Inverse>,
    pub(super) unknown: Vec<UnknownOption>,
    /// What of them cannot be followed.
    pub(super) obscure: Option<String>,
}

/// `foreignKey` or `otherKey`.
#[derive(Debug, Default, Clone)]
pub(super) struct KeyOptions {
    pub(super) name: Option<String>,
    pub(super) column: Option<String>,
    pub(super) allow_null: Option<bool>,
    pub(super) on_delete: Option<Action>,
}

/// The join table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Through {
    /// A model, by its number.
    Model(usize),
    /// A table that Sequelize makes a model for.
    Table(String),
    /// It is named, and there is no such model.
    Missing(String),
}

/// The other end, which Sequelize 7 declares at the same time.
#[derive(Debug, Clone, Default)]
pub(super) struct Inverse {
    pub(super) alias: Option<String>,
    /// What it is, where this end is `belongsTo`.
    pub(super) kind: Option<AssociationKind>,
}

/// The options that every association takes, in both versions.
const COMMON: &[&str] = &["as", "foreignKey", "hooks", "scope"];
/// What every association takes in Sequelize 6.
const OF_SIX: &[&str] = &[
    "onDelete",
    "onUpdate",
    "constraints",
    "keyType",
    "useHooks",
    "foreignKeyConstraint",
];
/// What `belongsToMany` passes on to the model that it makes for a table (Sequelize 6).
const OF_MODELS: &[&str] = &[
    "timestamps",
    "createdAt",
    "updatedAt",
    "deletedAt",
    "paranoid",
    "schema",
    "underscored",
    "freezeTableName",
    "tableName",
    "uniqueKey",
    "indexes",
];

/// Reads the options of a call, or of a decorator that is given an object.
pub(super) fn read<'p>(code: &Code<'p, '_>, kind: AssociationKind, version: Version, given: Option<At<'p>>) -> Options {
    let mut options = Options::default();
    let Some(given) = given else {
        return options;
    };
    // `@BelongsTo(() => User, 'user_id')`
    if let Value::Text(key) = code.value(given) {
        options.foreign_key.name = Some(key);
        return options;
    }
    let Some((properties, complete)) = code.properties(given) else {
        options.obscure = Some("its options cannot be followed".to_owned());
        return options;
    };
    if !complete {
        options.obscure = Some("not all of its options can be followed".to_owned());
    }
    for (option, value) in properties {
        read_option(code, &mut options, &option, value, version);
        forget_overwritten(code, &mut options, kind, version, &option, value);
        if let Some(why) = complaint(kind, version, &option) {
            options.unknown.push(UnknownOption {
                option,
                why,
                location: code.location(value_name(value)),
            });
        }
    }
    options
}

/// Sequelize 6 gives the key what `onDelete` of the association says, or the default, instead
/// of what the key's own options say.
fn forget_overwritten<'p>(
    code: &Code<'p, '_>,
    options: &mut Options,
    kind: AssociationKind,
    version: Version,
    option: &str,
    value: At<'p>,
) {
    let key = match option {
        "foreignKey" => &mut options.foreign_key,
        "otherKey" => &mut options.other_key,
        _ => return,
    };
    if version == Version::Six && key.on_delete.take().is_some() {
        options.unknown.push(UnknownOption {
            option: format!("{option}.onDelete"),
            why: format!("{} ignores it; `onDelete` is an option of the association", word(kind)),
            location: code.location(value_name(value)),
        });
    }
}

/// Reads what `@BelongsToMany(() => Post, () => PostTag, 'post_id', 'tag_id')` of `sequelize-typescript` is given.
pub(super) fn read_decorator<'p>(
    code: &Code<'p, '_>,
    kind: AssociationKind,
    version: Version,
    decorator: &Decorator<'p>,
) -> Options {
    let second = decorator.arguments.get(1).copied();
    let by_place = kind == AssociationKind::BelongsToMany
        && version == Version::Six
        && second.is_some_and(|second| code.properties(second).is_none());
    if !by_place {
        return read(code, kind, version, second);
    }
    let text = |place: usize| {
        decorator
            .arguments
            .get(place)
            .and_then(|given| code.string_value(*given))
    };
    Options {
        through: second.map(|second| through_model(code, second)),
        foreign_key: KeyOptions {
            name: text(2),
            ..KeyOptions::default()
        },
        other_key: KeyOptions {
            name: text(3),
            ..KeyOptions::default()
        },
        ..Options::default()
    }
}

fn read_option<'p>(code: &Code<'p, '_>, options: &mut Options, option: &str, value: At<'p>, version: Version) {
    let text = || code.string_value(value);
    match option {
        "as" => read_alias(code, options, value),
        "foreignKey" => read_key(code, &mut options.foreign_key, value, &mut options.obscure),
        "otherKey" => read_key(code, &mut options.other_key, value, &mut options.obscure),
        "sourceKey" => options.source_key = text(),
        "targetKey" => options.target_key = text(),
        "onDelete" if version == Version::Six => options.on_delete = code.action(value),
        "constraints" if version == Version::Six => options.constraints = code.flag(value),
        "foreignKeyConstraints" if version == Version::Seven => options.constraints = code.flag(value),
        "scope" => options.scope = scope(code, value),
        "through" => read_through(code, options, value),
        "inverse" if version == Version::Seven => options.inverse = Some(inverse(code, value)),
        _ => {}
    }
}

fn read_alias<'p>(code: &Code<'p, '_>, options: &mut Options, value: At<'p>) {
    if let Some(alias) = code.string_value(value) {
        options.alias = Some(alias);
        return;
    }
    let Some((forms, _)) = code.properties(value) else {
        options.hidden_alias = Some(code.text(value).to_owned());
        return;
    };
    for (form, value) in forms {
        match form.as_str() {
            "plural" => options.alias = code.string_value(value),
            "singular" => options.alias_singular = code.string_value(value),
            _ => {}
        }
    }
    if options.alias.is_none() {
        options.alias.clone_from(&options.alias_singular);
    }
}

fn read_key<'p>(code: &Code<'p, '_>, key: &mut KeyOptions, value: At<'p>, obscure: &mut Option<String>) {
    if let Some(name) = code.string_value(value) {
        key.name = Some(name);
        return;
    }
    let Some((properties, complete)) = code.properties(value) else {
        *obscure = Some(format!("its key is `{}`, which cannot be followed", code.text(value)));
        return;
    };
    for (option, value) in properties {
        match option.as_str() {
            "name" | "fieldName" => {
                key.name = code.string_value(value);
                if key.name.is_none() {
                    *obscure = Some(format!("its key is `{}`, which cannot be followed", code.text(value)));
                }
            }
            "field" | "columnName" => key.column = code.string_value(value),
            "allowNull" => key.allow_null = code.flag(value),
            "onDelete" => key.on_delete = code.action(value),
            _ => {}
        }
    }
    if !complete && key.name.is_none() {
        *obscure = Some("its key cannot be followed".to_owned());
    }
}

fn scope<'p>(code: &Code<'p, '_>, value: At<'p>) -> Vec<(String, Option<String>)> {
    let Some((properties, _)) = code.properties(value) else {
        return vec![(String::new(), None)];
    };
    let values = properties.into_iter();
    values.map(|(name, value)| (name, code.string_value(value))).collect()
}

fn read_through<'p>(code: &Code<'p, '_>, options: &mut Options, value: At<'p>) {
    let Some((properties, _)) = code.properties(value) else {
        options.through = Some(through_model(code, value));
        return;
    };
    for (option, value) in properties {
        match option.as_str() {
            "model" => options.through = Some(through_model(code, value)),
            "scope" => options.through_scope = scope(code, value),
            _ => {}
        }
    }
}

/// A text names a model where there is one of exactly that name, else a table.
fn through_model<'p>(code: &Code<'p, '_>, value: At<'p>) -> Through {
    match code.value(value) {
        Value::Text(name) if code.is_name(&name) => match code.by_name(&name, value.file) {
            Some(model) => Through::Model(model),
            None => Through::Table(name),
        },
        Value::Text(name) => Through::Table(name),
        _ => code.model(value).map_or_else(Through::Missing, Through::Model),
    }
}

fn inverse<'p>(code: &Code<'p, '_>, value: At<'p>) -> Inverse {
    if let Some(alias) = code.string_value(value) {
        return Inverse {
            alias: Some(alias),
            kind: None,
        };
    }
    let mut inverse = Inverse::default();
    for (option, value) in code.properties(value).map(|(options, _)| options).unwrap_or_default() {
        match option.as_str() {
            "as" => inverse.alias = code.string_value(value),
            "type" => {
                inverse.kind = match code.string_value(value).as_deref() {
                    Some("hasMany") => Some(AssociationKind::HasMany),
                    Some("hasOne") => Some(AssociationKind::HasOne),
                    _ => None,
                }
            }
            _ => {}
        }
    }
    inverse
}

/// The option's own name, before its value.
fn value_name(value: At<'_>) -> At<'_> {
    match value.node.parent() {
        Some(pair) if pair.kind() == "pair" => value.with(pair),
        _ => value,
    }
}

/// What becomes of an option that Sequelize ignores or refuses there; `None` for those that it takes. The lists are
/// those of the sources of 6.37.8 and 7.0.0-alpha.48.
fn complaint(kind: AssociationKind, version: Version, option: &str) -> Option<String> {
    use AssociationKind::{BelongsTo, BelongsToMany, HasMany, HasOne};
    let word = word(kind);
    let ignored = |instead: &str| Some(format!("{word} ignores it; {instead}"));
    if COMMON.contains(&option) {
        return None;
    }
    let refused = |instead: &str| Some(format!("Sequelize 7 refuses it; it is {instead}"));
    match (version, option) {
        (_, "targetKey") if matches!(kind, HasOne | HasMany) => ignored("the parent's column is chosen by `sourceKey`"),
        (_, "sourceKey") if kind == BelongsTo => ignored("the parent's column is chosen by `targetKey`"),
        (_, "through") if kind == HasMany => Some(format!("{word} refuses it; only belongsToMany has a join table")),
        (_, "through" | "otherKey") if kind != BelongsToMany => ignored("only belongsToMany has a join table"),
        (Version::Six, "inverse" | "foreignKeyConstraints") => Some(format!("{word} has it from Sequelize 7 on")),
        (Version::Seven, "onDelete" | "onUpdate") => refused(&format!("an option of the key: `foreignKey.{option}`")),
        (Version::Seven, "constraints") => refused("called `foreignKeyConstraints`"),
        (Version::Seven, "keyType") => refused("called `foreignKey.type`"),
        (Version::Seven, "timestamps" | "uniqueKey") if kind == BelongsToMany => refused("an option of `through`"),
        _ if takes(kind, version, option) => None,
        _ => Some(format!("{word} has no such option and ignores it")),
    }
}

/// Whether an option is one of that version, on that sort of association or on another.
fn takes(kind: AssociationKind, version: Version, option: &str) -> bool {
    let of_many = kind == AssociationKind::BelongsToMany;
    match version {
        _ if matches!(option, "targetKey" | "sourceKey" | "through" | "otherKey") => true,
        Version::Six => OF_SIX.contains(&option) || of_many && OF_MODELS.contains(&option),
        Version::Seven => {
            matches!(option, "inverse" | "foreignKeyConstraints") || of_many && option == "throughAssociations"
        }
    }
}

/// The word of Sequelize for a sort of association.
pub(super) fn word(kind: AssociationKind) -> &'static str {
    match kind {
        AssociationKind::BelongsTo => "belongsTo",
        AssociationKind::HasOne => "hasOne",
        AssociationKind::HasMany => "hasMany",
        AssociationKind::BelongsToMany => "belongsToMany",
    }
}

/// The sort of association that a word stands for, that of a method or of a decorator.
pub(super) fn kind(word: &str) -> Option<AssociationKind> {
    match word {
        "belongsTo" | "BelongsTo" => Some(AssociationKind::BelongsTo),
        "hasOne" | "HasOne" => Some(AssociationKind::HasOne),
        "hasMany" | "HasMany" => Some(AssociationKind::HasMany),
        "belongsToMany" | "BelongsToMany" => Some(AssociationKind::BelongsToMany),
        _ => None,
    }
}

impl Options {
    /// The name of one of the other side, where several are named: from it keys are named.
    pub(super) fn singular_alias(&self, version: Version) -> Option<String> {
        let alias = self.alias.as_deref()?;
        let stated = self.alias_singular.clone();
        Some(stated.unwrap_or_else(|| singularize(alias, version)))
    }
}
