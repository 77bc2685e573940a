//! Which classes are models, which tables they have, and what they inherit.

use std::collections::{BTreeMap, BTreeSet};

use super::application::Application;
use super::body::{self, Body, Declared};
use super::index::Index;
use super::inflection::demodulized;
use super::macros::Macros;
use super::syntax::Statement;
use super::value::Value;
use crate::schema::{Ident, Location, TableName};

/// The models of the files.
pub(super) struct Lineage<'a> {
    pub(super) index: &'a Index,
    pub(super) application: &'a Application,
    /// The classes that inherit from Active Record, with what they say of themselves.
    bodies: BTreeMap<String, Body>,
    /// The class that each of them inherits from; `None` where that is Active Record itself.
    superclasses: BTreeMap<String, Option<String>>,
    /// Classes of models whose superclass is in no file, with its name.
    adopted: BTreeMap<String, String>,
    /// What `isolate_namespace` and modules say of tables: the prefix by the module.
    prefixes: BTreeMap<String, String>,
    tables: BTreeMap<String, TableOf>,
}

/// The table of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TableOf {
    /// It has one; whether the code names it.
    Table(String, bool),
    /// It is abstract.
    None,
    /// The code names it in a way that cannot be followed, there.
    Unknown(Location),
}

/// No chain of classes is longer.
const LONGEST: usize = 64;

impl<'a> Lineage<'a> {
    pub(super) fn new(index: &'a Index, application: &'a Application) -> Self {
        let mut lineage = Self {
            index,
            application,
            bodies: BTreeMap::new(),
            superclasses: BTreeMap::new(),
            adopted: BTreeMap::new(),
            prefixes: prefixes(index, application),
            tables: BTreeMap::new(),
        };
        lineage.find_models();
        let macros = Macros::new(index);
        let classes: Vec<String> = lineage.superclasses.keys().cloned().collect();
        // What a class inherits is read before it.
        let mut by_height: Vec<(usize, &String)> = classes
            .iter()
            .map(|class| (lineage.ancestry(class).count(), class))
            .collect();
        by_height.sort();
        for (_, class) in by_height {
            let prefix = lineage
                .module_prefix(class)
                .unwrap_or(&application.table_name_prefix)
                .to_owned();
            let above = lineage.ancestry(class).skip(1).filter_map(|above| lineage.body(above));
            let above = above.flat_map(|above| above.modules.iter().cloned()).collect();
            let body = body::read(class, (&prefix, &above), index, application, &macros);
            lineage.bodies.insert(class.clone(), body);
        }
        for class in &classes {
            let table = lineage.compute_table(class, 0);
            lineage.tables.insert(class.clone(), table);
        }
        lineage
    }

