//! One row of the catalogue → one object of the schema.

use std::collections::BTreeMap;

use crate::dialect::Dialect as _;
use crate::dialect::postgres::Postgres;
use crate::schema::{
    Action, Collation, Column, ColumnType, Deferrable, ForeignKey, Generated, Ident, Index, IndexPart, Key, Match,
    Origin, RowSecurity, Table, TableKind, TableName, TypeFamily,
};

use super::fields::Fields;
use super::types::TypeFacts;
use super::{Draft, Drafts, Oid};

/// A row of `relations.sql`.
pub(super) fn relation(fields: &mut Fields, version: u32) -> Result<(Oid, Draft), String> {
    let oid = fields.number()?;
    let name = TableName::qualified(fields.text()?, fields.text()?);
    let kind = match fields.text()?.as_str() {
        "p" => TableKind::Partitioned,
        "f" => TableKind::Foreign,
        "v" => TableKind::View,
        "m" => TableKind::MaterializedView,
        _ => TableKind::Table,
    };
    let is_partition = fields.flag()?;
    let rows: i64 = fields.number()?;
    let pages: i64 = fields.number()?;
    let pages_with_toast: u64 = fields.number()?;
    let mut table = Table::new(name, kind, Origin::Catalog);
    // Before PostgreSQL 14 a table that was never analysed has 0 rows on 0 pages, since then -1 rows.
    let unknown = version < 14 && rows == 0 && pages == 0;
    table.estimated_rows = u64::try_from(rows).ok().filter(|_| !unknown);
    table.row_security = match fields.text()?.as_str() {
        "applies" => RowSecurity::Applies,
        "bypassed" => RowSecurity::Bypassed,
        _ => RowSecurity::Off,
    };
    table.readable = fields.flag()?;
    table.comment = fields.optional();
    let draft = Draft {
        table,
        is_partition,
        pages: pages_with_toast,
        columns: BTreeMap::new(),
    };
    Ok((oid, draft))
}

/// A row of `columns.sql`.
pub(super) fn column(
    fields: &mut Fields,
    labels: &BTreeMap<Oid, Vec<String>>,
    drafts: &mut Drafts,
) -> Result<(), String> {
    let Some(draft) = drafts.get_mut(&fields.number()?) else {
        return Ok(());
    };
    let number = fields.number()?;
    let name = Ident::new(fields.text()?);
    let ty = column_type(fields, labels)?;
    let domain_not_null = fields.flag()?;
    let not_null = fields.flag()?;
    let is_identity = !fields.text()?.is_empty();
    let generated = match fields.text()?.as_str() {
        "s" => Some(Generated::Stored),
        "v" => Some(Generated::Virtual),
        _ => None,
    };
    let default = fields.optional().filter(|_| generated.is_none());
    // What `serial` is short for. The function has no qualifier, since pg_catalog is always searched.
    let is_serial = default.as_ref().is_some_and(|default| default.starts_with("nextval("));
    draft.columns.insert(number, name.clone());
    draft.table.columns.push(Column {
        name,
        ty,
        nullable: !(not_null || domain_not_null),
        default,
        identity: is_identity || is_serial,
        generated,
        comment: fields.optional(),
        origin: Origin::Catalog,
    });
    Ok(())
}

fn column_type(fields: &mut Fields, labels: &BTreeMap<Oid, Vec<String>>) -> Result<ColumnType, String> {
    let declared = fields.text()?;
    let base = fields.text()?;
    let oid: Oid = fields.number()?;
    let is_system = fields.text()? == "system";
    let (name, kind, category) = (fields.text()?, fields.text()?, fields.text()?);
    let facts = TypeFacts {
        name: &name,
        is_system,
        kind: &kind,
        category: &category,
        modifier: fields.number()?,
    };
    let family = facts.family();
    let collation = collation(fields, facts);
    Ok(ColumnType {
        declared,
        base,
        length: facts.length(),
        collation: collation.filter(|_| family == TypeFamily::Text),
        labels: labels
            .get(&oid)
            .filter(|_| family == TypeFamily::Enum)
            .cloned()
            .unwrap_or_default(),
        family,
    })
}

fn collation(fields: &mut Fields, facts: TypeFacts<'_>) -> Option<Collation> {
    let (name, namespace, deterministic) = (fields.optional(), fields.optional(), fields.optional());
    let name = Postgres.quote(&Ident::new(name?));
    let namespace = namespace?;
    Some(Collation {
        name: if namespace == "pg_catalog" {
            name
        } else {
            format!("{}.{name}", Postgres.quote(&Ident::new(namespace)))
        },
        charset: None,
        folds: facts.is_citext() || deterministic.as_deref() == Some("f"),
        pads: facts.is_padded(),
    })
}

