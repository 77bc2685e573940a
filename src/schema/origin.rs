//! Where an object was declared.

/// Where an object was declared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// In the catalogue of a database.
    #[default]
    Catalog,
    /// In a file.
    File(Location),
}

impl Origin {
    /// The place in a file, if it was one.
    pub fn location(&self) -> Option<&Location> {
        match self {
            Self::Catalog => None,
            Self::File(location) => Some(location),
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The file, as the user named it.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}
