//! What one file says, before it is seen together with the others.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::{Argument, ClassName, Expression};
use super::framework::is_association;
use crate::schema::{Location, Note};

/// What is in a file.
#[derive(Default)]
pub(super) struct FileFacts {
    pub(super) classes: Vec<Class>,
    pub(super) morph_maps: Vec<MorphMap>,
    /// Associations that are added to a class from outside (`resolveRelationUsing`).
    pub(super) added: Vec<(String, Method)>,
    /// Functions outside of classes, by their names in lower case.
    pub(super) functions: BTreeMap<String, Body>,
    /// What a file of configuration returns.
    pub(super) returned: Option<Expression>,
    pub(super) notes: Vec<Note>,
}

/// A class, trait, interface or enum.
pub(super) struct Class {
    /// In full, without the first backslash.
    pub(super) name: String,
    pub(super) sort: Sort,
    /// What it extends, in full.
    pub(super) parent: Option<String>,
    /// The traits that it uses, in full.
    pub(super) traits: Vec<String>,
    /// Methods of its traits that have another name here: trait (where it is told), method, name.
    pub(super) renamed: Vec<(Option<String>, String, String)>,
    /// Methods of traits that are left out: trait, method.
    pub(super) left_out: Vec<(String, String)>,
    pub(super) attributes: Vec<(String, Vec<Argument>)>,
    /// Constants, and the cases of an enum with their values.
    pub(super) constants: BTreeMap<String, Expression>,
    /// Properties with what they are at first.
    pub(super) properties: BTreeMap<String, Expression>,
    pub(super) methods: Vec<Method>,
    pub(super) location: Location,
}

/// What sort of class one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Concrete,
    Abstract,
    Trait,
    /// An interface or enum: constants only.
    Constants,
}

/// A method.
#[derive(Default)]
pub(super) struct Method {
    pub(super) name: String,
    pub(super) parameters: BTreeSet<String>,
    /// The type that it is declared to return, without namespace.
    pub(super) return_type: Option<String>,
    pub(super) body: Body,
    pub(super) location: Option<Location>,
}

/// What the statements of a method do, as far as associations are concerned.
#[derive(Default)]
pub(super) struct Body {
    /// All that it returns.
    pub(super) returns: Vec<Expression>,
    /// Which of these, where they are several and only conditions choose.
    pub(super) chosen: Option<Expression>,
    /// All that is assigned to its variables.
    pub(super) variables: BTreeMap<String, Vec<Expression>>,
    /// What is assigned to properties of the object.
    pub(super) properties: BTreeMap<String, Expression>,
    /// Calls on the object, or on one of its classes.
    pub(super) chains: Vec<Chain>,
    /// The methods that are called on variables.
    pub(super) called_on: BTreeMap<String, Vec<String>>,
    /// Where it makes an object of one of the framework's relation classes.
    pub(super) made_by_hand: Option<Location>,
}

/// `$this->first(…)->second(…)`.
pub(super) struct Chain {
    pub(super) root: Root,
    /// At least one.
    pub(super) steps: Vec<Step>,
    pub(super) result: UsedAs,
}

/// What the first call of a chain is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Root {
    This,
    Class(ClassName),
}

/// What is done with what a chain gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UsedAs {
    Returned,
    Assigned(String),
    Other,
}

/// A call in a chain. The name is empty where it is known only at run time.
pub(super) struct Step {
    pub(super) name: String,
    pub(super) arguments: Vec<Argument>,
    pub(super) location: Location,
}

/// A call that says what stands for a class in type columns.
pub(super) struct MorphMap {
    pub(super) map: Expression,
    /// The class in which it is called.
    pub(super) class: Option<String>,
    pub(super) location: Location,
}

impl Body {
    /// What it returns, where that is one expression.
    pub(super) fn result(&self) -> Option<&Expression> {
        match self.returns.as_slice() {
            [only] => Some(only),
            _ => self.chosen.as_ref(),
        }
    }
}

impl Chain {
    /// The step that declares an association, if one does.
    pub(super) fn declaring(&self) -> Option<usize> {
        let at = self.steps.iter().position(|step| is_association(&step.name))?;
        let before = self.steps.get(..at)?;
        before.iter().all(|step| step.name == "setConnection").then_some(at)
    }

    /// Whether it declares an association.
    pub(super) fn is_association(&self) -> bool {
        self.declaring().is_some()
    }
}