    fn find_models(&mut self) {
        let chains: Vec<(Vec<String>, Above)> = self.index.classes().map(|class| self.chain(class)).collect();
        // What one model inherits from makes models of all others that do too.
        let makes_models: BTreeSet<&str> = chains
            .iter()
            .filter_map(|(chain, end)| match (chain.first(), end) {
                (Some(class), Above::Unknown(name)) if self.looks_like_model(class) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        for (chain, end) in &chains {
            match end {
                Above::ActiveRecord => {}
                Above::Unknown(name) if makes_models.contains(name.as_str()) => {
                    let last = chain.last().cloned().unwrap_or_default();
                    self.adopted.insert(last, name.clone());
                }
                _ => continue,
            }
            let above = chain.iter().skip(1).cloned().map(Some).chain([None]);
            self.superclasses.extend(chain.iter().cloned().zip(above));
        }
    }

    /// A class and those that it inherits from, nearest first, and what is above the last of them.
    fn chain(&self, class: &str) -> (Vec<String>, Above) {
        let mut chain = vec![class.to_owned()];
        loop {
            match self.above(chain.last().map_or(class, String::as_str)) {
                Above::Class(next) if chain.len() < LONGEST && !chain.contains(&next) => chain.push(next),
                Above::Class(_) => return (chain, Above::Nothing),
                end => return (chain, end),
            }
        }
    }

    fn above(&self, class: &str) -> Above {
        let Some((superclass, nesting)) = self.index.superclass(class) else {
            return Above::Nothing;
        };
        let path = match superclass {
            Value::Constant(path) => path,
            // `Spree.base_class`.
            Value::Call(call) if call.arguments.is_empty() => match &call.receiver {
                Some(Value::Constant(path)) => return Above::Unknown(format!("{path}.{}", call.method)),
                _ => return Above::Nothing,
            },
            // `ActiveRecord::Migration[7.0]`, `Struct.new(…)`.
            _ => return Above::Nothing,
        };
        if path.trim_start_matches("::") == "ActiveRecord::Base" {
            return Above::ActiveRecord;
        }
        match self.index.resolve(path, nesting) {
            Some(found) if found != class => Above::Class(found),
            _ if demodulized(path) == "ApplicationRecord" => Above::ActiveRecord,
            _ => Above::Unknown(path.clone()),
        }
    }

    /// Whether a class with an unknown superclass is to be taken for a model: it is where models are, and declares what
    /// only models do.
    fn looks_like_model(&self, class: &str) -> bool {
        self.index.definitions(class).any(|named| {
            let file = &named.definition.location.file;
            let is_among_models = file.starts_with("models/") || file.contains("/models/");
            is_among_models
                && named.definition.body.iter().any(|statement| {
                    matches!(statement, Statement::Call(call)
                        if super::options::declaration(&call.name).is_some() && call.receiver.is_none())
                })
        })
    }

    /// The superclasses that are in no file, each with the models that inherit from it.
    pub(super) fn unknown_superclasses(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut unknown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (class, superclass) in &self.adopted {
            unknown.entry(superclass).or_default().push(class);
        }
        unknown
    }

    /// Whether a class inherits from one that is in no file, or includes a module that cannot be told.
    pub(super) fn is_partly_unseen(&self, class: &str) -> bool {
        let includes_unknown = |class: &str| self.body(class).is_some_and(|body| body.settings.includes_unknown);
        self.ancestry(class)
            .any(|class| self.adopted.contains_key(class) || includes_unknown(class))
    }

    /// The models in name order.
    pub(super) fn models(&self) -> impl Iterator<Item = (&str, &Body)> {
        self.bodies.iter().map(|(name, body)| (name.as_str(), body))
    }

    pub(super) fn is_model(&self, class: &str) -> bool {
        self.bodies.contains_key(class)
    }

    /// Whether any model of the application is in a module.
    pub(super) fn has_models_in(&self, module: &str) -> bool {
        let start = format!("{module}::");
        self.bodies.keys().any(|class| class.starts_with(&start)) || self.is_model(module)
    }

    pub(super) fn body(&self, class: &str) -> Option<&Body> {
        self.bodies.get(class)
    }

    fn superclass(&self, class: &str) -> Option<&str> {
        self.superclasses.get(class)?.as_deref()
    }

    /// A class and those that it inherits from, nearest first.
    fn ancestry<'s>(&'s self, class: &'s str) -> impl Iterator<Item = &'s str> {
        std::iter::successors(Some(class), |class| self.superclass(class)).take(LONGEST)
    }

    pub(super) fn is_abstract(&self, class: &str) -> bool {
        self.body(class).is_some_and(|body| body.settings.is_abstract)
    }

    /// The class whose table is shared by all that inherit from it.
    pub(super) fn base_class<'s>(&'s self, class: &'s str) -> &'s str {
        let mut base = class;
        for above in self.ancestry(class).skip(1) {
            if self.is_abstract(above) {
                break;
            }
            base = above;
        }
        base
    }

    /// The abstract classes above a base class, nearest first: what they declare is declared by it.
    pub(super) fn abstract_above<'s>(&'s self, class: &'s str) -> Vec<&'s str> {
        let base = self.base_class(class);
        if base != class {
            return Vec::new();
        }
        self.ancestry(class)
            .skip(1)
            .filter(|above| self.is_abstract(above))
            .collect()
    }

    /// A setting of a class, or of the nearest that it inherits from.
    pub(super) fn setting<'s, T>(&'s self, class: &'s str, get: impl Fn(&'s Body) -> Option<T>) -> Option<T> {
        self.ancestry(class).find_map(|class| get(self.body(class)?))
    }

    /// The association of that name that a class has or inherits.
    pub(super) fn association(&self, class: &str, name: &str) -> Option<&Declared> {
        self.ancestry(class).find_map(|class| {
            let associations = &self.body(class)?.associations;
            associations.iter().find(|association| association.name == name)
        })
    }

    pub(super) fn table(&self, class: &str) -> TableOf {
        self.tables.get(class).cloned().unwrap_or(TableOf::None)
    }

    /// What stands for a class in the type column of a polymorphic pair: the name of its base class.
    pub(super) fn polymorphic_name(&self, class: &str) -> String {
        let stated = self.setting(class, |body| body.settings.polymorphic_name.clone());
        stated.unwrap_or_else(|| self.base_class(class).to_owned())
    }

    /// The columns of the primary key, where the code names them.
    pub(super) fn primary_key(&self, class: &str) -> Vec<Ident> {
        let stated = self.setting(class, |body| body.settings.primary_key.clone());
        stated.unwrap_or_default().into_iter().map(Ident::new).collect()
    }

    /// The columns by which a row is looked up, where the class itself says so: subclasses do not inherit that.
    pub(super) fn query_constraints(&self, class: &str) -> Vec<Ident> {
        let own = self.body(class).map(|body| body.settings.query_constraints.as_slice());
        own.unwrap_or_default().iter().map(Ident::new).collect()
    }

