//! What a rule reports.

use std::collections::BTreeMap;

use crate::relation::{Relation, RelationId, Tier, short_hash};
use crate::schema::{Action, ColumnSet, ForeignKey, Ident, Location, TableName};

/// Something that is not as it was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The id of the rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it is about.
    pub subject: Subject,
    /// The relation it is about, if it is about one.
    pub relation: Option<RelationId>,
    /// One sentence, names in backquotes.
    pub message: String,
    /// How many rows, where it is about rows.
    pub count: Option<u64>,
    /// Where to look first, if in a file: where a model declares it, for a fault of a model; else where the subject is
    /// declared.
    pub location: Option<Location>,
    /// All the places that it is about, that one first.
    pub locations: Vec<Location>,
    /// What to do about it, in one line.
    pub fix: Option<String>,
    /// The same as a plan takes it; `None` where no migration mends it.
    pub remedy: Option<Remedy>,
}

/// What mends a finding. Never SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// A foreign key for the relation.
    AddForeignKey,
    /// This foreign key of the subject's table holds for the rows from before too.
    ValidateForeignKey(Box<ForeignKey>),
    /// This foreign key of the subject's table is enforced.
    EnforceForeignKey(Box<ForeignKey>),
    /// The relation's foreign key does something else to the children of a row that goes.
    ChangeDeleteAction(Action),
    /// This foreign key of the subject's table goes: another one does the same.
    DropForeignKey(Box<ForeignKey>),
    /// An index on these columns.
    AddIndex(ColumnSet),
    /// These indexes of the subject's table go, each with the one that does all that it does.
    DropIndexes(BTreeMap<Ident, Ident>),
    /// A unique key on these columns.
    AddUniqueKey(ColumnSet),
    /// These columns, which are unique and take no nulls, are the primary key.
    AddPrimaryKey(ColumnSet),
    /// The subject has a primary key, and nobody has said which columns that is.
    ChoosePrimaryKey,
    /// The relation's columns have the types of their parent's.
    ChangeType,
    /// The key that says which rows belong together is in the other one of the two tables.
    MoveForeignKey(Box<MovedKey>),
    /// These columns take no nulls.
    SetNotNull(ColumnSet),
    /// These columns take nulls.
    DropNotNull(ColumnSet),
    /// The relation's child rows that have no parent are treated as is meant.
    MendRows,
    /// What is to be done depends on what is meant, and nobody has said that. This says how to, in one phrase.
    Decide(&'static str),
}

/// A key that is to be in the other one of its two tables: the ends that there are, and those that there are to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedKey {
    /// The columns that reference now.
    pub from_child: ColumnSet,
    /// What they reference.
    pub from_parent: ColumnSet,
    /// The columns that are to reference instead, whether or not they are there.
    pub to_child: ColumnSet,
    /// What those are to reference: in the table of `from_child`.
    pub to_parent: ColumnSet,
}

/// How bad a finding is. The three levels are SARIF's (2.1.0, section 3.27.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Will cause trouble.
    Warning,
    /// Wrong now.
    Error,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Below 0.75.
    Low,
    /// 0.75 and above.
    Medium,
    /// 0.92 and above.
    High,
    /// A fact.
    Certain,
}

/// What a finding is about. Its text is how it is ignored and recognised: `public.orders(customer_id)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    table: TableName,
    columns: Vec<Ident>,
}

impl Subject {
    /// A table as a whole.
    pub fn table(table: &TableName) -> Self {
        Self {
            table: table.clone(),
            columns: Vec::new(),
        }
    }

    /// Some columns of a table.
    pub fn columns(columns: &ColumnSet) -> Self {
        Self {
            table: columns.table.clone(),
            columns: columns.columns.clone(),
        }
    }

    /// Its text without the table's namespace.
    pub fn without_namespace(&self) -> String {
        let bare = Self {
            table: TableName::bare(self.table.table.clone()),
            columns: self.columns.clone(),
        };
        bare.to_string()
    }

    /// The table.
    pub fn table_name(&self) -> &TableName {
        &self.table
    }

    /// The columns; none where it is the table as a whole.
    pub fn column_names(&self) -> &[Ident] {
        &self.columns
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.table)?;
        if !self.columns.is_empty() {
            write!(f, "({})", crate::schema::display_columns(&self.columns))?;
        }
        Ok(())
    }
}

impl Finding {
    /// The same on every run as long as it is the same fault: rule, subject and relation, not the counts.
    pub fn fingerprint(&self) -> String {
        let subject = self.subject.to_string();
        let relation = self.relation.as_ref().map(ToString::to_string).unwrap_or_default();
        short_hash([self.rule, &subject, &relation])
    }
}

impl Severity {
    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl Confidence {
    /// How sure a finding is that stands and falls with a relation.
    pub fn of(relation: &Relation) -> Self {
        match relation.tier() {
            Tier::Declared => Self::Certain,
            Tier::Strong => Self::High,
            Tier::Likely => Self::Medium,
            Tier::Possible | Tier::Weak => Self::Low,
        }
    }

    /// As reports write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Certain => "certain",
        }
    }
}
