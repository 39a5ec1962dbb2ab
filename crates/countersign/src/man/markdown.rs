//! The manual as one page, for those who read it in a browser.

use clap::{Arg, Command};

use super::words::WORDS;

/// The page on `command` and all below it.
pub(super) fn page(command: &Command) -> String {
    let mut page = HEAD.to_owned();
    for command in super::all(command) {
        page += &section(command);
    }
    page + &glossary()
}

fn section(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let level = "#".repeat(1 + name.split(' ').count().min(2));
    let about = command.get_long_about().or_else(|| command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let mut text = format!(
        "\n{level} `{name}`\n\n{}\n\n```text\n{usage}\n```\n",
        about.trim()
    );
    text += &below(command);
    text += &options(command);
    text += &epilogue(command);
    text
}

/// A table of the commands below this one.
fn below(command: &Command) -> String {
    let below = command.get_subcommands();
    let lines = below.map(|it| {
        let about = it.get_about().map(ToString::to_string).unwrap_or_default();
        (format!("`{}`", it.get_name()), about)
    });
    table("command", lines.collect())
}

/// A table of the arguments and options under each heading, those without one first.
fn options(command: &Command) -> String {
    let shown =
        |arg: &&Arg| !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version");
    let mut headings = vec![None];
    for arg in command.get_arguments().filter(shown) {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    let tables = headings.into_iter().map(|heading| {
        let under = command.get_arguments().filter(shown);
        let under = under.filter(|arg| arg.get_help_heading() == heading);
        table(heading.unwrap_or("option"), under.map(option).collect())
    });
    tables.collect()
}

fn option(arg: &Arg) -> (String, String) {
    let short = arg.get_short().filter(|_| arg.get_long().is_some());
    let short = short.map(|short| format!("-{short}, ")).unwrap_or_default();
    let help = arg.get_long_help().or_else(|| arg.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    (
        format!("`{short}{arg}`"),
        help + &words(arg) + &default(arg),
    )
}

fn default(arg: &Arg) -> String {
    let values = arg.get_default_values().iter();
    let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
    match values.is_empty() || !arg.get_action().takes_values() {
        true => String::new(),
        false => format!(" [default: {}]", values.join(" ")),
    }
}

/// What an option takes, where that is one of a few words.
fn words(arg: &Arg) -> String {
    let words = arg.get_possible_values();
    if words.is_empty() || !arg.get_action().takes_values() {
        return String::new();
    }
    let words = words.iter().map(|word| match word.get_help() {
        Some(help) => format!("`{}` ({help})", word.get_name()),
        None => format!("`{}`", word.get_name()),
    });
    format!(": {}", words.collect::<Vec<_>>().join(", "))
}

fn table(head: &str, lines: Vec<(String, String)>) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let cell = |text: &str| text.trim().replace("\n\n", " ").replace('|', "\\|");
    let lines = lines.iter();
    let lines = lines.map(|(one, two)| format!("| {} | {} |\n", cell(one), cell(two)));
    format!(
        "\n| {head} | |\n| --- | --- |\n{}",
        lines.collect::<String>()
    )
}

/// The examples as a block, the exit codes as a table.
fn epilogue(command: &Command) -> String {
    let Some((examples, codes)) = super::examples_and_codes(command) else {
        return String::new();
    };
    let examples = examples
        .lines()
        .map(|line| match line.trim().strip_prefix("$ ") {
            Some(line) => format!("$ {line}\n"),
            None => format!("# {}\n", line.trim().trim_end_matches(':')),
        });
    let codes = codes
        .lines()
        .filter_map(|line| line.trim().split_once("  "));
    let codes = codes.map(|(code, meaning)| (format!("`{code}`"), meaning.to_owned()));
    let (examples, codes) = (examples.collect::<String>(), codes.collect());
    format!("\n```text\n{examples}```\n{}", table("exit code", codes))
}

/// What the words mean that the help uses.
fn glossary() -> String {
    let lines = WORDS.map(|(word, meaning)| (word.to_owned(), meaning.to_owned()));
    format!("\n## Words\n{}", table("word", lines.to_vec()))
}

const HEAD: &str = "\
# Command line

Every command, what it takes, examples of it and how it ends; at the end [what the words mean](#words). `countersign COMMAND --help` says the same, and `countersign man --out DIR` writes it as pages for `man`.

This page is what `countersign man --markdown` prints; a test compares the two.
";
