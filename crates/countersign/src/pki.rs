use std::path::Path;

use anyhow::{Result, anyhow};
use countersign_pki::{Action, DEV_MANIFEST, Entry, Manifest, Name, Plan, Report, Store};
use jiff::Timestamp;

use crate::cli::InitArgs;
use crate::failure::{Hint, hinted};
use crate::ui;

/// `countersign pki init`.
pub(crate) fn init(args: InitArgs) -> Result<()> {
    let dns = args.dns.into_iter().map(Name::Dns);
    let names = dns.chain(args.ip.into_iter().map(Name::Ip)).collect();
    let (_, report) = apply(&args.dir, names, Timestamp::now())?;
    for entry in report.entries() {
        ui::data(entry.path.display());
    }
    tell(&args.dir, &report);
    refuse_expired(&report)?;
    ui::note("start the reference server and call it: countersign dev");
    Ok(())
}

/// Makes what is missing of the dev PKI in `dir`.
pub(crate) fn apply(dir: &Path, names: Vec<Name>, now: Timestamp) -> Result<(Store, Report)> {
    let mut manifest = Manifest::parse(DEV_MANIFEST)?;
    if !names.is_empty() {
        manifest = manifest.with_server_names(names)?;
    }
    let store = Store::open(dir).hint("choose another folder, or make this one writable")?;
    let report = store.apply(&Plan::new(&manifest, now))?;
    Ok((store, report))
}

/// Says what was made, what was there, and until when it lasts.
pub(crate) fn tell(dir: &Path, report: &Report) {
    let made = report
        .entries()
        .iter()
        .filter(|entry| is_new(entry))
        .count();
    let dir = dir.display();
    let soonest = report.entries().iter().map(|entry| entry.not_after).min();
    let until = soonest.map(|at| format!("; the first certificate ends at {at}"));
    let until = until.unwrap_or_default();
    match made {
        0 => ui::note(format!("the dev PKI in {dir} is unchanged{until}")),
        made => ui::note(format!(
            "made {made} certificates with their keys in {dir}{until}"
        )),
    }
    for warning in report.warnings() {
        ui::note(format!("warning: {warning}"));
    }
}

/// Expired certificates are kept in place; nobody wants to work with them.
pub(crate) fn refuse_expired(report: &Report) -> Result<()> {
    let expired = report
        .expired()
        .map(|entry| entry.path.display().to_string());
    let expired: Vec<_> = expired.collect();
    if expired.is_empty() {
        return Ok(());
    }
    Err(hinted(
        anyhow!(
            "the dev certificates have expired: `{}`",
            expired.join("`, `")
        ),
        format!(
            "remove them and run this again, the keys are certified anew: rm {}",
            expired.join(" ")
        ),
    ))
}

fn is_new(entry: &Entry) -> bool {
    entry.action != Action::Kept
}
