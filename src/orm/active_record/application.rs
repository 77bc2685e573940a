//! What an application's configuration says of all its models.

use super::inflection::Inflections;
use super::syntax::{Call, Statement};
use super::value::{Lambda, Value};

/// The settings of an application, as far as they decide on names and optionality.
#[derive(Debug, Clone)]
pub(super) struct Application {
    pub(super) inflections: Inflections,
    /// Whether a `belongs_to` needs its parent where it does not say (`belongs_to_required_by_default`, true with the
    /// defaults of Rails 5.0 and newer). `None` where nothing tells.
    pub(super) required_by_default: Option<bool>,
    pub(super) table_name_prefix: String,
    pub(super) table_name_suffix: String,
    pub(super) pluralize_table_names: bool,
}

impl Application {
    pub(super) fn new() -> Self {
        Self {
            inflections: Inflections::rails(),
            required_by_default: None,
            table_name_prefix: String::new(),
            table_name_suffix: String::new(),
            pluralize_table_names: true,
        }
    }

    /// Takes in the statements of a file of configuration.
    pub(super) fn configure(&mut self, statements: &[Statement]) {
        each(statements, &mut |statement| match statement {
            Statement::Call(call) if call.name == "load_defaults" => {
                let version = call.arguments.first().and_then(version);
                // What is no number stands for the version in use, and older ones cannot load defaults.
                let required = version.is_none_or(|version| version >= 5.0);
                self.required_by_default.get_or_insert(required);
            }
            Statement::Call(call) if call.name == "inflections" => self.inflect(call),
            Statement::Set {
                receiver, name, value, ..
            } if is_active_record(receiver) => self.set(name, value),
            _ => {}
        });
    }

    fn set(&mut self, name: &str, value: &Value) {
        match (name, value.truth(), value.text()) {
            ("belongs_to_required_by_default", required, _) => self.required_by_default = required,
            ("pluralize_table_names", Some(pluralize), _) => self.pluralize_table_names = pluralize,
            ("table_name_prefix", _, Some(prefix)) => prefix.clone_into(&mut self.table_name_prefix),
            ("table_name_suffix", _, Some(suffix)) => suffix.clone_into(&mut self.table_name_suffix),
            _ => {}
        }
    }

    /// `ActiveSupport::Inflector.inflections(:en) do |inflect| … end`. The rules of other languages make no names.
    fn inflect(&mut self, call: &Call) {
        let is_english = call.arguments.first().is_none_or(|locale| locale.text() == Some("en"));
        let Some(block) = call.block.as_ref().filter(|_| is_english) else {
            return;
        };
        each(&block.body, &mut |statement| {
            let Statement::Call(rule) = statement else { return };
            match (rule.name.as_str(), rule.arguments.as_slice()) {
                ("plural", [from, Value::Text(to)]) => self.rule(from, to, Inflections::plural),
                ("singular", [from, Value::Text(to)]) => self.rule(from, to, Inflections::singular),
                ("irregular", [Value::Text(singular), Value::Text(plural)]) => {
                    self.inflections.irregular(singular, plural);
                }
                ("uncountable", words) => {
                    for word in words.iter().filter_map(Value::texts).flatten() {
                        self.inflections.uncountable(&word);
                    }
                }
                ("acronym", [Value::Text(word)]) => self.inflections.acronym(word),
                _ => {}
            }
        });
    }

    fn rule(&mut self, from: &Value, to: &str, add: fn(&mut Inflections, &str, bool, &str) -> Option<()>) {
        let replacement = replacement(to);
        match from {
            Value::Pattern { source, any_case } => {
                let source = source.replace("\\z", "$").replace("\\Z", "$");
                let _ = add(&mut self.inflections, &source, *any_case, &replacement);
            }
            // A string is looked for as it is.
            Value::Text(word) => {
                let _ = add(&mut self.inflections, &regex::escape(word), false, &replacement);
            }
            _ => {}
        }
    }
}

