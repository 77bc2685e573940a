//! Comparing stored values as the system would that the dump is from.

use rusqlite::Connection;

use super::super::quoted;
use super::UNREAD;
use super::value::is_blank_padded;
use crate::dialect::KeyExpression;
use crate::schema::{ColumnType, TypeFamily};

/// The collation that a column's values are stored with; `None` for that of the bytes.
pub(super) fn collation(ty: &ColumnType) -> Option<&'static str> {
    let (folds, pads) = ty
        .collation
        .as_ref()
        .map_or((false, false), |collation| (collation.folds, collation.pads));
    match (folds, pads || is_blank_padded(ty)) {
        (true, true) => Some("fold_and_pad"),
        (true, false) => Some("fold"),
        (false, true) => Some("pad"),
        (false, false) => None,
    }
}

/// Makes the collations known to a connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    connection.create_collation("fold", |left, right| letters(left).cmp(letters(right)))?;
    connection.create_collation("pad", |left, right| unpadded(left).cmp(unpadded(right)))?;
    connection.create_collation("fold_and_pad", |left, right| {
        letters(unpadded(left)).cmp(letters(unpadded(right)))
    })
}

/// Only ASCII: a table with other letters in such a column is not checked.
fn letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().map(|byte| byte.to_ascii_lowercase())
}

fn unpadded(text: &str) -> &str {
    text.trim_end_matches(' ')
}

/// A condition that is true where the two keys are equal. The parent's column stands alone, so that its index serves;
/// its collation decides, and the unary plus keeps affinities out (datatype3.html, sections 4.2 and 7.1).
pub(super) fn keys_equal(child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String {
    let (c, p) = (child.sql, parent.sql);
    let text = |sql: &str| format!("CAST({sql} AS TEXT)");
    // Larger numbers than these are kept as text.
    let is_whole =
        |ty: &ColumnType| matches!(ty.family, TypeFamily::Integer { bits, unsigned } if bits < 64 || !unsigned);
    match (class(child.ty), class(parent.ty)) {
        (Class::Other, Class::Other) if child.ty.base != parent.ty.base => {
            let reason = format!("{} and {} are compared on a server only", child.ty.base, parent.ty.base);
            quoted(&format!("{UNREAD}{reason}"))
        }
        (child_class, parent_class) if child_class == parent_class => format!("{p} = +{c}"),
        (Class::Number, Class::Text) => format!("{p} = +{}", text(c)),
        // Only texts that are written as the number is are meant. A primary key of whole numbers has an affinity, which
        // would turn others into numbers too, but no blobs.
        (Class::Text, Class::Number) => {
            let whole = format!("CAST({c} AS INTEGER)");
            let other = if is_whole(parent.ty) {
                format!("CAST({c} AS BLOB)")
            } else {
                c.to_owned()
            };
            format!(
                "{p} = +(CASE WHEN {} = {c} THEN {whole} ELSE {other} END)",
                text(&whole)
            )
        }
        (Class::Text, Class::Uuid) => format!("{p} = +({})", uuid(c)),
        (Class::Uuid, Class::Text) => format!("{} = {c}", uuid(p)),
        (Class::Text, Class::Bytes) => format!("{p} = +CAST({c} AS BLOB)"),
        (Class::Bytes, Class::Text) => format!("CAST({p} AS BLOB) = {c}"),
        _ => format!("{} = {}", text(p), text(c)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Text,
    Uuid,
    Bytes,
    Other,
}

fn class(ty: &ColumnType) -> Class {
    match ty.family {
        TypeFamily::Integer { .. } | TypeFamily::Decimal { .. } | TypeFamily::Float | TypeFamily::Boolean => {
            Class::Number
        }
        TypeFamily::Text | TypeFamily::Enum | TypeFamily::Any => Class::Text,
        TypeFamily::Uuid => Class::Uuid,
        TypeFamily::Bytes => Class::Bytes,
        TypeFamily::Temporal | TypeFamily::Json | TypeFamily::Array | TypeFamily::Other => Class::Other,
    }
}

/// A text as a UUID is stored.
fn uuid(sql: &str) -> String {
    let digits = ["-", "{", "}"].iter().fold(format!("lower({sql})"), |sql, sign| {
        format!("replace({sql}, '{sign}', '')")
    });
    let part = |from: u8, length: u8| format!("substr({digits}, {from}, {length})");
    format!(
        "{} || '-' || {} || '-' || {} || '-' || {} || '-' || {}",
        part(1, 8),
        part(9, 4),
        part(13, 4),
        part(17, 4),
        // One more than there is, so that what is too long stays unequal.
        part(21, 13)
    )
}