/// A row of `keys.sql`.
pub(super) fn key(fields: &mut Fields, drafts: &mut Drafts) -> Result<(), String> {
    let Some(draft) = drafts.get_mut(&fields.number()?) else {
        return Ok(());
    };
    let key = Key {
        name: Some(Ident::new(fields.text()?)),
        primary: fields.flag()?,
        columns: draft.names(&fields.numbers()?),
        deferrable: fields.flag()?,
        nulls_not_distinct: fields.flag()?,
        without_overlaps: fields.flag()?,
        origin: Origin::Catalog,
    };
    draft.table.keys.push(key);
    Ok(())
}

/// A row of `indexes.sql`.
pub(super) fn index(fields: &mut Fields, drafts: &mut Drafts) -> Result<(), String> {
    let Some(draft) = drafts.get_mut(&fields.number()?) else {
        return Ok(());
    };
    let name = Ident::new(fields.text()?);
    let numbers: Vec<i16> = fields.numbers()?;
    let key_parts: usize = fields.number()?;
    let options: Vec<u16> = fields.numbers()?;
    let expressions: Vec<String> = match fields.optional() {
        None => Vec::new(),
        Some(json) => serde_json::from_str(&json)
            .map_err(|error| format!("the expressions of the index `{name}` cannot be read: {error}"))?,
    };
    let parts = numbers
        .iter()
        .take(key_parts)
        .enumerate()
        .map(|(at, number)| {
            // INDOPTION_DESC and INDOPTION_NULLS_FIRST in the server's sources.
            let has = |flag: u16| options.get(at).is_some_and(|option| option & flag != 0);
            IndexPart {
                column: draft.columns.get(number).cloned(),
                expression: expressions.get(at).filter(|_| *number == 0).cloned(),
                prefix: None,
                descending: has(1),
                class: None,
                nulls_swapped: has(1) != has(2),
            }
        })
        .collect();
    let mut index = Index {
        name,
        parts,
        include: draft.names(numbers.get(key_parts..).unwrap_or_default()),
        unique: fields.flag()?,
        method: fields.text()?,
        predicate: fields.optional(),
        valid: fields.flag()?,
        visible: true,
        nulls_not_distinct: fields.flag()?,
        constraint: fields.optional().map(Ident::new),
        bound: fields.flag()?,
        options: None,
        comment: None,
        origin: Origin::Catalog,
    };
    let classes: Vec<String> = serde_json::from_str(&fields.text()?).map_err(|error| {
        format!(
            "the operator classes of the index `{}` cannot be read: {error}",
            index.name
        )
    })?;
    for (part, class) in index.parts.iter_mut().zip(classes) {
        part.class = Some(class).filter(|class| !class.is_empty());
    }
    index.options = fields.optional().filter(|options| !options.is_empty());
    index.comment = fields.optional();
    draft.pages += fields.number::<u64>()?;
    draft.table.indexes.push(index);
    Ok(())
}

/// A row of `foreign_keys.sql`.
pub(super) fn foreign_key(fields: &mut Fields, drafts: &mut Drafts) -> Result<(), String> {
    let child = fields.number()?;
    let name = Ident::new(fields.text()?);
    let columns = fields.numbers()?;
    let parent = fields.number()?;
    let parent_name = TableName::qualified(fields.text()?, fields.text()?);
    let parent_columns: Vec<i16> = fields.numbers()?;
    let parent_columns = drafts
        .get(&parent)
        .map(|parent| parent.names(&parent_columns))
        .unwrap_or_default();
    let Some(draft) = drafts.get_mut(&child) else {
        return Ok(());
    };
    let on_delete = action(&fields.text()?);
    let on_update = action(&fields.text()?);
    let match_type = match fields.text()?.as_str() {
        "f" => Match::Full,
        _ => Match::Simple,
    };
    let deferrable = match (fields.flag()?, fields.flag()?) {
        (false, _) => Deferrable::No,
        (true, false) => Deferrable::InitiallyImmediate,
        (true, true) => Deferrable::InitiallyDeferred,
    };
    let validated = fields.flag()?;
    let triggers_fire = fields.flag()?;
    let set_columns = draft.names(&fields.numbers()?);
    let foreign_key = ForeignKey {
        name: Some(name),
        columns: draft.names(&columns),
        parent: parent_name,
        parent_columns,
        on_delete,
        on_update,
        set_columns,
        match_type,
        deferrable,
        validated,
        enforced: fields.flag()? && triggers_fire,
        period: fields.flag()?,
        origin: Origin::Catalog,
    };
    draft.table.foreign_keys.push(foreign_key);
    Ok(())
}

/// `pg_constraint.confdeltype` and `confupdtype`.
fn action(letter: &str) -> Action {
    match letter {
        "r" => Action::Restrict,
        "c" => Action::Cascade,
        "n" => Action::SetNull,
        "d" => Action::SetDefault,
        _ => Action::NoAction,
    }
}

impl Draft {
    fn names(&self, numbers: &[i16]) -> Vec<Ident> {
        numbers
            .iter()
            .filter_map(|number| self.columns.get(number).cloned())
            .collect()
    }
}