/// Ruby's `\1` as the `regex` crate writes it.
fn replacement(text: &str) -> String {
    let mut result = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match (letter, letters.peek()) {
            ('\\', Some(digit)) if digit.is_ascii_digit() => {
                result.push_str("${");
                result.push(*digit);
                result.push('}');
                letters.next();
            }
            ('$', _) => result.push_str("$$"),
            _ => result.push(letter),
        }
    }
    result
}

fn version(value: &Value) -> Option<f32> {
    match value {
        Value::Number(text) | Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}

/// `config.active_record`, `Rails.application.config.active_record`, `ActiveRecord::Base`.
fn is_active_record(receiver: &Value) -> bool {
    match receiver {
        Value::Call(call) => call.method == "active_record",
        Value::Constant(path) => path.trim_start_matches("::") == "ActiveRecord::Base",
        _ => false,
    }
}

/// Visits statements and those in their blocks and branches.
pub(super) fn each<'s>(statements: &'s [Statement], visit: &mut dyn FnMut(&'s Statement)) {
    for statement in statements {
        visit(statement);
        match statement {
            Statement::Call(call) => {
                if let Some(block) = &call.block {
                    each(&block.body, visit);
                }
            }
            Statement::Branch(inner) => each(inner, visit),
            Statement::Method(method) => each(&method.body, visit),
            Statement::Set { .. } | Statement::Let { .. } => {}
        }
    }
}

/// What the block of `default_scope { … }` does to the relation.
pub(super) fn relation_of(statements: &[Statement]) -> Lambda {
    let mut calls = Vec::new();
    let mut only_null = None;
    for statement in statements {
        let Statement::Call(call) = statement else { continue };
        calls.push(call.name.clone());
        if let ("where", [Value::Hash(pairs)]) = (call.name.as_str(), call.arguments.as_slice())
            && let [only] = pairs.as_slice()
            && only.value == Value::Nil
        {
            only_null.clone_from(&only.key);
        }
    }
    let only_null = only_null.filter(|_| calls.len() == 1);
    Lambda {
        calls,
        only_null,
        gives: None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax;
    use super::*;
    use crate::orm::SourceFile;

    fn configured(text: &str) -> Application {
        let file = SourceFile {
            path: "config/application.rb".to_owned(),
            text: text.to_owned(),
        };
        let (definitions, statements) = syntax::read(&file);
        let mut application = Application::new();
        application.configure(&statements);
        for definition in &definitions {
            application.configure(&definition.body);
        }
        application
    }

    #[test]
    fn the_defaults_of_a_version_make_parents_required() {
        let required = |text: &str| configured(text).required_by_default;
        let application =
            |line: &str| format!("module Shop\n  class Application < Rails::Application\n{line}\nend\nend");
        assert_eq!(required(&application("")), None);
        assert_eq!(required(&application("config.load_defaults 7.1")), Some(true));
        assert_eq!(required(&application("config.load_defaults '4.2'")), Some(false));
        assert_eq!(
            required(&application("config.load_defaults Rails::VERSION::STRING.to_f")),
            Some(true)
        );
        let later = "Rails.application.config.active_record.belongs_to_required_by_default = false";
        assert_eq!(
            required(&application(&format!("config.load_defaults 7.1\n{later}"))),
            Some(false)
        );
        assert_eq!(
            required(&application(&format!("{later}\nconfig.load_defaults 7.1"))),
            Some(false)
        );
    }

    #[test]
    fn inflections_are_read() {
        let own = configured(
            "ActiveSupport::Inflector.inflections(:en) do |inflect|\n  inflect.plural(/^(hero)$/i, '\\1es')\n  \
             inflect.irregular 'foot', \"feet\"\n  inflect.uncountable %w(staff gear)\n  inflect.acronym 'API'\nend\n\
             ActiveSupport::Inflector.inflections(:de) { |inflect| inflect.plural(/$/, 'en') }\n",
        );
        let rules = own.inflections;
        assert_eq!(rules.pluralize("hero"), "heroes");
        assert_eq!(rules.pluralize("foot"), "feet");
        assert_eq!(rules.pluralize("staff"), "staff");
        assert_eq!(rules.pluralize("post"), "posts");
        assert_eq!(rules.camelize("api_key"), "APIKey");
    }
}