    /// As Active Record's `compute_table_name` does it (`model_schema.rb`, 8.1).
    fn compute_table(&self, class: &str, depth: usize) -> TableOf {
        let Some(body) = self.body(class).filter(|_| depth < LONGEST) else {
            return TableOf::None;
        };
        match &body.settings.table_name {
            Some(Ok(name)) => return TableOf::Table(name.clone(), true),
            Some(Err(location)) => return TableOf::Unknown(location.clone()),
            None => {}
        }
        let superclass = self.superclass(class);
        if body.settings.is_abstract {
            return superclass.map_or(TableOf::None, |above| self.compute_table(above, depth + 1));
        }
        match superclass {
            Some(above) if self.is_abstract(above) => match self.compute_table(above, depth + 1) {
                TableOf::None => {}
                inherited => return inherited,
            },
            Some(above) => return self.compute_table(above, depth + 1),
            None => {}
        }
        // Within another model the name starts with that of its table.
        let outer = class.rsplit_once("::").map(|(outer, _)| outer);
        let outer = outer.filter(|outer| self.is_model(outer) && !self.is_abstract(outer));
        let contained = match outer.map(|outer| (outer, self.compute_table(outer, depth + 1))) {
            Some((outer, TableOf::Table(table, _))) => {
                let singular = if self.pluralizes(outer) {
                    self.application.inflections.singularize(&table)
                } else {
                    table
                };
                format!("{singular}_")
            }
            _ => String::new(),
        };
        let name = self.application.inflections.underscore(demodulized(class));
        let name = if self.pluralizes(class) {
            self.application.inflections.pluralize(&name)
        } else {
            name
        };
        let suffix = self.setting(class, |body| body.settings.table_name_suffix.clone());
        let suffix = suffix.unwrap_or_else(|| self.application.table_name_suffix.clone());
        TableOf::Table(format!("{}{contained}{name}{suffix}", self.prefix(class)), false)
    }

    fn pluralizes(&self, class: &str) -> bool {
        let stated = self.setting(class, |body| body.settings.pluralize_table_names);
        stated.unwrap_or(self.application.pluralize_table_names)
    }

    /// The prefix of the innermost module that has one, else the class's own.
    fn prefix(&self, class: &str) -> String {
        let own = |class: &str| {
            let stated = self.setting(class, |body| body.settings.table_name_prefix.clone());
            stated.unwrap_or_else(|| self.application.table_name_prefix.clone())
        };
        let mut outer = class.rsplit_once("::").map(|(outer, _)| outer);
        while let Some(module) = outer {
            if let Some(prefix) = self.prefixes.get(module) {
                return prefix.clone();
            }
            if self.is_model(module) {
                return own(module);
            }
            outer = module.rsplit_once("::").map(|(outer, _)| outer);
        }
        own(class)
    }

    /// The prefix of the innermost module around a class that has one.
    fn module_prefix(&self, class: &str) -> Option<&String> {
        let outer = |name: &str| name.rsplit_once("::").map(|(outer, _)| outer.len());
        let mut end = outer(class)?;
        loop {
            let module = class.get(..end)?;
            if let Some(prefix) = self.prefixes.get(module) {
                return Some(prefix);
            }
            end = outer(module)?;
        }
    }
}

/// What a class inherits from.
enum Above {
    ActiveRecord,
    Class(String),
    /// A class that is in no file.
    Unknown(String),
    Nothing,
}

/// A name with its namespace, if it is written with one.
pub(super) fn table_name(text: &str) -> TableName {
    match text.split_once('.') {
        Some((namespace, table)) => TableName::qualified(namespace, table),
        None => TableName::bare(text),
    }
}

/// `def self.table_name_prefix` of modules, and `isolate_namespace` of engines, which makes one of the module's name
/// (`rails/engine.rb`, 8.1).
fn prefixes(index: &Index, application: &Application) -> BTreeMap<String, String> {
    let mut prefixes = BTreeMap::new();
    for named in index.all() {
        if let Some(method) = index.class_method(&named.name, "table_name_prefix")
            && !named.definition.is_class
            && let Some(prefix) = method.gives.as_ref().and_then(Value::text)
        {
            prefixes.insert(named.name.clone(), prefix.to_owned());
        }
        for statement in &named.definition.body {
            if let Statement::Call(call) = statement
                && call.name == "isolate_namespace"
                && let Some(Value::Constant(path)) = call.arguments.first()
            {
                let module = path.trim_start_matches("::").to_owned();
                let prefix = application.inflections.underscore(&module).replace('/', "_");
                prefixes.entry(module).or_insert_with(|| format!("{prefix}_"));
            }
        }
    }
    prefixes
}
