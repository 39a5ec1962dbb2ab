//! The schema says what the parser does, as far as a schema can.

use std::collections::BTreeSet;

use countersign_pki::{CI_MANIFEST, DEV_MANIFEST, MANIFEST_SCHEMA, Manifest};
use regex::Regex;
use serde_json::Value;

/// What the schema makes of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schema {
    Accepts,
    Refuses,
}

/// Checks what the schema makes of a text; a text that is not TOML is nothing to a schema.
#[track_caller]
pub(crate) fn check_schema(text: &str, wanted: Schema) {
    let Ok(document) = toml::from_str::<Value>(text) else {
        return;
    };
    let schema = schema();
    let found = match valid(&schema, &schema, &document) {
        true => Schema::Accepts,
        false => Schema::Refuses,
    };
    assert_eq!(found, wanted, "{text}");
}

fn schema() -> Value {
    serde_json::from_str(MANIFEST_SCHEMA).unwrap()
}

/// The part of JSON Schema, 2020-12, that our schema uses; any other word is a mistake in it.
fn valid(root: &Value, schema: &Value, value: &Value) -> bool {
    let Some(words) = schema.as_object() else {
        return schema.as_bool().unwrap();
    };
    let all =
        |list: &Value, test: &dyn Fn(&Value) -> bool| list.as_array().unwrap().iter().all(test);
    let number = |limit: &Value| value.as_i64().zip(limit.as_i64());
    words.iter().all(|(word, rule)| match word.as_str() {
        "$schema" | "$id" | "$defs" | "title" | "description" | "default" | "then" => true,
        "additionalProperties" | "properties" | "propertyNames" | "required" => {
            value.as_object().is_none_or(|members| match word.as_str() {
                "required" => all(rule, &|name| members.contains_key(name.as_str().unwrap())),
                "properties" => rule.as_object().unwrap().iter().all(|(name, rule)| {
                    members
                        .get(name)
                        .is_none_or(|value| valid(root, rule, value))
                }),
                "propertyNames" => members
                    .keys()
                    .all(|name| valid(root, rule, &Value::from(name.as_str()))),
                _ => members.iter().all(|(name, value)| {
                    let known = &schema["properties"];
                    known.get(name).is_some() || valid(root, rule, value)
                }),
            })
        }
        "$ref" => {
            let pointer = rule.as_str().unwrap().strip_prefix('#').unwrap();
            valid(root, root.pointer(pointer).unwrap(), value)
        }
        "type" => match rule.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64(),
            "boolean" => value.is_boolean(),
            other => unreachable!("{other}"),
        },
        "const" => value == rule,
        "enum" => rule.as_array().unwrap().contains(value),
        "not" => !valid(root, rule, value),
        "anyOf" => rule
            .as_array()
            .unwrap()
            .iter()
            .any(|rule| valid(root, rule, value)),
        "if" => !valid(root, rule, value) || valid(root, &schema["then"], value),
        "items" => value
            .as_array()
            .is_none_or(|_| all(value, &|item| valid(root, rule, item))),
        "contains" => value.as_array().is_none_or(|list| {
            let fits = |item: &Value| valid(root, rule, item);
            list.iter().any(fits)
        }),
        "maxItems" => value
            .as_array()
            .is_none_or(|list| list.len() as u64 <= rule.as_u64().unwrap()),
        "minItems" => value
            .as_array()
            .is_none_or(|list| list.len() as u64 >= rule.as_u64().unwrap()),
        "maxLength" => value
            .as_str()
            .is_none_or(|text| text.chars().count() as u64 <= rule.as_u64().unwrap()),
        "pattern" => {
            let pattern = Regex::new(rule.as_str().unwrap()).unwrap();
            value.as_str().is_none_or(|text| pattern.is_match(text))
        }
        "minimum" => number(rule).is_none_or(|(value, limit)| value >= limit),
        "maximum" => number(rule).is_none_or(|(value, limit)| value <= limit),
        other => unreachable!("the schema uses `{other}`"),
    })
}

#[test]
fn the_schema_accepts_what_is_committed() {
    check_schema(DEV_MANIFEST, Schema::Accepts);
    check_schema(CI_MANIFEST, Schema::Accepts);
}

/// The parser lists the keys that it knows when it meets one that it does not.
#[test]
fn the_schema_knows_every_key_and_no_other() {
    let schema = schema();
    for (table, pointer) in [
        ("", "/properties"),
        ("[settings]", "/$defs/settings/properties"),
        ("[profile.x]", "/$defs/ownProfile/properties"),
        ("[profile.x]", "/$defs/serverProfile/properties"),
        ("[profile.x]", "/$defs/clientProfile/properties"),
        ("[profile.x]", "/$defs/qwacProfile/properties"),
        ("[profile.x]", "/$defs/qsealProfile/properties"),
        ("[profile.x.psd2]", "/$defs/psd2/properties"),
        ("[authority.x]", "/$defs/authority/properties"),
        ("[authority.x.permit]", "/$defs/trees/properties"),
        (
            "[authority.x.crl]",
            "/$defs/authority/properties/crl/properties",
        ),
        ("[certificate.x]", "/$defs/certificate/properties"),
        ("[certificate.x.revoked]", "/$defs/revoked/properties"),
        ("[[fixture]]", "/$defs/fixture/properties"),
        ("[fixture.mutate]", "/$defs/mutate/properties"),
        ("[fixture.expect]", "/$defs/expect/properties"),
    ] {
        let text = match table {
            "" => "unheard-of = 1\n".to_owned(),
            "[fixture.mutate]" | "[fixture.expect]" => {
                format!("version = 1\n[[fixture]]\n{table}\nunheard-of = 1\n")
            }
            table => format!("version = 1\n{table}\nunheard-of = 1\n"),
        };
        let error = Manifest::parse(&text).unwrap_err().to_string();
        let (_, expected) = error.split_once("expected ").unwrap();
        let parsed: BTreeSet<&str> = expected.split('`').skip(1).step_by(2).collect();
        let described = schema.pointer(pointer).unwrap().as_object().unwrap();
        let described: BTreeSet<&str> = described.keys().map(String::as_str).collect();
        assert_eq!(parsed, described, "{pointer}");
    }
}

#[test]
fn the_ci_preset_has_the_names_of_the_dev_preset() {
    let items = |text: &str| {
        let plan = countersign_pki::Plan::new(&Manifest::parse(text).unwrap(), crate::now());
        let plan = plan.to_string();
        let without_dates = plan
            .lines()
            .map(|line| line.split(" ttl=").next().unwrap().to_owned());
        without_dates.collect::<Vec<_>>()
    };
    assert_eq!(items(CI_MANIFEST), items(DEV_MANIFEST));
}
