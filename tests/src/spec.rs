//! The OpenAPI description as the measure of every answer.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The description that the program gives of itself.
pub static SPEC: LazyLock<Spec> = LazyLock::new(|| {
    let text = server::router::openapi_json().expect("the description is plain data");
    Spec {
        document: serde_json::from_str(&text).expect("the description is JSON"),
        validators: Mutex::default(),
    }
});

/// An operation of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// `GET`, `POST`, …
    pub method: String,
    /// `/api/v1/meetings/{id}`.
    pub path: String,
}

/// The OpenAPI description, with the compiled schemas of its answers.
pub struct Spec {
    /// As the program serves it.
    pub document: Value,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Spec {
    /// All operations in the order of the description.
    pub fn operations(&self) -> Vec<Operation> {
        let paths = self.document["paths"].as_object().expect("paths");
        paths
            .iter()
            .flat_map(|(path, item)| {
                item.as_object()
                    .expect("a path item")
                    .keys()
                    .filter(|key| is_method(key))
                    .map(|method| Operation { method: method.to_uppercase(), path: path.clone() })
            })
            .collect()
    }

    /// The operation that answers a request; one without placeholders goes before one with.
    pub fn operation(&self, method: &str, path: &str) -> Option<Operation> {
        let path = path.split('?').next().unwrap_or(path);
        let mut found: Vec<Operation> =
            self.operations().into_iter().filter(|it| it.method == method && fits(&it.path, path)).collect();
        found.sort_by_key(|operation| operation.path.matches('{').count());
        found.into_iter().next()
    }

    /// Says what is wrong with an answer.
    ///
    /// # Errors
    /// A sentence, when the answer is not as described.
    pub fn check(
        &self,
        operation: &Operation,
        status: u16,
        content_type: &str,
        body: &Value,
    ) -> Result<(), String> {
        if status >= 400 {
            if !content_type.starts_with("application/problem+json") {
                return Err(format!("an error of type {content_type:?}"));
            }
            return self.validate("#/components/schemas/Problem".into(), body);
        }
        let method = operation.method.to_lowercase();
        let answer = &self.document["paths"][&operation.path][&method]["responses"][status.to_string()];
        if answer.is_null() {
            return Err(format!("the status {status} is not described"));
        }
        let Some(content) = answer["content"].as_object() else {
            return if body.is_null() { Ok(()) } else { Err("a body where none is described".into()) };
        };
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        if !content.contains_key(kind) {
            return Err(format!("a body of type {content_type:?}, which is not described"));
        }
        if kind != "application/json" {
            return Ok(());
        }
        let escaped = operation.path.replace('~', "~0").replace('/', "~1");
        let pointer =
            format!("#/paths/{escaped}/{method}/responses/{status}/content/application~1json/schema");
        self.validate(pointer.replace('{', "%7B").replace('}', "%7D"), body)
    }

    fn validate(&self, pointer: String, body: &Value) -> Result<(), String> {
        let validator = self.validator(pointer);
        let faults: Vec<String> = validator
            .iter_errors(body)
            .map(|error| format!("{} at {}", error, error.instance_path))
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }

    fn validator(&self, pointer: String) -> Arc<Validator> {
        let mut known = self.validators.lock().expect("no panic while compiling");
        known
            .entry(pointer)
            .or_insert_with_key(|pointer| {
                let schema = json!({
                    "$schema": "https://json-schema.org/draft/2020-12/schema",
                    "$ref": pointer,
                    "paths": self.document["paths"],
                    "components": self.document["components"],
                });
                let options = jsonschema::options().should_validate_formats(true);
                Arc::new(
                    options.build(&schema).unwrap_or_else(|error| panic!("the schema {pointer}: {error}")),
                )
            })
            .clone()
    }
}

fn is_method(key: &str) -> bool {
    matches!(key, "get" | "put" | "post" | "patch" | "delete" | "head" | "options")
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(t, p)| t == p || (t.starts_with('{') && !p.is_empty()))
}
