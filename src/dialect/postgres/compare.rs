//! When two keys are equal: as a foreign key between the two columns would find, and for types between which there can
//! be none, by their text.

use crate::dialect::KeyExpression;
use crate::schema::{ColumnType, TypeFamily};

/// A condition that is true where the two keys are equal.
pub(super) fn keys_equal(child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String {
    let (from, to) = (child.ty, parent.ty);
    match (from.family, to.family) {
        (TypeFamily::Text, TypeFamily::Text) => texts_equal(child, parent),
        (from_family, to_family) if from_family.is_number() && to_family.is_number() => {
            format!("{} = {}", child.sql, parent.sql)
        }
        (TypeFamily::Temporal, TypeFamily::Temporal) if is_point_in_time(from) && is_point_in_time(to) => {
            format!("{} = {}", child.sql, parent.sql)
        }
        _ if plain_type(&from.base) == plain_type(&to.base) && has_equality(to) => sames_equal(child, parent),
        // A uuid in a text column may be written in capitals, in braces or without hyphens.
        (TypeFamily::Uuid, _) | (_, TypeFamily::Uuid) => {
            format!("{} = {}", uuid_digits(child.sql), uuid_digits(parent.sql))
        }
        _ => format!("{}::text = {}::text", child.sql, parent.sql),
    }
}

/// By the parent's type and collation, which leaves its index of use.
fn texts_equal(child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String {
    let (from, to) = (child.ty, parent.ty);
    let mut left = child.sql.to_owned();
    if text_kind(from) != text_kind(to) {
        left = format!("{left}::{}", text_kind(to));
    }
    // The parent's collation decides, and two different ones are an error without this (SQLSTATE 42P22).
    if let (Some(from), Some(to)) = (&from.collation, &to.collation)
        && from.name != to.name
    {
        left = format!("{left} COLLATE {}", to.name);
    }
    format!("{left} {} {}", equality(to), parent.sql)
}

/// The type that a text type compares as: `varchar` has no operators of its own.
fn text_kind(ty: &ColumnType) -> &str {
    match plain_type(&ty.base) {
        "character varying" => "text",
        // Without a length, since `character` alone is `character(1)`.
        "character" => "bpchar",
        other => other,
    }
}

/// Two columns of one type.
fn sames_equal(child: KeyExpression<'_>, parent: KeyExpression<'_>) -> String {
    let ty = parent.ty;
    if ty.family == TypeFamily::Other && namespace(&ty.base).is_some() {
        // Sessions search no namespace but `pg_catalog`, and where the operator of such a type is, its name does not
        // tell. Arrays compare their elements by the type's own default, wherever it is.
        let plain = plain_type(&ty.base);
        return format!("ARRAY[{}::{plain}] = ARRAY[{}::{plain}]", child.sql, parent.sql);
    }
    format!("{} = {}", without_domain(child), without_domain(parent))
}

/// The operator for enumerations does not look through a domain.
fn without_domain(column: KeyExpression<'_>) -> String {
    let ty = column.ty;
    if ty.family == TypeFamily::Enum && ty.declared != ty.base {
        format!("{}::{}", column.sql, ty.base)
    } else {
        column.sql.to_owned()
    }
}

/// The operator `=` of a text type. That of `citext` is where the extension is, which no session searches.
fn equality(ty: &ColumnType) -> String {
    match namespace(&ty.base) {
        Some(namespace) => format!("OPERATOR({namespace}.=)"),
        None => "=".to_owned(),
    }
}

/// `json`, `xml` and `point` have no `=`; that of the other geometric types compares areas, lengths or with a tolerance
/// (PostgreSQL manual, 9.11).
fn has_equality(ty: &ColumnType) -> bool {
    !matches!(
        plain_type(&ty.base),
        "json" | "xml" | "jsonpath" | "point" | "line" | "lseg" | "box" | "path" | "polygon" | "circle" | "aclitem"
    )
}

/// `date`, `timestamp` and `timestamp with time zone` compare with each other; times of day and intervals do not.
fn is_point_in_time(ty: &ColumnType) -> bool {
    ty.base.starts_with("date") || ty.base.starts_with("timestamp")
}

/// The type without its modifiers: `character varying` for `character varying(20)`.
fn plain_type(base: &str) -> &str {
    let mut quoted = false;
    let end = base.find(|character| {
        quoted ^= character == '"';
        character == '(' && !quoted
    });
    end.and_then(|end| base.get(..end)).unwrap_or(base)
}

/// The namespace that the server has written before a type's name, quoted as it has written it.
fn namespace(base: &str) -> Option<&str> {
    let mut quoted = false;
    let end = base.find(|character| {
        quoted ^= character == '"';
        character == '.' && !quoted
    })?;
    base.get(..end)
}

fn uuid_digits(sql: &str) -> String {
    format!("translate(lower({sql}::text), '{{}}-', '')")
}

#[cfg(test)]
mod tests {
    use super::keys_equal;
    use crate::dialect::KeyExpression;
    use crate::schema::{Collation, ColumnType, TypeFamily};

    fn column(base: &str, family: TypeFamily, collation: Option<&str>) -> ColumnType {
        ColumnType {
            declared: base.to_owned(),
            base: base.to_owned(),
            family,
            length: None,
            collation: collation.map(|name| Collation {
                name: name.to_owned(),
                charset: None,
                folds: false,
                pads: false,
            }),
            labels: Vec::new(),
        }
    }

    fn check(child: &ColumnType, parent: &ColumnType, expected: &str) {
        let child = KeyExpression { sql: "c.x", ty: child };
        let parent = KeyExpression { sql: "p.y", ty: parent };
        assert_eq!(keys_equal(child, parent), expected);
    }

    #[test]
    fn numbers_and_times() {
        let integer = |bits| column("bigint", TypeFamily::Integer { bits, unsigned: false }, None);
        let decimal = column("numeric(10,0)", TypeFamily::Decimal { scale: Some(0) }, None);
        let text = column("text", TypeFamily::Text, Some("\"default\""));
        let time = |base| column(base, TypeFamily::Temporal, None);
        check(&integer(32), &integer(64), "c.x = p.y");
        check(&integer(32), &decimal, "c.x = p.y");
        check(&text, &integer(64), "c.x::text = p.y::text");
        check(&time("date"), &time("timestamp(3) with time zone"), "c.x = p.y");
        check(
            &time("time without time zone"),
            &time("timestamp without time zone"),
            "c.x::text = p.y::text",
        );
        check(&time("interval(3)"), &time("interval"), "c.x = p.y");
    }

    #[test]
    fn texts_by_the_parents_type_and_collation() {
        let text = |base| column(base, TypeFamily::Text, Some("\"default\""));
        let folding = column("text", TypeFamily::Text, Some("public.nd"));
        let name = column("name", TypeFamily::Text, Some("\"C\""));
        check(&text("text"), &text("character varying(20)"), "c.x = p.y");
        check(&text("character(3)"), &text("text"), "c.x::text = p.y");
        check(&text("text"), &text("character(3)"), "c.x::bpchar = p.y");
        check(&text("character(3)"), &text("character(4)"), "c.x = p.y");
        check(&text("text"), &folding, "c.x COLLATE public.nd = p.y");
        check(&folding, &text("text"), "c.x COLLATE \"default\" = p.y");
        check(&text("text"), &name, "c.x::name COLLATE \"C\" = p.y");
        check(
            &text("text"),
            &text("public.citext"),
            "c.x::public.citext OPERATOR(public.=) p.y",
        );
        check(&text("public.citext"), &text("text"), "c.x::text = p.y");
        check(
            &text("\"a.b\".citext"),
            &text("\"a.b\".citext"),
            "c.x OPERATOR(\"a.b\".=) p.y",
        );
    }

    #[test]
    fn the_same_and_the_incomparable() {
        let other = |base| column(base, TypeFamily::Other, None);
        let uuid = column("uuid", TypeFamily::Uuid, None);
        let text = column("text", TypeFamily::Text, Some("\"default\""));
        let digits = |sql| format!("translate(lower({sql}::text), '{{}}-', '')");
        check(&uuid, &uuid, "c.x = p.y");
        check(&text, &uuid, &format!("{} = {}", digits("c.x"), digits("p.y")));
        check(&other("inet"), &other("inet"), "c.x = p.y");
        let shape = other("public.geometry(Point,4326)");
        check(
            &shape,
            &shape,
            "ARRAY[c.x::public.geometry] = ARRAY[p.y::public.geometry]",
        );
        check(&other("point"), &other("point"), "c.x::text = p.y::text");
        let mood = column("public.mood", TypeFamily::Enum, None);
        check(&mood, &mood, "c.x = p.y");
        check(&text, &mood, "c.x::text = p.y::text");
        let mut domain = mood.clone();
        domain.declared = "public.feeling".to_owned();
        check(&domain, &mood, "c.x::public.mood = p.y");
        let json = column("json", TypeFamily::Json, None);
        check(&json, &json, "c.x::text = p.y::text");
    }
}
