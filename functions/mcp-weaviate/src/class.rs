//! What a collection's objects look like.

use chimera_domain::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::keyword::{B, K1};
use crate::object::{CollectionName, InvalidName, property};

/// Properties one collection may have: a person can still read them.
const PROPERTIES: usize = 64;

/// A definition that cannot be used. Whoever wrote it must look.
#[derive(Debug, Error)]
pub enum InvalidClass {
    /// It is no JSON of a list of collections.
    #[error("no list of collections")]
    Malformed(#[from] serde_json::Error),
    /// A name is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// A data type that is not supported.
    #[error(
        "the data type of property {0} is none of text, int, number, boolean, date, or one of these with []"
    )]
    DataType(String),
    /// The same name twice, or a name that is taken.
    #[error("{0} is there twice")]
    Twice(String),
    /// More than 64 properties.
    #[error("collection {0} has more than 64 properties")]
    TooMany(String),
}

/// Kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// Yes or no.
    Boolean,
    /// A point in time, RFC 3339.
    Date,
}

/// What a property's values look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Kind of its values.
    pub kind: Kind,
    /// Whether it has many.
    pub many: bool,
    /// Whether a text is one whole, such as a name, and not words; such a text is not searched.
    pub whole: bool,
    description: String,
}

/// A collection: its name and its properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: CollectionName,
    /// What its objects say.
    pub properties: Vec<Property>,
    description: String,
}

#[derive(Deserialize)]
struct ClassText {
    class: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    properties: Vec<PropertyText>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PropertyText {
    name: String,
    data_type: Vec<String>,
    #[serde(default)]
    tokenization: Option<String>,
    #[serde(default)]
    index_searchable: Option<bool>,
    #[serde(default)]
    description: String,
}

impl Class {
    /// Reads a class as the database's schema has it. What it says beyond properties is not looked at.
    ///
    /// # Errors
    /// [`InvalidClass`].
    pub fn read(class: Value) -> Result<Self, InvalidClass> {
        let text: ClassText = serde_json::from_value(class)?;
        let name = CollectionName::new(text.class)?;
        if text.properties.len() > PROPERTIES {
            return Err(InvalidClass::TooMany(name.to_string()));
        }
        let properties: Vec<Property> =
            text.properties.into_iter().map(Property::read).collect::<Result<_, _>>()?;
        for (at, one) in properties.iter().enumerate() {
            if properties[..at].iter().any(|other| other.name == one.name) {
                return Err(InvalidClass::Twice(one.name.clone()));
            }
        }
        Ok(Self { name, properties, description: text.description })
    }

    /// Reads as much of a class as this server can use, where the database has more kinds of values than it.
    ///
    /// # Errors
    /// [`InvalidClass`] where it is no class at all.
    pub(crate) fn read_usable(mut class: Value) -> Result<Self, InvalidClass> {
        if let Some(properties) = class.get_mut("properties").and_then(Value::as_array_mut) {
            let read = |property: &Value| serde_json::from_value::<PropertyText>(property.clone());
            properties.retain(|property| read(property).is_ok_and(|text| Property::read(text).is_ok()));
            properties.truncate(PROPERTIES);
        }
        Self::read(class)
    }

    /// A property.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<&Property> {
        self.properties.iter().find(|property| property.name == name)
    }

    /// The properties that the keyword search reads.
    pub fn searched(&self) -> impl Iterator<Item = &Property> {
        self.properties.iter().filter(|property| property.kind == Kind::Text && !property.whole)
    }

    /// The definition as the database's schema has it: each tenant apart, vectors are ours.
    #[must_use]
    pub fn definition(&self) -> Value {
        let properties: Vec<Value> = self.properties.iter().map(Property::definition).collect();
        json!({
            "class": self.name.as_str(),
            "description": self.description,
            "properties": properties,
            "multiTenancyConfig": { "enabled": true, "autoTenantCreation": true, "autoTenantActivation": true },
            "vectorizer": "none",
            "vectorIndexConfig": { "distance": "cosine" },
            "invertedIndexConfig": { "bm25": { "k1": K1, "b": B }, "stopwords": { "preset": "en" } },
        })
    }

    /// The text of an object that its embedding is made of.
    #[must_use]
    pub fn text_of(&self, properties: &Map<String, Value>) -> String {
        let texts: Vec<String> =
            self.searched().map(|property| text_in(properties.get(&property.name))).collect();
        texts.join("\n")
    }

    /// What is wrong with an object's properties, in words, if anything is.
    #[must_use]
    pub fn fault(&self, properties: &Map<String, Value>) -> Option<String> {
        properties.iter().find_map(|(name, value)| match self.property(name) {
            None => Some(no_such_property(name, &self.name)),
            Some(property) => property.fault(value),
        })
    }
}

/// What is said of a property that a collection does not have.
pub(crate) fn no_such_property(name: &str, class: &CollectionName) -> String {
    format!("no such property with name '{name}' found in collection '{class}'")
}

/// All texts in a value, by line.
pub(crate) fn text_in(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}

impl Property {
    fn read(text: PropertyText) -> Result<Self, InvalidClass> {
        let name = property(&text.name)?.to_owned();
        let unknown = || InvalidClass::DataType(name.clone());
        let [data_type] = text.data_type.as_slice() else {
            return Err(unknown());
        };
        let (base, many) =
            data_type.strip_suffix("[]").map_or((data_type.as_str(), false), |base| (base, true));
        let kind = match base {
            "text" | "string" => Kind::Text,
            "int" => Kind::Int,
            "number" => Kind::Number,
            "boolean" => Kind::Boolean,
            "date" => Kind::Date,
            _ => return Err(unknown()),
        };
        let unsearched =
            text.tokenization.as_deref() == Some("field") || text.index_searchable == Some(false);
        let whole = kind == Kind::Text && unsearched;
        Ok(Self { name, kind, many, whole, description: text.description })
    }

    fn definition(&self) -> Value {
        let base = match self.kind {
            Kind::Text => "text",
            Kind::Int => "int",
            Kind::Number => "number",
            Kind::Boolean => "boolean",
            Kind::Date => "date",
        };
        let data_type = format!("{base}{}", if self.many { "[]" } else { "" });
        let mut definition = json!({
            "name": self.name,
            "dataType": [data_type],
            "description": self.description,
            "indexFilterable": true,
            "indexSearchable": self.kind == Kind::Text && !self.whole,
        });
        if self.kind == Kind::Text {
            definition["tokenization"] = json!(if self.whole { "field" } else { "word" });
        }
        definition
    }

    fn fault(&self, value: &Value) -> Option<String> {
        let fits = match value {
            Value::Null => true,
            Value::Array(many) if self.many => many.iter().all(|value| self.kind.fits(value)),
            one => !self.many && self.kind.fits(one),
        };
        let wanted = self.definition();
        (!fits).then(|| format!("property '{}' is not of type {}", self.name, wanted["dataType"][0]))
    }
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Int => value.is_i64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::Date => value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok()),
        }
    }
}
