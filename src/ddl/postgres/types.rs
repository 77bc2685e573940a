//! Types of PostgreSQL as they are written, to what `format_type` prints and to their family.

use crate::ddl::tokens::{Cursor, Kind};
use crate::schema::{Collation, ColumnType, Ident, TypeFamily};

use super::catalog::{Catalog, UserType};
use super::name::{quoted, quoted_where_needed};

/// A type as it is written, with its name made canonical.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TypeName {
    /// `None` for the server's own types and for names without qualifier.
    namespace: Option<Ident>,
    /// `int4`, `varchar`; a user's name as it is stored.
    name: String,
    /// The short name stands for one of the server's own types.
    is_system: bool,
    /// What stands in the parentheses.
    modifiers: Vec<String>,
    /// What stands after `interval`: `day to second`.
    fields: String,
    is_array: bool,
    /// `serial` and its like: a number that the server counts up.
    pub(super) is_serial: bool,
}

/// Names of the server's own types: as they can be written, as the catalogue has them, as `format_type` prints them.
const SYSTEM: [(&str, &str, &str); 41] = [
    ("int", "int4", "integer"),
    ("integer", "int4", "integer"),
    ("int4", "int4", "integer"),
    ("smallint", "int2", "smallint"),
    ("int2", "int2", "smallint"),
    ("bigint", "int8", "bigint"),
    ("int8", "int8", "bigint"),
    ("serial", "int4", "integer"),
    ("serial4", "int4", "integer"),
    ("bigserial", "int8", "bigint"),
    ("serial8", "int8", "bigint"),
    ("smallserial", "int2", "smallint"),
    ("serial2", "int2", "smallint"),
    ("real", "float4", "real"),
    ("float4", "float4", "real"),
    ("float", "float8", "double precision"),
    ("float8", "float8", "double precision"),
    ("double precision", "float8", "double precision"),
    ("numeric", "numeric", "numeric"),
    ("decimal", "numeric", "numeric"),
    ("dec", "numeric", "numeric"),
    ("varchar", "varchar", "character varying"),
    ("character varying", "varchar", "character varying"),
    ("char varying", "varchar", "character varying"),
    ("nchar varying", "varchar", "character varying"),
    ("character", "bpchar", "character"),
    ("char", "bpchar", "character"),
    ("nchar", "bpchar", "character"),
    ("bpchar", "bpchar", "bpchar"),
    ("bool", "bool", "boolean"),
    ("boolean", "bool", "boolean"),
    ("bit", "bit", "bit"),
    ("bit varying", "varbit", "bit varying"),
    ("varbit", "varbit", "bit varying"),
    ("timestamp", "timestamp", "timestamp without time zone"),
    ("timestamptz", "timestamptz", "timestamp with time zone"),
    ("timestamp with time zone", "timestamptz", "timestamp with time zone"),
    ("time", "time", "time without time zone"),
    ("timetz", "timetz", "time with time zone"),
    ("time with time zone", "timetz", "time with time zone"),
    ("interval", "interval", "interval"),
];

/// Those of the server's own types that are printed as they are called.
const PLAIN: [&str; 66] = [
    "text",
    "bytea",
    "uuid",
    "date",
    "json",
    "jsonb",
    "xml",
    "money",
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "tsvector",
    "tsquery",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
    "oid",
    "name",
    "xid",
    "xid8",
    "cid",
    "tid",
    "regclass",
    "regtype",
    "regproc",
    "regprocedure",
    "regoper",
    "regoperator",
    "regrole",
    "regnamespace",
    "regconfig",
    "regdictionary",
    "regcollation",
    "pg_lsn",
    "pg_snapshot",
    "txid_snapshot",
    "jsonpath",
    "refcursor",
    "aclitem",
    "int2vector",
    "oidvector",
    "gtsvector",
    "pg_node_tree",
    "record",
    "void",
    "unknown",
    "anyarray",
    "cstring",
    "trigger",
];

