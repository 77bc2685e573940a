//! All files together: which class is which, what it inherits, and what its traits bring.

use std::collections::{BTreeMap, BTreeSet};

use super::class::{Body, Class, FileFacts, Method, MorphMap, Sort};
use super::expression::Expression;
use super::framework::{AS_PIVOT, Base, FOREIGN, Foreign};
use crate::schema::Note;

/// What all files say.
#[derive(Default)]
pub(super) struct Application {
    /// By name in lower case: PHP's classes have no case.
    classes: BTreeMap<String, Class>,
    /// Classes of a name that another has already.
    pub(super) second: Vec<Class>,
    /// The namespaces that have classes, in lower case.
    namespaces: BTreeSet<String>,
    /// The application's own functions, by their names in lower case.
    pub(super) functions: BTreeMap<String, Body>,
    /// What files of configuration return, by the name of the file.
    pub(super) configuration: BTreeMap<String, Expression>,
    /// The framework's major version, where composer.json says it.
    pub(super) version: Option<u32>,
    pub(super) morph_maps: Vec<MorphMap>,
    /// Associations added from outside, by their class in lower case.
    added: BTreeMap<String, Vec<Method>>,
    pub(super) notes: Vec<Note>,
}

/// A method as a class has it.
#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    /// Its name there.
    pub(super) name: &'a str,
    pub(super) method: &'a Method,
    /// The class that it is written in, or that uses the trait that it is written in: what `self` means.
    pub(super) own: &'a Class,
    /// Where it is written: `own` or a trait.
    pub(super) written_in: &'a Class,
}

impl Application {
    /// Adds what a file says. `configuration` is its name where it is a file of configuration.
    pub(super) fn add(&mut self, facts: FileFacts, configuration: Option<&str>) {
        for class in facts.classes {
            let key = class.name.to_ascii_lowercase();
            self.namespaces.insert(namespace_of(&key).to_owned());
            if self.classes.contains_key(&key) {
                self.second.push(class);
                continue;
            }
            self.classes.insert(key, class);
        }
        self.morph_maps.extend(facts.morph_maps);
        for (class, method) in facts.added {
            self.added.entry(class.to_ascii_lowercase()).or_default().push(method);
        }
        if let (Some(name), Some(returned)) = (configuration, facts.returned) {
            self.configuration.entry(name.to_owned()).or_insert(returned);
        }
        self.functions.extend(facts.functions);
        self.notes.extend(facts.notes);
    }

    /// The class of a name in full, with or without the first backslash.
    pub(super) fn class(&self, name: &str) -> Option<&Class> {
        self.classes.get(&name.trim_start_matches('\\').to_ascii_lowercase())
    }

    /// All classes, in the order of their files.
    pub(super) fn classes(&self) -> Vec<&Class> {
        let mut classes: Vec<&Class> = self.classes.values().collect();
        classes.sort_by(|one, other| one.location.cmp(&other.location));
        classes
    }

    /// Whether a class of that name would be among the files that were read.
    pub(super) fn knows_namespace_of(&self, class: &str) -> bool {
        let lower = class.trim_start_matches('\\').to_ascii_lowercase();
        self.namespaces.contains(namespace_of(&lower))
    }

