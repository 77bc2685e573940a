//! What a model's names are: its table, its key, the key that others have to it, and what stands for it in type columns.

use super::application::{Application, foreign};
use super::class::{Class, Method, Sort};
use super::evaluate::{Place, Value};
use super::expression::{Argument, Expression};
use super::framework::{Base, CONNECTION_ATTRIBUTE, HAS_PARENT, PLURAL_MORPH_PIVOTS, SOFT_DELETES, TABLE_ATTRIBUTE};
use super::inflect::{class_basename, pivot_table_of, snake, table_of};
use super::morph_map::MorphNames;
use crate::schema::{Ident, TableName};

/// Why a name is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unclear {
    /// In one phrase.
    pub(super) why: String,
    /// Whether it is the code that is wrong; else it says so only when it runs.
    pub(super) wrong: bool,
}

impl Unclear {
    /// What only the running code says.
    pub(super) fn until_run(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            wrong: false,
        }
    }

    /// What cannot work.
    pub(super) fn wrong(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            wrong: true,
        }
    }
}

/// A model's names.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// The class in full.
    pub(super) class: String,
    /// What its connection puts before the name of each table.
    pub(super) prefix: String,
    pub(super) table: Result<TableName, Unclear>,
    /// Whether the code names the table; else it is the convention.
    pub(super) stated: bool,
    pub(super) key: Result<Vec<Ident>, Unclear>,
    /// The name that keys to it have by default.
    pub(super) foreign_key: Result<Ident, Unclear>,
    /// Its part of the name of a join table.
    pub(super) segment: Result<String, Unclear>,
    /// What stands for it in type columns.
    pub(super) morph: Result<String, Unclear>,
}

/// The names of a class that is one of the application's or the framework's; `None` for any other.
pub(super) fn names(application: &Application, morphs: &MorphNames, class: &str) -> Option<Names> {
    let Some(class) = application.class(class) else {
        return foreign_names(application, morphs, class);
    };
    if matches!(class.sort, Sort::Trait | Sort::Constants) {
        return None;
    }
    let place = Place::of_class(application, Some(class));
    let (table, stated) = table(&place, class);
    let text = |method: &str| match place.method_of(&class.name, method) {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(Unclear::until_run(format!(
            "what {method}() of `{}` gives is known only when the code runs",
            class.name
        ))),
    };
    let prefix = prefix(&place, class);
    Some(Names {
        class: class.name.clone(),
        table: table.map(|table| in_namespace(&table, &prefix)),
        prefix,
        stated,
        key: key(&place, class),
        foreign_key: match application.base(class) {
            Some(Base::Pivot | Base::MorphPivot) if application.member(class, "getForeignKey").is_none() => {
                let why = format!(
                    "`{}` is a pivot: Laravel has no default name for keys to it",
                    class.name
                );
                Err(Unclear::wrong(why))
            }
            _ => text("getForeignKey").map(Ident::new),
        },
        segment: text("joiningTableSegment"),
        morph: match application.member(class, "getMorphClass") {
            Some(_) => text("getMorphClass"),
            None => Ok(morphs.of(&class.name)),
        },
    })
}

fn foreign_names(application: &Application, morphs: &MorphNames, class: &str) -> Option<Names> {
    let known = foreign(class)?;
    let table = known.table?;
    let place = Place::of_class(application, None);
    let segment = snake(class_basename(known.name));
    let prefix = connection_prefix(&place, None);
    Some(Names {
        class: known.name.to_owned(),
        table: Ok(in_namespace(table, &prefix)),
        prefix,
        stated: true,
        key: Ok(vec![Ident::new("id")]),
        foreign_key: Ok(Ident::new(format!("{segment}_id"))),
        segment: Ok(segment),
        morph: Ok(morphs.of(known.name)),
    })
}

/// What a method of the framework's own model gives for a class that does not have its own.
pub(super) fn built_in(place: &Place<'_>, class: &Class, method: &str) -> Option<Value> {
    match method {
        "getTable" => default_table(place, class).0.ok().map(Value::Text),
        "getKeyName" => match default_key(place, class).ok()?.as_slice() {
            [only] => Some(Value::Text(only.as_str().to_owned())),
            _ => None,
        },
        "getForeignKey" => {
            let Some(Value::Text(key)) = place.method_of(&class.name, "getKeyName") else {
                return None;
            };
            let name = class_basename(&named_as(place.application, class).name);
            Some(Value::Text(format!("{}_{key}", snake(name))))
        }
        "joiningTableSegment" => {
            let name = class_basename(&named_as(place.application, class).name);
            Some(Value::Text(snake(name)))
        }
        "getMorphClass" => Some(Value::Text(class.name.clone())),
        "getModel" | "newInstance" | "getRelated" => Some(Value::Object(class.name.clone())),
        _ => None,
    }
}

/// The class whose name the defaults are made of: with the package tightenco/parental a child is named as its parent.
fn named_as<'a>(application: &'a Application, class: &'a Class) -> &'a Class {
    let (line, _) = application.line(class);
    let is_child = |class: &Class| {
        let mut traits = class.traits.iter();
        traits.any(|used| HAS_PARENT.iter().any(|name| used.eq_ignore_ascii_case(name)))
    };
    line.into_iter().find(|class| !is_child(class)).unwrap_or(class)
}

