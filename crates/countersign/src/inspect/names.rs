//! Which name is this, and are these two the same?

use anyhow::{Context, Result, anyhow};
use countersign_identity::DistinguishedName;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Hint;
use crate::ui;

pub(super) fn run(names: &[String], as_json: bool) -> Result<Exit> {
    let read = names.iter().map(|name| {
        name.parse()
            .with_context(|| format!("`{name}` is no distinguished name"))
            .hint("write it as RFC 4514 does: CN=Billing,O=ACME,C=GB")
    });
    let read: Vec<DistinguishedName> = read.collect::<Result<_>>()?;
    match read.as_slice() {
        [name] => {
            show(&[name], None, as_json);
            Ok(Exit::Done)
        }
        [first, second] => {
            let differences = first.differences(second);
            let differences: Vec<_> = differences.iter().map(ToString::to_string).collect();
            show(&[first, second], Some(&differences), as_json);
            Ok(Exit::of(differences.is_empty()))
        }
        more => Err(anyhow!("{} names: wanted one or two", more.len())).hint("give --dn twice"),
    }
}

fn show(names: &[&DistinguishedName], differences: Option<&[String]>, as_json: bool) {
    if as_json {
        let names = names.iter().map(
            |name| json!({ "name": name.to_string(), "canonical": name.canonical().as_str() }),
        );
        ui::data(json!({
            "names": names.collect::<Vec<_>>(),
            "match": differences.map(<[_]>::is_empty),
            "differences": differences,
        }));
        return;
    }
    let mut lines = Vec::new();
    for name in names {
        lines.push(vec!["name".to_owned(), name.to_string()]);
        lines.push(vec![
            "canonical".to_owned(),
            name.canonical().as_str().to_owned(),
        ]);
    }
    match differences {
        None => {}
        Some([]) => lines.push(vec!["match".to_owned(), "yes".to_owned()]),
        Some(differences) => {
            let differences = differences.iter().cloned();
            lines.extend(differences.map(|found| vec!["differs".to_owned(), found]));
        }
    }
    ui::columns(&lines);
}