    /// A class and all that it extends, itself first, with the name of the first that is in none of the files.
    pub(super) fn line<'a>(&'a self, class: &'a Class) -> (Vec<&'a Class>, Option<&'a str>) {
        let mut line = vec![class];
        let mut last = class;
        while let Some(parent) = &last.parent {
            match self.class(parent) {
                // A copy that is put in its place is the framework's class all the same.
                Some(_) if parent.contains('\\') && foreign(parent).is_some() => return (line, Some(parent)),
                Some(parent) if line.iter().all(|known| known.name != parent.name) => {
                    line.push(parent);
                    last = parent;
                }
                // A circle: PHP refuses it.
                Some(_) => return (line, None),
                None => return (line, Some(parent)),
            }
        }
        (line, None)
    }

    /// The traits of one class and those that these use, nearest first.
    pub(super) fn traits<'a>(&'a self, class: &'a Class) -> Vec<&'a Class> {
        let mut found: Vec<&Class> = Vec::new();
        let mut open: Vec<&Class> = vec![class];
        while let Some(user) = open.pop() {
            for used in user.traits.iter().filter_map(|used| self.class(used)) {
                if used.sort == Sort::Trait && found.iter().all(|known| known.name != used.name) {
                    found.push(used);
                    open.push(used);
                }
            }
        }
        found
    }

    /// Whether a class, what it extends or one of their traits uses a trait.
    pub(super) fn uses(&self, class: &Class, wanted: &str) -> bool {
        let (line, _) = self.line(class);
        line.into_iter().any(|class| {
            let direct = class.traits.iter();
            let indirect = self.traits(class).into_iter().flat_map(|used| used.traits.iter());
            direct.chain(indirect).any(|used| used.eq_ignore_ascii_case(wanted))
        })
    }

    /// Every method that a class has, own and inherited and of traits; an inherited one only if nothing nearer has its
    /// name.
    pub(super) fn members<'a>(&'a self, class: &'a Class) -> Vec<Member<'a>> {
        let mut seen = BTreeSet::new();
        let mut members = Vec::new();
        let (line, _) = self.line(class);
        for own in line {
            let added = self.added.get(&own.name.to_ascii_lowercase()).into_iter().flatten();
            for method in own.methods.iter().chain(added) {
                if seen.insert(method.name.to_ascii_lowercase()) {
                    members.push(Member {
                        name: &method.name,
                        method,
                        own,
                        written_in: own,
                    });
                }
            }
            for written_in in self.traits(own) {
                for method in &written_in.methods {
                    for name in names_in(own, written_in, method) {
                        if seen.insert(name.to_ascii_lowercase()) {
                            members.push(Member {
                                name,
                                method,
                                own,
                                written_in,
                            });
                        }
                    }
                }
            }
        }
        members
    }

    /// A method that a class has.
    pub(super) fn member<'a>(&'a self, class: &'a Class, name: &str) -> Option<Member<'a>> {
        self.member_from(class, name, 0)
    }

    /// A method as a class would have it without its own: what `parent::` means in it.
    pub(super) fn inherited<'a>(&'a self, class: &'a Class, name: &str) -> Option<Member<'a>> {
        self.member_from(class, name, 1)
    }

    fn member_from<'a>(&'a self, class: &'a Class, wanted: &str, skipped: usize) -> Option<Member<'a>> {
        let (line, _) = self.line(class);
        line.into_iter().skip(skipped).find_map(|own| {
            let added = self.added.get(&own.name.to_ascii_lowercase()).into_iter().flatten();
            let mut methods = own.methods.iter().chain(added);
            if let Some(method) = methods.find(|method| method.name.eq_ignore_ascii_case(wanted)) {
                return Some(Member {
                    name: &method.name,
                    method,
                    own,
                    written_in: own,
                });
            }
            self.traits(own).into_iter().find_map(|written_in| {
                written_in.methods.iter().find_map(|method| {
                    let names = names_in(own, written_in, method);
                    let name = names.into_iter().find(|name| name.eq_ignore_ascii_case(wanted))?;
                    Some(Member {
                        name,
                        method,
                        own,
                        written_in,
                    })
                })
            })
        })
    }

    /// What a property is at first, with the class that says so.
    pub(super) fn property<'a>(&'a self, class: &'a Class, name: &str) -> Option<(&'a Class, &'a Expression)> {
        let (line, _) = self.line(class);
        line.into_iter().find_map(|own| {
            let bearers = std::iter::once(own).chain(self.traits(own));
            let mut values = bearers.filter_map(|bearer| bearer.properties.get(name));
            values.next().map(|value| (own, value))
        })
    }

    /// A constant's value, with the class that says so.
    pub(super) fn constant<'a>(&'a self, class: &'a Class, name: &str) -> Option<(&'a Class, &'a Expression)> {
        let (line, _) = self.line(class);
        line.into_iter().find_map(|own| {
            let bearers = std::iter::once(own).chain(self.traits(own));
            let mut values = bearers.filter_map(|bearer| bearer.constants.get(name));
            values.next().map(|value| (own, value))
        })
    }

    /// How the defaults of a model are made; `None` for a class that is no model.
    pub(super) fn base(&self, class: &Class) -> Option<Base> {
        if matches!(class.sort, Sort::Trait | Sort::Constants) {
            return None;
        }
        let (line, end) = self.line(class);
        let known = end.and_then(foreign).map(|known| known.base);
        if self.uses(class, AS_PIVOT) && known == Some(Base::Model) {
            return Some(Base::Pivot);
        }
        // A class of a package that is not read can be a model: then what is below it looks like one.
        known.or_else(|| (end.is_some() && self.looks_like_a_model(&line)).then_some(Base::Model))
    }

    fn looks_like_a_model(&self, line: &[&Class]) -> bool {
        let says_so = |class: &Class| {
            let states_table = matches!(class.properties.get("table"), Some(Expression::Text(_)));
            let lists_columns = ["fillable", "guarded"]
                .iter()
                .any(|list| class.properties.contains_key(*list));
            states_table || lists_columns || class.methods.iter().any(declares)
        };
        line.iter().any(|class| {
            let mut bearers = std::iter::once(*class).chain(self.traits(class));
            bearers.any(says_so)
        })
    }
}

/// Whether a method declares an association.
pub(super) fn declares(method: &Method) -> bool {
    method.body.chains.iter().any(super::class::Chain::is_association)
}

/// The framework's class of that name.
pub(super) fn foreign(name: &str) -> Option<&'static Foreign> {
    let name = name.trim_start_matches('\\');
    FOREIGN.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

/// By which names a class has a trait's method.
fn names_in<'a>(class: &'a Class, from: &Class, method: &'a Method) -> Vec<&'a str> {
    let is_it = |name: &str| name.eq_ignore_ascii_case(&method.name);
    let is_from = |name: &str| name.eq_ignore_ascii_case(&from.name);
    let out = class.left_out.iter().any(|(left, name)| is_it(name) && is_from(left));
    let renamed = class
        .renamed
        .iter()
        .filter(|(renamed, name, _)| is_it(name) && renamed.as_deref().is_none_or(is_from));
    let mut names: Vec<&str> = renamed.map(|(_, _, alias)| alias.as_str()).collect();
    if !out {
        names.push(&method.name);
    }
    names
}

fn namespace_of(class: &str) -> &str {
    class.rsplit_once('\\').map_or("", |(namespace, _)| namespace)
}
