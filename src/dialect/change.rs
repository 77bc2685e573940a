//! Changes to a database that a plan is made of, and what a dialect makes of each: statements, locks, and the way back.
//!
//! A [`Change`] says what is to be so, without SQL. [`PlanDialect::work`] writes it for one engine, so
//! that it holds no lock for long that writers wait for, fails rather than guesses where the database is not as it was
//! planned for, and does nothing where it was done before.

use crate::schema::{ForeignKey, Ident, Index, Table};

use super::Dialect;
use super::alteration::Alteration;
use super::key_move::{KeyMove, MoveStage};
use super::retype::{Retype, Stage};
use super::row_set::RowSet;

/// A dialect that plans can be written in.
pub trait PlanDialect: Dialect {
    /// The statements that make a change so, for a server of this version.
    ///
    /// # Errors
    ///
    /// The engine cannot do it, or not without harm: why, in one phrase.
    fn work(&self, change: &Change<'_>, version: Version) -> Result<Work, String>;

    /// What a change does to the definition of its table, where this engine makes a table anew to change it. Plans then ask
    /// [`PlanDialect::rebuild`] for all changes of a table at once.
    fn alteration(&self, _: &Change<'_>) -> Option<Alteration> {
        None
    }

    /// Whether this engine makes a table anew to change it. Then all that is to change in a table is one step, which comes
    /// after those that treat its rows.
    fn makes_tables_anew(&self) -> bool {
        false
    }

    /// The statements that make a table anew with all of these changes, after an earlier step of the plan has done others.
    /// Indexes among them are there already, but for those on columns that are made.
    ///
    /// # Errors
    ///
    /// The engine cannot do it, or not without harm: why, in one phrase.
    fn rebuild(&self, table: &Table, _done: &[Alteration], _: &[Alteration]) -> Result<Work, String> {
        Err(format!(
            "`{}` is changed in place here, and never made anew",
            table.name
        ))
    }

    /// What the undo of a change cannot give back, or not to everybody, in one phrase; `None` where it gives all back.
    fn undo_remark(&self, _change: &Change<'_>, _version: Version) -> Option<String> {
        None
    }

    /// What happens where a lock cannot be had in time, and what to do then, in sentences.
    fn when_locked(&self) -> &'static str;

    /// What becomes of a step that is run again, in one phrase.
    fn when_run_again(&self) -> &'static str {
        "what is done is not done twice"
    }

    /// What stands before the first statement of a script: how long it waits for locks.
    fn preamble(&self) -> Vec<Statement>;

    /// What makes the engine's own client stop at the first error; empty where it does anyway.
    fn client_preamble(&self) -> &'static str;

    /// A statement with its delimiter, as the engine's own client reads it from a file.
    fn terminated(&self, statement: &Statement) -> String {
        format!("{};", statement.sql)
    }

    /// The same in a script for that client, which can leave it out where its work is done.
    fn scripted(&self, statement: &Statement) -> String {
        self.terminated(statement)
    }

    /// How a person runs a script with the engine's own client.
    fn client_command(&self) -> &'static str;

    /// The parts in which a column gets another type.
    fn retype_stages(&self, _retype: &Retype<'_>) -> Vec<Stage> {
        vec![Stage::AtOnce]
    }

    /// What else a person should know who is to run the change, each in one sentence without a point.
    fn notes(&self, _change: &Change<'_>) -> Vec<String> {
        Vec::new()
    }

    /// Whether each step has a quarantine of its own, because a script of this engine cannot drop one only if it is empty.
    fn keeps_steps_apart(&self) -> bool {
        false
    }

    /// What every primary key is called, where it cannot have another name.
    fn name_of_primary_keys(&self) -> Option<&'static str> {
        None
    }

    /// How long the name of a constraint may be, in bytes.
    fn longest_name(&self) -> usize;

    /// How programs other than the engine's own client are to send the statements of a step.
    fn sending(&self) -> Sending;

    /// Statements as a program sends them, each text by itself. Where the server makes one transaction of what is sent
    /// together, each text holds what may be in one, and needs nothing that another one left in the session.
    fn queries(&self, statements: &[Statement]) -> Vec<Statement> {
        statements.to_vec()
    }
}

/// How a step is to be sent.
#[derive(Debug, Clone, Default)]
pub struct Sending {
    /// What it begins with, where all of a step is sent through one session.
    pub before: Vec<Statement>,
    /// What gives the session back as it was.
    pub after: Vec<Statement>,
    /// A setting that only a program can give back: the question for it, and the statement to which the answer is added.
    pub kept: Option<(&'static str, &'static str)>,
    /// What may be sent together.
    pub texts: Texts,
}

