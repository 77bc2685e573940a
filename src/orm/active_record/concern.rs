//! What modules do to the classes that they are put into.

use std::collections::BTreeMap;

use super::body::{BodyReader, DEEPEST, Frame};
use super::syntax::{Call, Statement};
use super::value::Value;

impl BodyReader<'_> {
    pub(super) fn include(&mut self, call: &Call, frame: &Frame) {
        for given in &call.arguments {
            let Value::Constant(path) = self.value(given, frame) else {
                self.body.settings.includes_unknown = true;
                continue;
            };
            match self.index.resolve(&path, &frame.nesting) {
                Some(module) => self.module(&module, call.name.as_str()),
                None if path.trim_start_matches("::") == "Discard::Model" => {
                    let column = &mut self.body.settings.soft_delete;
                    column.get_or_insert_with(|| "discarded_at".to_owned());
                }
                None => {}
            }
        }
    }

    /// What a module does to the class that it is put into.
    fn module(&mut self, module: &str, how: &str) {
        let put = format!("{how} {module}");
        // A concern that the class inherits is not put into it again (`append_features` of `ActiveSupport::Concern`).
        let inherited = self.above.contains(&put);
        if !self.body.modules.insert(put) {
            return;
        }
        for named in self.index.definitions(module) {
            let frame = Frame::within(&named.nesting);
            self.hooks(&named.definition.body, &frame, inherited);
        }
    }

    /// The parts of a module that are run for the class: `included do … end`, `def self.included(base)`, and modules that
    /// it includes itself. Of one that it inherits only the second.
    pub(super) fn hooks(&mut self, statements: &[Statement], frame: &Frame, inherited: bool) {
        if self.depth > DEEPEST {
            return;
        }
        for statement in statements {
            match statement {
                Statement::Call(call) if call.receiver.is_none() && !inherited => {
                    match (call.name.as_str(), &call.block) {
                        ("included" | "prepended", Some(block)) => self.statements(&block.body, &mut frame.clone()),
                        ("include" | "prepend", _) => self.include(call, frame),
                        _ => {}
                    }
                }
                Statement::Method(method)
                    if method.on_class && ["included", "prepended", "extended"].contains(&method.name.as_str()) =>
                {
                    let mut inner = frame.clone();
                    let base = method.parameters.first().map(|parameter| parameter.name.clone());
                    inner.receivers = BTreeMap::from([(base, Vec::new())]);
                    self.statements(&method.body, &mut inner);
                }
                _ => {}
            }
        }
    }
}
