//! A column as CREATE TABLE and ALTER TABLE write it.

use crate::ddl::references;
use crate::ddl::tokens::{Cursor, Kind};
use crate::schema::{Column, Generated, Ident, Index, IndexPart, Location, Origin};

use super::Flavor;
use super::catalog::{PRIMARY, empty_index};
use super::constraint::{self, Constraint};
use super::types::{self, TypeName, collation_name, default_collation};

/// A column with the constraints that are written with it. Its collation is settled when the table's is known.
#[derive(Debug)]
pub(super) struct ColumnSpec {
    column: Column,
    ty: TypeName,
    charset: Option<String>,
    collation: Option<String>,
    /// `BINARY` behind a text's type: the character set's binary collation.
    binary: bool,
    pub(super) constraints: Vec<Constraint>,
    /// ALTER TABLE: `FIRST`, or the column before it.
    pub(super) place: Option<Place>,
    /// What was not understood.
    pub(super) faults: Vec<(String, Location)>,
}

/// Where ALTER TABLE puts a column.
#[derive(Debug, Clone)]
pub(super) enum Place {
    First,
    After(Ident),
}

impl ColumnSpec {
    pub(super) fn name(&self) -> &Ident {
        &self.column.name
    }

    /// The column, in a table of this collation.
    pub(super) fn settle(&self, table_collation: &str, flavor: Flavor) -> Column {
        let mut collation = match (&self.collation, &self.charset) {
            (Some(collation), charset) => collation_name(collation, charset.as_deref()),
            (None, Some(charset)) => default_collation(charset, flavor),
            (None, None) => table_collation.to_owned(),
        };
        if self.binary {
            let charset = collation.split('_').next().unwrap_or("utf8mb4");
            collation = format!("{charset}_bin");
        }
        Column {
            ty: self.ty.resolve(&collation),
            ..self.column.clone()
        }
    }
}