/// What a program may send together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Texts {
    /// Each of [`PlanDialect::queries`] stands for itself, in any session, and must not be sent with others.
    EachAlone,
    /// All of a step need one session; drivers take them as one text only where they are told to.
    #[default]
    OneSession,
    /// All of a step need one session, and drivers take them as one text.
    OneText,
}

/// A server's version, as it counts them: 18.4 is `{major: 18, minor: 4}`. Zero where it is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version {
    /// Before the first point.
    pub major: u32,
    /// After it.
    pub minor: u32,
}

/// One thing that is to be so.
#[derive(Debug, Clone)]
pub enum Change<'a> {
    /// An index finds the rows by these columns.
    AddIndex {
        /// The table.
        table: &'a Table,
        /// In the order that the index has.
        columns: &'a [Ident],
        /// The index's name.
        name: Ident,
        /// What the table is partitioned into, whichever level; empty where it is not.
        partitions: Vec<Partition<'a>>,
    },
    /// An index is no more: another one does all that it does.
    DropIndex {
        /// The table.
        table: &'a Table,
        /// The index, as it is.
        index: Index,
        /// The other one, as it is to be by then.
        beside: Index,
    },
    /// These columns are unique together.
    AddUnique {
        /// The table.
        table: &'a Table,
        /// In the order of the key.
        columns: &'a [Ident],
        /// The constraint's name.
        name: Ident,
        /// Whether they become the primary key; then none of them takes nulls, and there is no other.
        primary: bool,
        /// What the table is partitioned into, whichever level; empty where it is not.
        partitions: Vec<Partition<'a>>,
    },
    /// A foreign key refuses new orphans. Rows from before are not looked at, where the engine can do that.
    AddForeignKey {
        /// The child.
        child: &'a Table,
        /// The parent.
        parent: &'a Table,
        /// The constraint, with a name.
        key: ForeignKey,
        /// Whether the server is to look at every row itself while it copies the table, where it can add the constraint
        /// in place without looking too.
        copying: bool,
        /// The partitions that have the same foreign key already, each with its own one: the server makes those parts of
        /// the new one, and they go with it.
        parts: Vec<(&'a Table, ForeignKey)>,
    },
    /// A foreign key holds for the rows from before too.
    ValidateForeignKey {
        /// The child.
        child: &'a Table,
        /// The parent.
        parent: &'a Table,
        /// The constraint, with a name.
        key: ForeignKey,
        /// Whether it was there before the plan: then the way back is to have it unvalidated again.
        existing: bool,
    },
    /// A foreign key is no more.
    DropForeignKey {
        /// The child.
        child: &'a Table,
        /// The parent.
        parent: &'a Table,
        /// The constraint, as it is.
        key: ForeignKey,
    },
    /// A foreign key is replaced by another one, which takes over its name; all rows are checked before it does.
    ReplaceForeignKey {
        /// The child.
        child: &'a Table,
        /// The parent.
        parent: &'a Table,
        /// The constraint, as it is.
        old: ForeignKey,
        /// As it is to be.
        new: ForeignKey,
        /// What the new one is called until the old one is gone.
        temporary: Ident,
        /// Whether the server is to look at every row itself while it copies the table, where it can do without.
        copying: bool,
    },
    /// A column takes no nulls.
    SetNotNull {
        /// The table.
        table: &'a Table,
        /// The column.
        column: &'a Ident,
        /// The constraint by which new rows have none already.
        standing: Option<NotNull>,
    },
    /// A column takes nulls.
    DropNotNull {
        /// The table.
        table: &'a Table,
        /// The column.
        column: &'a Ident,
        /// The constraint by which it takes none.
        standing: Option<NotNull>,
    },
    /// Rows are kept in the quarantine and gone from their table.
    RemoveRows {
        /// Which.
        rows: RowSet<'a>,
        /// Under what the quarantine keeps them.
        keeping: Keeping,
    },
    /// Keys of rows are null, and the rows as they were are kept in the quarantine.
    ClearKeys {
        /// Which rows.
        rows: RowSet<'a>,
        /// The columns that are set to null.
        columns: Vec<Ident>,
        /// Under what the quarantine keeps them.
        keeping: Keeping,
    },
    /// A column has another type; this much of it.
    Retype {
        /// Which.
        retype: Retype<'a>,
        /// How far.
        stage: Stage,
    },
    /// The key of a link is in the other table; this much of it.
    MoveKey {
        /// Which.
        moving: KeyMove<'a>,
        /// How far.
        stage: MoveStage,
    },
    /// What the quarantine keeps of one step is gone for good.
    EmptyQuarantine {
        /// The table that the rows are from.
        table: &'a Table,
        /// Under what they are kept.
        keeping: Keeping,
    },
}

