//! What a schema that was read from a file and the one of a live server differ in, field by field.

use std::collections::BTreeSet;
use std::fmt::Debug;

use relaudit::schema::{ColumnType, Ident, Origin, Schema, Table, TableKind, TableName, TypeFamily};

/// The differences, one a line. Not compared, each for a reason:
///
/// - where things are declared, and estimates of rows and bytes: only one of the two has them;
/// - the columns, keys and indexes of views: a file tells only the query;
/// - conditions and expressions beyond white space, quotes, parentheses and casts between texts: the server prints what
///   it has parsed, and parses what it has printed to something else.
pub(crate) fn differences(file: &Schema, live: &Schema) -> Vec<String> {
    let mut found = Vec::new();
    let names: BTreeSet<&TableName> = file.tables.keys().chain(live.tables.keys()).collect();
    for name in names {
        match (file.tables.get(name), live.tables.get(name)) {
            (Some(file), Some(live)) => table(file, live, &mut found),
            (Some(_), None) => found.push(format!("{name}: only in the file")),
            _ => found.push(format!("{name}: only on the server")),
        }
    }
    found
}

/// The differences of a schema that was read from a server's own dump. Besides what [`differences`] leaves out, pg_dump
/// does not tell:
///
/// - that the triggers of a foreign key are switched off, which is not to be dumped with the schema;
/// - in which order a table has the columns that it inherits, if the table above got them later.
pub(crate) fn differences_of_dump(dump: &Schema, live: &Schema) -> Vec<String> {
    let plain = |schema: &Schema| {
        let mut tables = schema.tables.clone();
        for table in tables.values_mut() {
            if !table.inherits.is_empty() {
                table.columns.sort_by(|left, right| left.name.cmp(&right.name));
            }
            // A key that is declared NOT ENFORCED counts as not validated too.
            for key in table.foreign_keys.iter_mut().filter(|key| key.validated) {
                key.enforced = true;
            }
        }
        Schema {
            tables,
            sees_all_tables: schema.sees_all_tables,
        }
    };
    differences(&plain(dump), &plain(live))
}

/// The schema as if its tables were in no namespace.
pub(crate) fn without_namespaces(schema: &Schema) -> Schema {
    let bare = |name: &mut TableName| name.namespace = None;
    let mut tables = schema.tables.clone();
    for table in tables.values_mut() {
        bare(&mut table.name);
        table.partition_of.iter_mut().chain(&mut table.inherits).for_each(bare);
        table.foreign_keys.iter_mut().for_each(|key| bare(&mut key.parent));
    }
    Schema {
        tables: tables.into_values().map(|table| (table.name.clone(), table)).collect(),
        sees_all_tables: schema.sees_all_tables,
    }
}

fn table(file: &Table, live: &Table, found: &mut Vec<String>) {
    let name = &file.name;
    let mut compare = |what: &str, file: &dyn Debug, live: &dyn Debug| {
        let (file, live) = (format!("{file:?}"), format!("{live:?}"));
        if file != live {
            found.push(format!("{name}: {what}: the file says {file}, the server {live}"));
        }
    };
    compare("kind", &file.kind, &live.kind);
    compare("comment", &file.comment, &live.comment);
    if matches!(file.kind, TableKind::View | TableKind::MaterializedView) {
        return;
    }
    compare("engine", &file.engine, &live.engine);
    compare("partition of", &file.partition_of, &live.partition_of);
    compare("inherits", &file.inherits, &live.inherits);
    compare("row security", &file.row_security, &live.row_security);
    let keys = |table: &Table| {
        let mut keys = table.keys.clone();
        for key in &mut keys {
            key.origin = Origin::Catalog;
        }
        keys
    };
    compare("keys", &keys(file), &keys(live));
    compare("number of checks", &file.checks.len(), &live.checks.len());
    compare("checks", &plain_all(&file.checks), &plain_all(&live.checks));
    let names = |table: &Table| {
        table
            .columns
            .iter()
            .map(|column| column.name.clone())
            .collect::<Vec<Ident>>()
    };
    compare("columns", &names(file), &names(live));
    for (file, live) in file.columns.iter().zip(&live.columns) {
        let mut one =
            |what: &str, left: &dyn Debug, right: &dyn Debug| compare(&format!("{}: {what}", file.name), left, right);
        one("type", &as_the_server(&file.ty, &live.ty), &live.ty);
        one("nullable", &file.nullable, &live.nullable);
        let default = |default: &Option<String>| match default.as_deref() {
            Some(computed) if computed.contains(" || ") => Some(plain(computed)),
            other => other.map(str::to_owned),
        };
        one("default", &default(&file.default), &default(&live.default));
        one("identity", &file.identity, &live.identity);
        one("generated", &file.generated, &live.generated);
        one("comment", &file.comment, &live.comment);
    }
    let names = |table: &Table| {
        table
            .indexes
            .iter()
            .map(|index| index.name.clone())
            .collect::<Vec<Ident>>()
    };
    compare("indexes", &names(file), &names(live));
    let index = |index: &relaudit::schema::Index| {
        let mut index = index.clone();
        index.origin = Origin::Catalog;
        index.predicate = index.predicate.as_deref().map(plain);
        // Those of a constraint are a part of it, and servers quote every value.
        let options = index.options.filter(|_| index.constraint.is_none());
        index.options = options.map(|options| options.replace(['\'', ' '], ""));
        for part in &mut index.parts {
            part.expression = part.expression.as_deref().map(plain);
        }
        index
    };
    for (file, live) in file.indexes.iter().zip(&live.indexes) {
        compare("index", &index(file), &index(live));
    }
    let names = |table: &Table| {
        table
            .foreign_keys
            .iter()
            .map(|key| key.name.clone())
            .collect::<Vec<_>>()
    };
    compare("foreign keys", &names(file), &names(live));
    for (file, live) in file.foreign_keys.iter().zip(&live.foreign_keys) {
        let mut file = file.clone();
        file.origin = live.origin.clone();
        compare("foreign key", &file, live);
    }
}

/// The type in the words of the server, where they differ in what does not count only.
fn as_the_server(file: &ColumnType, live: &ColumnType) -> ColumnType {
    let mut file = file.clone();
    if let TypeFamily::Integer { .. } = file.family
        && without_width(&file.declared) == live.declared
    {
        (file.declared, file.base) = (live.declared.clone(), without_width(&file.base));
    }
    if let (Some(ours), Some(theirs)) = (&mut file.collation, &live.collation)
        && theirs.name == ours.name.replace("general_ci", "uca1400_ai_ci")
    {
        ours.name.clone_from(&theirs.name);
    }
    file
}

/// `int(10) unsigned` → `int unsigned`.
fn without_width(ty: &str) -> String {
    match (ty.find('('), ty.find(')')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &ty[..open], &ty[close + 1..]),
        _ => ty.to_owned(),
    }
}

fn plain_all(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| plain(text)).collect()
}

/// An expression without what servers add and take away.
fn plain(text: &str) -> String {
    const TYPES: [&str; 3] = ["::character varying", "::text", "::bpchar"];
    let text = TYPES.iter().fold(text.to_owned(), |text, ty| {
        text.replace(&format!("{ty}[]"), "").replace(ty, "")
    });
    text.chars()
        .filter(|letter| !letter.is_whitespace() && !"()`".contains(*letter))
        .flat_map(char::to_lowercase)
        .collect()
}
