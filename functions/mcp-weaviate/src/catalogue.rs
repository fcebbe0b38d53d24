//! The collections there are: the operator's, not a tenant's. What one tenant puts never changes what another may put.

use serde_json::{Value, json};

use crate::class::{Class, InvalidClass};
use crate::object::{CollectionName, MEMORY};

/// The collections of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Catalogue {
    classes: Vec<Class>,
}

impl Catalogue {
    /// `Memory` and `Knowledge`, which every server has.
    ///
    /// # Errors
    /// None in practice: the definitions are constants.
    pub fn standard() -> Result<Self, InvalidClass> {
        Self::with(json!([]))
    }

    /// The standard collections and these, a JSON list of classes as the database's schema has them.
    ///
    /// # Errors
    /// [`InvalidClass`].
    pub fn with(own: Value) -> Result<Self, InvalidClass> {
        let own: Vec<Value> = serde_json::from_value(own)?;
        let mut classes: Vec<Class> = Vec::new();
        for class in [memory(), knowledge()].into_iter().chain(own) {
            let class = Class::read(class)?;
            if classes.iter().any(|other| other.name == class.name) {
                return Err(InvalidClass::Twice(class.name.to_string()));
            }
            classes.push(class);
        }
        Ok(Self { classes })
    }

    /// All of them, in order of name.
    #[must_use]
    pub fn classes(&self) -> Vec<&Class> {
        let mut classes: Vec<&Class> = self.classes.iter().collect();
        classes.sort_by_key(|class| class.name.as_str());
        classes
    }

    /// One of them.
    #[must_use]
    pub fn class(&self, name: &CollectionName) -> Option<&Class> {
        self.classes.iter().find(|class| class.name == *name)
    }
}

/// What agents remember.
fn memory() -> Value {
    json!({
        "class": MEMORY,
        "description": "What agents remember.",
        "properties": [
            whole("agent", "Who remembers it."),
            whole("kind", "persona, episodic, world or policy."),
            { "name": "text", "dataType": ["text"], "tokenization": "word", "description": "What." },
            { "name": "salience", "dataType": ["int"], "description": "How much it matters, 0 to 100." },
            whole("source_ref", "Where it comes from."),
            { "name": "long_term", "dataType": ["boolean"], "description": "Whether it stays beyond the window." },
            { "name": "created_at", "dataType": ["date"], "description": "When it was remembered." },
        ],
    })
}

/// What a tenant's agents may look up.
fn knowledge() -> Value {
    json!({
        "class": "Knowledge",
        "description": "What a tenant's agents may look up.",
        "properties": [
            { "name": "title", "dataType": ["text"], "tokenization": "word" },
            { "name": "text", "dataType": ["text"], "tokenization": "word" },
            { "name": "topics", "dataType": ["text[]"], "tokenization": "field" },
            whole("source", "Where it comes from."),
            { "name": "weight", "dataType": ["number"] },
            { "name": "published_at", "dataType": ["date"] },
        ],
    })
}

fn whole(name: &str, description: &str) -> Value {
    json!({ "name": name, "dataType": ["text"], "tokenization": "field", "description": description })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_read_back_as_it_was_written() {
        for class in Catalogue::standard().unwrap().classes() {
            assert_eq!(Class::read(class.definition()).unwrap(), *class, "{}", class.name);
            assert_eq!(class.definition()["multiTenancyConfig"]["enabled"], true);
            assert_eq!(class.definition()["vectorizer"], "none");
        }
    }

    #[test]
    fn an_operators_collections_are_added_and_a_standard_one_is_not_replaced() {
        let own = json!([{ "class": "Recipe", "properties": [{ "name": "dish", "dataType": ["text"] }] }]);
        let catalogue = Catalogue::with(own).unwrap();
        let names: Vec<&str> = catalogue.classes().iter().map(|class| class.name.as_str()).collect();
        assert_eq!(names, ["Knowledge", "Memory", "Recipe"]);
        for bad in [
            json!([{ "class": "Memory" }]),
            json!([{ "class": "recipe" }]),
            json!([{ "class": "R", "properties": [{ "name": "x", "dataType": ["geoCoordinates"] }] }]),
            json!([{ "class": "R", "properties": [{ "name": "x y", "dataType": ["text"] }] }]),
            json!({ "class": "R" }),
        ] {
            assert!(Catalogue::with(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_object_that_does_not_fit_its_collection_is_told_what_is_wrong() {
        let catalogue = Catalogue::standard().unwrap();
        let class = catalogue.class(&CollectionName::new("Knowledge").unwrap()).unwrap();
        let fault = |properties: Value| class.fault(properties.as_object().unwrap());
        let good =
            json!({ "title": "A", "topics": ["x"], "weight": 1, "published_at": "2026-01-01T00:00:00Z" });
        assert_eq!(fault(good), None);
        assert_eq!(fault(json!({ "source": null })), None);
        for bad in [
            json!({ "titel": "A" }),
            json!({ "title": 1 }),
            json!({ "topics": "x" }),
            json!({ "title": ["x"] }),
            json!({ "published_at": "2026-01-01" }),
        ] {
            assert!(fault(bad.clone()).is_some(), "{bad}");
        }
    }
}
