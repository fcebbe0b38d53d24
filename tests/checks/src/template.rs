//! `template.yaml` as data, with CloudFormation's short tags in their long form.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use serde_norway::Value as Yaml;
use thiserror::Error;

use crate::tree;

/// The template cannot be checked. Whoever changed it mends it.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// It cannot be read.
    #[error("template.yaml cannot be read")]
    Unreadable(#[from] std::io::Error),
    /// It is not YAML.
    #[error("template.yaml is not YAML")]
    Yaml(#[from] serde_norway::Error),
    /// It has a key or number that JSON does not know.
    #[error("template.yaml holds {0}, which JSON cannot")]
    Foreign(String),
}

/// The template.
#[derive(Debug, Clone)]
pub struct Template(Value);

/// One thing a role allows: an action on a resource, named by logical id (`StateTable`, `StateTable.Stream`,
/// `StateTable/index/due`), or `*`.
pub type Permission = (String, String);

impl Template {
    /// Reads the project's template.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn load() -> Result<Self, TemplateError> {
        Self::parse(&std::fs::read_to_string(tree::root().join("template.yaml"))?)
    }

    fn parse(text: &str) -> Result<Self, TemplateError> {
        Ok(Self(long_form(serde_norway::from_str(text)?)?))
    }

    /// What is at `pointer`; null where nothing is.
    #[must_use]
    pub fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// Logical ids and properties of the resources of a type.
    #[must_use]
    pub fn of_type(&self, kind: &str) -> BTreeMap<&str, &Value> {
        let all = self.at("/Resources").as_object().into_iter().flatten();
        all.filter(|(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
            .collect()
    }

    /// The functions.
    #[must_use]
    pub fn functions(&self) -> BTreeMap<&str, &Value> {
        self.of_type("AWS::Serverless::Function")
    }

    /// The event sources of a function, of one type.
    #[must_use]
    pub fn events(&self, function: &str, kind: &str) -> Vec<&Value> {
        let events = self.at(&format!("/Resources/{function}/Properties/Events")).as_object();
        events
            .into_iter()
            .flatten()
            .filter(|(_, e)| e["Type"] == kind)
            .map(|(_, e)| &e["Properties"])
            .collect()
    }

    /// A number of a mapping at a setting of `TaskTimeoutSeconds`, in quotes or not; 0 where there is none.
    #[must_use]
    pub fn derived(&self, mapping: &str, setting: &str, name: &str) -> u64 {
        let value = self.at(&format!("/Mappings/{mapping}/{setting}/{name}"));
        value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_default()
    }

    /// The name that a property looks up in a mapping by `TaskTimeoutSeconds`.
    #[must_use]
    pub fn derived_name<'a>(&'a self, property: &'a Value, mapping: &str) -> Option<&'a str> {
        let lookup = property["Fn::FindInMap"].as_array()?;
        let is_derived =
            lookup.len() == 3 && lookup[0] == mapping && lookup[1]["Ref"] == "TaskTimeoutSeconds";
        is_derived.then(|| lookup[2].as_str()).flatten()
    }

    /// The same template with one permission more in a role: what a careless change would leave behind.
    #[must_use]
    pub fn widened(&self, role: &str, action: &str, resource: &str) -> Self {
        let mut wide = self.0.clone();
        let first = format!("/Resources/{role}/Properties/Policies/0/PolicyDocument/Statement");
        if let Some(statements) = wide.pointer_mut(&first).and_then(Value::as_array_mut) {
            let resource = json!({ "Fn::GetAtt": [resource, "Arn"] });
            statements.push(json!({ "Effect": "Allow", "Action": [action], "Resource": resource }));
        }
        Self(wide)
    }

    /// Everything a role allows. Nothing but allowing statements is understood, which [`Self::odd_statements`] checks.
    #[must_use]
    pub fn permissions(&self, role: &str) -> BTreeSet<Permission> {
        let mut found = BTreeSet::new();
        for statement in self.statements(role) {
            for action in many(&statement["Action"]) {
                for resource in many(&statement["Resource"]) {
                    found.insert((action.as_str().unwrap_or_default().to_owned(), resource_name(resource)));
                }
            }
        }
        found
    }

    /// Statements of a role that are not a plain permission.
    #[must_use]
    pub fn odd_statements(&self, role: &str) -> Vec<&Value> {
        let is_plain = |statement: &&Value| {
            statement["Effect"] == "Allow"
                && statement.as_object().is_some_and(|fields| {
                    fields.keys().all(|name| ["Effect", "Action", "Resource"].contains(&name.as_str()))
                })
        };
        self.statements(role).into_iter().filter(|statement| !is_plain(statement)).collect()
    }

    fn statements(&self, role: &str) -> Vec<&Value> {
        let policies = self.at(&format!("/Resources/{role}/Properties/Policies")).as_array();
        let documents = policies.into_iter().flatten().map(|policy| &policy["PolicyDocument"]["Statement"]);
        documents.filter_map(Value::as_array).flatten().map(where_present).collect()
    }
}

/// A statement that is there on a condition counts as there.
fn where_present(statement: &Value) -> &Value {
    statement["Fn::If"].get(1).unwrap_or(statement)
}

/// One value, or the values of a list.
fn many(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |list| list.iter().collect())
}

/// What a resource of a statement is called here.
#[must_use]
pub fn resource_name(resource: &Value) -> String {
    let attribute = resource["Fn::GetAtt"].as_array().map(|parts| (&parts[0], &parts[1]));
    match (attribute, resource["Ref"].as_str(), resource["Fn::Sub"].as_str(), resource.as_str()) {
        (Some((id, name)), ..) if name == "Arn" || name == "Id" => id.as_str().unwrap_or_default().to_owned(),
        (Some((id, name)), ..) if name == "StreamArn" => {
            format!("{}.Stream", id.as_str().unwrap_or_default())
        }
        (_, Some(id), ..) => id.to_owned(),
        (_, _, Some(text), _) => text.replace("${", "").replace(".Arn}", "").replace('}', ""),
        (_, _, _, Some(text)) => text.to_owned(),
        _ => resource.to_string(),
    }
}

fn long_form(yaml: Yaml) -> Result<Value, TemplateError> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => Value::Bool(flag),
        Yaml::String(text) => Value::String(text),
        Yaml::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => json!(whole),
            (None, Some(part)) => json!(part),
            (None, None) => return Err(TemplateError::Foreign(number.to_string())),
        },
        Yaml::Sequence(list) => Value::Array(list.into_iter().map(long_form).collect::<Result<_, _>>()?),
        Yaml::Mapping(fields) => {
            let mut map = Map::new();
            for (name, value) in fields {
                let name = name.as_str().ok_or_else(|| TemplateError::Foreign(format!("{name:?}")))?;
                map.insert(name.to_owned(), long_form(value)?);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => tag(&tagged.tag.to_string(), long_form(tagged.value)?),
    })
}

fn tag(name: &str, value: Value) -> Value {
    match (name.trim_start_matches('!'), value) {
        ("Ref", value) => json!({ "Ref": value }),
        ("Condition", value) => json!({ "Condition": value }),
        ("GetAtt", Value::String(path)) => {
            let (id, attribute) = path.split_once('.').unwrap_or((&path, ""));
            json!({ "Fn::GetAtt": [id, attribute] })
        }
        (other, value) => {
            let name = format!("Fn::{other}");
            json!({ name: value })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_long_ones() {
        let text =
            "a: !Ref X\nb: !GetAtt X.Arn\nc: !Sub '${X.Arn}/index/due'\nd: [!If [C, 1, !Ref N]]\n\"5\": {}\n";
        let template = Template::parse(text).unwrap();
        assert_eq!(
            template.at(""),
            &json!({
                "a": {"Ref": "X"}, "b": {"Fn::GetAtt": ["X", "Arn"]}, "c": {"Fn::Sub": "${X.Arn}/index/due"},
                "d": [{"Fn::If": ["C", 1, {"Ref": "N"}]}], "5": {},
            })
        );
        assert_eq!(resource_name(template.at("/b")), "X");
        assert_eq!(resource_name(template.at("/c")), "X/index/due");
    }
}