/// Reads a column.
///
/// # Errors
///
/// What is missing.
pub(super) fn read(cursor: &mut Cursor<'_>, flavor: Flavor) -> Result<ColumnSpec, &'static str> {
    let origin = cursor.origin();
    let name = cursor.name().ok_or("the column's name is missing")?;
    let ty = types::read(cursor, flavor).ok_or("the column's type is missing")?;
    let column = Column {
        name,
        ty: ty.resolve(""),
        nullable: true,
        default: None,
        identity: false,
        generated: None,
        comment: None,
        origin,
    };
    let mut spec = ColumnSpec {
        column,
        charset: None,
        collation: None,
        binary: false,
        constraints: Vec::new(),
        place: None,
        faults: Vec::new(),
        ty,
    };
    spec.complete();
    while !cursor.is_at_end() {
        spec.read_clause(cursor, flavor);
    }
    Ok(spec)
}

impl ColumnSpec {
    /// What a type brings along.
    fn complete(&mut self) {
        if self.ty.is_serial {
            (self.column.nullable, self.column.identity) = (false, true);
            self.unique_index("", self.column.origin.clone());
        }
        if self.ty.is_national {
            self.charset = Some("utf8mb3".to_owned());
        }
        if self.ty.is_json_text {
            (self.charset, self.collation) = (Some("utf8mb4".to_owned()), Some("utf8mb4_bin".to_owned()));
            self.constraints.push(Constraint::Check {
                name: None,
                condition: format!("json_valid(`{}`)", self.column.name.as_str().replace('`', "``")),
                column: Some(self.column.name.clone()),
                enforced: true,
            });
        }
    }

    fn unique_index(&mut self, name: &str, origin: Origin) {
        let index = Index {
            name: name.into(),
            unique: true,
            parts: vec![IndexPart::column(self.column.name.clone())],
            ..empty_index(origin)
        };
        self.constraints.push(Constraint::Index(index));
    }

    fn read_clause(&mut self, cursor: &mut Cursor<'_>, flavor: Flavor) {
        let place = cursor.location();
        let origin = cursor.origin();
        let mut name = None;
        if cursor.take(&["CONSTRAINT"]) && !cursor.is_at_any(&["CHECK", "REFERENCES"]) {
            name = cursor.name();
        }
        let column = self.column.name.clone();
        if cursor.is_at(&["REFERENCES"]) {
            match references::read(cursor, name, (vec![column], false), (origin, flavor.default_action())) {
                Ok(read) => self.constraints.push(Constraint::Foreign {
                    read: Box::new(read),
                    index: None,
                }),
                Err(fault) => self.fault(fault, place),
            }
        } else if cursor.take(&["CHECK"]) {
            match constraint::check(cursor, name, Some(column)) {
                Ok(check) => self.constraints.push(check),
                Err(fault) => self.fault(fault, place),
            }
        } else if cursor.take(&["UNIQUE"]) {
            let _ = cursor.take(&["KEY"]);
            self.unique_index("", origin);
        } else if cursor.take(&["PRIMARY", "KEY"]) || cursor.take(&["PRIMARY"]) || cursor.take(&["KEY"]) {
            self.column.nullable = false;
            self.unique_index(PRIMARY, origin);
        } else if cursor.take(&["SERIAL", "DEFAULT", "VALUE"]) {
            (self.column.nullable, self.column.identity) = (false, true);
            self.unique_index("", origin);
        } else if !self.read_value(cursor, flavor) && !self.read_attribute(cursor) {
            let word = cursor.peek().map_or("", |token| cursor.text_of(token)).to_owned();
            self.fault(&format!("`{word}` is not understood"), place);
            cursor.skip_one();
        }
    }

    fn fault(&mut self, what: &str, place: Location) {
        self.faults
            .push((format!("of the column `{}`, {what}", self.column.name), place));
    }

    /// Reads a clause on the column's value; false if it is none.
    fn read_value(&mut self, cursor: &mut Cursor<'_>, flavor: Flavor) -> bool {
        if cursor.take(&["NOT", "NULL"]) {
            self.column.nullable = false;
        } else if cursor.take(&["NULL"]) {
            self.column.nullable = true;
        } else if cursor.take(&["DEFAULT"]) {
            self.column.default = default(cursor, &self.ty, flavor);
        } else if cursor.take(&["AUTO_INCREMENT"]) {
            (self.column.identity, self.column.nullable) = (true, false);
        } else if cursor.take(&["ON", "UPDATE"]) {
            cursor.skip_one();
            let _ = cursor.parenthesized();
        } else if cursor.take(&["GENERATED", "ALWAYS", "AS"]) || cursor.is_at(&["AS"]) {
            let _ = cursor.take(&["AS"]);
            if cursor.take_any(&["ROW", "IDENTITY"]).is_some() {
                // MariaDB: GENERATED ALWAYS AS ROW START and END.
                let _ = cursor.take_any(&["START", "END"]);
                self.column.generated = Some(Generated::Stored);
                return true;
            }
            let _ = cursor.parenthesized();
            self.column.generated = Some(if cursor.take_any(&["STORED", "PERSISTENT"]).is_some() {
                Generated::Stored
            } else {
                let _ = cursor.take(&["VIRTUAL"]);
                Generated::Virtual
            });
        } else {
            return false;
        }
        true
    }

    /// Reads any other clause; false if none is known.
    fn read_attribute(&mut self, cursor: &mut Cursor<'_>) -> bool {
        if cursor.take(&["CHARACTER", "SET"]) || cursor.take(&["CHARSET"]) {
            self.charset = cursor.name().map(|name| name.as_str().to_owned());
        } else if cursor.take(&["COLLATE"]) {
            self.collation = cursor.name().map(|name| name.as_str().to_owned());
        } else if cursor.take(&["BINARY"]) {
            self.binary = true;
        } else if cursor.take(&["ASCII"]) {
            self.charset = Some("latin1".to_owned());
        } else if cursor.take(&["UNICODE"]) {
            self.charset = Some("ucs2".to_owned());
        } else if cursor.take(&["COMMENT"]) {
            let _ = cursor.take_symbol("=");
            self.column.comment = cursor.text().map(str::to_owned).filter(|text| !text.is_empty());
        } else if cursor.take(&["FIRST"]) {
            self.place = Some(Place::First);
        } else if cursor.take(&["AFTER"]) {
            self.place = cursor.name().map(Place::After);
        } else if cursor
            .take_any(&[
                "COLUMN_FORMAT",
                "STORAGE",
                "SRID",
                "ENGINE_ATTRIBUTE",
                "SECONDARY_ENGINE_ATTRIBUTE",
                "REF_SYSTEM_ID",
            ])
            .is_some()
        {
            let _ = cursor.take_symbol("=");
            cursor.skip_one();
        } else if cursor.take(&["COMPRESSED"]) {
            if cursor.take_symbol("=") {
                cursor.skip_one();
            }
        } else {
            return cursor
                .take_any(&["VISIBLE", "INVISIBLE", "VIRTUAL", "PERSISTENT", "STORED"])
                .is_some()
                || cursor.take(&["WITH", "SYSTEM", "VERSIONING"])
                || cursor.take(&["WITHOUT", "SYSTEM", "VERSIONING"])
                || cursor.take(&["NOT", "ENFORCED"])
                || cursor.take(&["ENFORCED"])
                || cursor.take(&["NOT", "SECONDARY"]);
        }
        true
    }
}

/// Reads a default, and gives it as `COLUMN_DEFAULT` has it; `None` for NULL.
pub(super) fn default(cursor: &mut Cursor<'_>, ty: &TypeName, flavor: Flavor) -> Option<String> {
    let start = cursor.clone();
    if let Some(inside) = cursor.parenthesized() {
        return Some(inside.rest().to_owned());
    }
    let first = cursor.next()?;
    let text = start.text_of(first);
    // A sign, an introducer (`_utf8mb4'x'`, `b'0'` in two tokens), or a call's parentheses.
    let is_prefix = matches!(first.kind, Kind::Symbol) || text.starts_with('_');
    if is_prefix
        && cursor
            .peek()
            .is_some_and(|token| matches!(token.kind, Kind::Number | Kind::Text(_)))
    {
        let _ = cursor.next();
    } else if matches!(first.kind, Kind::Word(_)) {
        let _ = cursor.parenthesized();
    }
    let whole = start.up_to(cursor);
    if first.is_word("NULL") {
        return None;
    }
    let value = match (&first.kind, flavor) {
        (_, Flavor::MySql) if !ty.takes_literal_default() => return None,
        (Kind::Text(value), Flavor::MySql) => value.clone(),
        (Kind::Text(value), Flavor::MariaDb) if ty.is_number() => value.clone(),
        (Kind::Text(value), Flavor::MariaDb) => format!("'{}'", value.replace('\'', "''")),
        (Kind::Word(word), _) if word.eq_ignore_ascii_case("TRUE") => "1".to_owned(),
        (Kind::Word(word), _) if word.eq_ignore_ascii_case("FALSE") => "0".to_owned(),
        (Kind::Word(_), _) => now(whole.rest(), flavor),
        _ => whole.rest().to_owned(),
    };
    Some(value)
}

/// `CURRENT_TIMESTAMP` and its synonyms, as the server has them.
fn now(text: &str, flavor: Flavor) -> String {
    let upper = text.to_ascii_uppercase();
    let name = upper.split('(').next().unwrap_or("").trim();
    if !matches!(name, "CURRENT_TIMESTAMP" | "NOW" | "LOCALTIME" | "LOCALTIMESTAMP") {
        return text.to_owned();
    }
    let digits: String = upper.chars().filter(char::is_ascii_digit).collect();
    match flavor {
        Flavor::MariaDb => format!("current_timestamp({digits})"),
        Flavor::MySql if digits.is_empty() => "CURRENT_TIMESTAMP".to_owned(),
        Flavor::MySql => format!("CURRENT_TIMESTAMP({digits})"),
    }
}
