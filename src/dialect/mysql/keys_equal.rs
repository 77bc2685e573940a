//! Comparing a child's key with a parent's: as exactly as a foreign key would, by the parent's index where it can be.
//!
//! Left to itself MySQL compares a number with a text as floating point numbers, by which `12 = '12abc'` holds (manual,
//! "Type Conversion in Expression Evaluation"), and refuses to compare texts of different collations (error 1267).
//! So only values of one kind are left to it. For the others the child's value is brought into the parent's type, and
//! where that conversion could lose something a second condition compares the two as bytes. Every condition is true or
//! false, never null, for values that are not null.

use crate::schema::{Collation, ColumnType, TypeFamily};

use super::super::KeyExpression;
use super::text::utf8mb4;

/// What decides how two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Compared exactly among themselves, whatever their size and sign.
    Number,
    Float,
    Text,
    Label,
    Bytes,
    Uuid,
    Other,
}

/// A condition that is true where the two keys are equal.
pub(super) fn keys_equal(child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String {
    let (c, p) = (child.sql, parent.sql);
    let native = || format!("{p} = {c}");
    match (kind(child.ty), kind(parent.ty)) {
        (Kind::Number, Kind::Number)
        | (Kind::Float, Kind::Float)
        | (Kind::Bytes, Kind::Bytes)
        | (Kind::Uuid, Kind::Uuid) => native(),
        // As floating point numbers, 9007199254740993 = 9007199254740992E0 holds.
        (Kind::Float, Kind::Number) => format!("({} AND CAST({c} AS DECIMAL(65, 30)) = {p})", native()),
        (Kind::Number, Kind::Float) => format!("({} AND CAST({p} AS DECIMAL(65, 30)) = {c})", native()),
        (Kind::Text, Kind::Text) => {
            text_equals_text((c, child.ty.collation.as_ref()), (p, parent.ty.collation.as_ref()))
        }
        (Kind::Label, Kind::Label) if child.ty.labels == parent.ty.labels && same_collation(child.ty, parent.ty) => {
            native()
        }
        // A label is compared as text and not as the number that stands for it.
        (Kind::Label, Kind::Text) => label_equals_text(&utf8mb4(c, child.ty), (p, parent.ty.collation.as_ref())),
        (Kind::Text | Kind::Label, Kind::Label) => {
            let collation = utf8mb4_collation(parent.ty.collation.as_ref());
            format!(
                "{} = {} COLLATE {collation}",
                utf8mb4(p, parent.ty),
                utf8mb4(c, child.ty)
            )
        }
        (Kind::Number, Kind::Text) => {
            let digits = utf8mb4(c, child.ty);
            let found = ascii_equals_text(&digits, (p, parent.ty.collation.as_ref()));
            format!("({found} AND {} = {})", bytes(p, parent.ty), binary(&digits))
        }
        (Kind::Text, Kind::Number) => match as_number(c, parent.ty) {
            Some(number) => format!("({p} = {number} AND {})", same_text(child, parent)),
            None => same_text(child, parent),
        },
        // The bytes of the text in its own character set.
        (Kind::Text, Kind::Bytes) => format!("{p} = {}", binary(c)),
        (Kind::Bytes, Kind::Text) => {
            let same = format!("{} = {c}", binary(p));
            match &parent.ty.collation {
                Some(Collation {
                    name,
                    charset: Some(charset),
                    ..
                }) => format!("({p} = CONVERT({c} USING {charset}) COLLATE {name} AND {same})"),
                _ => same,
            }
        }
        // What is no UUID converts to null.
        (Kind::Text, Kind::Uuid) => {
            let uuid = format!("CAST({c} AS UUID)");
            format!("({p} = {uuid} AND {uuid} IS NOT NULL)")
        }
        (Kind::Uuid, Kind::Text) => ascii_equals_text(&utf8mb4(c, child.ty), (p, parent.ty.collation.as_ref())),
        (Kind::Bytes, Kind::Uuid) => format!("UNHEX(REPLACE({}, '-', '')) = {c}", utf8mb4(p, parent.ty)),
        (Kind::Uuid, Kind::Bytes) => format!("{p} = UNHEX(REPLACE({}, '-', ''))", utf8mb4(c, child.ty)),
        (Kind::Other, Kind::Other)
            if child.ty.declared == parent.ty.declared
                || child.ty.family == parent.ty.family && is_temporal(child.ty) =>
        {
            native()
        }
        _ => same_text(child, parent),
    }
}

fn kind(ty: &ColumnType) -> Kind {
    match ty.family {
        TypeFamily::Integer { .. } | TypeFamily::Decimal { .. } | TypeFamily::Boolean => Kind::Number,
        TypeFamily::Float => Kind::Float,
        TypeFamily::Text => Kind::Text,
        TypeFamily::Enum => Kind::Label,
        TypeFamily::Bytes => Kind::Bytes,
        TypeFamily::Uuid => Kind::Uuid,
        TypeFamily::Temporal | TypeFamily::Json | TypeFamily::Array | TypeFamily::Any | TypeFamily::Other => {
            Kind::Other
        }
    }
}

fn is_temporal(ty: &ColumnType) -> bool {
    ty.family == TypeFamily::Temporal
}

fn same_collation(child: &ColumnType, parent: &ColumnType) -> bool {
    let name = |ty: &ColumnType| ty.collation.as_ref().map(|collation| collation.name.clone());
    name(child) == name(parent)
}

/// Two texts, by the parent's collation.
fn text_equals_text(child: (&str, Option<&Collation>), parent: (&str, Option<&Collation>)) -> String {
    let ((c, child_collation), (p, parent_collation)) = (child, parent);
    let (Some(from), Some(to)) = (child_collation, parent_collation) else {
        return format!("{p} = {c}");
    };
    if from.name == to.name {
        return format!("{p} = {c}");
    }
    if from.charset == to.charset {
        return format!("{p} = {c} COLLATE {}", to.name);
    }
    let Some(charset) = &to.charset else {
        return format!("{p} = {c} COLLATE {}", to.name);
    };
    let converted = format!("CONVERT({c} USING {charset})");
    let equal = format!("{p} = {converted} COLLATE {}", to.name);
    if holds_all_of(charset, from.charset.as_deref().unwrap_or_default()) {
        equal
    } else {
        // A character that the parent's character set does not have becomes a question mark, which could match.
        let back = format!("CONVERT({converted} USING utf8mb4)");
        format!(
            "({equal} AND {} = {})",
            binary(&back),
            binary(&format!("CONVERT({c} USING utf8mb4)"))
        )
    }
}

/// A label, in utf8mb4, with a text column.
fn label_equals_text(label: &str, parent: (&str, Option<&Collation>)) -> String {
    let utf8mb4 = Collation {
        name: String::new(),
        charset: Some("utf8mb4".to_owned()),
        folds: false,
        pads: false,
    };
    text_equals_text((label, Some(&utf8mb4)), parent)
}

/// Text in utf8mb4 that is all ASCII, and so in every character set, with a text column.
fn ascii_equals_text(expression: &str, (p, collation): (&str, Option<&Collation>)) -> String {
    match collation {
        Some(Collation {
            name,
            charset: Some(charset),
            ..
        }) => format!("{p} = CONVERT({expression} USING {charset}) COLLATE {name}"),
        _ => format!("{p} = {expression}"),
    }
}

/// Whether the one character set has all characters of the other.
fn holds_all_of(charset: &str, other: &str) -> bool {
    let plane_zero = ["utf8", "utf8mb3", "ucs2"];
    match charset {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" => true,
        _ if plane_zero.contains(&charset) => other == "ascii" || other == "latin1" || plane_zero.contains(&other),
        _ => other == "ascii" && !matches!(charset, "swe7" | "binary"),
    }
}

/// A collation of utf8mb4 that treats letter case like this one.
fn utf8mb4_collation(collation: Option<&Collation>) -> String {
    match collation {
        Some(collation) if collation.charset.as_deref() == Some("utf8mb4") => collation.name.clone(),
        Some(collation) if collation.folds => "utf8mb4_general_ci".to_owned(),
        _ => "utf8mb4_bin".to_owned(),
    }
}

/// A text as the number that it begins with, in the parent's type, so that the parent's index can be used.
fn as_number(text: &str, ty: &ColumnType) -> Option<String> {
    match ty.family {
        TypeFamily::Integer { unsigned: true, .. } => Some(format!("CAST({text} AS UNSIGNED)")),
        TypeFamily::Integer { unsigned: false, .. } => Some(format!("CAST({text} AS SIGNED)")),
        TypeFamily::Decimal { scale } => Some(format!("CAST({text} AS DECIMAL(65, {}))", scale.unwrap_or(0).min(30))),
        _ => None,
    }
}

/// Both as text, byte by byte.
fn same_text(child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String {
    format!("{} = {}", bytes(parent.sql, parent.ty), bytes(child.sql, child.ty))
}

fn bytes(expression: &str, ty: &ColumnType) -> String {
    binary(&utf8mb4(expression, ty))
}

fn binary(expression: &str) -> String {
    format!("CAST({expression} AS BINARY)")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty(declared: &str, family: TypeFamily, collation: Option<&str>) -> ColumnType {
        ColumnType {
            declared: declared.to_owned(),
            base: declared.to_owned(),
            family,
            length: None,
            collation: collation.map(|name| Collation {
                name: name.to_owned(),
                charset: name.split('_').next().map(str::to_owned),
                folds: !name.ends_with("_bin"),
                pads: true,
            }),
            labels: Vec::new(),
        }
    }

    fn int(unsigned: bool) -> ColumnType {
        ty("int", TypeFamily::Integer { bits: 32, unsigned }, None)
    }

    fn text(collation: &str) -> ColumnType {
        ty("varchar(20)", TypeFamily::Text, Some(collation))
    }

    fn check(child: &ColumnType, parent: &ColumnType, expected: &str) {
        let side = |sql, ty| KeyExpression { sql, ty };
        assert_eq!(keys_equal(side("c.k", child), side("p.k", parent)), expected);
    }

    #[test]
    fn values_of_one_kind_are_left_to_the_server() {
        let decimal = ty("decimal(10,0)", TypeFamily::Decimal { scale: Some(0) }, None);
        let binary = ty("binary(16)", TypeFamily::Bytes, None);
        check(&int(false), &int(true), "p.k = c.k");
        check(&int(true), &decimal, "p.k = c.k");
        check(&binary, &binary, "p.k = c.k");
        check(&text("utf8mb4_bin"), &text("utf8mb4_bin"), "p.k = c.k");
    }

    #[test]
    fn texts_are_compared_by_the_parents_collation() {
        check(
            &text("utf8mb4_bin"),
            &text("utf8mb4_general_ci"),
            "p.k = c.k COLLATE utf8mb4_general_ci",
        );
        check(
            &text("latin1_swedish_ci"),
            &text("utf8mb4_bin"),
            "p.k = CONVERT(c.k USING utf8mb4) COLLATE utf8mb4_bin",
        );
        check(
            &text("utf8mb4_bin"),
            &text("latin1_bin"),
            "(p.k = CONVERT(c.k USING latin1) COLLATE latin1_bin \
             AND CAST(CONVERT(CONVERT(c.k USING latin1) USING utf8mb4) AS BINARY) \
             = CAST(CONVERT(c.k USING utf8mb4) AS BINARY))",
        );
    }

    #[test]
    fn a_number_is_never_compared_with_a_text_as_floating_point() {
        check(
            &text("utf8mb4_bin"),
            &int(true),
            "(p.k = CAST(c.k AS UNSIGNED) AND CAST(CAST(p.k AS CHAR CHARACTER SET utf8mb4) AS BINARY) \
             = CAST(CONVERT(c.k USING utf8mb4) AS BINARY))",
        );
        check(
            &int(false),
            &text("utf8mb4_general_ci"),
            "(p.k = CONVERT(CAST(c.k AS CHAR CHARACTER SET utf8mb4) USING utf8mb4) COLLATE utf8mb4_general_ci \
             AND CAST(CONVERT(p.k USING utf8mb4) AS BINARY) \
             = CAST(CAST(c.k AS CHAR CHARACTER SET utf8mb4) AS BINARY))",
        );
    }

    #[test]
    fn labels_are_compared_as_text() {
        let mut child = ty("enum('a','b')", TypeFamily::Enum, Some("latin1_swedish_ci"));
        child.labels = vec!["a".to_owned(), "b".to_owned()];
        let mut parent = child.clone();
        check(&child, &parent, "p.k = c.k");
        parent.labels.reverse();
        check(
            &child,
            &parent,
            "CAST(p.k AS CHAR CHARACTER SET utf8mb4) = CAST(c.k AS CHAR CHARACTER SET utf8mb4) \
             COLLATE utf8mb4_general_ci",
        );
    }
}
