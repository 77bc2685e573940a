//! Types of MySQL and MariaDB as they are written, to what `information_schema.COLUMNS` says of them.

use crate::ddl::tokens::{Cursor, Kind};
use crate::schema::{Collation, ColumnType, TypeFamily};

use super::Flavor;

/// A type as it is written.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one word of the type")]
pub(super) struct TypeName {
    /// As `DATA_TYPE` has it.
    name: String,
    arguments: Vec<String>,
    /// Of an ENUM or SET.
    labels: Vec<String>,
    unsigned: bool,
    zerofill: bool,
    /// `SERIAL`: a number with all that makes a key of it.
    pub(super) is_serial: bool,
    /// `NCHAR` and its like: the character set is `utf8mb3`.
    pub(super) is_national: bool,
    /// How many characters a `TEXT(n)` must hold.
    characters: Option<u64>,
    /// MariaDB's `JSON`, which is a text with a check.
    pub(super) is_json_text: bool,
}

/// Names as they can be written, and as the catalogue has them (manual, "Using Data Types from Other Database Engines").
const SYNONYMS: [(&str, &str); 30] = [
    ("integer", "int"),
    ("int1", "tinyint"),
    ("int2", "smallint"),
    ("int3", "mediumint"),
    ("int4", "int"),
    ("int8", "bigint"),
    ("middleint", "mediumint"),
    ("bool", "tinyint"),
    ("boolean", "tinyint"),
    ("dec", "decimal"),
    ("fixed", "decimal"),
    ("numeric", "decimal"),
    ("number", "decimal"),
    ("real", "double"),
    ("float8", "double"),
    ("double precision", "double"),
    ("float4", "float"),
    ("character", "char"),
    ("nchar", "char"),
    ("national char", "char"),
    ("national character", "char"),
    ("character varying", "varchar"),
    ("char varying", "varchar"),
    ("nvarchar", "varchar"),
    ("national varchar", "varchar"),
    ("varcharacter", "varchar"),
    ("long", "mediumtext"),
    ("long varchar", "mediumtext"),
    ("long varbinary", "mediumblob"),
    ("geometrycollection", "geomcollection"),
];

/// Reads a type; `None` where there is none.
pub(super) fn read(cursor: &mut Cursor<'_>, flavor: Flavor) -> Option<TypeName> {
    let Kind::Word(word) = &cursor.next()?.kind else {
        return None;
    };
    let mut written = word.to_ascii_lowercase();
    for (first, second) in [
        ("double", "PRECISION"),
        ("national", "CHAR"),
        ("national", "CHARACTER"),
        ("national", "VARCHAR"),
        ("character", "VARYING"),
        ("char", "VARYING"),
        ("long", "VARCHAR"),
        ("long", "VARBINARY"),
    ] {
        if written == first && cursor.take(&[second]) {
            written = format!("{first} {}", second.to_ascii_lowercase());
        }
    }
    let mut ty = TypeName {
        name: SYNONYMS
            .iter()
            .find(|(synonym, _)| *synonym == written)
            .map_or_else(|| written.clone(), |(_, name)| (*name).to_owned()),
        ..TypeName::default()
    };
    if let Some(mut inside) = cursor.parenthesized() {
        for mut part in inside.split_at_commas() {
            match part.text() {
                // Trailing spaces are cut off (manual, "The ENUM Type").
                Some(label) => ty.labels.push(label.trim_end_matches(' ').to_owned()),
                None => ty.arguments.push(part.rest().to_owned()),
            }
        }
    }
    loop {
        if cursor.take(&["UNSIGNED"]) {
            ty.unsigned = true;
        } else if cursor.take(&["ZEROFILL"]) {
            (ty.unsigned, ty.zerofill) = (true, true);
        } else if !cursor.take(&["SIGNED"]) {
            break;
        }
    }
    ty.complete(&written, flavor);
    Some(ty)
}

