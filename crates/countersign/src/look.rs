//! Is a configuration served, or only looked at?

use clap::{Args, ValueEnum};
use countersign_axum::RouteTable;

use crate::ui;

/// What is looked at, and how it is told.
#[derive(Debug, Args)]
#[command(next_help_heading = "To look and serve nothing")]
pub(crate) struct Look {
    /// Load everything that the configuration names, and say what is wrong with it and what is odd.
    #[arg(long, group = "look")]
    pub(crate) check: bool,

    /// Print which routes there are and who may call each.
    #[arg(
        long,
        value_name = "FORMAT",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text",
        group = "look"
    )]
    routes: Option<Format>,

    /// Print one JSON document, with --check or --routes.
    #[arg(long, requires = "look")]
    pub(crate) json: bool,
}

/// How a table of routes is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// As JSON, for `explain --routes`.
    Json,
    /// In columns.
    Text,
}

impl Look {
    /// Whether there is nothing to look at.
    pub(crate) fn serves(&self) -> bool {
        !self.check && self.routes.is_none()
    }

    /// Prints the routes, if that is what is asked for.
    pub(crate) fn printed(&self, table: &RouteTable) -> bool {
        match self.routes {
            None => return false,
            Some(Format::Text) if !self.json => ui::data(table.to_string().trim_end()),
            Some(_) => ui::data(table.to_json()),
        }
        true
    }
}
