use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use countersign_pki::{Crossed, Rotation, Store};
use serde_json::json;

use super::source::{Place, Source, failed, held};
use crate::cli::OUTPUT;
use crate::epilogue::{Example, USUAL, epilogue};
use crate::exit::Exit;
use crate::moment::Moment;
use crate::ui;

/// What can be done with an authority.
#[derive(Debug, Subcommand)]
pub(crate) enum CaCommand {
    Rotate(RotateArgs),
}

/// Give an authority a new key, with what others need so that nobody is refused meanwhile.
///
/// Makes a new key and a new certificate for an authority. The old ones are moved to the folder
/// `retired`, and the folder `rotated/NAME` gets three bundles: whom to trust before, during and after.
/// A root and the one before it also certify each other. What was signed stays as it is until the next
/// `apply`, which signs it anew for the same keys. Prints the files to distribute, and tells in which
/// order.
#[derive(Debug, Args)]
#[command(after_long_help = epilogue(&EXAMPLES, &USUAL))]
pub(crate) struct RotateArgs {
    /// The authority.
    #[arg(long, value_name = "NAME", default_value = "issuing")]
    issuer: String,

    #[command(flatten)]
    place: Place,

    #[command(flatten)]
    moment: Moment,

    /// Print one JSON document.
    #[arg(long, help_heading = OUTPUT)]
    json: bool,
}

const EXAMPLES: [Example; 2] = [
    ("The authority that signs", "countersign pki ca rotate"),
    (
        "The root, which others trust",
        "countersign pki ca rotate --issuer root",
    ),
];

/// `countersign pki ca`.
pub(super) fn run(command: CaCommand) -> Result<Exit> {
    let CaCommand::Rotate(args) = command;
    let store = held(Store::at(&args.place.dir))?;
    let source = Source::read(&store, args.place.file.as_deref())?;
    let plan = args.moment.plan(source.draft.manifest());
    let rotation = store.rotate(&plan, &args.issuer).map_err(failed)?;
    if args.json {
        let crossed = rotation.crossed.as_ref();
        ui::data(json!({
            "authority": args.issuer,
            "before": rotation.before,
            "during": rotation.during,
            "after": rotation.after,
            "new_by_old": crossed.map(|it| &it.new_by_old),
            "old_by_new": crossed.map(|it| &it.old_by_new),
        }));
    } else {
        for path in files(&rotation) {
            ui::data(path.display());
        }
    }
    tell(&args, &rotation);
    Ok(Exit::Done)
}

fn files(rotation: &Rotation) -> Vec<&PathBuf> {
    let mut files = vec![&rotation.before, &rotation.during, &rotation.after];
    if let Some(crossed) = &rotation.crossed {
        files.extend([&crossed.new_by_old, &crossed.old_by_new]);
    }
    files
}

fn tell(args: &RotateArgs, rotation: &Rotation) {
    let (name, dir) = (&args.issuer, args.place.dir.display());
    ui::note(format!(
        "`{name}` has a new key; the old one is in {dir}/retired. Now:"
    ));
    for (number, step) in (1..).zip(steps(args, rotation)) {
        ui::note(format!("{number}. {step}"));
    }
}

fn steps(args: &RotateArgs, rotation: &Rotation) -> Vec<String> {
    let dir = args.place.dir.display();
    let apply = format!("sign anew what the old one has signed: countersign pki apply --dir {dir}");
    let [before, during, after] = [&rotation.before, &rotation.during, &rotation.after];
    let (before, during, after) = (before.display(), during.display(), after.display());
    let Some(crossed) = &rotation.crossed else {
        let pinned =
            format!("whoever trusts {before} itself needs {during} first, and {after} in the end");
        return vec![
            format!("{apply}; install the new certificates"),
            format!("nobody who trusts the root has to do anything; {pinned}"),
        ];
    };
    let Crossed {
        new_by_old,
        old_by_new,
        ..
    } = crossed;
    let (new_by_old, old_by_new) = (new_by_old.display(), old_by_new.display());
    vec![
        format!("give {during} to everybody who trusts {before}"),
        format!(
            "{apply}; install the new certificates: sent with {new_by_old}, they are accepted by those who trust the old root alone"
        ),
        format!(
            "where an old certificate is still presented to those who trust the new root alone, send {old_by_new} after it"
        ),
        format!("when no old certificate is left, give {after} to everybody"),
        format!("when everybody has it, rm {new_by_old} and apply once more"),
    ]
}