/// By what a column takes no nulls, where that is a constraint with a name (PostgreSQL 18).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotNull {
    /// The constraint's name.
    pub name: Ident,
    /// Whether the rows from before were checked.
    pub validated: bool,
    /// Whether tables that inherit from this one do not get it (NO INHERIT).
    pub only_here: bool,
}

/// A partition of a table that gets an index.
#[derive(Debug, Clone)]
pub struct Partition<'a> {
    /// The partition.
    pub table: &'a Table,
    /// What its own index, or constraint, is called.
    pub index: Ident,
}

/// Under what the quarantine keeps rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// The table that keeps them, beside the one that they are from.
    pub quarantine: Ident,
    /// The plan.
    pub plan: String,
    /// Why, in one phrase. It tells the rows of one step from those of others of the same plan.
    pub reason: String,
    /// The foreign keys of the table that some of its rows break: they would refuse those rows when they come back.
    pub broken: Vec<Ident>,
}

/// What a dialect makes of a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// What does it, in order; each stands outside of a transaction of the caller.
    pub up: Vec<Statement>,
    /// What undoes it.
    pub down: Vec<Statement>,
    /// What is locked meanwhile.
    pub locks: Vec<LockTaken>,
    /// What must hold, and is looked at by the statements themselves: phrases.
    pub guards: Vec<String>,
    /// Whether the rows of its table are read or written: how long it takes depends on its size.
    pub reads_rows: bool,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Without the delimiter at its end.
    pub sql: String,
    /// Whether there are semicolons inside that end nothing: the body of a routine or block.
    pub compound: bool,
    /// Whether it only looks, and fails where something does not hold.
    pub guard: bool,
    /// A condition, for a statement that can be in no block and so cannot ask itself whether its work is done: a script for
    /// the engine's own client leaves it out where this does not hold.
    pub only_if: Option<String>,
}

/// A lock that a change takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockTaken {
    /// On which table, as reports name it.
    pub table: String,
    /// As the engine's manual calls it.
    pub mode: &'static str,
    /// What has to wait meanwhile, in one phrase.
    pub blocks: &'static str,
    /// Whether the table's partitions are locked in the same way.
    pub partitions: bool,
}

impl LockTaken {
    /// What a sentence says of its table's partitions, after the table's name; nothing where there are none.
    pub fn with_partitions(&self) -> &'static str {
        if self.partitions { " and its partitions" } else { "" }
    }
}

impl Statement {
    /// A plain statement.
    pub fn plain(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            compound: false,
            guard: false,
            only_if: None,
        }
    }

    /// A statement with statements inside.
    pub fn compound(sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            compound: true,
            guard: false,
            only_if: None,
        }
    }

    /// The same as a guard.
    #[must_use]
    pub fn guarding(self) -> Self {
        Self { guard: true, ..self }
    }

    /// The same, to be left out where the condition does not hold.
    #[must_use]
    pub fn only_if(self, condition: String) -> Self {
        Self {
            only_if: Some(condition),
            ..self
        }
    }
}

impl Change<'_> {
    /// The table that is changed.
    pub fn table(&self) -> &Table {
        match self {
            Self::AddIndex { table, .. }
            | Self::DropIndex { table, .. }
            | Self::AddUnique { table, .. }
            | Self::SetNotNull { table, .. }
            | Self::DropNotNull { table, .. }
            | Self::EmptyQuarantine { table, .. } => table,
            Self::Retype { retype, .. } => retype.table,
            Self::MoveKey {
                moving,
                stage: MoveStage::Drop,
            } => moving.parent,
            Self::MoveKey { moving, .. } => moving.child,
            Self::AddForeignKey { child, .. }
            | Self::ValidateForeignKey { child, .. }
            | Self::DropForeignKey { child, .. }
            | Self::ReplaceForeignKey { child, .. } => child,
            Self::RemoveRows { rows, .. } | Self::ClearKeys { rows, .. } => rows.table(),
        }
    }
}
