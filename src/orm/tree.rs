//! Syntax trees with the text and the places they come from: the same walk for every language.

use tree_sitter::{Language, Node, Parser, Tree};

use super::SourceFile;
use crate::schema::{Location, Note};

/// A parsed file.
pub(super) struct Parsed<'a> {
    file: &'a SourceFile,
    tree: Tree,
}

/// What to do with the nodes below one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// Look at them.
    Into,
    /// Leave them out.
    Over,
}

impl<'a> Parsed<'a> {
    /// Parses a file. Text that is not the language still gives a tree, with error nodes in it; `None` where the
    /// grammar cannot be loaded.
    pub(super) fn new(file: &'a SourceFile, language: &Language) -> Option<Self> {
        let mut parser = Parser::new();
        parser.set_language(language).ok()?;
        let tree = parser.parse(&file.text, None)?;
        Some(Self { file, tree })
    }

    /// The whole file.
    pub(super) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// The text of a node.
    pub(super) fn text(&self, node: Node<'_>) -> &'a str {
        self.file.text.get(node.byte_range()).unwrap_or("")
    }

    /// Where a node begins.
    pub(super) fn location(&self, node: Node<'_>) -> Location {
        let start = node.start_position();
        let line_start = node.start_byte().saturating_sub(start.column);
        let before = self.file.text.get(line_start..node.start_byte()).unwrap_or("");
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
        Location {
            file: self.file.path.clone(),
            line: number(start.row),
            column: number(before.chars().count()),
        }
    }

    /// A note about a node.
    pub(super) fn note(&self, node: Node<'_>, message: impl Into<String>) -> Note {
        Note {
            message: message.into(),
            location: Some(self.location(node)),
        }
    }
}

/// Visits a node and those below it in the order of the text. Keeps its own stack: source code nests as deep as it
/// likes.
pub(super) fn walk<'t>(node: Node<'t>, visit: &mut dyn FnMut(Node<'t>) -> Walk) {
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        if visit(node) == Walk::Into {
            let below = children(node);
            stack.extend(below.into_iter().rev());
        }
    }
}

/// The named nodes right below one, without comments.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect()
}

/// The node in a field.
pub(super) fn field<'t>(node: Node<'t>, name: &str) -> Option<Node<'t>> {
    node.child_by_field_name(name)
}