/// A model's table without the prefix of its connection, and whether the code names it.
fn table(place: &Place<'_>, class: &Class) -> (Result<String, Unclear>, bool) {
    match place.application.member(class, "getTable") {
        Some(member) => match place.result_of(member) {
            Some(Value::Text(table)) => (Ok(table), true),
            _ => table_unclear(class, "by getTable()"),
        },
        None => default_table(place, class),
    }
}

fn table_unclear(class: &Class, how: &str) -> (Result<String, Unclear>, bool) {
    let why = format!("the table of `{}` is set {how}, when the code runs", class.name);
    (Err(Unclear::until_run(why)), true)
}

/// The table as the framework's own `getTable` has it.
fn default_table(place: &Place<'_>, class: &Class) -> (Result<String, Unclear>, bool) {
    let application = place.application;
    match set_when_made(place, class, "table") {
        Some(Value::Text(table)) => return (Ok(table), true),
        Some(_) => return table_unclear(class, "as the object is made"),
        None => {}
    }
    let property = application.property(class, "table");
    let attribute = attribute(place, class, TABLE_ATTRIBUTE, "name");
    // An attribute of the class itself comes before a property that it inherits (Laravel 13's
    // `initializeModelAttributes`).
    let inherited = property.is_none_or(|(own, _)| own.name != class.name);
    let nearest = attribute
        .as_ref()
        .filter(|(own, _)| inherited && own.name == class.name);
    let stated = match (nearest, property) {
        (Some((_, value)), _) => Some(value.clone()),
        (None, Some((own, value))) => match place.written_in(own).value(value) {
            Value::Null => attribute.map(|(_, value)| value),
            value => Some(value),
        },
        (None, None) => attribute.map(|(_, value)| value),
    };
    match stated {
        Some(Value::Text(table)) => (Ok(table), true),
        None | Some(Value::Null) => {
            let end = application.line(class).1.and_then(foreign);
            if let Some(table) = end.filter(|end| end.states_table).and_then(|end| end.table) {
                return (Ok(table.to_owned()), true);
            }
            let named = named_as(application, class);
            // Where no version is told: few applications are on the newest.
            let plural_pivots = application
                .version
                .is_some_and(|version| version >= PLURAL_MORPH_PIVOTS);
            let table = match application.base(class) {
                Some(Base::Pivot) => pivot_table_of(&named.name),
                Some(Base::MorphPivot) if !plural_pivots => pivot_table_of(&named.name),
                _ => table_of(&named.name),
            };
            (Ok(table), false)
        }
        Some(_) => table_unclear(class, "by an expression"),
    }
}

/// A model's key.
fn key(place: &Place<'_>, class: &Class) -> Result<Vec<Ident>, Unclear> {
    match place.application.member(class, "getKeyName") {
        Some(member) => match place.result_of(member) {
            Some(Value::Text(key)) => Ok(vec![key.into()]),
            _ => Err(key_unclear(class)),
        },
        None => default_key(place, class),
    }
}

fn key_unclear(class: &Class) -> Unclear {
    Unclear::until_run(format!(
        "the primary key of `{}` is known only when the code runs",
        class.name
    ))
}

/// The key as the framework's own `getKeyName` has it: `id` unless the model says otherwise.
fn default_key(place: &Place<'_>, class: &Class) -> Result<Vec<Ident>, Unclear> {
    let property = || {
        let (own, value) = place.application.property(class, "primaryKey")?;
        Some(place.written_in(own).value(value))
    };
    let stated = set_when_made(place, class, "primaryKey").or_else(property);
    let stated = match stated {
        None => Value::Text("id".to_owned()),
        Some(value) => value,
    };
    match stated {
        Value::Text(key) if key == "id" => match attribute(place, class, TABLE_ATTRIBUTE, "key") {
            None | Some((_, Value::Null)) => Ok(vec!["id".into()]),
            Some((_, Value::Text(key))) => Ok(vec![key.into()]),
            Some(_) => Err(key_unclear(class)),
        },
        Value::Text(key) => Ok(vec![key.into()]),
        Value::Null => Err(Unclear::until_run(format!("`{}` has no primary key", class.name))),
        Value::List(keys) => {
            let keys = keys.into_iter().map(|(_, key)| match key {
                Value::Text(key) => Some(Ident::new(key)),
                _ => None,
            });
            keys.collect::<Option<Vec<Ident>>>().ok_or_else(|| key_unclear(class))
        }
        _ => Err(key_unclear(class)),
    }
}

