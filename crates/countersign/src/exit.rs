//! How does a command end? Every exit code, in one place.

use std::process::ExitCode;

/// How a command ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Failed,
    /// Where the command line is not understood clap ends so as well.
    ToDo,
    Denied,
}

impl Exit {
    pub(crate) const ALL: [Self; 4] = [Self::Done, Self::Failed, Self::ToDo, Self::Denied];

    /// For what says what is wrong.
    pub(crate) fn of(is_well: bool) -> Self {
        match is_well {
            true => Self::Done,
            false => Self::Failed,
        }
    }

    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::ToDo => 2,
            Self::Denied => 3,
        }
    }

    /// When a command ends so, for whoever asks about all of them.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done; of what judges: nothing is wrong, or the request is allowed",
            Self::Failed => {
                "failed, or something is wrong: standard error says what, and what to do"
            }
            Self::ToDo => {
                "the command line was not understood; or `pki apply --plan` found something to do"
            }
            Self::Denied => "denied, as `explain` decides",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