impl TypeName {
    /// Fills in what the server fills in.
    fn complete(&mut self, written: &str, flavor: Flavor) {
        self.is_national = written.starts_with('n') && written.contains("char");
        let first = self.arguments.first().and_then(|number| number.parse::<u64>().ok());
        match (written, first) {
            ("bool" | "boolean", _) => self.arguments = vec!["1".to_owned()],
            ("serial", _) => {
                (self.name, self.unsigned, self.is_serial) = ("bigint".to_owned(), true, true);
            }
            ("float", Some(bits)) if self.arguments.len() == 1 => {
                if bits > 24 {
                    "double".clone_into(&mut self.name);
                }
                self.arguments.clear();
            }
            ("json", _) if flavor == Flavor::MariaDb => {
                (self.name, self.is_json_text) = ("longtext".to_owned(), true);
            }
            ("datetime" | "timestamp" | "time", Some(0)) => self.arguments.clear(),
            ("year", _) => {
                self.arguments = match flavor {
                    Flavor::MariaDb => vec!["4".to_owned()],
                    Flavor::MySql => Vec::new(),
                }
            }
            ("text" | "blob", Some(_)) => {
                self.characters = first;
                self.arguments.clear();
            }
            _ => {}
        }
        let default = match (self.name.as_str(), self.arguments.len()) {
            ("decimal", 0) => &["10", "0"][..],
            ("decimal", 1) => &["0"],
            ("char" | "binary" | "bit", 0) => &["1"],
            (_, 0) if flavor == Flavor::MariaDb || self.zerofill => self.display_width(),
            _ => &[],
        };
        self.arguments
            .extend(default.iter().map(|argument| (*argument).to_owned()));
    }

    /// The width that MariaDB prints with a whole number's type; MySQL 8.0.19 and newer print one with ZEROFILL only.
    fn display_width(&self) -> &'static [&'static str] {
        match (self.name.as_str(), self.unsigned) {
            ("tinyint", false) => &["4"],
            ("tinyint", true) => &["3"],
            ("smallint", false) => &["6"],
            ("smallint", true) => &["5"],
            ("mediumint", false) => &["9"],
            ("mediumint", true) => &["8"],
            ("int", false) => &["11"],
            ("int", true) => &["10"],
            ("bigint", _) => &["20"],
            _ => &[],
        }
    }

    /// Whether it has a character set.
    pub(super) fn is_text(&self) -> bool {
        let texts = [
            "char",
            "varchar",
            "tinytext",
            "text",
            "mediumtext",
            "longtext",
            "enum",
            "set",
        ];
        texts.contains(&self.name.as_str())
    }

    /// Whether MySQL keeps a default that is a literal: of texts and blobs without length it keeps none, with a warning
    /// where it is not strict (manual, "Data Type Default Values").
    pub(super) fn takes_literal_default(&self) -> bool {
        let is_long = self.name.ends_with("text") || self.name.ends_with("blob");
        !is_long && self.name != "json" && self.name != "geometry"
    }

    pub(super) fn is_number(&self) -> bool {
        self.family().is_number()
    }

    /// As `COLUMN_TYPE` has it.
    fn printed(&self) -> String {
        let mut printed = self.name.clone();
        if !self.labels.is_empty() {
            let labels: Vec<String> = self.labels.iter().map(|label| quoted(label)).collect();
            printed = format!("{printed}({})", labels.join(","));
        } else if !self.arguments.is_empty() {
            printed = format!("{printed}({})", self.arguments.join(","));
        }
        if self.unsigned {
            printed.push_str(" unsigned");
        }
        if self.zerofill {
            printed.push_str(" zerofill");
        }
        printed
    }

    fn family(&self) -> TypeFamily {
        let integer = |bits| TypeFamily::Integer {
            bits,
            unsigned: self.unsigned,
        };
        match self.name.as_str() {
            "tinyint" => integer(8),
            "smallint" => integer(16),
            "mediumint" => integer(24),
            "int" => integer(32),
            "bigint" => integer(64),
            "decimal" => TypeFamily::Decimal {
                scale: self.arguments.get(1).and_then(|scale| scale.parse().ok()),
            },
            "float" | "double" => TypeFamily::Float,
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" => TypeFamily::Text,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => TypeFamily::Bytes,
            "date" | "time" | "datetime" | "timestamp" | "year" => TypeFamily::Temporal,
            "enum" => TypeFamily::Enum,
            "json" => TypeFamily::Json,
            "uuid" => TypeFamily::Uuid,
            "bit" if self.arguments == ["1"] => TypeFamily::Boolean,
            _ => TypeFamily::Other,
        }
    }

    /// `CHARACTER_MAXIMUM_LENGTH`.
    fn length(&self) -> Option<u32> {
        let characters = |text: &String| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        match self.name.as_str() {
            "char" | "varchar" | "binary" | "varbinary" => self.arguments.first()?.parse().ok(),
            "tinytext" | "tinyblob" => Some(255),
            "text" | "blob" => Some(65_535),
            "mediumtext" | "mediumblob" => Some(16_777_215),
            "longtext" | "longblob" => Some(u32::MAX),
            "enum" => self.labels.iter().map(characters).max(),
            "set" => {
                let commas = u32::try_from(self.labels.len().saturating_sub(1)).unwrap_or(u32::MAX);
                Some(self.labels.iter().map(characters).fold(commas, u32::saturating_add))
            }
            _ => None,
        }
    }

    /// What the schema says of it. The collation is only there for types that have one.
    pub(super) fn resolve(&self, collation: &str) -> ColumnType {
        if let Some(characters) = self.characters {
            return self.sized(characters, collation).resolve(collation);
        }
        let declared = self.printed();
        ColumnType {
            base: declared.clone(),
            declared,
            family: self.family(),
            length: self.length(),
            collation: self.is_text().then(|| self::collation(collation)),
            labels: self.labels.clone(),
        }
    }
}