/// Reads a type; `None` where there is none.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<TypeName> {
    let _ = cursor.take(&["SETOF"]);
    let quoted_name = matches!(cursor.peek()?.kind, Kind::Quoted(_));
    let mut names = cursor.names();
    let last = names.pop()?;
    let mut namespace = names.pop();
    if namespace
        .as_ref()
        .is_some_and(|namespace| namespace.as_str() == "pg_catalog")
    {
        namespace = None;
    }
    let mut name = last.as_str().to_owned();
    // `"char"` in quotes is a type of its own, of one byte.
    let can_be_words = namespace.is_none() && !quoted_name;
    if can_be_words {
        continue_name(cursor, &mut name);
    }
    let mut modifiers = modifiers(cursor);
    let mut fields = String::new();
    if can_be_words && matches!(name.as_str(), "timestamp" | "time") {
        if cursor.take(&["WITH", "TIME", "ZONE"]) {
            name.push_str(" with time zone");
        } else {
            let _ = cursor.take(&["WITHOUT", "TIME", "ZONE"]);
        }
    } else if can_be_words && name == "interval" {
        let start = cursor.position();
        while cursor
            .take_any(&["YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO"])
            .is_some()
        {}
        fields = cursor.text_since(start).to_lowercase();
        if cursor.position() == start {
            fields.clear();
        }
        if modifiers.is_empty() {
            modifiers = self::modifiers(cursor);
        }
    }
    let is_array = array(cursor);
    let is_serial = can_be_words && name.contains("serial") && SYSTEM.iter().any(|(written, ..)| *written == name);
    let system = SYSTEM.iter().find(|(written, ..)| can_be_words && *written == name);
    let is_system = system.is_some()
        || (namespace.is_none() && (PLAIN.contains(&name.as_str()) || (quoted_name && name == "char")));
    let name = system.map_or(name, |(_, canonical, _)| (*canonical).to_owned());
    let mut ty = TypeName {
        namespace,
        name,
        is_system,
        modifiers,
        fields,
        is_array,
        is_serial,
    };
    ty.complete(system.map_or("", |(written, ..)| written));
    Some(ty)
}

/// Takes the further words of a name of several.
fn continue_name(cursor: &mut Cursor<'_>, name: &mut String) {
    if name == "national" {
        name.clear();
        name.push_str(if cursor.take(&["CHARACTER"]) {
            "character"
        } else {
            "char"
        });
        let _ = cursor.take(&["CHAR"]);
    }
    if matches!(name.as_str(), "character" | "char" | "nchar" | "bit") && cursor.take(&["VARYING"]) {
        name.push_str(" varying");
    } else if name == "double" && cursor.take(&["PRECISION"]) {
        name.push_str(" precision");
    }
}

fn modifiers(cursor: &mut Cursor<'_>) -> Vec<String> {
    let Some(mut inside) = cursor.parenthesized() else {
        return Vec::new();
    };
    let parts = inside.split_at_commas();
    parts.iter().map(|part| part.rest().to_owned()).collect()
}

/// `[]`, `[3]`, `ARRAY`, `ARRAY[3]`.
fn array(cursor: &mut Cursor<'_>) -> bool {
    let mut found = cursor.take(&["ARRAY"]);
    while cursor.take_symbol("[") {
        found = true;
        while !cursor.is_at_end() && !cursor.take_symbol("]") {
            cursor.skip_one();
        }
    }
    found
}

impl TypeName {
    /// Fills in what the server fills in.
    fn complete(&mut self, written: &str) {
        let precision = self.modifiers.first().and_then(|bits| bits.parse::<u32>().ok());
        match (written, precision) {
            // float(1) to float(24) are real (manual, "Floating-Point Types").
            ("float", Some(bits)) => {
                if bits <= 24 { "float4" } else { "float8" }.clone_into(&mut self.name);
                self.modifiers.clear();
            }
            ("char" | "character" | "nchar" | "bit", None) => self.modifiers = vec!["1".to_owned()],
            ("numeric" | "decimal" | "dec", Some(_)) if self.modifiers.len() == 1 => {
                self.modifiers.push("0".to_owned());
            }
            _ => {}
        }
    }

    /// Without modifiers and dimensions, as casts print it.
    fn bare(&self) -> String {
        if !self.is_system {
            let name = quoted_where_needed(&self.name);
            return self.namespace.as_ref().map_or_else(
                || name.clone(),
                |namespace| format!("{}.{name}", quoted_where_needed(namespace.as_str())),
            );
        }
        match self.name.as_str() {
            "char" => "\"char\"".to_owned(),
            "bpchar" if self.modifiers.is_empty() => "bpchar".to_owned(),
            name => {
                let known = SYSTEM.iter().find(|(_, canonical, _)| *canonical == name);
                known.map_or_else(|| name.to_owned(), |(.., printed)| (*printed).to_owned())
            }
        }
    }