/// What a constructor, or a trait's part of it, sets a property to.
fn set_when_made(place: &Place<'_>, class: &Class, property: &str) -> Option<Value> {
    if place.being_made {
        return None;
    }
    let (line, _) = place.application.line(class);
    let makes = |method: &Method| method.name == "__construct" || method.name.starts_with("initialize");
    line.into_iter().find_map(|own| {
        let bearers = std::iter::once(own).chain(place.application.traits(own));
        let mut methods = bearers
            .flat_map(|bearer| &bearer.methods)
            .filter(|method| makes(method));
        methods.find_map(|method| {
            let place = Place {
                own: Some(own),
                method: Some((&method.body, &method.parameters)),
                being_made: true,
                ..*place
            };
            let assigned = method.body.properties.get(property);
            let set = || {
                let mut chains = method.body.chains.iter().filter_map(|chain| chain.steps.first());
                let step = chains.find(|step| property == "table" && step.name == "setTable")?;
                step.arguments.first().map(|argument| &argument.value)
            };
            assigned.or_else(set).map(|value| place.value(value))
        })
    })
}

/// The value of an attribute's parameter, with the class that has it: the class's own, its traits', or an inherited one.
fn attribute<'a>(
    place: &Place<'a>,
    class: &'a Class,
    (attribute, parameters): (&str, &[&str]),
    parameter: &str,
) -> Option<(&'a Class, Value)> {
    let (line, _) = place.application.line(class);
    line.into_iter().find_map(|own| {
        let bearers = std::iter::once(own).chain(place.application.traits(own));
        let mut attributes = bearers.flat_map(|bearer| &bearer.attributes);
        let (_, arguments) = attributes.find(|(name, _)| name == attribute)?;
        let position = parameters.iter().position(|name| *name == parameter)?;
        let by_name = |argument: &&Argument| argument.name.as_deref() == Some(parameter);
        let by_position = || arguments.get(position).filter(|argument| argument.name.is_none());
        let argument = arguments.iter().find(by_name).or_else(by_position);
        let value = argument.map_or(Value::Null, |argument| place.value(&argument.value));
        Some((own, value))
    })
}

/// The column that marks a row as deleted.
pub(super) fn soft_delete(application: &Application, class: &Class) -> Option<Ident> {
    if !application.uses(class, SOFT_DELETES) {
        return None;
    }
    let place = Place::of_class(application, Some(class));
    let column = match application.constant(class, "DELETED_AT") {
        Some((own, value)) => match place.written_in(own).value(value) {
            Value::Text(column) => column,
            _ => return None,
        },
        None => "deleted_at".to_owned(),
    };
    Some(column.into())
}

/// What is computed as if it were a column: by `getNameAttribute()`, or by `name()` that gives an `Attribute`.
pub(super) fn computed(application: &Application, class: &Class) -> Vec<Ident> {
    let (line, _) = application.line(class);
    let bearers = line
        .into_iter()
        .flat_map(|own| std::iter::once(own).chain(application.traits(own)));
    let names = bearers.flat_map(|bearer| &bearer.methods).filter_map(|method| {
        let name = method
            .name
            .strip_prefix("get")
            .and_then(|name| name.strip_suffix("Attribute"));
        let is_attribute = method.return_type.as_deref() == Some("Attribute");
        name.or(is_attribute.then_some(method.name.as_str()))
    });
    names
        .filter(|name| !name.is_empty())
        .map(|name| snake(name).into())
        .collect()
}

/// The connection of a model, where it is not the one that the application has by default.
pub(super) fn other_connection(application: &Application, class: &Class) -> Option<String> {
    match connection(application, class)? {
        Value::Text(name) => {
            let place = Place::of_class(application, None);
            let is_default = place.configured("database.default") == Some(Value::Text(name.clone()));
            (!is_default).then(|| format!("`{name}`"))
        }
        Value::Unknown(code) => Some(code),
        _ => None,
    }
}

/// The connection that a model names.
fn connection(application: &Application, class: &Class) -> Option<Value> {
    let place = Place::of_class(application, Some(class));
    let stated = application
        .property(class, "connection")
        .map(|(own, value)| match value {
            Expression::Null => Value::Null,
            value => place.written_in(own).value(value),
        });
    let attribute = || attribute(&place, class, CONNECTION_ATTRIBUTE, "name").map(|(_, value)| value);
    stated.filter(|value| *value != Value::Null).or_else(attribute)
}

fn prefix(place: &Place<'_>, class: &Class) -> String {
    match connection(place.application, class) {
        Some(Value::Text(connection)) => connection_prefix(place, Some(connection)),
        Some(_) => String::new(),
        None => connection_prefix(place, None),
    }
}

/// The prefix that a connection gives to all tables, where the configuration is read and says so.
fn connection_prefix(place: &Place<'_>, connection: Option<String>) -> String {
    let default = || match place.configured("database.default") {
        Some(Value::Text(connection)) => Some(connection),
        _ => None,
    };
    let prefix = connection
        .or_else(default)
        .and_then(|connection| place.configured(&format!("database.connections.{connection}.prefix")));
    match prefix {
        Some(Value::Text(prefix)) => prefix,
        _ => String::new(),
    }
}

/// A table's name as the database has it: `schema.table` is a table of a namespace.
pub(super) fn in_namespace(table: &str, prefix: &str) -> TableName {
    match table.rsplit_once('.') {
        Some((namespace, table)) => TableName::qualified(namespace, format!("{prefix}{table}")),
        None => TableName::bare(format!("{prefix}{table}")),
    }
}
