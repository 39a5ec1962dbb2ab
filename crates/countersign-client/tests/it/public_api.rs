//! Everything that the crate makes public stands in `public-api.txt`, and no type of the libraries that
//! it may change is in it. `UPDATE=1` writes the list anew: what is removed from it breaks somebody.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use quote::ToTokens;
use syn::{Fields, ImplItem, Item, TraitItem, Visibility};

#[test]
fn the_public_api_is_the_one_that_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut listed = BTreeSet::new();
    for file in fs::read_dir(root.join("src")).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let text = fs::read_to_string(&path).unwrap();
            let items = syn::parse_file(&text).unwrap().items;
            let mut of_file = BTreeSet::new();
            items.iter().for_each(|item| list(item, &mut of_file));
            // The one module that is public itself has names of others.
            let module = if path.ends_with("blocking.rs") {
                "blocking::"
            } else {
                ""
            };
            listed.extend(of_file.iter().map(|line| format!("{module}{line}\n")));
        }
    }
    let listed: String = listed
        .into_iter()
        .filter(|line| !is_of_private(line))
        .collect();
    let expected = root.join("tests/it/public-api.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&expected, &listed).unwrap();
    }
    let expected = fs::read_to_string(expected).unwrap();
    let (old, new): (BTreeSet<_>, BTreeSet<_>) =
        (expected.lines().collect(), listed.lines().collect());
    let gone: Vec<_> = old.difference(&new).collect();
    let come: Vec<_> = new.difference(&old).collect();
    assert!(
        gone.is_empty() && come.is_empty(),
        "gone: {gone:#?}\nnew: {come:#?}"
    );
    for foreign in ["rustls", "webpki", "x509_parser", "p12_keystore"] {
        assert!(!listed.contains(foreign), "`{foreign}` is public");
    }
}

fn list(item: &Item, into: &mut BTreeSet<String>) {
    match item {
        Item::Use(item) if is_public(&item.vis) => put(into, &item.tree, "use"),
        Item::Struct(item) if is_public(&item.vis) => {
            put(into, &item.ident, "struct");
            list_fields(&item.ident.to_string(), &item.fields, into);
        }
        Item::Enum(item) if is_public(&item.vis) => {
            for variant in &item.variants {
                let name = format!("{}::{}", item.ident, variant.ident);
                into.insert(format!("variant {name}"));
                list_all_fields(&name, &variant.fields, into);
            }
        }
        Item::Trait(item) if is_public(&item.vis) => {
            for of_trait in &item.items {
                if let TraitItem::Fn(function) = of_trait {
                    into.insert(format!("{}::{}", item.ident, signature(&function.sig)));
                }
            }
        }
        Item::Impl(item) => list_impl(item, into),
        Item::Mod(item) => {
            let items = item.content.iter().flat_map(|(_, items)| items);
            let is_test = item
                .attrs
                .iter()
                .any(|attribute| signature(attribute).contains("test"));
            items.filter(|_| !is_test).for_each(|item| list(item, into));
        }
        _ => {}
    }
}

fn list_impl(item: &syn::ItemImpl, into: &mut BTreeSet<String>) {
    let target = signature(&item.self_ty);
    if let Some((_, of, _)) = &item.trait_ {
        into.insert(format!("impl {} for {target}", signature(of)));
        return;
    }
    for member in &item.items {
        match member {
            ImplItem::Fn(function) if is_public(&function.vis) => {
                into.insert(format!("{target}::{}", signature(&function.sig)));
            }
            ImplItem::Const(constant) if is_public(&constant.vis) => {
                into.insert(format!("{target}::{}", constant.ident));
            }
            _ => {}
        }
    }
}

fn list_fields(owner: &str, fields: &Fields, into: &mut BTreeSet<String>) {
    for field in fields.iter().filter(|field| is_public(&field.vis)) {
        if let Some(name) = &field.ident {
            into.insert(format!("{owner}.{name}: {}", signature(&field.ty)));
        }
    }
}

/// Those of an enum are as public as it is.
fn list_all_fields(owner: &str, fields: &Fields, into: &mut BTreeSet<String>) {
    for (index, field) in fields.iter().enumerate() {
        let name = field
            .ident
            .as_ref()
            .map_or_else(|| index.to_string(), ToString::to_string);
        into.insert(format!("{owner}.{name}: {}", signature(&field.ty)));
    }
}

/// Of a trait for a type that nobody outside can name.
fn is_of_private(line: &str) -> bool {
    const PRIVATE: [&str; 12] = [
        "Tickets",
        "Shared",
        "Waiting",
        "Seen",
        "Presenter",
        "Witness",
        "NotConnected",
        "Pins",
        "ConfirmLayer",
        "Confirm<S>",
        "Sending<F>",
        "<'_>",
    ];
    let of = line.trim_end().rsplit(" for ").next().unwrap_or_default();
    line.contains("impl ") && PRIVATE.iter().any(|private| of.ends_with(private))
        || line.contains("WithinRuntime>")
}

fn put(into: &mut BTreeSet<String>, what: &impl ToTokens, kind: &str) {
    into.insert(format!("{kind} {}", signature(what)));
}

/// As text, without the spaces that the tokens do not need.
fn signature(tokens: &impl ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    let text = text
        .replace(" :: ", "::")
        .replace(" : ", ": ")
        .replace(" , ", ", ");
    let text = text
        .replace(" < ", "<")
        .replace(" > ", "> ")
        .replace(" >", ">");
    let text = text
        .replace("& ", "&")
        .replace(" (", "(")
        .replace("( ", "(")
        .replace(" )", ")");
    text.replace("< ", "<").trim().to_owned()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}
