use clap::{Parser, Subcommand};

use crate::call::CallArgs;
use crate::completions::CompletionsArgs;
use crate::dev::DevArgs;
use crate::doctor::DoctorArgs;
use crate::epilogue::{self, Example};
use crate::explain::ExplainArgs;
use crate::gateway::GatewayArgs;
use crate::inspect::InspectArgs;
use crate::man::ManArgs;
use crate::pki::PkiCommand;
use crate::serve::ServeArgs;
use crate::trust::TrustCommand;

/// Certificates in place of passwords, for APIs: make them, call with them, serve and decide by them.
///
/// With mutual TLS both ends of a connection show a certificate and prove that they hold its private key. A server
/// trusts the authorities that it was told to trust (its anchors), takes one name from the certificate of a caller,
/// looks up in its policy which principal has that name, and whether that principal may do what is asked.
/// `countersign dev` shows all of it in one go.
///
/// Standard output is data, standard error is prose, and nothing ever asks. On a terminal there are colours: `NO_COLOR=1`
/// turns them off, `CLICOLOR_FORCE=1` keeps them where there is no terminal.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, max_term_width = 100, after_long_help = epilogue::all(&EXAMPLES))]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: [Example; 5] = [
    (
        "Make dev certificates, serve, call as each client, and exit",
        "countersign dev --once",
    ),
    (
        "Make the dev certificates alone, in .countersign",
        "countersign pki init",
    ),
    (
        "Call a server as one of the dev clients",
        "countersign call --as billing https://localhost:8443/whoami",
    ),
    (
        "Learn why a call fails",
        "countersign doctor --as newcomer https://localhost:8443/whoami",
    ),
    (
        "Learn how a server would decide, without one",
        "countersign explain --as reports POST /v1/transactions",
    ),
];

// What each does is told where its arguments are: a comment here would hide that in `--help`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Dev(DevArgs),
    Call(Box<CallArgs>),
    Doctor(DoctorArgs),
    Explain(ExplainArgs),
    Inspect(InspectArgs),
    /// Make certificates, and keep them good.
    ///
    /// A folder of keys and certificates that is what its manifest says, and stays so. `init` makes one, `apply` keeps it
    /// good, `issue` adds to it. Nothing is installed into a system's trust store, and a key is never overwritten.
    #[command(subcommand)]
    Pki(PkiCommand),
    /// Look at whom a server is to trust.
    ///
    /// A trust is a set of certificates of authorities, and the names for which these may vouch. Whoever gets a
    /// certificate from one of them may come in under such a name.
    #[command(subcommand)]
    Trust(TrustCommand),
    Serve(ServeArgs),
    Gateway(GatewayArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

pub(crate) const DEV_FOLDER: &str = ".countersign";

/// What stands above the options for what is printed.
pub(crate) const OUTPUT: &str = "What to print";

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use clap::CommandFactory;

    use super::*;

    /// Every command, the one above all included.
    fn all() -> Vec<clap::Command> {
        fn collect(command: &clap::Command, found: &mut Vec<clap::Command>) {
            found.push(command.clone());
            let below = command.get_subcommands();
            below.for_each(|it| collect(it, found));
        }
        let mut command = Cli::command().disable_help_subcommand(true);
        command.build();
        let mut found = Vec::new();
        collect(&command, &mut found);
        found
    }

    /// The words of a line up to where a shell would pass it on.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '\'' => quoted = !quoted,
                '|' | '>' if !quoted => break,
                ' ' if !quoted => words.push(String::new()),
                letter => words.last_mut().unwrap().push(letter),
            }
        }
        words.retain(|word| !word.is_empty());
        words
    }

    #[test]
    fn what_is_declared_makes_sense() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_that_does_something_has_examples_that_are_understood() {
        for command in all().iter().filter(|it| !it.has_subcommands()) {
            let name = command.get_bin_name().unwrap();
            let text = command.get_after_long_help().unwrap().to_string();
            let lines: Vec<_> = text
                .lines()
                .filter_map(|it| it.trim().strip_prefix("$ "))
                .collect();
            assert!(!lines.is_empty(), "{name}");
            for line in lines {
                let understood = Cli::try_parse_from(words(line));
                assert!(understood.is_ok(), "{line}: {}", understood.unwrap_err());
                assert!(line.starts_with(name), "{line} is no example of {name}");
            }
        }
        let top = Cli::command().get_after_long_help().unwrap().to_string();
        for line in top.lines().filter_map(|it| it.trim().strip_prefix("$ ")) {
            assert!(Cli::try_parse_from(words(line)).is_ok(), "{line}");
        }
    }

    #[test]
    fn an_option_takes_the_same_whichever_command_it_is_given_to() {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for command in all() {
            for arg in command.get_arguments() {
                if let Some(long) = arg.get_long() {
                    let takes = arg.get_value_names().unwrap_or_default();
                    let takes = takes.iter().map(ToString::to_string).collect();
                    found.entry(long.to_owned()).or_default().insert(takes);
                }
            }
        }
        found.retain(|_, takes| takes.len() > 1);
        let different: Vec<_> = found.keys().map(String::as_str).collect();
        // `--out` may be a folder. What `serve --routes` prints is what `explain --routes` reads. A profile is one of
        // the manifest, or one of few.
        assert_eq!(different, ["out", "profile", "routes"]);
    }

    #[test]
    fn what_prints_data_prints_it_as_json_too() {
        let leaves = all().into_iter().filter(|it| !it.has_subcommands());
        let without = leaves.filter(|it| it.get_arguments().all(|arg| arg.get_id() != "json"));
        let without: Vec<_> = without.map(|it| it.get_name().to_owned()).collect();
        assert_eq!(without, ["completions", "man"]);
    }

    #[test]
    fn every_command_that_does_something_tells_its_exit_codes() {
        for command in all().iter().filter(|it| !it.has_subcommands()) {
            let text = command.get_after_long_help().unwrap().to_string();
            for code in ["0", "1", "2"] {
                let line = format!("\n  {code}  ");
                assert!(text.contains(&line), "{}: {text}", command.get_name());
            }
        }
    }
}