    /// As `format_type` prints it.
    pub(super) fn printed(&self) -> String {
        let array = if self.is_array { "[]" } else { "" };
        let mut bare = self.bare();
        if !self.fields.is_empty() {
            bare = format!("{bare} {}", self.fields);
        }
        if self.modifiers.is_empty() {
            return bare + array;
        }
        let modifiers = self.modifiers.join(",");
        match bare.split_once(" with") {
            // The precision stands within the name: `timestamp(3) without time zone`.
            Some((name, zone)) => format!("{name}({modifiers}) with{zone}{array}"),
            None => format!("{bare}({modifiers}){array}"),
        }
    }

    /// As the server prints it in a cast: without modifiers, and `character(3)` as `bpchar`.
    pub(super) fn cast(&self) -> String {
        let array = if self.is_array { "[]" } else { "" };
        let bare = match (self.is_system, self.name.as_str()) {
            (true, "bpchar") => "bpchar".to_owned(),
            (true, "bit") => "\"bit\"".to_owned(),
            _ => self.bare(),
        };
        bare + array
    }

    pub(super) fn has_modifiers(&self) -> bool {
        !self.modifiers.is_empty()
    }

    /// Whether it is one of these of the server's own types, and no array.
    pub(super) fn is_one_of(&self, names: &[&str]) -> bool {
        self.is_system && !self.is_array && names.contains(&self.name.as_str())
    }

    fn family(&self) -> TypeFamily {
        let integer = |bits| TypeFamily::Integer { bits, unsigned: false };
        if self.is_array {
            return TypeFamily::Array;
        }
        if !self.is_system {
            return if self.name == "citext" {
                TypeFamily::Text
            } else {
                TypeFamily::Other
            };
        }
        match self.name.as_str() {
            "int2" => integer(16),
            "int4" => integer(32),
            "int8" => integer(64),
            "numeric" => TypeFamily::Decimal {
                scale: self.modifiers.get(1).map(|scale| scale.parse().unwrap_or(0)),
            },
            "float4" | "float8" => TypeFamily::Float,
            "text" | "varchar" | "bpchar" | "name" => TypeFamily::Text,
            "bytea" => TypeFamily::Bytes,
            "uuid" => TypeFamily::Uuid,
            "bool" => TypeFamily::Boolean,
            "date" | "time" | "timetz" | "timestamp" | "timestamptz" | "interval" => TypeFamily::Temporal,
            "json" | "jsonb" => TypeFamily::Json,
            "int2vector" | "oidvector" => TypeFamily::Array,
            _ => TypeFamily::Other,
        }
    }

    /// Gives a user's type without qualifier the namespace in which it is, or in which extensions put theirs.
    pub(super) fn qualify(&mut self, catalog: &Catalog) {
        if !self.is_system && self.namespace.is_none() {
            self.namespace = Some(catalog.namespace_of_type(&self.name));
        }
    }

    /// The user's type it names, if it is known.
    pub(super) fn user_type<'c>(&self, catalog: &'c Catalog) -> Option<&'c UserType> {
        let namespace = self.namespace.clone().filter(|_| !self.is_system)?;
        catalog.types.get(&(namespace, Ident::new(self.name.as_str())))
    }

    /// What the schema says of it.
    pub(super) fn resolve(&self, catalog: &Catalog, collation: Option<&[Ident]>) -> ColumnType {
        let declared = self.printed();
        let mut ty = match self.user_type(catalog).filter(|_| !self.is_array) {
            Some(UserType::Enum(labels)) => ColumnType {
                base: declared.clone(),
                declared,
                family: TypeFamily::Enum,
                length: None,
                collation: None,
                labels: labels.clone(),
            },
            Some(UserType::Domain(domain)) => ColumnType {
                declared,
                ..domain.ty.clone()
            },
            Some(UserType::Other) | None => {
                let family = self.family();
                let length = self.modifiers.first().and_then(|length| length.parse().ok());
                ColumnType {
                    base: declared.clone(),
                    declared,
                    family,
                    length: length.filter(|_| self.is_one_of(&["varchar", "bpchar"])),
                    collation: (family == TypeFamily::Text).then(|| self.default_collation()),
                    labels: Vec::new(),
                }
            }
        };
        if let (Some(known), Some(wanted)) = (&mut ty.collation, collation) {
            known.name = catalog.collation_name(wanted);
            known.folds |= catalog.folding_collations.contains(&known.name);
        }
        ty
    }

    fn default_collation(&self) -> Collation {
        // A `name` compares by bytes (since PostgreSQL 12).
        let name = if self.is_one_of(&["name"]) { "C" } else { "default" };
        Collation {
            name: quoted(name),
            charset: None,
            folds: !self.is_system && self.name == "citext",
            pads: self.is_one_of(&["bpchar"]),
        }
    }
}
