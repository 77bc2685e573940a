//! Expressions: where they end, and their text as the server would print it, as far as that can be told from the text.
//! What `pg_dump` wrote stays as it is.

use crate::ddl::tokens::{Cursor, Kind, Token};
use crate::schema::Ident;

use super::catalog::Catalog;
use super::name::quoted_where_needed;
use super::types::{self, TypeName};

/// Words that can come after a column's default.
const AFTER_DEFAULT: [&str; 17] = [
    "CONSTRAINT",
    "NOT",
    "NULL",
    "CHECK",
    "PRIMARY",
    "UNIQUE",
    "REFERENCES",
    "GENERATED",
    "COLLATE",
    "DEFERRABLE",
    "INITIALLY",
    "DEFAULT",
    "STORAGE",
    "COMPRESSION",
    "ENFORCED",
    "OPTIONS",
    "USING",
];

/// Goes to the end of a default that starts here, and gives it on its own.
pub(super) fn take_default<'t>(cursor: &mut Cursor<'t>) -> Cursor<'t> {
    let start = cursor.clone();
    cursor.skip_one();
    cursor.skip_until(|cursor| cursor.is_at_any(&AFTER_DEFAULT));
    start.up_to(cursor)
}

/// The text of a condition: an operator's is in parentheses, a function's not.
pub(super) fn condition(cursor: &Cursor<'_>) -> String {
    let text = cursor.rest();
    if is_wrapped(cursor) || is_call(cursor) || cursor.peek_at(1).is_none() {
        text.to_owned()
    } else {
        format!("({text})")
    }
}

/// The text of an index's expression, as `pg_get_indexdef` prints it.
pub(super) fn index_expression(cursor: &Cursor<'_>) -> String {
    let mut outer = cursor.clone();
    let Some(inner) = outer.parenthesized().filter(|_| outer.is_at_end()) else {
        return cursor.rest().to_owned();
    };
    if is_wrapped(&inner) {
        cursor.rest().to_owned()
    } else if is_call(&inner) {
        inner.rest().to_owned()
    } else if ends_in_cast(&inner) {
        format!("({})", inner.rest())
    } else {
        format!("(({}))", inner.rest())
    }
}

/// Whether one pair of parentheses is around all of it.
fn is_wrapped(cursor: &Cursor<'_>) -> bool {
    let mut copy = cursor.clone();
    copy.parenthesized().is_some() && copy.is_at_end()
}

/// Whether it is a function's call and nothing else.
fn is_call(cursor: &Cursor<'_>) -> bool {
    let mut copy = cursor.clone();
    !copy.is_at(&["NOT"]) && !copy.names().is_empty() && copy.parenthesized().is_some() && copy.is_at_end()
}

fn ends_in_cast(cursor: &Cursor<'_>) -> bool {
    let mut copy = cursor.clone();
    copy.skip_one();
    copy.take_symbol("::") && types::read(&mut copy).is_some() && copy.is_at_end()
}

/// All words of an expression that may be columns' names.
pub(super) fn possible_columns(cursor: &Cursor<'_>) -> Vec<Ident> {
    let mut copy = cursor.clone();
    let mut names = Vec::new();
    while let Some(token) = copy.next() {
        if let Some(name) = token.name(copy.dialect()).filter(|name| !names.contains(name)) {
            names.push(name);
        }
    }
    names
}

/// The default as the server would print it; `None` where it would store none.
pub(super) fn default(cursor: &Cursor<'_>, ty: &TypeName, catalog: &Catalog) -> Option<String> {
    let text = cursor.rest();
    let first = cursor.peek()?;
    let is_single = cursor.peek_at(1).is_none();
    if is_single && first.is_word("NULL") {
        // A null of the type's own is nothing to store, one that has yet to be cut to length is.
        return ty.has_modifiers().then(|| format!("NULL::{}", ty.cast()));
    }
    if is_single {
        return Some(single(cursor, first, ty));
    }
    if let Some(number) = negative_number(cursor) {
        return Some(number);
    }
    if let Some(cast) = literal_cast(cursor, catalog) {
        return Some(cast);
    }
    if let Some(sequence) = sequence(cursor, catalog) {
        return Some(format!("nextval('{sequence}'::regclass)"));
    }
    if is_call(cursor)
        && first
            .name(cursor.dialect())
            .is_some_and(|name| text.get(..name.as_str().len()).is_some())
    {
        let name_length = cursor.text_of(first).len();
        let (name, rest) = text.split_at_checked(name_length)?;
        return Some(match first.kind {
            Kind::Word(_) if !SQL_VALUES.contains(&name.to_ascii_uppercase().as_str()) => {
                name.to_ascii_lowercase() + rest
            }
            _ => text.to_owned(),
        });
    }
    Some(text.to_owned())
}

