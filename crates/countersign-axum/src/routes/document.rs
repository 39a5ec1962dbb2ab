//! The JSON of a [`RouteTable`].

use serde::{Deserialize, Serialize};

use super::{Access, RouteLine, RouteTable, RouteTableError};

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    method: String,
    path: String,
    access: Kind,
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<String>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Guarded,
    Open,
    Public,
}

pub(super) fn read(table: &str) -> Result<RouteTable, RouteTableError> {
    let lines: Vec<Line> =
        serde_json::from_str(table).map_err(|error| RouteTableError::Syntax {
            message: error.to_string(),
        })?;
    let lines = lines.into_iter().enumerate();
    let lines = lines.map(|(index, line)| line.read(index + 1));
    RouteTable::new(lines.collect::<Result<Vec<_>, _>>()?)
}

pub(super) fn write(table: &RouteTable) -> String {
    let lines = table.lines.iter().map(|line| {
        // Strings alone: it cannot fail to encode.
        let line = serde_json::to_string(&Line::of(line)).unwrap_or_default();
        format!("  {line}")
    });
    let lines: Vec<_> = lines.collect();
    format!("[\n{}\n]", lines.join(",\n"))
}

impl Line {
    fn of(line: &RouteLine) -> Self {
        let (access, permission) = match &line.access {
            Access::Guarded(permission) => (Kind::Guarded, Some(permission.to_string())),
            Access::Open => (Kind::Open, None),
            Access::Public => (Kind::Public, None),
        };
        Self {
            method: line.method_name().to_owned(),
            path: line.path.clone(),
            access,
            permission,
        }
    }

    fn read(self, line: usize) -> Result<RouteLine, RouteTableError> {
        let malformed = |word: &str, wanted| RouteTableError::Word {
            line,
            word: word.to_owned(),
            wanted,
        };
        let method = match self.method.as_str() {
            "*" => None,
            name => Some(
                name.parse()
                    .map_err(|_| malformed(name, "a method or `*`"))?,
            ),
        };
        let access = match (self.access, self.permission) {
            (Kind::Open, None) => Access::Open,
            (Kind::Public, None) => Access::Public,
            (Kind::Guarded, Some(name)) => {
                Access::Guarded(name.parse().map_err(|wanted| malformed(&name, wanted))?)
            }
            (Kind::Guarded, None) => {
                return Err(malformed("guarded", "a `permission` beside it"));
            }
            (_, Some(name)) => {
                return Err(malformed(
                    &name,
                    "no permission, as the access is no `guarded`",
                ));
            }
        };
        Ok(RouteLine {
            method,
            path: self.path,
            access,
        })
    }
}