impl TypeName {
    /// The smallest TEXT or BLOB that holds so many characters (manual, "String Data Type Syntax").
    fn sized(&self, characters: u64, collation: &str) -> Self {
        let width = if self.is_text() {
            bytes_per_character(collation)
        } else {
            1
        };
        let prefix = match characters.saturating_mul(width) {
            0..=255 => "tiny",
            256..=65_535 => "",
            65_536..=16_777_215 => "medium",
            _ => "long",
        };
        Self {
            name: format!("{prefix}{}", self.name),
            characters: None,
            ..self.clone()
        }
    }
}

/// The most bytes that a character takes in the character set of a collation.
fn bytes_per_character(collation: &str) -> u64 {
    match collation.split('_').next().unwrap_or("") {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030" => 4,
        "utf8mb3" | "utf8" | "eucjpms" | "ujis" => 3,
        "ucs2" | "gbk" | "big5" | "sjis" | "cp932" | "euckr" | "gb2312" => 2,
        _ => 1,
    }
}

/// A type in another character set (`CONVERT TO`): a TEXT grows where its characters may take more bytes than before
/// (manual, "ALTER TABLE Statement").
pub(super) fn converted(ty: &ColumnType, to: &str) -> ColumnType {
    let Some(from) = &ty.collation else { return ty.clone() };
    let grows = bytes_per_character(to) > bytes_per_character(&from.name);
    let larger = match ty.declared.as_str() {
        "tinytext" => Some(("text", 65_535)),
        "text" => Some(("mediumtext", 16_777_215)),
        "mediumtext" => Some(("longtext", u32::MAX)),
        _ => None,
    };
    let mut ty = ColumnType {
        collation: Some(collation(to)),
        ..ty.clone()
    };
    if let Some((name, length)) = larger.filter(|_| grows) {
        (ty.declared, ty.base, ty.length) = (name.to_owned(), name.to_owned(), Some(length));
    }
    ty
}

/// As the server prints a label.
fn quoted(label: &str) -> String {
    let escaped = label
        .replace('\'', "''")
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    format!("'{escaped}'")
}

/// A collation by its canonical name.
pub(super) fn collation(name: &str) -> Collation {
    let words: Vec<&str> = name.split('_').collect();
    let is_exact = words.contains(&"bin") || name == "binary" || words.contains(&"cs") && !words.contains(&"ai");
    Collation {
        name: name.to_owned(),
        charset: Some(words.first().copied().unwrap_or("").to_owned()),
        folds: !is_exact,
        // All did before MySQL 8.0's, and MariaDB's say if not.
        pads: name != "binary" && !words.iter().any(|word| *word == "0900" || *word == "nopad"),
    }
}

/// A collation's name as the server has it: `utf8` is the old name of `utf8mb3`.
pub(super) fn collation_name(name: &str, charset: Option<&str>) -> String {
    let name = name.to_ascii_lowercase();
    if let Some(rest) = name.strip_prefix("utf8_") {
        return format!("utf8mb3_{rest}");
    }
    match charset.filter(|_| name.starts_with("uca1400_")) {
        Some(charset) => format!("{charset}_{name}"),
        None => name,
    }
}

/// The collation of a character set where none is named.
pub(super) fn default_collation(charset: &str, flavor: Flavor) -> String {
    let charset = charset.to_ascii_lowercase();
    match charset.as_str() {
        "utf8mb4" if flavor == Flavor::MySql => "utf8mb4_0900_ai_ci".to_owned(),
        "utf8" => "utf8mb3_general_ci".to_owned(),
        "binary" => "binary".to_owned(),
        "latin1" | "dec8" => format!("{charset}_swedish_ci"),
        "gbk" | "big5" | "gb2312" | "gb18030" => format!("{charset}_chinese_ci"),
        "sjis" | "ujis" | "cp932" | "eucjpms" => format!("{charset}_japanese_ci"),
        "euckr" => "euckr_korean_ci".to_owned(),
        "latin5" => "latin5_turkish_ci".to_owned(),
        "tis620" => "tis620_thai_ci".to_owned(),
        "hp8" => "hp8_english_ci".to_owned(),
        "swe7" => "swe7_swedish_ci".to_owned(),
        _ => format!("{charset}_general_ci"),
    }
}