/// Functions that are called without parentheses, or with a precision.
const SQL_VALUES: [&str; 11] = [
    "CURRENT_CATALOG",
    "CURRENT_DATE",
    "CURRENT_ROLE",
    "CURRENT_SCHEMA",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_USER",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "SESSION_USER",
    "USER",
];

fn single(cursor: &Cursor<'_>, token: &Token, ty: &TypeName) -> String {
    let text = cursor.text_of(token);
    match &token.kind {
        Kind::Text(value) => literal(value, ty),
        Kind::Number => number(text, ""),
        Kind::Word(word) => {
            let upper = word.to_ascii_uppercase();
            if SQL_VALUES.contains(&upper.as_str()) {
                upper
            } else {
                word.to_ascii_lowercase()
            }
        }
        _ => text.to_owned(),
    }
}

/// A text literal without a cast: the server prints it as a constant of the column's type.
fn literal(value: &str, ty: &TypeName) -> String {
    let is_number = value.parse::<f64>().is_ok();
    if ty.is_one_of(&["int4"]) && value.parse::<u32>().is_ok() {
        return value.to_owned();
    }
    if ty.is_one_of(&["numeric", "float8"]) && is_number && value.contains('.') && !value.starts_with('-') {
        return value.to_owned();
    }
    if ty.is_one_of(&["bool"]) {
        match value.to_ascii_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => return "true".to_owned(),
            "f" | "false" | "n" | "no" | "off" | "0" => return "false".to_owned(),
            _ => {}
        }
    }
    format!("{}::{}", text_literal(value), ty.cast())
}

/// A text literal as the server prints it: never with escapes (`simple_quote_literal`).
fn text_literal(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// Numbers that are negative or too large for an `integer` are printed in quotes.
fn number(digits: &str, sign: &str) -> String {
    let value = format!("{sign}{digits}");
    if value.parse::<i32>().is_ok() && sign.is_empty() {
        value
    } else if value.parse::<i32>().is_ok() {
        format!("'{value}'::integer")
    } else if value.parse::<i64>().is_ok() {
        format!("'{value}'::bigint")
    } else if sign.is_empty() {
        value
    } else {
        format!("'{value}'::numeric")
    }
}

fn negative_number(cursor: &Cursor<'_>) -> Option<String> {
    let mut copy = cursor.clone();
    if !copy.take_symbol("-") {
        return None;
    }
    let token = copy.next().filter(|token| token.kind == Kind::Number)?;
    copy.is_at_end().then(|| number(copy.text_of(token), "-"))
}

/// `'x'::type` with the type's printed name.
fn literal_cast(cursor: &Cursor<'_>, catalog: &Catalog) -> Option<String> {
    let mut copy = cursor.clone();
    let value = copy.text()?.to_owned();
    if !copy.take_symbol("::") {
        return None;
    }
    let mut ty = types::read(&mut copy)?;
    ty.qualify(catalog);
    let cast = if ty.has_modifiers() { ty.printed() } else { ty.cast() };
    copy.is_at_end().then(|| format!("{}::{cast}", text_literal(&value)))
}

/// The qualified name of the sequence in `nextval('…')`.
fn sequence(cursor: &Cursor<'_>, catalog: &Catalog) -> Option<String> {
    let mut copy = cursor.clone();
    if copy.take(&["PG_CATALOG"]) {
        let _ = copy.take_kind(&Kind::Period);
    }
    if !copy.take(&["NEXTVAL"]) {
        return None;
    }
    let mut inside = copy.parenthesized().filter(|_| copy.is_at_end())?;
    let _ = inside.take_kind(&Kind::LParen);
    let name = inside.text()?;
    let is_qualified = name.split('"').step_by(2).any(|outside| outside.contains('.'));
    if is_qualified {
        return Some(name.to_owned());
    }
    let name = match name.strip_prefix('"') {
        Some(_) => name.to_owned(),
        None => name.to_ascii_lowercase(),
    };
    let namespace = catalog.new_name(vec![name.as_str().into()])?.namespace?;
    Some(format!("{}.{name}", quoted_where_needed(namespace.as_str())))
}
